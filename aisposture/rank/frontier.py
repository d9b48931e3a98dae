"""Where there is no path: how far one gets, and what stops it there, by the decision of access or the word of the network."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from aisposture.access.legs import Leg, capabilities
from aisposture.access.query import Question
from aisposture.graph.columns import Graph
from aisposture.graph.memory import MemoryStore
from aisposture.graph.query import EdgeStep, Key, Match, NodeStep, NodeTest, Operand, Query
from aisposture.graph.search import search
from aisposture.model import ids
from aisposture.model.access import Outcome, StatementRef
from aisposture.model.graph import EdgeKind, Label
from aisposture.model.inventory import Inventory
from aisposture.model.resource import Resource

MOST_GOALS = 12
"""Nodes before the end, nearest first, at which the stops are looked for."""

MOST_REACHED = 25
"""Identities on this side that are asked about."""

_OUTSIDE = (ids.INTERNET, ids.ANONYMOUS, ids.ANY_ACCOUNT)
_PRINCIPALS = ("aws.iam.user", "aws.iam.role")
_ASSUME = Leg(action="sts:AssumeRole")
_VERBS = (EdgeKind.CAN_READ, EdgeKind.CAN_WRITE, EdgeKind.CAN_INVOKE, EdgeKind.CAN_MODIFY)


class Stop(Struct, frozen=True, kw_only=True):
    """What keeps one from going on.

    Attributes:
        toward: the node that would come next; from it the end can be reached.
        layer: the layer of policies that refuses, ``network`` or ``entry``; ``decision`` is empty for these two.
        reasons: in words.
        statements: those that deny.
    """

    toward: str
    layer: str
    action: str = ""
    decision: str = ""
    reasons: tuple[str, ...] = ()
    statements: tuple[StatementRef, ...] = ()


class Frontier(Struct, frozen=True, kw_only=True):
    """One of the furthest places that are reached.

    Attributes:
        match: how it is reached; None at the start itself.
        stops: the most telling first.
    """

    reached: str
    match: Match | None
    stops: tuple[Stop, ...]


def frontiers(
    graph: Graph,
    inventory: Inventory,
    explanations: Mapping[str, Sequence[str]],
    ends: tuple[str, str],
    hops: Sequence[EdgeKind],
) -> tuple[Frontier, ...]:
    """The furthest places reached from one end and what stops each on the way to the other, the most telling first.

    Args:
        graph: with facts.
        inventory: what it was built from.
        explanations: of the network, by resource.
        ends: nodes between which there is no path.
        hops: the kinds of edges that are walked.
    """
    start, end = ends
    ahead = {match.bindings["x"]: match for match in _reach(graph, start, hops, back=False)}
    behind = sorted(
        _reach(graph, end, hops, back=True), key=lambda match: (len(match.walk), match.bindings["x"])
    )
    goals = [end, *(match.bindings["x"] for match in behind if match.bindings["x"] not in (end, start))]
    goals = [goal for goal in dict.fromkeys(goals) if goal not in ahead][:MOST_GOALS]
    found: dict[str, list[Stop]] = {}
    if start in _OUTSIDE:
        for goal in goals:
            if why := tuple(explanations.get(goal, ())):
                found.setdefault(start, []).append(
                    Stop(toward=goal, layer=_network(goal, graph), reasons=why)
                )
    asked = _principals(inventory, start, ahead)
    for goal in goals:
        resource = inventory.get(goal)
        if resource is not None and resource.cloud == "aws":
            for reached, stop in _refusals(inventory, resource, asked):
                found.setdefault(reached, []).append(stop)
    if not found:
        far = sorted(ahead.values(), key=lambda match: (-len(match.walk), match.bindings["x"]))[:3]
        places = [match.bindings["x"] for match in far] or [start]
        found = {place: [] for place in places}
    made = [
        Frontier(
            reached=node, match=ahead.get(node), stops=tuple(sorted(stops, key=lambda one: _rank(one, goals)))
        )
        for node, stops in found.items()
    ]
    return tuple(sorted(made, key=lambda one: (_best(one, goals), -_length(one), one.reached)))


def _reach(graph: Graph, node: str, hops: Sequence[EdgeKind], *, back: bool) -> tuple[Match, ...]:
    first = NodeStep(test=NodeTest(ids=(node,)), name="at")
    edge = EdgeStep(kinds=tuple(hops), low=1, high=None)
    other = NodeStep(test=NodeTest(), name="x")
    path = (other, edge, first) if back else (first, edge, other)
    return search(MemoryStore(graph), Query(path=path, keys=(Key(name="x", operand=Operand(node="x")),)))


def _principals(inventory: Inventory, start: str, ahead: Mapping[str, Match]) -> list[Resource]:
    """The users and roles on this side, those reached by most hops first."""
    order = sorted(ahead, key=lambda node: (-len(ahead[node].walk), node))
    resources = (inventory.by_id.get(node) for node in (*order, start))
    found = [one for one in resources if one is not None and one.kind in _PRINCIPALS]
    return found[:MOST_REACHED]


def _refusals(inventory: Inventory, goal: Resource, asked: Sequence[Resource]) -> Iterator[tuple[str, Stop]]:
    """For each of ``asked`` the first permission toward ``goal`` that it is refused."""
    pending = {one.id: one for one in asked}
    for name, leg in _legs(inventory, goal):
        if not pending:
            return
        question = Question(inventory, leg.action, name)
        parties = [party for one in pending.values() if (party := question.parties.of(one)) is not None]
        for verdict in question.ask(parties):
            decision = verdict.decision
            if decision.outcome in (Outcome.ALLOWED, Outcome.CONDITIONAL):
                continue
            del pending[verdict.principal]
            yield (
                verdict.principal,
                Stop(
                    toward=goal.id,
                    layer=decision.layer,
                    action=leg.action,
                    decision=decision.outcome.value,
                    reasons=verdict.unread,
                    statements=decision.denied,
                ),
            )


def _legs(inventory: Inventory, goal: Resource) -> Iterator[tuple[str, Leg]]:
    """What would have to be allowed to get to ``goal``: (resource to ask about, leg), the most usual way first."""
    if goal.kind == "aws.iam.role":
        yield goal.id, _ASSUME
        return
    by_verb = {one.verb: one for one in capabilities() if one.kind == goal.kind}
    verbs = [verb for verb in _VERBS if verb in by_verb][:1] or sorted(by_verb)[:1]
    for verb in verbs:
        for leg in by_verb[verb].any_of[0]:
            if leg.on == "self":
                yield goal.id, leg
            elif leg.on.startswith("ref:"):
                for target in goal.targets(leg.on.partition(":")[2]):
                    if inventory.get(target) is not None:
                        yield inventory.resolve(target), leg


def _network(goal: str, graph: Graph) -> str:
    return "entry" if Label.ENDPOINT in graph.labels_of(graph.number[goal]) else "network"


def _rank(stop: Stop, goals: Sequence[str]) -> tuple[int, int]:
    """What was nearly allowed tells more than what nobody ever granted; then what is nearer to the end."""
    weight = 0 if stop.statements or stop.layer in ("boundary", "scp", "rcp", "session", "endpoint") else 1
    return (weight if stop.layer != "identity" else 2, goals.index(stop.toward))


def _best(frontier: Frontier, goals: Sequence[str]) -> tuple[int, int]:
    return min((_rank(stop, goals) for stop in frontier.stops), default=(3, 0))


def _length(frontier: Frontier) -> int:
    return len(frontier.match.walk) if frontier.match is not None else 0
