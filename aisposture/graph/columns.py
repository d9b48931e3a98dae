"""The graph as columns: arrays for what is searched, one side table for what is shown.

Nodes are numbered in the order of their ids, so that comparing numbers compares ids.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from aisposture.model.graph import EdgeKind, EdgeRow, Label, State

if TYPE_CHECKING:
    import networkx as nx

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Bits = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]

KINDS: tuple[EdgeKind, ...] = tuple(EdgeKind)
"""Edge kinds by their code in ``Graph.kind``."""
KIND_CODE: dict[EdgeKind, int] = {kind: code for code, kind in enumerate(KINDS)}
LABEL_BIT: dict[Label, int] = {label: 1 << position for position, label in enumerate(Label)}
"""The bit of each label in ``Graph.labels``; the vocabulary fits 64."""
if len(LABEL_BIT) > 64:
    raise AssertionError("labels no longer fit one 64-bit mask")


def label_mask(labels: Iterable[Label]) -> int:
    """The bits of ``labels``, joined."""
    mask = 0
    for label in labels:
        mask |= LABEL_BIT[label]
    return mask


class Column(NamedTuple):
    """One property over the nodes that have it.

    Attributes:
        rows: node numbers, ascending.
        codes: index into ``values``, one per row.
        states: how sure the value is, one per row; ``UNSEEN`` where a Gap hides it (the value is then None).
        values: the distinct values.
    """

    rows: Ints
    codes: Ints
    states: Bytes
    values: tuple[Any, ...]

    def at(self, node: int) -> tuple[Any, State] | None:
        """Value and state of ``node``, or None where it has no such property."""
        place = int(np.searchsorted(self.rows, node))
        if place == len(self.rows) or self.rows[place] != node:
            return None
        return self.values[self.codes[place]], State(int(self.states[place]))

    def items(self) -> Iterator[tuple[int, Any, State]]:
        """Node, value and state of every row."""
        for row, code, state in zip(
            self.rows.tolist(), self.codes.tolist(), self.states.tolist(), strict=True
        ):
            yield row, self.values[code], State(state)


class Csr(NamedTuple):
    """The edges of one kind by one of their ends: those of node n are ``edges[starts[n]:starts[n + 1]]``."""

    starts: Ints
    edges: Ints


def gather(index: Csr, nodes: Ints) -> tuple[Ints, Ints]:
    """The edges of ``nodes`` in ``index``, and for each the node it belongs to."""
    first = index.starts[nodes]
    counts = index.starts[nodes + 1] - first
    owner = np.repeat(nodes, counts)
    skipped = np.repeat(np.cumsum(counts) - counts, counts)
    return index.edges[np.repeat(first, counts) + np.arange(len(owner)) - skipped], owner


class NodeRow(NamedTuple):
    """What the builder was told of a node."""

    labels: int
    kind: str
    account: str
    region: str
    name: str


def _hashable(value: Any) -> Any:
    return (
        (type(value).__name__, value)
        if isinstance(value, str | int | float | bool | None)
        else ("json", msgspec.json.encode(value))
    )


def column(cells: Mapping[int, tuple[Any, State]]) -> Column:
    """A column from node number -> (value, state)."""
    rows = sorted(cells)
    codes: dict[Any, int] = {}
    values: list[Any] = []
    coded = np.empty(len(rows), np.int64)
    for place, row in enumerate(rows):
        value = cells[row][0]
        code = codes.setdefault(_hashable(value), len(values))
        if code == len(values):
            values.append(value)
        coded[place] = code
    states = np.fromiter((cells[row][1] for row in rows), np.uint8, len(rows))
    return Column(np.array(rows, np.int64), coded, states, tuple(values))


class Graph:
    """A frozen property graph. Made by ``GraphBuilder.freeze``.

    Attributes:
        ids: node ids, sorted; a node's number is its place here.
        kinds, accounts, regions, names: per node.
        labels: bitmask per node, see ``LABEL_BIT``.
        props: columns by name.
        source, target: node numbers, per edge.
        kind: code of the edge kind, see ``KINDS``.
        state: ``State`` as integer, per edge.
        weight: likelihood factor in (0, 1], per edge.
        attr: per edge, index into ``attr_values``.
        attr_values: the distinct sets of edge attributes.
        rows: the side table: the edge as its producer described it (attributes, conditions, evidence).
    """

    def __init__(
        self,
        ids: list[str],
        nodes: list[NodeRow],
        props: dict[str, Column],
        rows: list[EdgeRow],
        weights: Floats,
    ) -> None:
        self.ids = ids
        self.number = {node: place for place, node in enumerate(ids)}
        self.nodes = nodes
        self.labels: Bits = np.fromiter((node.labels for node in nodes), np.uint64, len(nodes))
        self.props = props
        number = self.number
        source = np.fromiter((number[row.source] for row in rows), np.int64, len(rows))
        target = np.fromiter((number[row.target] for row in rows), np.int64, len(rows))
        kind = np.fromiter((KIND_CODE[row.kind] for row in rows), np.uint8, len(rows))
        state = np.fromiter((row.state for row in rows), np.uint8, len(rows))
        codes: dict[tuple[tuple[str, Any], ...], int] = {}
        attr = np.fromiter((codes.setdefault(row.attrs, len(codes)) for row in rows), np.int64, len(rows))
        self.attr_values: list[dict[str, Any]] = [dict(attrs) for attrs in codes]
        order = np.lexsort((-weights, -state.astype(np.int64), kind, target, source))
        self.source, self.target, self.kind = source[order], target[order], kind[order]
        self.state, self.weight, self.attr = state[order], weights[order], attr[order]
        self.rows = [rows[place] for place in order.tolist()]
        self._csr: dict[tuple[int, bool], Csr] = {}

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def edge_count(self) -> int:
        """Number of edges."""
        return len(self.rows)

    def csr(self, kind: EdgeKind, *, back: bool = False) -> Csr:
        """The index of the edges of ``kind`` by source (by target where ``back``), built on first use."""
        key = (KIND_CODE[kind], back)
        found = self._csr.get(key)
        if found is None:
            edges = np.flatnonzero(self.kind == key[0])
            ends = (self.target if back else self.source)[edges]
            starts = np.zeros(len(self.ids) + 1, np.int64)
            np.cumsum(np.bincount(ends, minlength=len(self.ids)), out=starts[1:])
            found = self._csr[key] = Csr(starts, edges[np.argsort(ends, kind="stable")])
        return found

    def edges_of(self, node: int, kind: EdgeKind, *, back: bool = False) -> Ints:
        """Edges of ``kind`` that leave ``node`` (that enter it where ``back``)."""
        index = self.csr(kind, back=back)
        return index.edges[index.starts[node] : index.starts[node + 1]]

    def labels_of(self, node: int) -> tuple[Label, ...]:
        """The labels of ``node`` in the order of the vocabulary."""
        mask = int(self.labels[node])
        return tuple(label for label, bit in LABEL_BIT.items() if mask & bit)

    def labelled(self, *labels: Label) -> Ints:
        """Numbers of the nodes that carry any of ``labels``."""
        return np.flatnonzero(self.labels & np.uint64(label_mask(labels)))

    def prop(self, node: int, name: str) -> tuple[Any, State] | None:
        """Value and state of a property, or None where the node has none of that name."""
        found = self.props.get(name)
        return found.at(node) if found is not None else None

    def props_of(self, node: int) -> dict[str, Any]:
        """Every property of ``node`` that was seen."""
        found = {name: cell.at(node) for name, cell in sorted(self.props.items())}
        return {
            name: cell[0] for name, cell in found.items() if cell is not None and cell[1] is not State.UNSEEN
        }

    def updated(self, props: Mapping[str, Mapping[int, tuple[Any, State]]]) -> "Graph":
        """The graph with these cells set (name -> node number -> value and state); other cells and all edges stay."""
        merged = dict(self.props)
        for name, cells in props.items():
            old = self.props.get(name)
            before = {row: (value, state) for row, value, state in old.items()} if old is not None else {}
            merged[name] = column({**before, **cells})
        other = object.__new__(Graph)
        other.__dict__.update(self.__dict__)
        other.props = merged
        return other

    def without(self, edges: Iterable[int]) -> "Graph":
        """The graph minus these edges."""
        gone = set(edges)
        kept = [place for place in range(len(self.rows)) if place not in gone]
        return Graph(
            self.ids, self.nodes, self.props, [self.rows[place] for place in kept], self.weight[kept]
        )

    def thaw(self) -> "GraphBuilder":
        """A builder that holds all of this graph, to add nodes and edges."""
        builder = GraphBuilder()
        builder.described = dict(zip(self.ids, self.nodes, strict=True))
        for name, cells in self.props.items():
            builder.cells[name] = {self.ids[row]: (value, state) for row, value, state in cells.items()}
        builder.rows = list(self.rows)
        builder.weights = self.weight.tolist()
        return builder

    @cached_property
    def kind_names(self) -> tuple[str, ...]:
        """The resource kind of every node."""
        return tuple(node.kind for node in self.nodes)

    def to_networkx(self) -> "nx.MultiDiGraph[str]":
        """The graph as networkx knows it: nodes by id, the edge kind as key, values JSON can hold."""
        import networkx as nx

        graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
        for place, (node, row) in enumerate(zip(self.ids, self.nodes, strict=True)):
            graph.add_node(
                node,
                name=row.name,
                kind=row.kind,
                account=row.account,
                region=row.region,
                labels=[str(label) for label in self.labels_of(place)],
            )
        for name, cells in sorted(self.props.items()):
            for place, value, state in cells.items():
                if state is not State.UNSEEN:
                    graph.nodes[self.ids[place]].setdefault(name, value)
        for edge, weight in zip(self.rows, self.weight.tolist(), strict=True):
            graph.add_edge(
                edge.source,
                edge.target,
                kind=str(edge.kind),
                state=edge.state.name.lower(),
                weight=weight,
                **{f"attr_{name}": value for name, value in edge.attrs},
            )
        return graph


class GraphBuilder:
    """Collects nodes and edges in any order; ``freeze`` makes the graph.

    A node that is described twice joins its labels; of other fields the later one that is not empty wins. An end of an edge that
    nobody described becomes a node without labels. A Grant is a node with the label ``Grant``, the kind ``grant.<verb>``
    and edges ``holds``, ``covers`` (attribute ``kinds``: resource kinds meant, comma separated, where the target is a scope) and ``excludes``.
    Its ``covers`` edges carry the state, conditions, evidence and the weight of the verb.
    """

    def __init__(self) -> None:
        self.described: dict[str, NodeRow] = {}
        self.cells: dict[str, dict[str, tuple[Any, State]]] = {}
        self.rows: list[EdgeRow] = []
        self.weights: list[float] = []

    def node(
        self,
        id: str,  # noqa: A002 - the field's own name
        labels: Iterable[Label] = (),
        kind: str = "",
        account: str = "",
        region: str = "",
        name: str = "",
        props: Mapping[str, Any] | None = None,
        states: Mapping[str, State] | None = None,
    ) -> None:
        """Describe a node.

        Args:
            id: see ``model/ids.py``.
            labels: what it is to an attacker.
            kind: resource kind, ``grant.<verb>``, or "" for class, scope and sink nodes.
            account: the account it belongs to.
            region: ``global`` where the service is.
            name: for people.
            props: values; a name that is present with None was read and is not set.
            states: of props that are not CONFIRMED; ``UNSEEN`` for a field a Gap hides (no value is needed then).
        """
        old = self.described.get(id)
        mask = label_mask(labels)
        if old is None:
            self.described[id] = NodeRow(mask, kind, account, region, name)
        else:
            self.described[id] = NodeRow(
                old.labels | mask,
                kind or old.kind,
                account or old.account,
                region or old.region,
                name or old.name,
            )
        states = states or {}
        for field, value in (props or {}).items():
            self.cells.setdefault(field, {})[id] = (value, states.get(field, State.CONFIRMED))
        for field, state in states.items():
            if field not in (props or {}):
                self.cells.setdefault(field, {})[id] = (None, state)

    def edge(self, row: EdgeRow, weight: float = 1.0) -> None:
        """Add an edge; ``weight`` is its likelihood factor in (0, 1].

        Raises:
            ValueError: the weight is not in (0, 1].
        """
        if not 0.0 < weight <= 1.0:
            raise ValueError(f"weight {weight} of {row.source} -{row.kind}-> {row.target} is not in (0, 1]")
        if row.state is not State.FALSE:
            self.rows.append(row)
            self.weights.append(weight)

    def freeze(self) -> Graph:
        """The graph of all that was said so far."""
        described = dict(self.described)
        for row in self.rows:
            for end in (row.source, row.target):
                if end not in described:
                    described[end] = NodeRow(0, "", "", "", "")
        ids = sorted(described)
        number = {node: place for place, node in enumerate(ids)}
        props = {
            name: column({number[node]: cell for node, cell in cells.items()})
            for name, cells in sorted(self.cells.items())
        }
        return Graph(
            ids, [described[node] for node in ids], props, self.rows, np.array(self.weights, np.float64)
        )
