"""Which changes hit every path for the least effort: greedy weighted cover, pruning, and a bound on what any plan costs."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import combinations

from msgspec import Struct

Edge = tuple[str, str, str]
"""Source, kind, target."""


class Option(Struct, frozen=True, kw_only=True):
    """A change as the cover sees it.

    Attributes:
        hits: numbers of the paths that it breaks.
        weakens: numbers of paths that it makes less likely.
    """

    id: str
    cost: float
    hits: frozenset[int] = frozenset()
    weakens: frozenset[int] = frozenset()


WEAKENED = 0.3
"""What weakening a path is worth, against breaking it."""


def cover(options: Iterable[Option], weights: Mapping[int, float]) -> list[Option]:
    """Options that together hit every path that any of them hits: greedy by weight newly hit for the cost, then pruned."""
    usable = sorted(options, key=lambda one: one.id)
    coverable = {path for path in weights if any(path in one.hits for one in usable)}
    open_paths = set(weights)
    chosen: list[Option] = []
    while open_paths & coverable:
        best = max(usable, key=lambda one: (_gain(one, open_paths, weights), one.id))
        chosen.append(best)
        open_paths -= best.hits
    return _swapped(_pruned(chosen), usable)


def _gain(option: Option, open_paths: Collection[int], weights: Mapping[int, float]) -> float:
    hit = sum(weights[path] for path in option.hits if path in open_paths)
    weakened = sum(weights[path] for path in option.weakens if path in open_paths)
    return (hit + WEAKENED * weakened if hit else 0.0) / option.cost


def _hit(options: Iterable[Option]) -> set[int]:
    return {path for one in options for path in one.hits}


def _pruned(chosen: Sequence[Option]) -> list[Option]:
    """Without those whose paths the rest hit as well, dearest first."""
    kept = list(chosen)
    for one in sorted(chosen, key=lambda each: (-each.cost, each.id)):
        rest = [other for other in kept if other is not one]
        if one.hits <= _hit(rest):
            kept = rest
    return kept


def _swapped(chosen: list[Option], usable: Sequence[Option]) -> list[Option]:
    """One option in place of two, as long as that is cheaper."""
    while True:
        swap = next(
            (
                (pair, one)
                for pair in combinations(chosen, 2)
                for one in usable
                if one.cost < pair[0].cost + pair[1].cost
                and _hit(pair) - _hit(each for each in chosen if each not in pair) <= one.hits
            ),
            None,
        )
        if swap is None:
            return chosen
        pair, one = swap
        chosen = _pruned([*(each for each in chosen if each not in pair), one])


def packed(options: Sequence[Option]) -> float:
    """A cost below which no choice of options hits all their paths: a packing of prices into the options' costs.

    Each path, those with the fewest options first, is given the highest price that all options for it can still bear.
    """
    left = {one.id: one.cost for one in options}
    bearers: dict[int, list[str]] = {}
    for one in options:
        for path in one.hits:
            bearers.setdefault(path, []).append(one.id)
    total = 0.0
    for _, names in sorted(bearers.items(), key=lambda item: (len(item[1]), item[0])):
        price = min(left[name] for name in names)
        total += price
        for name in names:
            left[name] -= price
    return total


def bound(
    walks: Mapping[int, Sequence[Edge]],
    touched: Mapping[str, Mapping[int, Collection[Edge]]],
    costs: Mapping[str, float],
) -> float:
    """A cost below which no choice of changes hits every walk: an exact minimum cut.

    The walks are laid out as a tree from their ends, so that the ways through it are the walks and no others. A change that
    touches several edges of the tree lends each an equal part of its cost; so a plan's cost is at least that of the cut it makes.

    Args:
        walks: by number, the edges of each.
        touched: by change and walk, the edges that it takes away.
        costs: by change.
    """
    import networkx as nx

    places: dict[str, set[tuple[Edge, ...]]] = {change: set() for change in touched}
    tree: nx.DiGraph[object] = nx.DiGraph()
    for number, walk in walks.items():
        for length in range(1, len(walk) + 1):
            suffix = tuple(walk[-length:])
            tree.add_edge(suffix, suffix[1:])
            for change, edges in touched.items():
                if suffix[0] in edges.get(number, ()):
                    places[change].add(suffix)
        tree.add_edge("start", tuple(walk))
    for change, spots in places.items():
        for spot in spots:
            edge = tree.edges[spot, spot[1:]]
            edge["capacity"] = min(edge.get("capacity", float("inf")), costs[change] / len(spots))
    if not walks:
        return 0.0
    value, _ = nx.minimum_cut(tree, "start", ())
    return float(value)
