"""The proof of a plan: everything run again on the patched inventory, and what differs."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from aisposture.fix.patch import patched
from aisposture.model.finding import Band, Finding, FixStep
from aisposture.model.inventory import Inventory

Look = Callable[[Inventory], Sequence[Finding]]
"""The whole analysis, from an inventory to its findings."""


class Proof(Struct, frozen=True, kw_only=True):
    """What changes when steps are taken.

    Attributes:
        before, after: attack paths by band.
        posture_before, posture_after: posture findings by band.
        closed: fingerprints of the findings that are gone.
        lowered: fingerprints of those whose band is lower.
        opened: findings that were not there before; empty unless a step does harm.
        residual: attack paths that remain, worst first.
    """

    before: dict[str, int]
    after: dict[str, int]
    posture_before: dict[str, int]
    posture_after: dict[str, int]
    closed: tuple[str, ...]
    lowered: tuple[str, ...]
    opened: tuple[Finding, ...]
    residual: tuple[Finding, ...]


def counts(found: Iterable[Finding], family: str = "path") -> dict[str, int]:
    """Findings of one family by band."""
    counted = Counter(finding.band for finding in found if finding.family == family)
    return {band.value: counted[band] for band in Band}


def applied(inventory: Inventory, steps: Iterable[FixStep]) -> Inventory:
    """The inventory as it would be read after ``steps``, in whatever order they are taken."""
    return patched(inventory, [patch for step in steps for patch in step.patches])


def compare(before: Sequence[Finding], after: Sequence[Finding]) -> Proof:
    """What differs between two lists of findings.

    A finding whose path is the same as before is the same finding, even where another entry or end gives it another fingerprint.
    """
    old, new = ({_path(finding): finding for finding in found} for found in (before, after))
    left = {finding.fingerprint for finding in after}
    known = {finding.fingerprint for finding in before}
    return Proof(
        before=counts(before),
        after=counts(after),
        posture_before=counts(before, "posture"),
        posture_after=counts(after, "posture"),
        closed=_sorted(
            one.fingerprint for path, one in old.items() if path not in new and one.fingerprint not in left
        ),
        lowered=_sorted(
            one.fingerprint
            for path, one in old.items()
            if path in new and new[path].band.rank < one.band.rank
        ),
        opened=tuple(one for path, one in new.items() if path not in old and one.fingerprint not in known),
        residual=tuple(one for one in after if one.family == "path"),
    )


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names))


def _path(finding: Finding) -> tuple[object, ...]:
    """What a finding rests on: its rule and hops, or for posture the fingerprint."""
    hops = finding.walks[0].hops if finding.walks and finding.family == "path" else ()
    edges = tuple((hop.source, hop.kind, hop.target) for hop in hops)
    return (finding.rule, edges) if edges else (finding.rule, finding.fingerprint)
