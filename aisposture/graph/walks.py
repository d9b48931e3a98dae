"""Walks as people read them: parts of a verb hop folded into one, numbers turned back into ids."""

import heapq
from collections.abc import Iterable

import numpy as np

from aisposture.graph.columns import KINDS
from aisposture.graph.labels import Binder, Bounds, Labels
from aisposture.graph.product import Mask, Product, csr
from aisposture.graph.query import Stage, WalkEdge
from aisposture.graph.store import Store
from aisposture.model.graph import State


class Walks:
    """Reads walks off a product. Hops that many walks share are made once."""

    def __init__(self, store: Store, product: Product) -> None:
        self._store = store
        self._product = product
        self._ids: dict[int, str] = {}
        self._hops: dict[tuple[int, ...], WalkEdge] = {}
        self._bound: dict[int, tuple[tuple[str, ...], int]] = {}
        self._arrives: list[bool] = (product.layer[product.target] < len(product.automaton.stations)).tolist()
        self._targets: list[int] = product.target.tolist()

    def ids(self, nodes: Iterable[int]) -> list[str]:
        """The ids of store nodes."""
        wanted = list(nodes)
        try:
            return [self._ids[node] for node in wanted]
        except KeyError:
            missing = sorted(set(wanted) - self._ids.keys())
            cells = self._store.values(np.array(missing, np.int64), "id")
            self._ids.update((node, cells.value(place)) for place, node in enumerate(missing))
            return [self._ids[node] for node in wanted]

    def prepare(self, starts: list[int], chains: list[list[int]]) -> None:
        """Fetch at once every id that reading these chains will ask for."""
        product = self._product
        edges = np.unique(np.fromiter((edge for chain in chains for edge in chain), np.int64))
        ends = np.unique(
            np.concatenate([np.array(starts, np.int64), product.source[edges], product.target[edges]])
        )
        stations = len(product.automaton.stations)
        layer = product.layer[ends]
        is_group = (layer >= stations) & ((layer - stations) % 2 == 1)
        scopes = product.scope[edges]
        self.ids([*product.node[ends[~is_group]].tolist(), *np.unique(scopes[scopes >= 0]).tolist()])

    def _names(self, place: int) -> tuple[tuple[str, ...], int]:
        """What a product node binds."""
        stations = self._product.automaton.stations
        layer = int(self._product.layer[place])
        names = stations[layer].names if layer < len(stations) else ()
        return names, int(self._product.node[place])

    def names(self, start: int, chain: list[int]) -> dict[str, int]:
        """The names bound along a chain of product edges -> store node."""
        bound = {}
        known, targets = self._bound, self._targets
        for place in [start, *[targets[edge] for edge in chain]]:
            found = known.get(place)
            if found is None:
                found = known[place] = self._names(place)
            for name in found[0]:
                bound[name] = found[1]
        return bound

    def read(self, chain: list[int]) -> tuple[WalkEdge, ...]:
        """The hops of a chain of product edges."""
        hops = []
        parts: tuple[int, ...] = ()
        for edge in chain:
            parts = (*parts, edge)
            if self._arrives[edge]:
                hop = self._hops.get(parts)
                if hop is None:
                    hop = self._hops[parts] = self._hop(parts)
                hops.append(hop)
                parts = ()
        return tuple(hops)

    def _hop(self, parts: tuple[int, ...]) -> WalkEdge:
        product = self._product
        hop = product.pieces[int(product.piece[parts[0]])].hop
        here, there = self.ids(
            [int(product.node[product.source[parts[0]]]), int(product.node[product.target[parts[-1]]])]
        )
        shown, kind, weight = parts[0], int(product.kind[parts[0]]), 1.0
        via: list[int] = []
        for part in parts:
            piece = product.pieces[int(product.piece[part])]
            weight *= float(product.weight[part])
            if piece.hop.stage is Stage.HOLDS:
                kind = int(product.kind[part])
                end = product.source[part] if hop.back else product.target[part]
                via.insert(0, int(product.node[end]))
            elif piece.hop.stage in {Stage.COVERS, Stage.JOINS}:
                shown = part
            if product.scope[part] >= 0:
                via.append(int(product.scope[part]))
        row = int(product.edge[shown])
        return WalkEdge(
            source=there if hop.back else here,
            target=here if hop.back else there,
            kind=KINDS[kind],
            state=State(min(int(product.edge_state[part]) for part in parts)),
            weight=weight,
            forward=not hop.back,
            edge=row if row >= 0 else None,
            via=tuple(self.ids(via)),
        )


_TRIES = 200_000
"""Partial walks looked at for the k cheapest of one binding."""


def cheapest(
    walks: Walks, product: Product, level: State, nodes: Mask, k: int, bounds: Bounds
) -> tuple[tuple[WalkEdge, ...], ...]:
    """Up to ``k`` different walks through ``nodes`` that are at least as sure as ``level``, cheapest first.

    Best first, guided by the exact cost to the end. ``product.starts`` and ``product.ends`` say where walks begin and end.
    """
    fit = nodes & (product.state >= level)
    edges = (product.edge_state >= level) & fit[product.source] & fit[product.target]
    turned = product._replace(source=product.target, target=product.source)
    rest = Labels(turned, Binder(0), np.full(len(product.node), -1, np.int64), bounds)
    ends = np.flatnonzero(product.ends & fit)
    rest.sweep(ends, np.zeros(len(ends), np.int64), edges)
    to_end = dict(
        zip(rest.at.tolist(), zip(rest.cost.tolist(), rest.hops.tolist(), strict=True), strict=True)
    )
    chosen = np.flatnonzero(edges)
    index = csr(product.source[chosen], len(product.node))
    heap: list[tuple[int, int, tuple[int, ...], int, bool]] = [
        (*to_end[place], (), place, False)
        for place in np.flatnonzero(product.starts & fit).tolist()
        if place in to_end
    ]
    heapq.heapify(heap)
    out: dict[tuple[WalkEdge, ...], None] = {}
    for _ in range(_TRIES):
        if not heap or len(out) == k:
            return tuple(out)
        cost, hops, chain, place, finished = heapq.heappop(heap)
        if finished:
            out.setdefault(walks.read(list(chain)))
            continue
        spent, length = cost - to_end[place][0], hops - to_end[place][1]
        if product.ends[place]:
            heapq.heappush(heap, (spent, length, chain, place, True))
        for edge in chosen[index.edges[index.starts[place] : index.starts[place + 1]]].tolist():
            there = int(product.target[edge])
            if there in to_end:
                ahead, further = to_end[there]
                step = (spent + int(product.cost[edge]) + ahead, length + int(product.length[edge]) + further)
                heapq.heappush(heap, (*step, (*chain, edge), there, False))
    bounds.report(f"the search for further walks stopped after {_TRIES:,} partial walks of one binding")
    return tuple(out)
