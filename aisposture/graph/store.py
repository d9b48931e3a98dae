"""What the search asks of a store: where to begin, and one hop at a time. Nodes are numbers, as in ``Graph``."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from aisposture.graph.columns import Bytes, Floats, Graph, Ints
from aisposture.graph.query import Hop, NodeTest
from aisposture.model.graph import State


class Seeds(NamedTuple):
    """Nodes that pass a test at least unseen, ascending, and how surely."""

    nodes: Ints
    states: Bytes


class Cells(NamedTuple):
    """An attribute of some nodes: node number i has the value and state ``distinct[codes[i]]``, or None for no such attribute."""

    codes: Ints
    distinct: list[tuple[Any, State] | None]

    def value(self, place: int) -> Any:
        """The value at a place, None where there is none."""
        cell = self.distinct[int(self.codes[place])]
        return cell[0] if cell is not None else None


class Rows(NamedTuple):
    """What one hop found, one entry per edge; edges and arrivals that are FALSE are left out.

    Attributes:
        source: the node that was asked about.
        target: the node at the other end (or a group, see ``Stage``).
        kind: code of the edge kind; for HOLDS the Grant's verb.
        state: of the edge.
        arrived: of the tests on ``target``.
        weight: likelihood factor of the edge.
        edge: index into the graph's rows, or -1.
        scope: number of the scope node that was passed through, or -1.
    """

    source: Ints
    target: Ints
    kind: Bytes
    state: Bytes
    arrived: Bytes
    weight: Floats
    edge: Ints
    scope: Ints

    @classmethod
    def joined(cls, parts: Sequence["Rows"]) -> "Rows":
        """All of ``parts``."""
        if len(parts) == 1:
            return parts[0]
        if not parts:
            none, byte = np.empty(0, np.int64), np.empty(0, np.uint8)
            return cls(none, none, byte, byte, byte, np.empty(0, np.float64), none, none)
        return cls(*(np.concatenate(field) for field in zip(*parts, strict=True)))


class Store(Protocol):
    """A graph that can be searched. The search, its costs, states, joins and grouping are written once, over this."""

    @property
    def size(self) -> int:
        """One more than the highest number in use; nodes and groups are numbered apart."""
        ...

    def load(self, columns: Graph, scan: str) -> None:
        """Hold ``columns`` as the graph of the scan called ``scan``, in place of what was there."""
        ...

    def seeds(self, tests: tuple[NodeTest, ...]) -> Seeds:
        """The nodes that pass all ``tests``."""
        ...

    def expand(self, ids: Ints, hop: Hop) -> Rows:
        """One hop from each of the nodes ``ids``."""
        ...

    def values(self, ids: Ints, field: str) -> Cells:
        """An attribute of each node, or ``id``, ``name``, ``kind``, ``account``, ``region``, ``cloud``, ``entry_class``, ``sink_class``."""
        ...

    def close(self) -> None:
        """Let go of what the store holds open."""
        ...
