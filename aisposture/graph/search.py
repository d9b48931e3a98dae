"""The one search: over any store, exact and complete on the answer that ``graph/query.py`` defines."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from aisposture.graph.automaton import automaton
from aisposture.graph.columns import Bytes, Ints
from aisposture.graph.constraints import Constraint, Constraints
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
        cost: of the cheapest walk.
        ends: the label of the cheapest walk to each distinct last node, cheapest first.
        labels: where the walks can be read.
    """

    state: State
    cost: int
    ends: Ints
    labels: Labels


Slots = Sequence[Operand]
"""The parts of a binding, in order."""
Binding = tuple[int, ...]
"""A number per slot: the node itself for a node's id, else a code of the attribute's value; -1 where nothing is bound."""


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

    def nodes_at(self, name: str) -> Ints:
        """The store nodes that walks bind to ``name``."""
        return np.unique(self.product.node[self.product.at(name)])

    def weaken(self, name: str, nodes: Ints, states: Bytes) -> None:
        """Where walks bind ``name``, lower the state of ``nodes`` (ascending) to at most ``states``; FALSE ones are dropped."""
        places = np.flatnonzero(self.product.at(name))
        here = self.product.node[places]
        place = np.searchsorted(nodes, here)
        place[place == len(nodes)] = 0
        known = nodes[place] == here if len(nodes) else np.zeros(len(here), np.bool_)
        cap = np.zeros(len(here), np.uint8)
        cap[known] = states[place[known]]
        self.product.state[places] = np.minimum(self.product.state[places], cap)
        self.product = kept(self.product, self.product.state > 0)

    def _values(self, nodes: Ints, field: str) -> Ints:
        """A number per node: itself for ``id``, else one per distinct value of ``field``."""
        if field == "id":
            return nodes
        codes, shown = self._codes.setdefault(field, {}), self._shown.setdefault(field, [])
        cells = self.store.values(nodes, field)
        numbers = []
        for cell in cells.distinct:
            value = cell[0] if cell is not None else None
            if codes.setdefault(value, len(shown)) == len(shown):
                shown.append(value)
            numbers.append(codes[value])
        return np.array(numbers, np.int64)[cells.codes]

    def value(self, field: str, code: int) -> str:
        """What a number of ``_values`` stands for, where ``field`` is not ``id``."""
        return "" if code < 0 else str(self._shown[field][code] or "")

    def _mask(self, operand: Operand) -> Mask:
        """The product nodes that an operand may stand for."""
        return {FIRST: self.product.starts, LAST: self.product.ends}.get(
            operand.node, self.product.at(operand.node)
        )

    def consistent(self, slots: Slots, key: Binding) -> tuple[Mask, Product]:
        """The product nodes that a walk with this binding may pass, and the product with starts and ends narrowed to it."""
        product = self.product
        nodes, marks = np.ones(len(product.node), np.bool_), {FIRST: product.starts, LAST: product.ends}
        for operand, value in zip(slots, key, strict=True):
            places = np.flatnonzero(self._mask(operand))
            wrong = places[self._values(product.node[places], operand.field) != value]
            if operand.node in marks:
                marks[operand.node] = marks[operand.node].copy()
                marks[operand.node][wrong] = False
            else:
                nodes[wrong] = False
        return nodes, product._replace(starts=marks[FIRST], ends=marks[LAST])

    def _captures(self, binder: Binder, slots: Slots, nodes: frozenset[str] | None) -> Ints:
        """Per product node the capture it makes of the slots of ``nodes`` (None: of all named nodes), -1 for none."""
        cells = np.full((len(self.product.node), len(slots)), -1, np.int64)
        for slot, operand in enumerate(slots):
            if operand.node in nodes if nodes is not None else operand.node not in {FIRST, LAST}:
                places = np.flatnonzero(self._mask(operand))
                cells[places, slot] = self._values(self.product.node[places], operand.field)
        return binder.captures(cells)

    def solve(
        self, slots: Slots, *, constraints: Constraints | None = None, by_level: bool = False
    ) -> dict[Binding, Found]:
        """Every binding of ``slots`` with its best state; those that ``constraints`` refuse are left out.

        Where ``by_level``, keys end in a level, and a binding has an entry for each at which it was found: the sinks there are
        those of walks at least that sure.
        """
        product = self.product
        binder = Binder(len(slots), constraints.refuse if constraints is not None else None)
        middle = self._captures(binder, slots, None)
        first = self._captures(binder, slots, frozenset({FIRST}))
        last = self._captures(binder, slots, frozenset({LAST}))
        found: dict[Binding, Found] = {}
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
            for values, cost, ends in self._ends(labels, binder, last):
                key = (*values, int(level)) if by_level else values
                if key not in found:
                    found[key] = Found(level, cost, ends, labels)
        return found

    def _ends(self, labels: Labels, binder: Binder, last: Ints) -> Iterator[tuple[Binding, int, Ints]]:
        """Per binding, the cost of its cheapest walk and its labels at distinct last nodes, cheapest first."""
        product = self.product
        chosen = np.flatnonzero(product.ends[labels.at]) if len(labels.at) else labels.at
        if not len(chosen):
            return
        made = binder.extend(labels.binding[chosen], last[labels.at[chosen]])
        chosen, made = chosen[~binder.dead[made]], made[~binder.dead[made]]
        distinct, back = np.unique(made, return_inverse=True)
        rows, same = np.unique(binder.rows[distinct], axis=0, return_inverse=True)
        codes = same.reshape(-1)[back.reshape(-1)]
        node, cost, hops = product.node[labels.at[chosen]], labels.cost[chosen], labels.hops[chosen]
        order = np.lexsort((hops, cost, node, codes))
        new = np.ones(len(order), np.bool_)
        new[1:] = (np.diff(codes[order]) != 0) | (np.diff(node[order]) != 0)
        best = order[new]
        best = best[np.lexsort((node[best], hops[best], cost[best], codes[best]))]
        starts = np.searchsorted(codes[best], np.arange(len(rows) + 1))
        ends = chosen[best]
        firsts = cost[best[starts[:-1]]].tolist()
        spans = pairwise(starts.tolist())
        for values, spent, (begin, end) in zip(rows.tolist(), firsts, spans, strict=True):
            yield tuple(values), spent, ends[begin:end]


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
        branch = self.branch
        if not self.chains or branch.source not in bound:
            return []
        ends = (branch.source, branch.target) if branch.target else (branch.source,)
        nodes = tuple([bound[end] for end in ends])
        chains = self.chains.get(nodes)
        if chains is None:
            return []
        role, state = "unless" if branch.negated else "with", self.state(*nodes)
        return [
            Leg(role=role, source=branch.source, state=state, walk=self.walks.read(chain)) for chain in chains
        ]


def _side(store: Store, branch: Branch, sources: Ints, targets: Ints | None, bounds: Bounds) -> _Side:
    """Solve a branch from ``sources``, to any of ``targets`` where it joins."""
    solver = _Solver(store, branch.path, bounds, sources=sources, targets=targets)
    slots = [Operand(node=FIRST)] if targets is None else [Operand(node=FIRST), Operand(node=LAST)]
    states: dict[tuple[int, ...], State] = {}
    chains: dict[tuple[int, ...], tuple[list[int], ...]] = {}
    for key, found in solver.solve(slots, by_level=True).items():
        nodes = key[:-1]
        if nodes not in states and len(found.ends) >= branch.count:
            states[nodes] = found.state
            chains[nodes] = tuple(
                found.labels.trace(label)[1] for label in found.ends[: branch.count].tolist()
            )
    if branch.blind:
        cells = store.values(sources, "id")
        blind = set(branch.blind)
        for place, node in enumerate(sources.tolist()):
            if cells.value(place) in blind:
                for pair in [(node,)] if targets is None else [(node, target) for target in targets.tolist()]:
                    states.setdefault(pair, State.UNSEEN)
    return _Side(branch, states, chains, Walks(store, solver.product))


def search(store: Store, query: Query, *, k: int = 1, bounds: Bounds | None = None) -> tuple[Match, ...]:
    """The answer of ``query``: one match per binding of its key nodes, sorted by bindings.

    Where ``k`` is more than 1, each match also carries its next cheapest walks, as many as there are up to k - 1.
    ``bounds`` collects what limits were reached; without one, limits apply silently.
    """
    bounds = bounds or Bounds()
    solver = _Solver(store, query.path, bounds)
    joins = [branch for branch in query.branches if branch.target]
    sides = []
    for branch in query.branches:
        if not branch.target:
            nodes = solver.nodes_at(branch.source)
            side = _side(store, branch, nodes, None, bounds)
            solver.weaken(
                branch.source,
                nodes,
                np.fromiter((side.state(node) for node in nodes.tolist()), np.uint8, len(nodes)),
            )
            sides.append(side)
    for branch in joins:
        _narrow(solver, branch)
    slots = _slots(query)
    constraints = _constraints(solver, query.compare, slots)
    found = solver.solve(slots, constraints=constraints)
    keys = list(found)
    rows = np.array(keys, np.int64).reshape(len(keys), len(slots))
    states = np.minimum(
        np.fromiter((found[key].state for key in keys), np.uint8, len(keys)), constraints.states(rows)
    )
    for branch in joins:
        ends = [rows[:, slots.index(Operand(node=end))] for end in (branch.source, branch.target)]
        side = _side(store, branch, np.unique(ends[0]), np.unique(ends[1]), bounds)
        pairs = zip(ends[0].tolist(), ends[1].tolist(), strict=True)
        joined = np.fromiter((side.state(*pair) for pair in pairs), np.uint8, len(keys))
        states = np.minimum(states, joined)
        sides.append(side)
    answers = [(key, State(state)) for key, state in zip(keys, states.tolist(), strict=True) if state]
    writer = _Writer(solver, query, slots, found, sides)
    writer.prepare([key for key, _ in answers])
    matches = [writer.match(key, state, k) for key, state in answers]
    return tuple(sorted(matches, key=lambda match: sorted(match.bindings.items())))


def _narrow(solver: _Solver, branch: Branch) -> None:
    """Drop from the main path what a join that must exist can never meet."""
    if branch.negated or branch.blind:
        return
    ends = [solver.nodes_at(name) for name in (branch.source, branch.target)]
    side = _Solver(solver.store, branch.path, solver.bounds, sources=ends[0], targets=ends[1])
    for name, mask in ((branch.source, side.product.starts), (branch.target, side.product.ends)):
        nodes = np.unique(side.product.node[mask])
        solver.weaken(name, nodes, np.full(len(nodes), State.CONFIRMED, np.uint8))


def _constraints(solver: _Solver, compare: tuple[Compare, ...], slots: list[Operand]) -> Constraints:
    parts = []
    for one in compare:
        left = Operand(node=one.left.node)
        right = Operand(node=one.right.node) if isinstance(one.right, Operand) else None
        parts.append(
            (
                Constraint(
                    solver.store,
                    one,
                    solver.nodes_at(left.node),
                    solver.nodes_at(right.node) if right is not None else np.empty(0, np.int64),
                ),
                slots.index(left),
                slots.index(right) if right is not None else -1,
            )
        )
    return Constraints(parts)


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
        self._slots = slots
        self._found = found
        self._sides = sides
        self._walks = Walks(solver.store, solver.product)
        self._traced: dict[Binding, tuple[int, list[int]]] = {}
        self._keys = [(key, slots.index(key.operand)) for key in query.keys]

    def prepare(self, keys: list[tuple[int, ...]]) -> None:
        """Fetch at once the ids that these matches will need."""
        self._traced = {key: self._found[key].labels.trace(int(self._found[key].ends[0])) for key in keys}
        traced = self._traced.values()
        self._walks.prepare([start for start, _ in traced], [chain for _, chain in traced])
        for side in self._sides:
            side.walks.prepare([], [chain for chains in side.chains.values() for chain in chains])

    def match(self, key: tuple[int, ...], state: State, k: int) -> Match:
        """The match of one binding."""
        found, solver, walks = self._found[key], self._solver, self._walks
        start, chain = self._traced[key]
        bound = walks.names(start, chain)
        bindings = dict(zip(bound, walks.ids(bound.values()), strict=True))
        for part, slot in self._keys:
            value = key[slot]
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
            cost=found.cost / COST_UNIT,
            walk=walk,
            branches=tuple(leg for side in self._sides for leg in side.legs(bound)),
            sinks=len(found.ends),
            others=others,
        )
