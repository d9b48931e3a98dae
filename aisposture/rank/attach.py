"""Findings that tell the same story: one path inside another is shown with it, not beside it."""

from collections.abc import Sequence

from msgspec.structs import replace

from aisposture.model.finding import Finding

Edge = tuple[str, str, str]
"""Source, kind and target."""


def attached(found: Sequence[Finding]) -> list[Finding]:
    """``found`` (worst first), each path that lies on a worse one's path marked as extending it.

    A path lies on another where its edges are among the other's, or where it holds all of them and ends at the same sink.
    """
    paths = [(finding, _edges(finding)) for finding in found if finding.family == "path"]
    holders: dict[Edge, set[int]] = {}
    by_sink: dict[str, list[int]] = {}
    under: dict[str, str] = {}
    for place, (finding, edges) in enumerate(paths):
        worse = _worse(edges, _sink(finding), holders, by_sink, paths)
        if worse is not None:
            under[finding.fingerprint] = paths[worse][0].fingerprint
            continue
        for edge in edges:
            holders.setdefault(edge, set()).add(place)
        by_sink.setdefault(_sink(finding), []).append(place)
    return [replace(finding, extends=under.get(finding.fingerprint, "")) for finding in found]


def _worse(
    edges: frozenset[Edge],
    sink: str,
    holders: dict[Edge, set[int]],
    by_sink: dict[str, list[int]],
    paths: Sequence[tuple[Finding, frozenset[Edge]]],
) -> int | None:
    """The worst listed path that these edges lie on, or that lies whole on them and ends alike."""
    if not edges:
        return None
    around = set.intersection(*(holders.get(edge, set()) for edge in edges))
    within = {place for place in by_sink.get(sink, ()) if paths[place][1] and paths[place][1] <= edges}
    return min(around | within, default=None)


def _edges(finding: Finding) -> frozenset[Edge]:
    hops = finding.walks[0].hops if finding.walks else ()
    return frozenset((hop.source, hop.kind.value, hop.target) for hop in hops)


def _sink(finding: Finding) -> str:
    hops = finding.walks[0].hops if finding.walks else ()
    return "" if not hops else hops[-1].target if hops[-1].forward else hops[-1].source
