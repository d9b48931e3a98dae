"""The store that keeps the graph in this process, as numpy columns."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from aisposture.graph.classes import CLASSIFYING, entry_class, sink_class
from aisposture.graph.columns import Bytes, Column, Graph, Ints, gather, label_mask
from aisposture.graph.groups import Groups
from aisposture.graph.query import AttrTest, Hop, NodeTest, Stage
from aisposture.graph.store import Cells, Rows, Seeds
from aisposture.model.graph import EdgeKind, Label, State

_CONFIRMED, _POSSIBLE, _UNSEEN = (
    np.uint8(state) for state in (State.CONFIRMED, State.POSSIBLE, State.UNSEEN)
)


def _text_column(values: list[str]) -> Column:
    codes: dict[str, int] = {}
    coded = np.fromiter((codes.setdefault(value, len(codes)) for value in values), np.int64, len(values))
    states = np.full(len(values), _CONFIRMED, np.uint8)
    return Column(np.arange(len(values)), coded, states, tuple(value or None for value in codes))


class MemoryStore:
    """A ``Store`` over a graph in memory."""

    def __init__(self, graph: Graph) -> None:
        self.load(graph, "")

    def load(self, columns: Graph, scan: str) -> None:
        """Hold ``columns``; memory holds one scan, so that its name decides nothing."""
        self.graph = columns
        self.scan = scan
        self.groups = Groups(columns)
        self._tested: dict[NodeTest, Bytes] = {}
        self._edge_tested: dict[AttrTest, Bytes] = {}
        self._intrinsic: dict[str, Column] = {}

    @property
    def size(self) -> int:
        """Number of nodes, or of groups where there are more of those."""
        return max(len(self.graph), len(self.groups))

    def close(self) -> None:
        """Nothing is held open."""

    def seeds(self, tests: tuple[NodeTest, ...]) -> Seeds:
        """The nodes that pass all ``tests``."""
        states = self._states(tests)
        nodes = np.flatnonzero(states)
        return Seeds(nodes, states[nodes])

    def values(self, ids: Ints, field: str) -> Cells:
        """An attribute of each node, or ``id``, ``entry_class``, ``sink_class`` ...; None where a node has none."""
        if field == "id":
            return Cells(
                np.arange(len(ids)), [(self.graph.ids[node], State.CONFIRMED) for node in ids.tolist()]
            )
        if field in {"entry_class", "sink_class"}:
            return self._classes(ids, field)
        found = self._column(field)
        if found is None:
            return Cells(np.zeros(len(ids), np.int64), [None])
        place = np.searchsorted(found.rows, ids)
        inside = place < len(found.rows)
        here = np.zeros(len(ids), np.bool_)
        here[inside] = found.rows[place[inside]] == ids[inside]
        pairs = np.full(len(ids), -1, np.int64)
        pairs[here] = found.codes[place[here]] * len(State) + found.states[place[here]]
        distinct, codes = np.unique(pairs, return_inverse=True)
        cells: list[tuple[Any, State] | None] = [
            (found.values[pair // len(State)], State(pair % len(State))) if pair >= 0 else None
            for pair in distinct.tolist()
        ]
        return Cells(codes, cells)

    def _classes(self, ids: Ints, field: str) -> Cells:
        """Classes, worked out once for all nodes that agree on what decides them."""
        deciding: list[Ints] = [self.graph.labels[ids].view(np.int64)]
        if field == "sink_class":  # a sink's own id decides
            is_sink = self.graph.labels[ids] & np.uint64(label_mask([Label.SINK])) != 0
            deciding.append(np.where(is_sink, ids, -1))
        deciding += [self.values(ids, name).codes for name in CLASSIFYING]
        _, first, codes = np.unique(np.stack(deciding), axis=1, return_index=True, return_inverse=True)
        codes = codes.reshape(-1)
        return Cells(codes, [(self._class_of(node, field), State.CONFIRMED) for node in ids[first].tolist()])

    def _class_of(self, node: int, field: str) -> str:
        def prop(name: str) -> Any:
            cell = self.graph.prop(node, name)
            return cell[0] if cell is not None else None

        labels = self.graph.labels_of(node)
        if field == "entry_class":
            return entry_class(labels, prop)
        return sink_class(self.graph.ids[node], labels, prop)

    def _column(self, name: str) -> Column | None:
        if name not in {"id", "name", "kind", "account", "region", "cloud"}:
            return self.graph.props.get(name)
        if name not in self._intrinsic:
            values: Iterable[str]
            if name == "id":
                values = self.graph.ids
            elif name == "cloud":
                values = (node.kind.partition(".")[0] for node in self.graph.nodes)
            else:
                values = (getattr(node, name) for node in self.graph.nodes)
            self._intrinsic[name] = _text_column(list(values))
        return self._intrinsic[name]

    def _states(self, tests: tuple[NodeTest, ...]) -> Bytes:
        """The state of the conjunction of ``tests``, per node."""
        states = np.full(len(self.graph), _CONFIRMED, np.uint8)
        for test in tests:
            if test not in self._tested:
                self._tested[test] = self._state(test)
            states = np.minimum(states, self._tested[test])
        return states

    def _state(self, test: NodeTest) -> Bytes:
        passed: npt.NDArray[np.bool_] = np.ones(len(self.graph), np.bool_)
        if test.labels:
            passed = np.zeros(len(self.graph), np.bool_)
            passed[self.graph.labelled(*test.labels)] = True
        if test.kinds:
            passed &= self.groups.kind_mask(test.fits_kind)
        if test.ids is not None:
            wanted = [self.graph.number[one] for one in test.ids if one in self.graph.number]
            chosen = np.zeros(len(self.graph), np.bool_)
            chosen[np.array(wanted, np.int64)] = True
            passed &= chosen
        states = np.where(passed, _CONFIRMED, np.uint8(0))
        for one in test.where:
            states = np.minimum(states, self._tested_column(one))
        return states

    def _tested_column(self, test: AttrTest) -> Bytes:
        absent = test.of(None)
        states = np.full(len(self.graph), absent, np.uint8)
        found = self._column(test.name)
        if found is None:
            return states
        outcome = np.array(
            [[test.of(value, state) for value in found.values] for state in State], np.uint8
        ).reshape(len(State), len(found.values))
        states[found.rows] = outcome[found.states, found.codes]
        return states

    def _edge_states(self, where: tuple[AttrTest, ...], edges: Ints) -> Bytes:
        """The state of ``edges``, tests included."""
        states = self.graph.state[edges]
        for test in where:
            outcome = self._edge_tested.get(test)
            if outcome is None:
                outcome = self._edge_tested[test] = np.array(
                    [test.of(attrs.get(test.name)) for attrs in self.graph.attr_values], np.uint8
                )
            states = np.minimum(states, outcome[self.graph.attr[edges]])
        return states

    def expand(self, ids: Ints, hop: Hop) -> Rows:
        """One hop from each of ``ids``: nodes, or groups where the stage starts from those."""
        match hop.stage:
            case Stage.EDGE:
                return self._edges(ids, hop)
            case Stage.HOLDS:
                return self._holds(ids, hop)
            case Stage.COVERS:
                return self._covers(ids, hop)
            case Stage.JOINS:
                return self._joins(ids, hop)
            case Stage.GATHERS:
                return self._gathers(ids, hop)

    def _rows(
        self,
        hop: Hop,
        source: Ints,
        target: Ints,
        edges: Ints,
        *,
        kind: Bytes | None = None,
        where: tuple[AttrTest, ...] = (),
    ) -> Rows:
        """Rows for these edges, minus those that are FALSE."""
        graph = self.graph
        state = self._edge_states(where, edges)
        arrived = np.full(len(edges), _CONFIRMED, np.uint8)
        if hop.arrive:
            arrived = self._states(hop.arrive)[target]
        keep = (state > 0) & (arrived > 0)
        if kind is None:
            kind = graph.kind[edges]
        kept = edges[keep]
        return Rows(
            source[keep],
            target[keep],
            kind[keep],
            state[keep],
            arrived[keep],
            graph.weight[kept],
            kept,
            np.full(len(kept), -1, np.int64),
        )

    def _edges(self, ids: Ints, hop: Hop) -> Rows:
        parts = []
        for kind in hop.kinds:
            edges, owner = gather(self.graph.csr(kind, back=hop.back), ids)
            other = (self.graph.source if hop.back else self.graph.target)[edges]
            parts.append(self._rows(hop, owner, other, edges, where=hop.where))
        return Rows.joined(parts)

    def _holds(self, ids: Ints, hop: Hop) -> Rows:
        edges, owner = gather(self.graph.csr(EdgeKind.HOLDS, back=hop.back), ids)
        other = (self.graph.source if hop.back else self.graph.target)[edges]
        verb = self.groups.verb[owner if hop.back else other]
        keep = self.groups.is_one_of(verb, hop.verbs)
        return self._rows(hop, owner[keep], other[keep], edges[keep], kind=verb[keep].astype(np.uint8))

    def _covers(self, ids: Ints, hop: Hop) -> Rows:
        groups, graph = self.groups, self.graph
        edges, owner = gather(graph.csr(EdgeKind.COVERS, back=hop.back), ids)
        other = (graph.source if hop.back else graph.target)[edges]
        grant, named = (other, owner) if hop.back else (owner, other)
        keep = (groups.of_edge[edges] < 0) & ~groups.excluded(grant, named)
        if hop.back:
            keep &= groups.is_one_of(groups.verb[grant], hop.verbs)
        return self._rows(hop, owner[keep], other[keep], edges[keep], where=hop.where)

    def _joins(self, ids: Ints, hop: Hop) -> Rows:
        groups, graph = self.groups, self.graph
        if hop.back:
            edges, owner = gather(groups.edges, ids)
            grant = graph.source[edges]
            keep = groups.is_one_of(groups.verb[grant], hop.verbs)
            return self._rows(hop, owner[keep], grant[keep], edges[keep], where=hop.where)
        edges, owner = gather(graph.csr(EdgeKind.COVERS), ids)
        group = groups.of_edge[edges]
        keep = group >= 0
        return self._rows(hop, owner[keep], group[keep], edges[keep], where=hop.where)

    def _gathers(self, ids: Ints, hop: Hop) -> Rows:
        graph, groups = self.graph, self.groups
        tested = self._states(hop.arrive)
        wanted = tested > 0
        if hop.back:
            wanted = np.zeros(len(graph), np.bool_)
            wanted[ids] = True
        parts = []
        for group in groups.of_verbs(hop.verbs) if hop.back else ids.tolist():
            nodes, states = groups.members(group)
            inside = wanted[nodes]
            nodes, states = nodes[inside], states[inside]
            own = np.full(len(nodes), group, np.int64)
            arrived = np.full(len(nodes), _CONFIRMED, np.uint8) if hop.back else tested[nodes]
            none = np.full(len(nodes), -1, np.int64)
            scope = np.full(len(nodes), groups.scopes[group], np.int64)
            verb = np.zeros(len(nodes), np.uint8)
            source, target = (nodes, own) if hop.back else (own, nodes)
            parts.append(Rows(source, target, verb, states, arrived, np.ones(len(nodes)), none, scope))
        return Rows.joined(parts)
