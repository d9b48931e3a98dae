"""Walks in the order in which a reader follows them, whatever way their arrows point."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from aisposture.model.finding import Finding, Hop, Node, Walk
from aisposture.report.text import edge_words, name_of, visible

NAME = 80
"""Characters of a name inside a path that is written on one line."""


class Step(NamedTuple):
    """One hop as walked: from ``start`` to ``end``, along the arrow or against it."""

    start: str
    end: str
    hop: Hop


def steps(walk: Walk, known: Collection[str] = ()) -> list[Step]:
    """The hops of ``walk`` as steps; a branch starts at one of the ``known`` nodes where it touches any."""
    made: list[Step] = []
    for number, hop in enumerate(walk.hops):
        ends = (hop.source, hop.target) if hop.forward else (hop.target, hop.source)
        if made:
            turned = ends[0] != made[-1].end and ends[1] == made[-1].end
        elif ends[0] in known or ends[1] in known:
            turned = ends[0] not in known
        else:
            after = walk.hops[number + 1 : number + 2]
            turned = bool(after) and not {after[0].source, after[0].target}.intersection(ends[1:])
        made.append(Step(ends[1], ends[0], hop) if turned else Step(ends[0], ends[1], hop))
    return made


def of_finding(finding: Finding) -> list[tuple[Walk, list[Step]]]:
    """Every walk of ``finding`` with its steps, the main path first."""
    known: dict[str, None] = {}
    made = []
    for walk in finding.walks:
        found = steps(walk, known)
        known.update((node, None) for step in found for node in (step.start, step.end))
        made.append((walk, found))
    return made


def in_words(walk: list[Step], nodes: Mapping[str, Node]) -> str:
    """A walk on one line: ``Internet -exposes-> url -fronts-> agent``."""
    if not walk:
        return ""
    parts = [visible(name_of(walk[0].start, nodes), NAME)]
    for step in walk:
        words = edge_words(step.hop.kind)
        parts.append(f"-{words}-> " if step.hop.forward else f"<-{words}- ")
        parts[-1] += visible(name_of(step.end, nodes), NAME)
    return " ".join(parts)
