"""Hops taken away by decree: what would be if one edge were not there, whatever it takes to get there."""

import hashlib
from collections.abc import Collection

from msgspec.structs import replace

from aisposture.fix.cover import Edge
from aisposture.graph.columns import Graph
from aisposture.model import ids
from aisposture.model.access import AccessResult, Grant
from aisposture.model.graph import VERBS, EdgeKind
from aisposture.model.inventory import encode


def parse(text: str) -> Edge | None:
    """The edge that ``source|kind|target`` names, or None; ids may hold bars themselves."""
    for kind in EdgeKind:
        source, bar, target = text.partition(f"|{kind.value}|")
        if bar and source and target:
            return source, kind.value, target
    return None


def barred(access: AccessResult, edges: Collection[Edge]) -> AccessResult:
    """``access`` in which the principals of those ``edges`` that are verbs no longer hold them over their targets."""
    grants = {grant.id: grant for grant in access.grants}
    holds = set(access.holds)
    for source, kind, target in edges:
        if kind not in VERBS:
            continue
        for holder, name in sorted(holds):
            if holder == source and grants[name].verb.value == kind:
                less = _without(grants[name], target)
                holds.discard((holder, name))
                if less.covers:
                    grants[less.id] = less
                    holds.add((holder, less.id))
    return replace(access, grants=tuple(grants[name] for name in sorted(grants)), holds=tuple(sorted(holds)))


def cut(graph: Graph, edges: Collection[Edge]) -> Graph:
    """``graph`` without ``edges``; facts must be derived afterwards."""
    if not edges:
        return graph
    return graph.without(
        number for number, row in enumerate(graph.rows) if (row.source, row.kind.value, row.target) in edges
    )


def _without(grant: Grant, target: str) -> Grant:
    covers = tuple(one for one in grant.covers if one.target != target)
    wide = any(not ids.parse_arn(one.target) for one in covers)
    excludes = tuple(sorted({*grant.excludes, target})) if wide else grant.excludes
    less = replace(grant, covers=covers, excludes=excludes, id="")
    return replace(less, id=hashlib.sha256(encode(less)).hexdigest())
