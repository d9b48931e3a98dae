"""Comparisons between key nodes, over many bindings at once."""

import numpy as np

from aisposture.graph.columns import Bytes, Ints
from aisposture.graph.product import Mask
from aisposture.graph.query import Compare, Operand
from aisposture.graph.store import Cells, Store
from aisposture.model.graph import State


class Constraint:
    """One comparison: the state of each pair of nodes, or of each node against literals."""

    def __init__(self, store: Store, compare: Compare, left: Ints, right: Ints) -> None:
        """``left`` and ``right`` are all the nodes that may stand on either side (``right`` is empty for literals)."""
        self._plain = (
            isinstance(compare.right, Operand)
            and compare.left.field == compare.right.field == "id"
            and compare.op in {"eq", "differs"}
        )
        self._compare = compare
        if self._plain:
            return
        self._left, first = _coded(store, left, compare.left.field)
        if isinstance(compare.right, Operand):
            self._right, second = _coded(store, right, compare.right.field)
        else:
            self._right = np.empty(0, np.int64), np.empty(0, np.int64)
            value = compare.right if compare.op in {"in", "not_in"} else compare.right[0]
            second = [(value, State.CONFIRMED)]
        self._table: Bytes = np.array(
            [
                [
                    self._state(one or (None, State.CONFIRMED), two or (None, State.CONFIRMED))
                    for two in second
                ]
                for one in first
            ],
            np.uint8,
        ).reshape(len(first), len(second))

    def _state(self, left: tuple[object, State], right: tuple[object, State]) -> State:
        least = min(left[1], right[1])
        if least is State.UNSEEN or self._compare.of(left[0], right[0]):
            return least
        return State.FALSE

    def states(self, left: Ints, right: Ints) -> Bytes:
        """The state at each pair of nodes."""
        if self._plain:
            same = left == right
            return np.where(
                same if self._compare.op == "eq" else ~same, np.uint8(State.CONFIRMED), np.uint8(0)
            )
        second = _look_up(self._right, right) if len(self._right[0]) else np.zeros(len(left), np.int64)
        states: Bytes = self._table[_look_up(self._left, left), second]
        return states


Coded = tuple[Ints, Ints]
"""Nodes, ascending, and a code for each."""


def _coded(store: Store, nodes: Ints, field: str) -> tuple[Coded, list[tuple[object, State] | None]]:
    distinct = np.unique(nodes)
    cells: Cells = store.values(distinct, field)
    return (distinct, cells.codes), list(cells.distinct)


def _look_up(coded: Coded, nodes: Ints) -> Ints:
    codes: Ints = coded[1][np.searchsorted(coded[0], nodes)]
    return codes


class Constraints:
    """All comparisons of a query, over rows of slots."""

    def __init__(self, parts: list[tuple[Constraint, int, int]]) -> None:
        """Each part is a constraint and the slots of its sides; -1 for literals."""
        self._parts = parts

    def states(self, rows: Ints) -> Bytes:
        """The least state over all comparisons whose sides are bound, per row."""
        states = np.full(len(rows), State.CONFIRMED, np.uint8)
        for constraint, left, right in self._parts:
            bound = rows[:, left] >= 0
            if right >= 0:
                bound &= rows[:, right] >= 0
            some = rows[bound]
            states[bound] = np.minimum(
                states[bound], constraint.states(some[:, left], some[:, right if right >= 0 else left])
            )
        return states

    def refuse(self, rows: Ints) -> Mask:
        """Rows that can be no part of an answer."""
        mask: Mask = self.states(rows) == State.FALSE
        return mask
