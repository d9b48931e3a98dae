"""One hop as one statement with parameters: never a pattern of variable length, never a value in the text."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from aisposture.graph.columns import KIND_CODE
from aisposture.graph.groups import GRANT_KIND
from aisposture.graph.neo4j_cells import (
    GROUP,
    NODE,
    Field,
    attributes_of,
    cells_of,
    either,
    fetching,
    fields_of,
    fitting,
    outcome,
    tests_of,
)
from aisposture.graph.query import AttrTest, Hop, Stage
from aisposture.graph.store import Rows
from aisposture.model.graph import VERBS, EdgeKind

SPANS = "SPANS"
"""Relationship from a group to its scope."""
LEAVES_OUT = "LEAVES_OUT"
"""Relationship from a group to each of its exceptions."""
INSIDE = "INSIDE"
"""Relationship from a scope to everything in it at any depth, with the state of the surest chain of ``contains``."""

# The server plans by what it held when it first saw a statement, perhaps nothing: it is told where to start.
_SEEK = f"MATCH (a:{NODE} {{scan: $p.scan, number: number}}) USING INDEX SEEK a:{NODE}(scan, number)"
_SEEK_GROUP = f"MATCH (a:{GROUP} {{scan: $p.scan, number: number}}) USING INDEX SEEK a:{GROUP}(scan, number)"
_OF_VERBS = "{}.kind IN $p.grants"
_UNLESS = "AND NOT EXISTS {{ ({})-[:" + EdgeKind.EXCLUDES.value + "]->({}) }}"


_CODES: dict[str, int] = {
    "": 0,
    **{kind.value: code for kind, code in KIND_CODE.items()},
    **{f"{GRANT_KIND}{verb.value}": KIND_CODE[verb] for verb in VERBS},
}
"""The code of a kind by how it comes back: the word of an edge, or the kind of a Grant."""


class Statement(NamedTuple):
    """A statement that takes ``$p.scan`` and ``$p.numbers`` (what to start from), and how to read its rows.

    Attributes:
        edge: fields of the edge that it fetches.
        node: fields of the node at the other end that it fetches.
    """

    text: str
    parameters: dict[str, Any]
    edge: list[Field]
    node: list[Field]
    hop: Hop
    arrive: tuple[AttrTest, ...]

    def rows(self, fetched: Sequence[Sequence[Any]]) -> Rows:
        """What the search wants to know of the rows that the statement fetched, in the order of the memory store."""
        if not fetched:
            return Rows.joined([])
        ordered = sorted(fetched, key=self._place)
        source, target, kind, state, weight, edge, scope, edge_cells, node_cells = zip(*ordered, strict=True)
        states = np.minimum(np.array(state, np.uint8), outcome(self.hop.where, self.edge, edge_cells))
        arrived = outcome(self.arrive, self.node, node_cells)
        keep = (states > 0) & (arrived > 0)
        return Rows(
            np.array(source, np.int64)[keep],
            np.array(target, np.int64)[keep],
            np.array([_CODES[word] for word in kind], np.uint8)[keep],
            states[keep],
            arrived[keep],
            np.array(weight, np.float64)[keep],
            np.array(edge, np.int64)[keep],
            np.array(scope, np.int64)[keep],
        )

    def _place(self, row: Sequence[Any]) -> tuple[int, int, int]:
        """Where a row stands in the answer of the memory store: walks that cost the same are told apart by it."""
        number, other, kind, edge = row[0], row[1], row[2], row[5]
        match self.hop.stage:
            case Stage.EDGE:
                return self.hop.kinds.index(EdgeKind(kind)), number, edge
            case Stage.GATHERS:
                return (other, number, 0) if self.hop.back else (number, other, 0)
            case _:
                return number, edge, 0


_RESTS_ON = {
    Stage.HOLDS: EdgeKind.HOLDS,
    Stage.COVERS: EdgeKind.COVERS,
    Stage.JOINS: EdgeKind.COVERS,
    Stage.GATHERS: EdgeKind.CONTAINS,
}
"""The kind of edge without which a stage finds nothing."""


def present(hop: Hop, kinds: Collection[str]) -> Hop | None:
    """``hop`` over those of its edge kinds that a graph has; None where it has none."""
    if hop.stage is not Stage.EDGE:
        return hop if _RESTS_ON[hop.stage] in kinds else None
    there = tuple(kind for kind in hop.kinds if kind in kinds)
    return msgspec.structs.replace(hop, kinds=there) if there else None


def statement(hop: Hop) -> Statement:
    """The statement that follows ``hop``."""
    where = attributes_of(hop.arrive)
    edge = fields_of((test.name for test in hop.where), edge=True)
    node = fields_of(test.name for test in where)
    head, kind, shown = _PARTS[hop.stage](hop)
    cells = fetching("r", "edge_cells"), fetching("b", "node_cells")
    text = f"UNWIND $p.numbers AS number {head} AND {fitting('b')} RETURN number, {shown}, {kind}, {', '.join(_of_row(hop))}, {', '.join(cells)}"
    parameters = {
        "tests": tests_of(hop.arrive),
        "edge_cells": cells_of(edge),
        "node_cells": cells_of(node),
        "grants": [f"{GRANT_KIND}{verb.value}" for verb in hop.verbs],
        "verbs": [verb.value for verb in hop.verbs],
    }
    return Statement(text, parameters, edge, node, hop, where)


def _of_row(hop: Hop) -> tuple[str, ...]:
    """State, weight, edge and scope of a row."""
    if hop.stage is Stage.GATHERS:
        return "r.state", "1.0", "-1", "s.number"
    return "r.state", "r.weight", "r.edge", "-1"


def _arrow(kinds: Sequence[EdgeKind], hop: Hop) -> str:
    """Every edge of ``kinds`` from (a) to (b), or against the arrow; relationships that are not ours have no scan."""
    edge = f"-[r:{either(kinds)}]-"
    return (
        f"{_SEEK} MATCH (a){'<' if hop.back else ''}{edge}{'' if hop.back else '>'}(b) WHERE r.scan = $p.scan"
    )


def _edge(hop: Hop) -> tuple[str, str, str]:
    return f"{_arrow(hop.kinds, hop)}", "type(r)", "b.number"


def _holds(hop: Hop) -> tuple[str, str, str]:
    grant = "a" if hop.back else "b"
    head = f"{_arrow((EdgeKind.HOLDS,), hop)} AND {_OF_VERBS.format(grant)}"
    return head, f"{grant}.kind", "b.number"


def _covers(hop: Hop) -> tuple[str, str, str]:
    grant, named = ("b", "a") if hop.back else ("a", "b")
    verbs = f"AND {_OF_VERBS.format('b')} " if hop.back else ""
    head = f"{_arrow((EdgeKind.COVERS,), hop)} AND r.group = -1 {verbs}{_UNLESS.format(grant, named)}"
    return head, "type(r)", "b.number"


def _joins(hop: Hop) -> tuple[str, str, str]:
    if hop.back:
        edges = (
            f"MATCH (b)-[r:{EdgeKind.COVERS.value}]->() USING INDEX r:{EdgeKind.COVERS.value}(scan, group)"
        )
        return (
            f"{edges} WHERE r.scan = $p.scan AND r.group = number AND {_OF_VERBS.format('b')}",
            "type(r)",
            "b.number",
        )
    return f"{_arrow((EdgeKind.COVERS,), hop)} AND r.group >= 0", "type(r)", "r.group"


def _gathers(hop: Hop) -> tuple[str, str, str]:
    if hop.back:
        head = (
            f"{_SEEK} MATCH (a)<-[r:{INSIDE}]-(s)<-[:{SPANS}]-(b:{GROUP}) WHERE a.kind IN b.kinds "
            f"AND any(verb IN b.verbs WHERE verb IN $p.verbs) AND NOT EXISTS {{ (b)-[:{LEAVES_OUT}]->(a) }}"
        )
    else:
        head = (
            f"{_SEEK_GROUP} MATCH (a)-[:{SPANS}]->(s)-[r:{INSIDE}]->(b) "
            f"WHERE b.kind IN a.kinds AND NOT EXISTS {{ (a)-[:{LEAVES_OUT}]->(b) }}"
        )
    return f"{head}", "''", "b.number"


_PARTS = {
    Stage.EDGE: _edge,
    Stage.HOLDS: _holds,
    Stage.COVERS: _covers,
    Stage.JOINS: _joins,
    Stage.GATHERS: _gathers,
}
