"""What is at stake at the end of a path, and how far it reaches beyond."""

from collections.abc import Iterable
from functools import cached_property

from aisposture.graph.columns import Graph
from aisposture.model import ids
from aisposture.model.graph import EdgeKind, Label, State
from aisposture.rank.score import IMPACTS, Blast

_BY_TIER = {"P0": "I4", "P1": "I4", "P2": "I3", "P3": "I2", "P4": "I1"}
_BY_SENSITIVITY = {"D3": "I4", "D2": "I3", "D1": "I2", "D0": "I1"}
_BY_SINK = {ids.ADMIN: "I4"}
_SINK_DEFAULT = "I3"

_SENSITIVE = frozenset({"D2", "D3"})
_STRONG = frozenset({"P0", "P1", "P2"})
_BECOMING = (EdgeKind.CAN_ASSUME, EdgeKind.CAN_ESCALATE)
_TOUCHING = frozenset(
    {f"grant.{verb}" for verb in (EdgeKind.CAN_READ, EdgeKind.CAN_WRITE, EdgeKind.CAN_DELETE)}
)
_STEERING = frozenset({f"grant.{verb}" for verb in (EdgeKind.CAN_INVOKE, EdgeKind.CAN_MODIFY)})


class Impacts:
    """Impact classes and blast radii over one graph, each identity's reach worked out once."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._blasts: dict[int, Blast] = {}
        self._covered: dict[int, frozenset[int]] = {}

    def of(self, nodes: list[int], also: Iterable[int] = ()) -> tuple[str, tuple[str, ...]]:
        """Impact class of a walk over ``nodes`` whose other legs end at ``also``, and what gave it, in words."""
        found = [("I1", "")]
        for node in nodes:
            name = self.graph.nodes[node].name or self.graph.ids[node]
            if (tier := self._value(node, "tier")) is not None and Label.IDENTITY in self.graph.labels_of(
                node
            ):
                found.append((_BY_TIER[tier], f"identity {name} of tier {tier}"))
        found.extend(self._sink(node) for node in (nodes[-1], *also))
        best = max(klass for klass, _ in found)
        return best, tuple(dict.fromkeys(why for klass, why in found if klass == best and why))

    def _sink(self, node: int) -> tuple[str, str]:
        name = self.graph.nodes[node].name or self.graph.ids[node]
        if (sink := ids.parse_sink(self.graph.ids[node])) is not None:
            return _BY_SINK.get(sink[0], _SINK_DEFAULT), f"{sink[0].replace('_', ' ')} in account {sink[1]}"
        sensitivity = self._value(node, "sensitivity")
        if sensitivity is None:
            return IMPACTS[0], ""
        klass = _BY_SENSITIVITY[sensitivity]
        if self._value(node, "environment") in {"dev", "test"} and klass != IMPACTS[-1]:
            return IMPACTS[
                0
            ], f"{name} of class {sensitivity} in a {self._value(node, 'environment')} environment"
        return klass, f"{name} of class {sensitivity}"

    def _value(self, node: int, name: str) -> str | None:
        cell = self.graph.prop(node, name)
        return None if cell is None or cell[1] is State.UNSEEN or cell[0] is None else str(cell[0])

    def blast(self, nodes: list[int]) -> Blast:
        """What the last identity of a walk reaches beyond it."""
        identities = [node for node in nodes if Label.IDENTITY in self.graph.labels_of(node)]
        if not identities:
            return Blast()
        last = identities[-1]
        if last not in self._blasts:
            self._blasts[last] = self._reach(last)
        return self._blasts[last]

    def _reach(self, identity: int) -> Blast:
        identities, todo = {identity}, [identity]
        while todo:
            node = todo.pop()
            for kind in _BECOMING:
                for edge in self.graph.edges_of(node, kind).tolist():
                    target = int(self.graph.target[edge])
                    if self.graph.state[edge] == State.CONFIRMED and target not in identities:
                        identities.add(target)
                        todo.append(target)
        stores: set[int] = set()
        agents: set[int] = set()
        for node in identities:
            for edge in self.graph.edges_of(node, EdgeKind.HOLDS).tolist():
                grant = int(self.graph.target[edge])
                verb = self.graph.kind_names[grant]
                if verb in _TOUCHING:
                    stores |= self._covers(grant) & self._sensitive
                elif verb in _STEERING:
                    agents |= self._covers(grant) & self._agents
        strong = {node for node in identities - {identity} if self._value(node, "tier") in _STRONG}
        accounts = {self.graph.nodes[node].account for node in stores | strong | agents}
        return Blast(
            stores=len(stores), identities=len(strong), accounts=len(accounts - {""}), agents=len(agents)
        )

    def _covers(self, grant: int) -> frozenset[int]:
        if grant not in self._covered:
            found: set[int] = set()
            for edge in self.graph.edges_of(grant, EdgeKind.COVERS).tolist():
                if self.graph.state[edge] != State.CONFIRMED:
                    continue
                target = int(self.graph.target[edge])
                kinds = str(self.graph.attr_values[self.graph.attr[edge]].get("kinds", ""))
                found |= self._inside(target, frozenset(kinds.split(","))) if kinds else {target}
            excluded = self.graph.target[self.graph.edges_of(grant, EdgeKind.EXCLUDES)]
            self._covered[grant] = frozenset(found - set(excluded.tolist()))
        return self._covered[grant]

    def _inside(self, scope: int, kinds: frozenset[str]) -> set[int]:
        members = self.graph.target[self.graph.edges_of(scope, EdgeKind.CONTAINS)].tolist()
        return {node for node in members if self.graph.kind_names[node] in kinds}

    @cached_property
    def _sensitive(self) -> frozenset[int]:
        column = self.graph.props.get("sensitivity")
        return (
            frozenset(row for row, value, _ in column.items() if value in _SENSITIVE)
            if column is not None
            else frozenset()
        )

    @cached_property
    def _agents(self) -> frozenset[int]:
        return frozenset(self.graph.labelled(Label.AGENT).tolist())
