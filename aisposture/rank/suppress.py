"""Findings and Gaps that somebody accepted: what they cover, and what has expired."""

import fnmatch
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from aisposture.model.finding import Finding, Node, Suppressed
from aisposture.model.resource import Gap
from aisposture.rank.findings import order
from aisposture.scope import AcceptedGap, Suppression

Without = Callable[[str], Mapping[str, Finding]]
"""Hop -> the findings that remain where it is not there, by fingerprint."""


class Sorted(NamedTuple):
    """Findings that count, worst first and by the ways that are left to them, and findings that somebody accepted."""

    findings: tuple[Finding, ...]
    suppressed: tuple[Suppressed, ...]
    expired: tuple[str, ...]


def holds(entry: Suppression | AcceptedGap, day: str) -> bool:
    """Whether an acceptance still holds on ``day`` (YYYY-MM-DD); its last day counts."""
    return not entry.until or entry.until >= day


def sort(
    findings: Sequence[Finding],
    suppressions: Iterable[Suppression],
    *,
    day: str,
    nodes: Mapping[str, Node],
    without: Without,
) -> Sorted:
    """``findings`` taken apart by ``suppressions``; the first that covers a finding is the one named.

    Args:
        findings: all of them, in order.
        suppressions: what was accepted.
        day: YYYY-MM-DD, that of the snapshot.
        nodes: names of the resources that findings mention.
        without: answers what is left without a hop; asked once for each hop that is suppressed.
    """
    covered: dict[str, Suppressed] = {}
    expired = []
    around: dict[str, Finding] = {}
    for entry in suppressions:
        left = without(entry.hop) if entry.hop else {}
        hit = [
            finding
            for finding in findings
            if _covers(entry, finding, nodes)
            and (not entry.hop or (finding.family == "path" and finding.fingerprint not in left))
        ]
        if not hit:
            continue
        if not holds(entry, day):
            expired.append(f"{_words(entry)}: covered {len(hit)} that count again")
            continue
        for finding in hit:
            told = Suppressed(finding=finding, by=entry.by, until=entry.until, note=entry.note)
            covered.setdefault(finding.fingerprint, told)
        around.update((name, one) for name, one in left.items() if one.family == "path")
    counted = (around.get(one.fingerprint, one) for one in findings if one.fingerprint not in covered)
    return Sorted(
        tuple(sorted(counted, key=order)),
        tuple(covered[finding.fingerprint] for finding in findings if finding.fingerprint in covered),
        tuple(expired),
    )


def accepted(
    gaps: Sequence[Gap], entries: Iterable[AcceptedGap], *, day: str
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The indexes of the gaps that somebody accepted, and acceptances that have expired, in words."""
    found: set[int] = set()
    expired = []
    for entry in entries:
        hit = {index for index, gap in enumerate(gaps) if entry.covers(gap)}
        if holds(entry, day):
            found |= hit
        elif hit:
            expired.append(f"{_words(entry)}: covered {len(hit)} gaps that count again")
    return tuple(sorted(found)), tuple(expired)


def _covers(entry: Suppression, finding: Finding, nodes: Mapping[str, Node]) -> bool:
    """Whether a finding is meant by rule, resource and fingerprint."""
    if entry.fingerprint and not finding.fingerprint.startswith(entry.fingerprint):
        return False
    if entry.rule and not fnmatch.fnmatchcase(finding.rule, entry.rule):
        return False
    if not entry.resource:
        return True
    meant = {*finding.resources, *finding.bindings.values()}
    names = {nodes[one].name for one in meant if one in nodes}
    return any(fnmatch.fnmatchcase(value, entry.resource) for value in meant | names)


def _words(entry: Suppression | AcceptedGap) -> str:
    """What an acceptance is about, for people."""
    told = [
        f"{name} {value}"
        for name in entry.__struct_fields__
        if name not in ("by", "until", "note") and (value := getattr(entry, name))
    ]
    return f"{', '.join(told)} (until {entry.until}{f', by {entry.by}' if entry.by else ''})"
