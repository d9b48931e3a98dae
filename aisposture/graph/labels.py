"""Cheapest walks over a product, apart for every binding of the key nodes.

A label says: this product node can be reached with these keys bound, at this cost. Labels are improved frontier by frontier.
"""

from collections.abc import Callable

import numpy as np

from aisposture.graph.columns import Ints
from aisposture.graph.product import Mask, Product, csr, spread

LABEL_LIMIT = 20_000_000
"""Labels per search; where it bites, the search says so."""

_CHUNK = 4_000_000
"""Candidates looked at in one go, which bounds memory."""


class Bounds:
    """What a search was not allowed to do, and whether that mattered.

    Attributes:
        labels: the most labels one search may hold.
        bit: sentences for people, one per limit that was reached; empty: the answer is complete.
    """

    def __init__(self, labels: int = LABEL_LIMIT) -> None:
        self.labels = labels
        self.bit: list[str] = []

    def report(self, text: str) -> None:
        """Note that a limit was reached."""
        if text not in self.bit:
            self.bit.append(text)


class Binder:
    """Numbers partial bindings: rows of one value per slot, -1 where nothing is bound yet; row 0 is empty.

    Attributes:
        rows: the values, by number.
        dead: rows that can never be part of an answer.
    """

    def __init__(self, slots: int, refuse: Callable[[Ints], Mask] | None = None) -> None:
        self.rows: Ints = np.full((1, slots), -1, np.int64)
        self.dead: Mask = np.zeros(1, np.bool_)
        self._refuse = refuse
        self._captures: Ints = np.empty((0, slots), np.int64)
        self._pairs = np.empty(0, np.int64)
        self._codes = np.empty(0, np.int64)

    def captures(self, cells: Ints) -> Ints:
        """Numbers for rows of captured values (-1: not captured); -1 for a row that captures nothing."""
        out = np.full(len(cells), -1, np.int64)
        some = np.flatnonzero((cells >= 0).any(axis=1))
        if len(some):
            distinct, inverse = np.unique(cells[some], axis=0, return_inverse=True)
            out[some] = inverse.reshape(-1) + len(self._captures)
            self._captures = np.concatenate([self._captures, distinct])
        return out

    def extend(self, codes: Ints, captures: Ints) -> Ints:
        """``codes``, each with a capture added; a capture of -1 adds nothing."""
        adds = np.flatnonzero(captures >= 0)
        if not len(adds):
            return codes
        many = len(self._captures)
        wanted: Ints = codes[adds] * many + captures[adds]
        pairs, inverse = np.unique(wanted, return_inverse=True)
        place = np.searchsorted(self._pairs, pairs)
        known = np.zeros(len(pairs), np.bool_)
        inside = place < len(self._pairs)
        known[inside] = self._pairs[place[inside]] == pairs[inside]
        made = np.empty(len(pairs), np.int64)
        made[known] = self._codes[place[known]]
        fresh = pairs[~known]
        made[~known] = np.arange(len(fresh)) + len(self.rows)
        added = self._captures[fresh % many]
        rows = np.where(added >= 0, added, self.rows[fresh // many])
        dead = self._refuse(rows) if self._refuse is not None else np.zeros(len(rows), np.bool_)
        self.rows = np.concatenate([self.rows, rows])
        self.dead = np.concatenate([self.dead, dead])
        self._pairs = np.insert(self._pairs, place[~known], fresh)
        self._codes = np.insert(self._codes, place[~known], made[~known])
        out = codes.copy()
        out[adds] = made[inverse.reshape(-1)]
        return out


class Labels:
    """The cheapest way to every (product node, binding) that walks of a level reach.

    Attributes:
        at, binding, cost, hops: per label.
        before: the label it was reached from, -1 at a start.
        by: the product edge it was reached over, -1 at a start.
    """

    def __init__(self, product: Product, binder: Binder, capture: Ints, bounds: Bounds) -> None:
        self._product = product
        self._binder = binder
        self._capture = capture
        self._bounds = bounds
        none = np.empty(0, np.int64)
        self.at = self.binding = self.cost = self.hops = self.before = self.by = none
        self._keys = none
        self._slots = none
        self._lists: tuple[list[int], list[int]] | None = None

    def sweep(self, begin: Ints, bindings: Ints, edges: Mask) -> None:
        """Label everything that can be reached from ``begin`` over ``edges``."""
        product = self._product
        chosen = np.flatnonzero(edges)
        index = csr(product.source[chosen], len(product.node))
        index = index._replace(edges=chosen[index.edges])
        codes = self._binder.extend(bindings, self._capture[begin])
        begin, codes = begin[~self._binder.dead[codes]], codes[~self._binder.dead[codes]]
        zero, none = np.zeros(len(begin), np.int64), np.full(len(begin), -1, np.int64)
        queue = [self._offer(begin, codes, zero, zero, none, none)]
        while queue:
            frontier = queue.pop(0)
            if not len(frontier):
                continue
            if len(self.at) > self._bounds.labels:
                self._bounds.report(
                    f"the search stopped at {self._bounds.labels:,} labels; there may be more bindings or cheaper walks"
                )
                return
            nodes = self.at[frontier]
            fan = int((index.starts[nodes + 1] - index.starts[nodes]).sum())
            if fan > _CHUNK and len(frontier) > 1:
                middle = len(frontier) // 2
                queue[:0] = [frontier[:middle], frontier[middle:]]
                continue
            followed, place = spread(index, nodes)
            before = frontier[place]
            there = product.target[followed]
            codes = self._binder.extend(self.binding[before], self._capture[there])
            alive = ~self._binder.dead[codes]
            if not alive.all():
                followed, before, there, codes = followed[alive], before[alive], there[alive], codes[alive]
            queue.append(
                self._offer(
                    there,
                    codes,
                    self.cost[before] + product.cost[followed],
                    self.hops[before] + product.length[followed],
                    before,
                    followed,
                )
            )

    def _offer(self, at: Ints, binding: Ints, cost: Ints, hops: Ints, before: Ints, by: Ints) -> Ints:
        """Take what is new or better; the labels whose cost changed."""
        product = self._product
        keys = binding * len(product.node) + at
        row = np.where(by >= 0, product.edge[by] if len(product.edge) else by, -1)
        behind = np.where(before >= 0, product.node[self.at[before]] if len(self.at) else before, -1)
        order = np.lexsort((row, behind, hops, cost, keys))
        keys = keys[order]
        first = order[np.flatnonzero(np.diff(keys, prepend=-1))] if len(keys) else order
        keys = binding[first] * len(product.node) + at[first]
        place = np.searchsorted(self._keys, keys)
        known = np.zeros(len(keys), np.bool_)
        inside = place < len(self._keys)
        known[inside] = self._keys[place[inside]] == keys[inside]
        fresh = first[~known]
        count = len(self.at)
        slots = np.arange(count, count + len(fresh))
        old, rival = self._slots[place[known]], first[known]
        better = (cost[rival] < self.cost[old]) | (
            (cost[rival] == self.cost[old]) & (hops[rival] < self.hops[old])
        )
        old, rival = old[better], rival[better]
        self.cost[old], self.hops[old] = cost[rival], hops[rival]
        self.before[old], self.by[old] = before[rival], by[rival]
        for name, values in (
            ("at", at),
            ("binding", binding),
            ("cost", cost),
            ("hops", hops),
            ("before", before),
            ("by", by),
        ):
            setattr(self, name, np.concatenate([getattr(self, name), values[fresh]]))
        self._keys = np.insert(self._keys, place[~known], keys[~known])
        self._slots = np.insert(self._slots, place[~known], slots)
        return np.concatenate([slots, old])

    def trace(self, label: int) -> tuple[int, list[int]]:
        """The product node at which the walk to ``label`` starts, and its product edges in order."""
        if self._lists is None:
            self._lists = self.by.tolist(), self.before.tolist()
        by, before = self._lists
        edges = []
        while by[label] >= 0:
            edges.append(by[label])
            label = before[label]
        return int(self.at[label]), edges[::-1]
