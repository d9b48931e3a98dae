"""The part of graph x automaton that lies on some walk: explored hop by hop over a store, then kept as arrays."""

from collections import defaultdict
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from aisposture.graph.automaton import Automaton, Move
from aisposture.graph.columns import Bytes, Csr, Floats, Ints
from aisposture.graph.query import COST_UNIT, Hop, NodeTest, Stage
from aisposture.graph.store import Rows, Seeds, Store

Mask = npt.NDArray[np.bool_]


class Piece(NamedTuple):
    """A hop, or a part of one, between two layers.

    Layers 0 to S-1 are the automaton's stations; a hop over verbs adds a layer of Grants and one of groups.

    Attributes:
        hop: as walked forward.
        length: hops that it counts for: a verb hop counts once, on its first part.
    """

    source: int
    target: int
    hop: Hop
    length: int


class Product(NamedTuple):
    """Product nodes are (layer, node); every one lies on a walk from a start to an end.

    Attributes:
        layer, node, state: per product node; ``state`` is that of the tests at its station.
        starts, ends: masks over product nodes.
        source, target: product nodes, per product edge.
        piece, kind, weight, edge, scope: per product edge, as in ``Rows``.
        edge_state, cost, length: per product edge.
    """

    automaton: Automaton
    pieces: list[Piece]
    layer: Ints
    node: Ints
    state: Bytes
    starts: Mask
    ends: Mask
    source: Ints
    target: Ints
    edge_state: Bytes
    cost: Ints
    length: Ints
    piece: Ints
    kind: Bytes
    weight: Floats
    edge: Ints
    scope: Ints

    def at(self, name: str) -> Mask:
        """The product nodes at stations that bind ``name``."""
        stations = [place for place, one in enumerate(self.automaton.stations) if name in one.names]
        return np.isin(self.layer, stations)


def csr(ends: Ints, size: int) -> Csr:
    """An index of edges by one of their ends."""
    starts = np.zeros(size + 1, np.int64)
    np.cumsum(np.bincount(ends, minlength=size), out=starts[1:])
    return Csr(starts, np.argsort(ends, kind="stable"))


def spread(index: Csr, nodes: Ints) -> tuple[Ints, Ints]:
    """The edges of ``nodes`` in ``index``, and for each the place of its node in ``nodes``."""
    first = index.starts[nodes]
    counts = index.starts[nodes + 1] - first
    place = np.repeat(np.arange(len(nodes)), counts)
    skipped = np.repeat(np.cumsum(counts) - counts, counts)
    return index.edges[np.repeat(first, counts) + np.arange(len(place)) - skipped], place


def reachable(source: Ints, target: Ints, begin: Mask) -> Mask:
    """Everything that can be reached from ``begin`` along the edges."""
    index = csr(source, len(begin))
    seen = begin.copy()
    frontier = np.flatnonzero(begin)
    while len(frontier):
        edges, _ = spread(index, frontier)
        found = np.unique(target[edges])
        frontier = found[~seen[found]]
        seen[frontier] = True
    return seen


def _pieces(automaton: Automaton) -> tuple[list[Piece], int]:
    """The pieces of all moves, and the number of layers."""
    pieces: list[Piece] = []
    layers = len(automaton.stations)
    for move in automaton.moves:
        step = move.step
        hop = Hop(kinds=step.kinds, back=step.back, where=step.where)
        pieces.append(Piece(move.source, move.target, hop, 1))
        if not hop.verbs:
            continue
        grants, groups = layers, layers + 1
        layers += 2
        pieces += _grant_pieces(move, hop, grants, groups)
    return pieces, layers


def _grant_pieces(move: Move, hop: Hop, grants: int, groups: int) -> list[Piece]:
    def part(stage: Stage) -> Hop:
        where = hop.where if stage in {Stage.COVERS, Stage.JOINS} else ()
        return Hop(kinds=hop.verbs, back=hop.back, where=where, stage=stage)

    chain = [
        (move.source, grants, part(Stage.HOLDS)),
        (grants, move.target, part(Stage.COVERS)),
        (grants, groups, part(Stage.JOINS)),
        (groups, move.target, part(Stage.GATHERS)),
    ]
    if hop.back:
        turn = {move.source: move.target, move.target: move.source}
        chain = [(turn.get(there, there), turn.get(here, here), one) for here, there, one in chain]
    return [Piece(here, there, one, int(here == move.source)) for here, there, one in chain]


class _Explorer:
    """Visits product nodes from one side, layer by layer."""

    def __init__(self, store: Store, automaton: Automaton, *, forward: bool) -> None:
        self.store = store
        self.automaton = automaton
        self.forward = forward
        self.pieces, self.layers = _pieces(automaton)
        self.states: list[Bytes | None] = [None] * self.layers
        self.blocks: list[tuple[int, Rows]] = []
        self.leaving: dict[int, list[tuple[int, int, Hop]]] = defaultdict(list)
        for place, piece in enumerate(self.pieces):
            here, there = (piece.source, piece.target) if forward else (piece.target, piece.source)
            back = piece.hop.back is forward
            hop = msgspec.structs.replace(piece.hop, back=back, arrive=self._tests(there))
            self.leaving[here].append((place, there, hop))

    def _tests(self, layer: int) -> tuple[NodeTest, ...]:
        return self.automaton.stations[layer].tests if layer < len(self.automaton.stations) else ()

    def _arrive(self, layer: int, nodes: Ints, states: Bytes) -> Ints:
        """Those of ``nodes`` that are new in ``layer``."""
        seen = self.states[layer]
        if seen is None:
            seen = self.states[layer] = np.zeros(self.store.size, np.uint8)
        fresh = seen[nodes] == 0
        seen[nodes] = states
        return np.unique(nodes[fresh])

    def _order(self, begin: list[int]) -> list[int]:
        """Layers, each before those it leads to, as far as there is no loop."""
        order: list[int] = []
        done: set[int] = set()
        stack = [(layer, False) for layer in reversed(begin)]
        while stack:
            layer, finished = stack.pop()
            if finished:
                order.append(layer)
            elif layer not in done:
                done.add(layer)
                stack.append((layer, True))
                stack.extend((there, False) for _, there, _ in self.leaving[layer])
        return order[::-1]

    def run(self, begin: dict[int, Seeds]) -> None:
        pending: dict[int, list[Ints]] = defaultdict(list)
        for layer, seeds in begin.items():
            pending[layer].append(self._arrive(layer, seeds.nodes, seeds.states))
        order = self._order(list(begin))
        while any(len(nodes) for parts in pending.values() for nodes in parts):
            for layer in order:
                parts = pending.pop(layer, [])
                nodes = np.unique(np.concatenate(parts)) if parts else np.empty(0, np.int64)
                if not len(nodes):
                    continue
                for place, there, hop in self.leaving[layer]:
                    self._follow(place, there, self.store.expand(nodes, hop), pending)

    def _follow(self, place: int, there: int, rows: Rows, pending: dict[int, list[Ints]]) -> None:
        if rows.source.size:
            self.blocks.append((place, rows))
            pending[there].append(self._arrive(there, rows.target, rows.arrived))

    def product(self) -> Product:
        """Everything visited, as one product graph; starts and ends are still to be marked."""
        offsets, ranks, layers, nodes, states = [], [], [], [], []
        total = 0
        for layer, seen in enumerate(self.states):
            there = np.flatnonzero(seen) if seen is not None else np.empty(0, np.int64)
            offsets.append(total)
            total += len(there)
            ranks.append(np.cumsum(seen > 0) - 1 if seen is not None else there)
            layers.append(np.full(len(there), layer, np.int64))
            nodes.append(there)
            states.append(seen[there] if seen is not None else np.empty(0, np.uint8))

        def number(layer: int, which: Ints) -> Ints:
            return ranks[layer][which] + offsets[layer]

        rows = Rows.joined([rows for _, rows in self.blocks])
        place = np.repeat(
            np.array([place for place, _ in self.blocks], np.int64),
            [len(rows.source) for _, rows in self.blocks],
        )
        ends: tuple[list[Ints], list[Ints]] = ([], [])
        for at, block in self.blocks:
            piece = self.pieces[at]
            here, there = (block.source, block.target) if self.forward else (block.target, block.source)
            ends[0].append(number(piece.source, here))
            ends[1].append(number(piece.target, there))
        empty = np.empty(0, np.int64)
        nothing = np.zeros(total, np.bool_)
        lengths = np.array([piece.length for piece in self.pieces] or [0], np.int64)
        return Product(
            automaton=self.automaton,
            pieces=self.pieces,
            layer=np.concatenate(layers),
            node=np.concatenate(nodes),
            state=np.concatenate(states),
            starts=nothing,
            ends=nothing,
            source=np.concatenate(ends[0]) if ends[0] else empty,
            target=np.concatenate(ends[1]) if ends[1] else empty,
            edge_state=rows.state,
            cost=np.rint(-np.log(rows.weight) * COST_UNIT).astype(np.int64),
            length=lengths[place],
            piece=place,
            kind=rows.kind,
            weight=rows.weight,
            edge=rows.edge,
            scope=rows.scope,
        )


def _seeds(
    store: Store, automaton: Automaton, stations: tuple[int, ...], only: Ints | None
) -> dict[int, Seeds]:
    found = {}
    for station in stations:
        nodes, states = store.seeds(automaton.stations[station].tests)
        if only is not None:
            keep = np.isin(nodes, only)
            nodes, states = nodes[keep], states[keep]
        found[station] = Seeds(nodes, states)
    return found


def kept(product: Product, nodes: Mask) -> Product:
    """``product`` with only these product nodes, and of them only those on a walk from a start to an end."""
    inner = nodes[product.source] & nodes[product.target]
    source, target = product.source[inner], product.target[inner]
    alive = reachable(source, target, product.starts & nodes) & reachable(
        target, source, product.ends & nodes
    )
    keep = inner.copy()
    keep[inner] = alive[source] & alive[target]
    rank = np.cumsum(alive) - 1
    return product._replace(
        **{name: getattr(product, name)[alive] for name in ("layer", "node", "state", "starts", "ends")},
        **{name: getattr(product, name)[keep] for name in _PER_EDGE},
        source=rank[product.source[keep]],
        target=rank[product.target[keep]],
    )


_PER_EDGE = ("edge_state", "cost", "length", "piece", "kind", "weight", "edge", "scope")


def explore(
    store: Store, automaton: Automaton, *, sources: Ints | None = None, targets: Ints | None = None
) -> Product:
    """The product of a store's graph and ``automaton``, from whichever side has fewer nodes to begin with.

    Walks start at one of ``sources`` and end at one of ``targets``, where these are given.
    """
    begin = _seeds(store, automaton, automaton.starts, sources)
    finish = _seeds(store, automaton, automaton.ends, targets)
    forward = _count(begin) <= _count(finish)
    explorer = _Explorer(store, automaton, forward=forward)
    explorer.run(begin if forward else finish)
    product = explorer.product()
    return kept(
        product._replace(starts=_marked(product, begin), ends=_marked(product, finish)),
        np.ones(len(product.node), np.bool_),
    )


def _count(seeds: dict[int, Seeds]) -> int:
    return sum(len(one.nodes) for one in seeds.values())


def _marked(product: Product, seeds: dict[int, Seeds]) -> Mask:
    mask = np.zeros(len(product.node), np.bool_)
    for station, one in seeds.items():
        mask |= (product.layer == station) & np.isin(product.node, one.nodes)
    return mask
