"""The one search: over any store, exact and complete on the answer that ``graph/query.py`` defines."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from aisposture.graph.automaton import automaton
from aisposture.graph.columns import Bytes, Ints
from aisposture.graph.labels import Binder, Bounds, Labels
from aisposture.graph.product import Mask, Product, explore, kept
from aisposture.graph.query import (
    COST_UNIT,
    FIRST,
    LAST,
    Branch,
    Compare,
    Leg,
    Match,
    Operand,
    Path,
    Query,
    WalkEdge,
)
from aisposture.graph.store import Store
from aisposture.graph.walks import Walks, cheapest
from aisposture.model.graph import State

LEVELS = (State.CONFIRMED, State.POSSIBLE, State.UNSEEN)


class Found(NamedTuple):
    """What a solved path says of one binding.

    Attributes:
        sinks: last nodes of the walks of this state, cheapest first: (cost, hops, node, label).
        labels: where the walks can be read.
    """

    state: State
    sinks: tuple[tuple[int, int, int, int], ...]
    labels: Labels


Slots = Sequence[Operand]
"""The parts of a binding, in order."""


class _Solver:
    """One path over one store: its product, and the bindings of some slots over it."""

    def __init__(
        self,
        store: Store,
        path: Path,
        bounds: Bounds,
        *,
        sources: Ints | None = None,
        targets: Ints | None = None,
    ) -> None:
        self.store = store
        self.bounds = bounds
        self.product = explore(store, automaton(path), sources=sources, targets=targets)
        self._codes: dict[str, dict[Any, int]] = {}
        self._shown: dict[str, list[Any]] = {}

    def weaken(self, nodes: Mask, states: Bytes) -> None:
        """Lower the state of these product nodes to at most ``states``; what becomes FALSE is dropped."""
        self.product.state[nodes] = np.minimum(self.product.state[nodes], states)
        self.product = kept(self.product, self.product.state > 0)

    def _values(self, nodes: Ints, field: str) -> Ints:
        """A number per node: itself for ``id``, else one per distinct value of ``field``."""
        if field == "id":
            return nodes
        codes, shown = self._codes.setdefault(field, {}), self._shown.setdefault(field, [])
        values = [cell[0] if cell else None for cell in self.store.values(nodes, field)]
        for value in values:
            if codes.setdefault(value, len(shown)) == len(shown):
                shown.append(value)
        return np.array([codes[value] for value in values], np.int64)

    def value(self, field: str, code: int) -> str:
        """What a number of ``_values`` stands for, where ``field`` is not ``id``."""
        return "" if code < 0 else str(self._shown[field][code] or "")

    def consistent(self, slots: Slots, key: tuple[int, ...]) -> tuple[Mask, Product]:
        """The product nodes that a walk with this binding may pass, and the product with starts and ends narrowed to it."""
        product = self.product
        nodes, marks = np.ones(len(product.node), np.bool_), {FIRST: product.starts, LAST: product.ends}
        for operand, value in zip(slots, key, strict=True):
            places = np.flatnonzero(marks.get(operand.node, product.at(operand.node)))
            distinct, back = np.unique(product.node[places], return_inverse=True)
            wrong = places[self._values(distinct, operand.field)[back] != value]
            if operand.node in marks:
                marks[operand.node] = marks[operand.node].copy()
                marks[operand.node][wrong] = False
            else:
                nodes[wrong] = False
        return nodes, product._replace(starts=marks[FIRST], ends=marks[LAST])

    def _captures(self, binder: Binder, slots: Slots, wanted: Callable[[str], Mask | None]) -> Ints:
        """Per product node the capture it makes, -1 for none."""
        product = self.product
        cells: dict[int, list[tuple[int, int]]] = {}
        for slot, operand in enumerate(slots):
            mask = wanted(operand.node)
            if mask is None:
                continue
            places = np.flatnonzero(mask)
            nodes, back = np.unique(product.node[places], return_inverse=True)
            values = self._values(nodes, operand.field)[back]
            for place, value in zip(places.tolist(), values.tolist(), strict=True):
                cells.setdefault(place, []).append((slot, value))
        captures = np.full(len(product.node), -1, np.int64)
        for place, made in cells.items():
            captures[place] = binder.capture(tuple(made))
        return captures

    def solve(self, slots: Slots, *, by_level: bool = False) -> dict[tuple[int, ...], Found]:
        """Every binding of ``slots`` with its best state.

        Where ``by_level``, keys end in a level, and a binding has an entry for each at which it was found: the sinks there are
        those of walks at least that sure.
        """
        product = self.product
        binder = Binder()
        middle = self._captures(
            binder, slots, lambda name: None if name in {FIRST, LAST} else product.at(name)
        )
        first = self._captures(binder, slots, lambda name: product.starts if name == FIRST else None)
        last = self._captures(binder, slots, lambda name: product.ends if name == LAST else None)
        found: dict[tuple[int, ...], Found] = {}
        for level in LEVELS:
            nodes = product.state >= level
            edges = (product.edge_state >= level) & nodes[product.source] & nodes[product.target]
            if level is not State.CONFIRMED and not (
                (product.edge_state == level).any() or (product.state == level).any()
            ):
                continue
            labels = Labels(product, binder, middle, self.bounds)
            begin = np.flatnonzero(product.starts & nodes)
            labels.sweep(begin, binder.extend(np.zeros(len(begin), np.int64), first[begin]), edges)
            for values, sinks in self._ends(labels, binder, last, len(slots)).items():
                key = (*values, int(level)) if by_level else values
                if key not in found:
                    found[key] = Found(level, tuple(sinks), labels)
        return found

    def _ends(
        self, labels: Labels, binder: Binder, last: Ints, slots: int
    ) -> dict[tuple[int, ...], list[tuple[int, int, int, int]]]:
        """Per binding, its distinct last nodes with the cheapest walk to each, cheapest first."""
        product = self.product
        chosen = np.flatnonzero(product.ends[labels.at]) if len(labels.at) else labels.at
        codes = binder.extend(labels.binding[chosen], last[labels.at[chosen]])
        decoded: dict[int, tuple[int, ...]] = {
            code: binder.decode(code, slots) for code in np.unique(codes).tolist()
        }
        nodes, cost, hops = product.node[labels.at[chosen]], labels.cost[chosen], labels.hops[chosen]
        order = np.lexsort((nodes, hops, cost))
        ends: dict[tuple[int, ...], dict[int, tuple[int, int, int, int]]] = {}
        for code, node, spent, length, label in zip(
            codes[order].tolist(),
            nodes[order].tolist(),
            cost[order].tolist(),
            hops[order].tolist(),
            chosen[order].tolist(),
            strict=True,
        ):
            ends.setdefault(decoded[code], {}).setdefault(node, (spent, length, node, label))
        return {values: list(sinks.values()) for values, sinks in ends.items()}


class _Side(NamedTuple):
    """A branch, solved: its state before negation and its walks as product edges, per source node or (source, target) pair."""

    branch: Branch
    states: Mapping[tuple[int, ...], State]
    chains: Mapping[tuple[int, ...], tuple[list[int], ...]]
    walks: Walks

    def state(self, *nodes: int) -> State:
        """The state of the branch's condition there, after negation."""
        state = self.states.get(nodes, State.FALSE)
        return state.negated() if self.branch.negated else state

    def legs(self, bound: Mapping[str, int]) -> list[Leg]:
        """What to show of it on a walk that binds these names."""
        nodes = tuple(bound[end] for end in (self.branch.source, self.branch.target) if end in bound)
        role = "unless" if self.branch.negated else "with"
        return [
            Leg(role=role, source=self.branch.source, state=self.state(*nodes), walk=self.walks.read(chain))
            for chain in self.chains.get(nodes, ())
        ]


def _side(store: Store, branch: Branch, sources: Ints, targets: Ints | None, bounds: Bounds) -> _Side:
    """Solve a branch from ``sources``, to any of ``targets`` where it joins."""
    solver = _Solver(store, branch.path, bounds, sources=sources, targets=targets)
    slots = [Operand(node=FIRST)] if targets is None else [Operand(node=FIRST), Operand(node=LAST)]
    states: dict[tuple[int, ...], State] = {}
    chains: dict[tuple[int, ...], tuple[list[int], ...]] = {}
    for key, found in solver.solve(slots, by_level=True).items():
        nodes = key[:-1]
        if nodes not in states and len(found.sinks) >= branch.count:
            states[nodes] = found.state
            chains[nodes] = tuple(found.labels.trace(sink[3])[1] for sink in found.sinks[: branch.count])
    ids = dict(zip((cell[0] for cell in store.values(sources, "id") if cell), sources.tolist(), strict=True))
    for blind in branch.blind:
        if blind in ids and targets is None:
            states.setdefault((ids[blind],), State.UNSEEN)
        elif blind in ids and targets is not None:
            for target in targets.tolist():
                states.setdefault((ids[blind], target), State.UNSEEN)
    return _Side(branch, states, chains, Walks(store, solver.product))


def search(store: Store, query: Query, *, k: int = 1, bounds: Bounds | None = None) -> tuple[Match, ...]:
    """The answer of ``query``: one match per binding of its key nodes, sorted by bindings.

    Where ``k`` is more than 1, each match also carries its next cheapest walks, as many as there are up to k - 1.
    ``bounds`` collects what limits were reached; without one, limits apply silently.
    """
    bounds = bounds or Bounds()
    solver = _Solver(store, query.path, bounds)
    tests = [branch for branch in query.branches if not branch.target]
    joins = [branch for branch in query.branches if branch.target]
    sides = []
    for branch in tests:
        mask = solver.product.at(branch.source)
        nodes, back = np.unique(solver.product.node[mask], return_inverse=True)
        side = _side(store, branch, nodes, None, bounds)
        states = np.fromiter((side.state(node) for node in nodes.tolist()), np.uint8, len(nodes))
        solver.weaken(mask, states[back])
        sides.append(side)
    slots = _slots(query)
    found = solver.solve(slots)
    pairs = {
        branch: sorted({(key[slots.index(a)], key[slots.index(b)]) for key in found})
        for branch in joins
        for a, b in [(Operand(node=branch.source), Operand(node=branch.target))]
    }
    for branch in joins:
        sources, targets = (
            np.array(sorted({pair[end] for pair in pairs[branch]}), np.int64) for end in (0, 1)
        )
        sides.append(_side(store, branch, sources, targets, bounds))
    comparisons = _Comparisons(store, query.compare, slots, found)
    answers: list[tuple[tuple[int, ...], State]] = []
    for key in found:
        state = min(found[key].state, comparisons.state(key))
        for side in sides[len(tests) :]:
            ends = (side.branch.source, side.branch.target)
            state = min(state, side.state(*(key[slots.index(Operand(node=end))] for end in ends)))
        if state is not State.FALSE:
            answers.append((key, state))
    writer = _Writer(solver, query, slots, found, sides)
    writer.prepare([key for key, _ in answers])
    matches = [writer.match(key, state, k) for key, state in answers]
    return tuple(sorted(matches, key=lambda match: sorted(match.bindings.items())))


def _slots(query: Query) -> list[Operand]:
    slots = [key.operand for key in query.keys]
    for branch in query.branches:
        if branch.target:
            slots += [Operand(node=branch.source), Operand(node=branch.target)]
    for compare in query.compare:
        slots += [
            Operand(node=side.node) for side in (compare.left, compare.right) if isinstance(side, Operand)
        ]
    return list(dict.fromkeys(slots))


class _Comparisons:
    """The state of all comparisons of a query, per binding."""

    def __init__(
        self,
        store: Store,
        compare: tuple[Compare, ...],
        slots: list[Operand],
        found: Mapping[tuple[int, ...], Found],
    ) -> None:
        self._compare = compare
        self._slots = slots
        self._cells: dict[Operand, dict[int, tuple[Any, State]]] = {}
        for side in (side for one in compare for side in (one.left, one.right) if isinstance(side, Operand)):
            slot = slots.index(Operand(node=side.node))
            nodes = np.array(sorted({key[slot] for key in found}), np.int64)
            cells = store.values(nodes, side.field)
            self._cells[side] = {
                node: cell or (None, State.CONFIRMED)
                for node, cell in zip(nodes.tolist(), cells, strict=True)
            }

    def _cell(self, side: Operand | tuple[Any, ...], key: tuple[int, ...], op: str) -> tuple[Any, State]:
        if isinstance(side, Operand):
            return self._cells[side][key[self._slots.index(Operand(node=side.node))]]
        return (side if op in {"in", "not_in"} else side[0]), State.CONFIRMED

    def state(self, key: tuple[int, ...]) -> State:
        """The least state of all comparisons at this binding."""
        states = [State.CONFIRMED]
        for one in self._compare:
            left, sure = self._cell(one.left, key, one.op)
            right, also = self._cell(one.right, key, one.op)
            least = min(sure, also)
            states.append(least if least is State.UNSEEN or one.of(left, right) else State.FALSE)
        return min(states)


class _Writer:
    """Turns bindings into matches."""

    def __init__(
        self,
        solver: _Solver,
        query: Query,
        slots: list[Operand],
        found: Mapping[tuple[int, ...], Found],
        sides: list[_Side],
    ) -> None:
        self._solver = solver
        self._query = query
        self._slots = slots
        self._found = found
        self._sides = sides
        self._walks = Walks(solver.store, solver.product)

    def prepare(self, keys: list[tuple[int, ...]]) -> None:
        """Fetch at once the ids that these matches will need."""
        traced = [self._found[key].labels.trace(self._found[key].sinks[0][3]) for key in keys]
        self._walks.prepare([start for start, _ in traced], [chain for _, chain in traced])
        for side in self._sides:
            side.walks.prepare([], [chain for chains in side.chains.values() for chain in chains])

    def match(self, key: tuple[int, ...], state: State, k: int) -> Match:
        """The match of one binding."""
        found, solver, walks = self._found[key], self._solver, self._walks
        cost, _, _, label = found.sinks[0]
        start, chain = found.labels.trace(label)
        bound = walks.names(start, chain)
        bindings = dict(zip(bound, walks.ids(bound.values()), strict=True))
        for part in self._query.keys:
            value = key[self._slots.index(part.operand)]
            if part.operand.field != "id":
                bindings[part.name] = solver.value(part.operand.field, value)
            elif value >= 0:
                bindings[part.name] = walks.ids([value])[0]
        walk = walks.read(chain)
        others: tuple[tuple[WalkEdge, ...], ...] = ()
        if k > 1:
            nodes, product = solver.consistent(self._slots, key)
            cheap = cheapest(walks, product, found.state, nodes, k, solver.bounds)
            others = tuple(one for one in cheap if one != walk)[: k - 1]
        return Match(
            bindings=bindings,
            state=state,
            cost=cost / COST_UNIT,
            walk=walk,
            branches=tuple(leg for side in self._sides for leg in side.legs(bound)),
            sinks=len(found.sinks),
            others=others,
        )
