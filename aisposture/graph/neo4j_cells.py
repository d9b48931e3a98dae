"""How values and words of the graph are written in Neo4j.

Only the words of our own enums ever become part of a statement. Everything else travels as a parameter, and so do the
names of properties: a tag's key is a customer's text.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from aisposture.graph.classes import CLASSIFYING, entry_class, sink_class
from aisposture.graph.columns import Bytes, Graph
from aisposture.graph.query import AttrTest, NodeTest
from aisposture.model.graph import EdgeKind, Label, State

NODE = "AispostureNode"
"""Label of every node of a graph, beside its own."""
GROUP = "AispostureGroup"
"""Label of the nodes that stand for what Grants over a scope have in common (``graph/groups.py``)."""
SCAN = "AispostureScan"
"""Label of the node that says whether a scan is whole."""

INTRINSIC = ("id", "name", "kind", "account", "region")
"""What every node has, as text; an attribute of the same name is never asked for."""
RESERVED = {*INTRINSIC, "scan", "number"}

_LONG = 1 << 63


def either(words: Iterable[Label | EdgeKind]) -> str:
    """``A|B`` for a pattern.

    Raises:
        ValueError: a word is not of the closed vocabulary.
    """
    return "|".join(sorted((word if isinstance(word, Label) else EdgeKind(word)).value for word in words))


def _key(name: str) -> str:
    """``name`` as a property key, which may hold everything but NUL."""
    return name.replace("\\", "\\\\").replace("\0", "\\0")


class Cell(NamedTuple):
    """The properties in which one attribute is stored: as a value of Neo4j's, or as JSON where it has none, and its state."""

    plain: str
    json: str | None
    state: str | None

    @classmethod
    def of_node(cls, name: str) -> "Cell":
        """Where an attribute of nodes is."""
        if name in INTRINSIC:
            return cls(name, None, None)
        if name == "cloud":
            return cls("kind", None, None)
        key = _key(name)
        return cls(key, f"json.{key}", f"state.{key}")

    @classmethod
    def of_edge(cls, name: str) -> "Cell":
        """Where an attribute of edges is; its state is the edge's."""
        key = _key(name)
        return cls(f"attr_{key}", f"json.attr_{key}", None)

    def write(self, value: Any, into: dict[str, Any]) -> None:
        """Put ``value`` where it belongs; None takes no property."""
        if _is_plain(value):
            into[self.plain] = value
        elif value is not None and self.json:
            into[self.json] = json.dumps(value)


def _is_plain(value: Any) -> bool:
    """Whether Neo4j keeps ``value`` exactly as it is: text, a number, a bool, or a list of one of these types."""
    if isinstance(value, list | tuple):
        return len({type(one) for one in value}) <= 1 and not any(
            isinstance(one, list | tuple) or not _is_plain(one) for one in value
        )
    if isinstance(value, int):
        return -_LONG <= value < _LONG
    return isinstance(value, str | float)


class Field(NamedTuple):
    """One attribute of nodes or of edges, as statements fetch it: three cells, of which some are null."""

    name: str
    cell: Cell
    edge: bool

    def read(self, fetched: Sequence[Any]) -> tuple[Any, State] | None:
        """Value and state, or None where there is no such property."""
        plain, coded, state = fetched
        value = json.loads(coded) if coded is not None else plain
        if self.edge:
            return value, State.CONFIRMED
        if self.name == "cloud":
            return (value or "").partition(".")[0] or None, State.CONFIRMED
        if self.name in INTRINSIC:
            return value or None, State.CONFIRMED
        return None if state is None else (value, State(state))


def fields_of(names: Iterable[str], *, edge: bool = False) -> list[Field]:
    """The fields of these names, each once."""
    made = Cell.of_edge if edge else Cell.of_node
    return [Field(name, made(name), edge) for name in dict.fromkeys(names)]


def cells_of(fields: Iterable[Field]) -> list[list[str | None]]:
    """The parameter that names the cells of ``fields``."""
    return [list(field.cell) for field in fields]


def fetching(alias: str, parameter: str) -> str:
    """The expression that fetches the fields in ``parameter`` from ``alias``."""
    return f"[cell IN $p.{parameter} | [{alias}[cell[0]], {alias}[cell[1]], {alias}[cell[2]]]]"


def outcome(tests: Sequence[AttrTest], fields: Sequence[Field], fetched: Sequence[Any]) -> Bytes:
    """The state of the conjunction of ``tests``, per row of ``fetched`` cells."""
    states = np.full(len(fetched), State.CONFIRMED, np.uint8)
    places = {field.name: place for place, field in enumerate(fields)}
    for test in tests:
        place = places[test.name]
        field = fields[place]
        found = (field.read(row[place]) for row in fetched)
        each = (test.of(*(cell or (None, State.CONFIRMED))) for cell in found)
        states = np.minimum(states, np.fromiter(each, np.uint8, len(fetched)))
    return states


def fitting(alias: str) -> str:
    """The condition that a node passes ``$p.tests``, the same text for all tests, so that the server plans few statements."""
    return (
        "all(test IN $p.tests WHERE "
        f"(test.labels IS NULL OR any(label IN labels({alias}) WHERE label IN test.labels)) AND "
        f"(test.kinds IS NULL OR {alias}.kind IN test.kinds OR any(start IN test.starts WHERE {alias}.kind STARTS WITH start)) AND "
        f"(test.ids IS NULL OR {alias}.id IN test.ids) AND "
        f"all(key IN test.needed WHERE {alias}[key] IS NOT NULL))"
    )


def tests_of(tests: Sequence[NodeTest]) -> list[dict[str, list[str] | None]]:
    """What of ``tests`` the server checks: of attributes only that they are there, where nothing else can pass.

    The rest is checked here, by ``AttrTest`` itself.
    """
    return [
        {
            "labels": [label.value for label in test.labels] or None,
            "kinds": [kind for kind in test.kinds if not kind.endswith("*")] if test.kinds else None,
            "starts": [kind[:-1] for kind in test.kinds if kind.endswith("*")],
            "ids": list(test.ids) if test.ids is not None else None,
            "needed": [_presence(one.name) for one in test.where if one.of(None) is State.FALSE],
        }
        for test in tests
        if test != NodeTest()
    ]


def _presence(name: str) -> str:
    """The property that a node has exactly where it has the attribute ``name``."""
    cell = Cell.of_node(name)
    return cell.state or cell.plain


def attributes_of(tests: Sequence[NodeTest]) -> tuple[AttrTest, ...]:
    """The tests of attributes in ``tests``."""
    return tuple(one for test in tests for one in test.where)


def node_maps(graph: Graph, scan: str) -> list[dict[str, Any]]:
    """The properties of every node, by number."""
    made = [
        {
            "scan": scan,
            "number": number,
            "id": node,
            "name": row.name,
            "kind": row.kind,
            "account": row.account,
            "region": row.region,
        }
        for number, (node, row) in enumerate(zip(graph.ids, graph.nodes, strict=True))
    ]
    for name, column in graph.props.items():
        if name not in RESERVED:
            cell = Cell.of_node(name)
            for number, value, state in column.items():
                cell.write(value, made[number])
                if cell.state:
                    made[number][cell.state] = int(state)
    return made


def edge_maps(graph: Graph, scan: str) -> list[dict[str, Any]]:
    """The properties of every edge, by number: what the search needs, and what a person wants to read."""
    made = []
    cells: dict[str, Cell] = {}
    states, weights = graph.state.tolist(), graph.weight.tolist()
    for number, (row, state, weight) in enumerate(zip(graph.rows, states, weights, strict=True)):
        one = {"scan": scan, "edge": number, "state": state, "weight": weight}
        for name, value in row.attrs:
            cells.setdefault(name, Cell.of_edge(name)).write(value, one)
        if row.conditions:
            one["conditions"] = list(row.conditions)
        if row.evidence:
            one["evidence"] = [
                _evidence(ref.resource, ref.field, ref.statement, ref.note) for ref in row.evidence
            ]
        made.append(one)
    return made


def _evidence(resource: str, field: str, statement: int | None, note: str) -> str:
    place = field if statement is None else f"{field} statement {statement}"
    return f"{resource} {place}" + (f": {note}" if note else "")


CLASS_FIELDS = fields_of(("id", *CLASSIFYING))
"""What decides the classes of a node, beside its labels."""


def class_of(field: str, words: Iterable[str], fetched: Sequence[Sequence[Any]]) -> str:
    """The ``entry_class`` or ``sink_class`` of a node, from its labels and the cells of ``CLASS_FIELDS``."""
    cells = {one.name: one.read(cell) for one, cell in zip(CLASS_FIELDS, fetched, strict=True)}
    values = {name: cell[0] for name, cell in cells.items() if cell is not None}
    own = set(words)
    labels = [label for label in Label if label.value in own]
    if field == "entry_class":
        return entry_class(labels, values.get)
    return sink_class(str(values["id"]), labels, values.get)
