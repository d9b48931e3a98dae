"""Values with states as facts handle them."""

from typing import Any

from aisposture.graph.columns import Graph
from aisposture.model.graph import EdgeKind, State

Cells = dict[str, dict[int, tuple[Any, State]]]
"""Property -> node number -> value and state."""


class Ranked:
    """The best rank that is certain, possible and conceivable; higher is stronger."""

    __slots__ = ("best",)

    def __init__(self) -> None:
        self.best: dict[State, int] = {}

    def offer(self, rank: int, state: State) -> bool:
        """Takes ``rank`` as reached in ``state``; whether that changed anything."""
        changed = False
        for level in (State.UNSEEN, State.POSSIBLE, State.CONFIRMED):
            if level <= state and rank > self.best.get(level, -1):
                self.best[level] = rank
                changed = True
        return changed

    def rank(self, state: State) -> int:
        """The best rank that is at least so sure; -1 where there is none."""
        return self.best.get(state, -1)

    def settled(self, enough: int) -> tuple[int, State] | None:
        """The best rank that fires, with its state.

        UNSEEN where something unread could be stronger than all that is known, unless that already reaches ``enough``.
        """
        if not self.best:
            return None
        sure, likely, unseen = (
            self.rank(State.CONFIRMED),
            self.rank(State.POSSIBLE),
            self.rank(State.UNSEEN),
        )
        if unseen > likely and likely < enough:
            return unseen, State.UNSEEN
        return (likely, State.POSSIBLE) if likely > sure else (sure, State.CONFIRMED)


def targets(graph: Graph, node: int, kind: EdgeKind, *, back: bool = False) -> list[tuple[int, State]]:
    """The other ends of the edges of ``kind`` at ``node``, with the states of the edges."""
    ends = graph.source if back else graph.target
    return [
        (int(ends[edge]), State(int(graph.state[edge]))) for edge in graph.edges_of(node, kind, back=back)
    ]
