"""Who reaches a node through Grants, gathered by what the Grants cover, so that cost does not follow principals x resources."""

from collections import defaultdict

import numpy as np

from aisposture.graph.columns import KIND_CODE, Graph
from aisposture.graph.facts_values import Ranked, targets
from aisposture.model.graph import EdgeKind, State

_Key = tuple[int, str, tuple[int, ...]]


class Holders:
    """The principals whose Grants of some verbs reach each node, and how strong the strongest of them is."""

    def __init__(self, graph: Graph, verbs: frozenset[EdgeKind], ranks: dict[int, Ranked]) -> None:
        self._graph = graph
        self._ranks = ranks
        self._best: dict[_Key, Ranked] = {}
        self._crowds: dict[tuple[_Key, ...], list[State]] = {}
        self._inside: dict[int, list[int]] = {}
        kinds = {f"grant.{verb}" for verb in verbs}
        holders: dict[int, list[int]] = defaultdict(list)
        holds = np.flatnonzero(graph.kind == KIND_CODE[EdgeKind.HOLDS])
        for holder, grant in zip(graph.source[holds].tolist(), graph.target[holds].tolist(), strict=True):
            if graph.nodes[grant].kind in kinds:
                holders[grant].append(holder)
        self._who: dict[_Key, dict[int, State]] = defaultdict(dict)
        for grant, principals in holders.items():
            left_out = tuple(sorted({node for node, _ in targets(graph, grant, EdgeKind.EXCLUDES)}))
            for edge in graph.edges_of(grant, EdgeKind.COVERS).tolist():
                wanted = str(graph.attr_values[graph.attr[edge]].get("kinds", ""))
                key = (int(graph.target[edge]), wanted, left_out)
                state = State(int(graph.state[edge]))
                for principal in principals:
                    self._who[key][principal] = max(state, self._who[key].get(principal, State.FALSE))
        self._keys: dict[int, list[_Key]] = defaultdict(list)
        for key in self._who:
            for node in self._reached(key):
                self._keys[node].append(key)

    def _reached(self, key: _Key) -> list[int]:
        scope, wanted, left_out = key
        if not wanted:
            return [scope] if scope not in left_out else []
        if scope not in self._inside:
            self._inside[scope] = _inside(self._graph, scope)
        among = set(wanted.split(","))
        return [
            node
            for node in self._inside[scope]
            if self._graph.nodes[node].kind in among and node not in left_out
        ]

    def nodes(self) -> list[int]:
        """Every node that somebody reaches."""
        return list(self._keys)

    def best(self, node: int) -> Ranked:
        """The strongest rank among those who reach ``node``."""
        out = Ranked()
        for key in self._keys.get(node, ()):
            if key not in self._best:
                self._best[key] = self._strongest(key)
            for level, rank in self._best[key].best.items():
                out.offer(rank, level)
        return out

    def _strongest(self, key: _Key) -> Ranked:
        found = Ranked()
        for principal, state in self._who[key].items():
            if principal in self._ranks:
                for level, rank in self._ranks[principal].best.items():
                    found.offer(rank, min(level, state))
        return found

    def at_least(self, node: int, number: int) -> State:
        """How surely ``number`` principals or more reach ``node``."""
        keys = tuple(self._keys.get(node, ()))
        if sum(len(self._who[key]) for key in keys) < number:
            return State.FALSE
        alone = max(self._number((key,), number) for key in keys)
        return alone if alone is State.CONFIRMED else self._number(keys, number)

    def _number(self, keys: tuple[_Key, ...], number: int) -> State:
        if keys not in self._crowds:
            self._crowds[keys] = self._crowd(keys)
        states = self._crowds[keys]
        return states[number - 1] if len(states) >= number else State.FALSE

    def _crowd(self, keys: tuple[_Key, ...]) -> list[State]:
        """The states of all who reach what ``keys`` stand for, surest first."""
        everyone: dict[int, State] = {}
        for key in keys:
            for principal, state in self._who[key].items():
                everyone[principal] = max(state, everyone.get(principal, State.FALSE))
        return sorted(everyone.values(), reverse=True)


def _inside(graph: Graph, scope: int) -> list[int]:
    found, pending = {scope}, [scope]
    while pending:
        for node, _ in targets(graph, pending.pop(), EdgeKind.CONTAINS):
            if node not in found:
                found.add(node)
                pending.append(node)
    return sorted(found - {scope})
