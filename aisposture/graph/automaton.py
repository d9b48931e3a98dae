"""A path as an automaton: stations where the walk is at a node, and moves between them."""

from collections.abc import Iterator

from msgspec import Struct

from aisposture.graph.query import ChoiceStep, EdgeStep, NodeStep, NodeTest, Path


class Station(Struct, frozen=True):
    """The walk is at a node that passes all ``tests`` and is bound to ``names``.

    Attributes:
        state: the state of the underlying automaton in which the walk goes on.
    """

    tests: tuple[NodeTest, ...]
    names: tuple[str, ...]
    state: int


class Move(Struct, frozen=True):
    """One hop from a station to another, by number."""

    source: int
    target: int
    step: EdgeStep


class Automaton(Struct, frozen=True):
    """Every walk of a path is a way from a station of ``starts`` to one of ``ends``."""

    stations: tuple[Station, ...]
    moves: tuple[Move, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]


class _Machine:
    """States joined by hops, and by silent steps that may test and bind the current node."""

    def __init__(self) -> None:
        self.hops: list[list[tuple[EdgeStep, int]]] = []
        self.silent: list[list[tuple[NodeStep | None, int]]] = []

    def state(self) -> int:
        self.hops.append([])
        self.silent.append([])
        return len(self.hops) - 1

    def add(self, path: Path, start: int) -> int:
        for step in path:
            if isinstance(step, NodeStep):
                out = self.state()
                self.silent[start].append((step, out))
            elif isinstance(step, EdgeStep):
                out = self._repeat(step, start)
            else:
                out = self._choice(step, start)
            start = out
        return start

    def _choice(self, step: ChoiceStep, start: int) -> int:
        ends = [self.add(path, start) for path in step.paths]
        out = self.state()
        for end in ends:
            self.silent[end].append((None, out))
        return out

    def _repeat(self, step: EdgeStep, start: int) -> int:
        for _ in range(step.low):
            start = self._hop(step, start)
        out = self.state()
        if step.high is None:
            loop = self.state()
            self.silent[start].append((None, loop))
            self.hops[loop].append((step, loop))
            self.silent[loop].append((None, out))
            return out
        self.silent[start].append((None, out))
        for _ in range(step.high - step.low):
            start = self._hop(step, start)
            self.silent[start].append((None, out))
        return out

    def _hop(self, step: EdgeStep, start: int) -> int:
        out = self.state()
        self.hops[start].append((step, out))
        return out

    def stations(self, state: int, final: int) -> Iterator[Station]:
        """Where a walk that has just come to ``state`` may be before its next hop or its end."""
        stack: list[tuple[int, tuple[NodeTest, ...], tuple[str, ...]]] = [(state, (), ())]
        while stack:
            here, tests, names = stack.pop()
            if self.hops[here] or here == final:
                yield Station(tests, names, here)
            for step, there in reversed(self.silent[here]):
                if step is None:
                    stack.append((there, tests, names))
                else:
                    more = (*tests, step.test) if step.test != NodeTest() else tests
                    stack.append((there, more, (*names, step.name) if step.name else names))


def automaton(path: Path) -> Automaton:
    """The automaton of ``path``."""
    machine = _Machine()
    final = machine.add(path, machine.state())
    numbers: dict[Station, int] = {}
    for station in machine.stations(0, final):
        numbers.setdefault(station, len(numbers))
    starts = tuple(numbers.values())
    moves: dict[Move, None] = {}
    stations = list(numbers)
    for place, station in enumerate(stations):  # grows while it is walked
        for step, state in machine.hops[station.state]:
            for arrival in machine.stations(state, final):
                if arrival not in numbers:
                    numbers[arrival] = len(stations)
                    stations.append(arrival)
                moves[Move(place, numbers[arrival], step)] = None
    ends = tuple(place for place, station in enumerate(stations) if station.state == final)
    return Automaton(tuple(stations), tuple(moves), starts, ends)
