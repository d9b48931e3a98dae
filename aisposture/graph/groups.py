"""What Grants over scopes have in common: the same kinds in the same scope, minus the same exceptions, are one group."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from aisposture.graph.columns import KIND_CODE, Bytes, Csr, Graph, Ints, gather
from aisposture.model.graph import VERBS, EdgeKind, State

GRANT_KIND = "grant."
"""A Grant node's kind is this and its verb."""


class Groups:
    """The groups of a graph, numbered from 0.

    Attributes:
        verb: code of the verb per node, -1 where it is no Grant.
        of_edge: group of each edge that covers a scope, else -1.
        edges: the ``covers`` edges of each group.
        scopes: the scope node of each group.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        codes: dict[str, int] = {}
        self._kind: Ints = np.fromiter(
            (codes.setdefault(kind, len(codes)) for kind in graph.kind_names), np.int64, len(graph)
        )
        self._kinds = tuple(codes)
        self.verb: Ints = np.array([_verb_code(kind) for kind in self._kinds], np.int64)[self._kind]
        excludes = np.flatnonzero(graph.kind == KIND_CODE[EdgeKind.EXCLUDES])
        self._holes: Ints = np.unique(graph.source[excludes] * len(graph) + graph.target[excludes])
        left_out: dict[int, list[int]] = {}
        for edge in excludes.tolist():
            left_out.setdefault(int(graph.source[edge]), []).append(int(graph.target[edge]))
        numbers: dict[tuple[int, str, tuple[int, ...]], int] = {}
        wide = np.array([bool(attrs.get("kinds")) for attrs in graph.attr_values], np.bool_)
        covers = np.flatnonzero(graph.kind == KIND_CODE[EdgeKind.COVERS])
        covers = covers[wide[graph.attr[covers]]] if len(covers) else covers
        self.of_edge: Ints = np.full(graph.edge_count, -1, np.int64)
        masks: list[int] = []
        for edge in covers.tolist():
            grant = int(graph.source[edge])
            key = (
                int(graph.target[edge]),
                str(graph.attr_values[graph.attr[edge]]["kinds"]),
                tuple(sorted(set(left_out.get(grant, ())))),
            )
            group = numbers.setdefault(key, len(numbers))
            if group == len(masks):
                masks.append(0)
            self.of_edge[edge] = group
            if self.verb[grant] >= 0:
                masks[group] |= 1 << int(self.verb[grant])
        self._keys = list(numbers)
        self._masks = masks
        self.scopes = [scope for scope, _, _ in self._keys]
        starts = np.zeros(len(self._keys) + 1, np.int64)
        np.cumsum(np.bincount(self.of_edge[covers], minlength=len(self._keys)), out=starts[1:])
        self.edges = Csr(starts, covers[np.argsort(self.of_edge[covers], kind="stable")])
        self._inside: dict[int, tuple[Ints, Bytes]] = {}
        self._members: dict[int, tuple[Ints, Bytes]] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def kind_mask(self, fits: Callable[[str], bool]) -> npt.NDArray[np.bool_]:
        """Per node, whether its kind fits."""
        return np.array([fits(kind) for kind in self._kinds], np.bool_)[self._kind]

    def is_one_of(self, verb: Ints, verbs: Sequence[EdgeKind]) -> npt.NDArray[np.bool_]:
        """Which of these verb codes are among ``verbs``."""
        return np.isin(verb, [KIND_CODE[one] for one in verbs])

    def of_verbs(self, verbs: Sequence[EdgeKind]) -> list[int]:
        """The groups that some Grant of one of ``verbs`` uses."""
        mask = 0
        for verb in verbs:
            mask |= 1 << KIND_CODE[verb]
        return [group for group, bits in enumerate(self._masks) if bits & mask]

    def excluded(self, grants: Ints, targets: Ints) -> npt.NDArray[np.bool_]:
        """Which of these pairs an ``excludes`` edge takes out."""
        return np.isin(grants * len(self._graph) + targets, self._holes)

    def members(self, group: int) -> tuple[Ints, Bytes]:
        """The nodes of ``group``, and how surely they are inside its scope."""
        found = self._members.get(group)
        if found is None:
            scope, kinds, left_out = self._keys[group]
            wanted = set(kinds.split(","))
            nodes, states = self.contained(scope)
            keep = self.kind_mask(wanted.__contains__)[nodes] & ~np.isin(nodes, left_out)
            found = self._members[group] = nodes[keep], states[keep]
        return found

    def contained(self, scope: int) -> tuple[Ints, Bytes]:
        """Everything inside ``scope`` at any depth, each by its surest chain of ``contains`` edges."""
        found = self._inside.get(scope)
        if found is None:
            graph = self._graph
            states = np.zeros(len(graph), np.uint8)
            index = graph.csr(EdgeKind.CONTAINS)
            states[scope] = State.CONFIRMED
            frontier = np.array([scope], np.int64)
            while len(frontier):
                edges, owner = gather(index, frontier)
                reached = np.minimum(states[owner], graph.state[edges])
                children = graph.target[edges]
                better = reached > states[children]
                np.maximum.at(states, children[better], reached[better])
                frontier = np.unique(children[better])
            states[scope] = 0
            nodes = np.flatnonzero(states)
            found = self._inside[scope] = nodes, states[nodes]
        return found


def _verb_code(kind: str) -> int:
    verb = kind.removeprefix(GRANT_KIND)
    return KIND_CODE[EdgeKind(verb)] if kind.startswith(GRANT_KIND) and verb in VERBS else -1
