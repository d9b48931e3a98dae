"""A second, slow reading of what a query means, written from the definition: enumerate every walk."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec.structs import replace

from aisposture.graph.classes import entry_class, sink_class
from aisposture.graph.columns import Graph
from aisposture.graph.query import (
    FIRST,
    LAST,
    AttrTest,
    Branch,
    ChoiceStep,
    EdgeStep,
    NodeStep,
    NodeTest,
    Operand,
    Path,
    Query,
    cost_of,
)
from aisposture.model.graph import VERBS, EdgeKind, Label, State


class Walk(NamedTuple):
    state: State
    cost: int
    hops: int
    first: int
    last: int
    names: tuple[tuple[str, int], ...]


class Answer(NamedTuple):
    state: State
    cost: int
    hops: int
    sinks: int


def slots_of(query: Query) -> list[Operand]:
    """The parts of a binding."""
    slots = [key.operand for key in query.keys]
    for branch in query.branches:
        if branch.target:
            slots += [Operand(node=branch.source), Operand(node=branch.target)]
    for one in query.compare:
        slots += [Operand(node=side.node) for side in (one.left, one.right) if isinstance(side, Operand)]
    return list(dict.fromkeys(slots))


class BruteForce:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.hops: dict[tuple[EdgeKind, tuple[AttrTest, ...], bool], list[tuple[int, int, State, int]]] = {}
        self.sides: dict[tuple[Branch, int], State] = {}

    def cell(self, node: int, name: str) -> tuple[Any, State]:
        row = self.graph.nodes[node]
        if name in {"kind", "account", "name", "region"}:
            return getattr(row, name) or None, State.CONFIRMED
        if name == "id":
            return node, State.CONFIRMED

        def seen(prop: str) -> Any:
            found = self.graph.prop(node, prop)
            return found[0] if found else None

        if name == "entry_class":
            return entry_class(self.graph.labels_of(node), seen), State.CONFIRMED
        if name == "sink_class":
            return sink_class(self.graph.ids[node], self.graph.labels_of(node), seen), State.CONFIRMED
        return self.graph.prop(node, name) or (None, State.CONFIRMED)

    def test(self, node: int, test: NodeTest) -> State:
        labels = self.graph.labels_of(node)
        if test.labels and not set(labels) & set(test.labels):
            return State.FALSE
        if not test.fits_kind(self.graph.nodes[node].kind):
            return State.FALSE
        if test.ids is not None and self.graph.ids[node] not in test.ids:
            return State.FALSE
        return min(
            [State.CONFIRMED, *(one.of(*self.cell(node, one.name)) for one in test.where)],
        )

    def inside(self, scope: int) -> dict[int, State]:
        best = {scope: State.CONFIRMED}
        changed = True
        while changed:
            changed = False
            for edge, row in enumerate(self.graph.rows):
                here, there = int(self.graph.source[edge]), int(self.graph.target[edge])
                if row.kind is EdgeKind.CONTAINS and here in best:
                    state = min(best[here], row.state)
                    if state > best.get(there, State.FALSE):
                        best[there] = state
                        changed = True
        del best[scope]
        return best

    def edges(
        self, kind: EdgeKind, where: tuple[AttrTest, ...], *, back: bool
    ) -> list[tuple[int, int, State, int]]:
        key = (kind, where, back)
        if key not in self.hops:
            found = []
            for source, target, state, cost in self.forward(kind, where):
                if state > State.FALSE:
                    found.append((target, source, state, cost) if back else (source, target, state, cost))
            self.hops[key] = found
        return self.hops[key]

    def state_of(self, edge: int, where: tuple[AttrTest, ...]) -> State:
        attrs = dict(self.graph.rows[edge].attrs)
        return State(min([self.graph.rows[edge].state, *(test.of(attrs.get(test.name)) for test in where)]))

    def forward(self, kind: EdgeKind, where: tuple[AttrTest, ...]) -> Iterator[tuple[int, int, State, int]]:
        graph = self.graph
        for edge, row in enumerate(graph.rows):
            source, target = int(graph.source[edge]), int(graph.target[edge])
            cost = cost_of(float(graph.weight[edge]))
            if row.kind is kind:
                yield source, target, self.state_of(edge, where), cost
            granted = kind in VERBS and graph.nodes[target].kind == f"grant.{kind}"
            if row.kind is EdgeKind.HOLDS and granted:
                for node, state, more in self.covered(row.target, where):
                    yield source, node, min(row.state, state), cost + more

    def covered(self, grant: str, where: tuple[AttrTest, ...]) -> Iterator[tuple[int, State, int]]:
        graph = self.graph
        left_out = {row.target for row in graph.rows if row.kind is EdgeKind.EXCLUDES and row.source == grant}
        for cover, row in enumerate(graph.rows):
            if row.kind is EdgeKind.COVERS and row.source == grant:
                kinds = dict(row.attrs).get("kinds")
                target = int(graph.target[cover])
                inner = self.inside(target) if kinds else {target: State.CONFIRMED}
                for node, sure in inner.items():
                    wanted = not kinds or graph.nodes[node].kind in str(kinds).split(",")
                    if wanted and graph.ids[node] not in left_out:
                        state = min(self.state_of(cover, where), sure)
                        yield node, state, cost_of(float(graph.weight[cover]))

    def walks(self, path: Path, starts: list[int]) -> Iterator[Walk]:
        for start in starts:
            yield from self.go(path, Walk(State.CONFIRMED, 0, 0, start, start, ()))

    def go(self, path: Path, walk: Walk) -> Iterator[Walk]:
        if not path:
            yield walk
            return
        step, rest = path[0], path[1:]
        if isinstance(step, NodeStep):
            state = min(walk.state, self.test(walk.last, step.test))
            if state > State.FALSE:
                names = (*walk.names, (step.name, walk.last)) if step.name else walk.names
                yield from self.go(rest, walk._replace(state=state, names=names))
        elif isinstance(step, ChoiceStep):
            for choice in step.paths:
                yield from self.go(choice + rest, walk)
        else:
            yield from self.repeat(step, rest, walk)

    def repeat(self, step: EdgeStep, rest: Path, walk: Walk) -> Iterator[Walk]:
        assert step.high is not None
        if step.low == 0:
            yield from self.go(rest, walk)
        if step.high == 0:
            return
        less = replace(step, low=max(step.low - 1, 0), high=step.high - 1)
        for kind in step.kinds:
            for source, target, state, cost in self.edges(kind, step.where, back=step.back):
                if source == walk.last:
                    least = min(walk.state, state)
                    moved = walk._replace(state=least, cost=walk.cost + cost, hops=walk.hops + 1, last=target)
                    yield from self.go((less, *rest), moved)

    def side(self, branch: Branch, source: int, target: int | None) -> State:
        best: dict[int, State] = {}
        for walk in self.walks(branch.path, [source]):
            if target is None or walk.last == target:
                best[walk.last] = max(best.get(walk.last, State.FALSE), walk.state)
        ends = sorted(best.values(), reverse=True)
        state = ends[branch.count - 1] if len(ends) >= branch.count else State.FALSE
        if self.graph.ids[source] in branch.blind:
            state = max(state, State.UNSEEN)
        return state.negated() if branch.negated else state

    def answer(self, query: Query) -> dict[tuple[tuple[Operand, Any], ...], Answer]:
        groups: dict[tuple[tuple[Operand, Any], ...], list[Walk]] = {}
        slots = slots_of(query)
        for walk in self.walks(query.path, list(range(len(self.graph)))):
            at = {**dict(walk.names), FIRST: walk.first, LAST: walk.last}
            state = min([walk.state, *self.tested(query, walk)])
            if state > State.FALSE:
                key = tuple((slot, self.cell(at[slot.node], slot.field)[0]) for slot in slots)
                groups.setdefault(key, []).append(walk._replace(state=state))
        out = {}
        for key, walks in groups.items():
            best = max(walk.state for walk in walks)
            top = [walk for walk in walks if walk.state == best]
            cost, hops = min((walk.cost, walk.hops) for walk in top)
            state = min([best, *self.joint(query, dict(key))])
            if state > State.FALSE:
                out[key] = Answer(state, cost, hops, len({walk.last for walk in top}))
        return out

    def tested(self, query: Query, walk: Walk) -> Iterator[State]:
        for branch in query.branches:
            if not branch.target:
                for name, node in walk.names:
                    if name == branch.source:
                        if (branch, node) not in self.sides:
                            self.sides[branch, node] = self.side(branch, node, None)
                        yield self.sides[branch, node]

    def joint(self, query: Query, key: dict[Operand, Any]) -> Iterator[State]:
        for branch in query.branches:
            if branch.target:
                yield self.side(branch, key[Operand(node=branch.source)], key[Operand(node=branch.target)])
        for compare in query.compare:
            left, sure = self.cell(key[Operand(node=compare.left.node)], compare.left.field)
            if isinstance(compare.right, Operand):
                right, also = self.cell(key[Operand(node=compare.right.node)], compare.right.field)
            else:
                right, also = (compare.right if "in" in compare.op else compare.right[0]), State.CONFIRMED
            least = min(sure, also)
            yield least if least is State.UNSEEN or compare.of(left, right) else State.FALSE


PLAIN = (EdgeKind.ACTS_AS, EdgeKind.CAN_ASSUME, EdgeKind.FEEDS)
GRANTED = (EdgeKind.CAN_READ, EdgeKind.CAN_WRITE)
LABELS = (Label.AGENT, Label.IDENTITY, Label.DATA_STORE, Label.INTERNET)
NODE_KINDS = ("k.one", "k.two")
