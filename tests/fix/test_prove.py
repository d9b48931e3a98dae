import msgspec

from aisposture.fix.prove import compare, counts
from aisposture.model.finding import Band, Finding, Hop, Score, Walk
from aisposture.model.graph import EdgeKind, State


def finding(fingerprint: str, end: str, band: Band = Band.HIGH, family: str = "path") -> Finding:
    hop = Hop(source="agent", target=end, kind=EdgeKind.CAN_READ, state=State.CONFIRMED)
    return Finding(
        fingerprint=fingerprint,
        rule="AP-01",
        family=family,
        title="t",
        why="w",
        story="s",
        likely=False,
        state=State.CONFIRMED,
        score=Score(band=band, likelihood=0.5, likelihood_class="L4", impact_class="I3"),
        account="1",
        bindings={},
        walks=(Walk(hops=(hop,), state=State.CONFIRMED),),
    )


def test_counts_have_every_band_and_one_family() -> None:
    found = [finding("a", "x"), finding("b", "y", family="posture")]
    assert counts(found) == {"critical": 0, "high": 1, "medium": 0, "low": 0, "info": 0}
    assert counts(found, "posture")["high"] == 1


def test_what_is_gone_what_is_new_what_is_milder() -> None:
    before = [finding("a", "x"), finding("b", "y"), finding("c", "z")]
    after = [finding("b", "y", Band.LOW), finding("c", "z"), finding("d", "new")]
    proof = compare(before, after)
    assert proof.closed == ("a",)
    assert proof.lowered == ("b",)
    assert [one.fingerprint for one in proof.opened] == ["d"]
    assert [one.fingerprint for one in proof.residual] == ["b", "c", "d"]


def test_same_path_under_another_fingerprint_is_neither_closed_nor_new() -> None:
    proof = compare([finding("a", "x")], [finding("b", "x", Band.MEDIUM)])
    assert not proof.closed
    assert not proof.opened
    assert proof.lowered == ("a",)


def test_posture_goes_by_fingerprint() -> None:
    one = finding("a", "x", family="posture")
    proof = compare([one], [msgspec.structs.replace(one, fingerprint="b")])
    assert proof.closed == ("a",)
    assert [new.fingerprint for new in proof.opened] == ["b"]
    assert not proof.residual
