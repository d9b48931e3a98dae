import msgspec
import pytest

from aisposture.model.finding import Finding
from aisposture.rank.findings import assumed, order
from aisposture.rank.suppress import accepted, sort
from aisposture.scope import AcceptedGap, Suppression
from tests.report.sample import PATHS, POSTURE, report

DAY = "2026-11-02"
ALL = tuple(sorted((*PATHS, *POSTURE), key=order))
NODES = report().nodes


def nothing_left(_hop: str) -> dict[str, Finding]:
    return {}


def fingerprints(found: tuple[Finding, ...]) -> set[str]:
    return {one.fingerprint for one in found}


def suppressed(*entries: Suppression) -> set[str]:
    chosen = sort(ALL, entries, day=DAY, nodes=NODES, without=nothing_left)
    gone = {one.finding.fingerprint for one in chosen.suppressed}
    assert gone | fingerprints(chosen.findings) == fingerprints(ALL)
    assert not gone & fingerprints(chosen.findings)
    return gone


def test_by_fingerprint_and_its_beginning() -> None:
    first = ALL[0].fingerprint
    assert suppressed(Suppression(fingerprint=first)) == {first}
    assert suppressed(Suppression(fingerprint=first[:10])) == {first}


def test_by_rule_and_resource_pattern_together() -> None:
    one = POSTURE[0]
    same_rule = {other.fingerprint for other in ALL if other.rule == one.rule}
    assert suppressed(Suppression(rule=one.rule)) == same_rule
    assert suppressed(Suppression(rule=one.rule, resource="no-such-*")) == set()
    name = NODES[one.resources[0]].name if one.resources[0] in NODES else one.resources[0]
    assert one.fingerprint in suppressed(Suppression(rule=one.rule, resource=name[:4] + "*"))


def test_expired_fires_again_and_says_so() -> None:
    entry = Suppression(fingerprint=ALL[0].fingerprint, until="2026-11-01", by="ann")
    chosen = sort(ALL, [entry], day=DAY, nodes=NODES, without=nothing_left)
    assert chosen.findings == ALL
    assert chosen.suppressed == ()
    assert "until 2026-11-01, by ann" in chosen.expired[0]
    last = msgspec.structs.replace(entry, until=DAY)
    assert sort(ALL, [last], day=DAY, nodes=NODES, without=nothing_left).findings == ALL[1:]


def test_hop_covers_only_paths_that_need_it() -> None:
    around = msgspec.structs.replace(PATHS[0], story="another way")
    asked = []

    def left(hop: str) -> dict[str, Finding]:
        asked.append(hop)
        return {around.fingerprint: around}

    chosen = sort(ALL, [Suppression(hop="a|can_read|b")], day=DAY, nodes=NODES, without=left)
    assert asked == ["a|can_read|b"]
    gone = {one.finding.fingerprint for one in chosen.suppressed}
    assert gone == {one.fingerprint for one in PATHS[1:]}
    assert next(one for one in chosen.findings if one.family == "path").story == "another way"
    assert fingerprints(POSTURE) <= fingerprints(chosen.findings)


@pytest.mark.parametrize(("until", "kept"), [("", True), ("2026-11-02", True), ("2026-11-01", False)])
def test_accepted_gaps_stay_visible_until_their_day(until: str, kept: bool) -> None:
    gaps = report().gaps
    entry = AcceptedGap(call=gaps[0].call, until=until)
    found, expired = accepted(gaps, [entry], day=DAY)
    assert (0 in found) is kept
    assert bool(expired) is not kept


def test_assumptions_are_told_with_the_paths_that_rest_on_them() -> None:
    account = PATHS[0].account
    told = assumed(PATHS, {account: "account: assumed", "999": "other"})
    assert told[0].assumptions == ("account: assumed",)
    assert assumed(PATHS, {}) == PATHS
