"""The search says exactly what the definition says: against brute force, on random graphs and random queries."""

from itertools import pairwise
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from aisposture.graph.columns import Graph, GraphBuilder
from aisposture.graph.labels import Bounds
from aisposture.graph.memory import MemoryStore
from aisposture.graph.query import (
    COST_UNIT,
    FIRST,
    LAST,
    AttrTest,
    Branch,
    ChoiceStep,
    Compare,
    EdgeStep,
    Key,
    Match,
    NodeStep,
    NodeTest,
    Op,
    Operand,
    Path,
    Query,
    Step,
    WalkEdge,
    cost_of,
)
from aisposture.graph.search import search
from aisposture.model.graph import EdgeKind, EdgeRow, Label, State
from tests.graph.brute_force import GRANTED, LABELS, NODE_KINDS, PLAIN, Answer, BruteForce, slots_of

SURE = (State.CONFIRMED, State.CONFIRMED, State.CONFIRMED, State.POSSIBLE, State.UNSEEN)
WEIGHTS = (1.0, 0.9, 0.5, 0.45)
ORDER = ("P2", "P1", "P0")
SCOPES = ("s1", "s2")


def random_nodes(random: Random, builder: GraphBuilder) -> list[str]:
    nodes = [f"n{place}" for place in range(random.randint(1, 7))]
    for node in nodes:
        props: dict[str, Any] = {}
        states: dict[str, State] = {}
        if random.random() < 0.7:
            props["tier"] = random.choice((*ORDER, None))
            if random.random() < 0.2:
                states["tier"] = State.POSSIBLE
        elif random.random() < 0.5:
            states["tier"] = State.UNSEEN
        builder.node(
            node,
            random.sample(LABELS, random.randint(0, 2)),
            random.choice(NODE_KINDS),
            account=random.choice("ab"),
            props=props,
            states=states,
        )
    return nodes


def random_grant(random: Random, builder: GraphBuilder, grant: str, nodes: list[str]) -> None:
    builder.node(grant, (Label.GRANT,), kind=f"grant.{random.choice(GRANTED)}")
    for node in random.sample(nodes, min(len(nodes), random.randint(0, 2))):
        builder.edge(EdgeRow(source=node, target=grant, kind=EdgeKind.HOLDS, state=random.choice(SURE)))
    for _ in range(random.randint(0, 2)):
        wide = random.random() < 0.5
        kinds = ",".join(sorted(random.sample(NODE_KINDS, random.randint(1, 2))))
        row = EdgeRow(
            source=grant,
            target=random.choice(SCOPES if wide else nodes),
            kind=EdgeKind.COVERS,
            state=random.choice(SURE),
            attrs=(("kinds", kinds),) if wide else (),
        )
        builder.edge(row, random.choice(WEIGHTS))
    for node in random.sample(nodes, random.randint(0, 1)):
        builder.edge(EdgeRow(source=grant, target=node, kind=EdgeKind.EXCLUDES))


def random_graph(random: Random) -> Graph:
    builder = GraphBuilder()
    nodes = random_nodes(random, builder)
    for scope in SCOPES:
        builder.node(scope, (Label.ACCOUNT,))
        for node in random.sample(nodes, random.randint(0, len(nodes))):
            state = random.choice(SURE)
            builder.edge(EdgeRow(source=scope, target=node, kind=EdgeKind.CONTAINS, state=state))
    if random.random() < 0.3:
        builder.edge(EdgeRow(source="s1", target="s2", kind=EdgeKind.CONTAINS))
    for _ in range(random.randint(0, 14)):
        row = EdgeRow(
            source=random.choice(nodes),
            target=random.choice(nodes),
            kind=random.choice((*PLAIN, EdgeKind.CAN_READ)),
            state=random.choice(SURE),
            attrs=random.choice(((), (("auth", "none"),), (("auth", "unknown"),))),
        )
        builder.edge(row, random.choice(WEIGHTS))
    for place in range(random.randint(0, 4)):
        random_grant(random, builder, f"g{place}", nodes)
    return builder.freeze()


def random_test(random: Random) -> NodeTest:
    where: tuple[AttrTest, ...] = ()
    if random.random() < 0.2:
        op = random.choice((Op.IN, Op.NOT_IN, Op.EXISTS))
        value = random.random() < 0.5 if op is Op.EXISTS else tuple(random.sample(ORDER, 2))
        where = (AttrTest(name="tier", op=op, value=value),)
    labels = tuple(random.sample(LABELS, random.choice((0, 0, 0, 2, 3))))
    kinds = (random.choice((*NODE_KINDS, "k.*")),) if random.random() < 0.2 else ()
    return NodeTest(labels=labels, kinds=kinds, where=where)


def random_edge(random: Random) -> EdgeStep:
    low, high = random.choice(((1, 1), (1, 1), (1, 1), (0, 1), (0, 2), (1, 2)))
    where: tuple[AttrTest, ...] = ()
    if random.random() < 0.15:
        where = (AttrTest(name="auth", op=Op.IN, value=("none",), maybe=("unknown",)),)
    return EdgeStep(
        kinds=tuple(random.sample((*PLAIN, *GRANTED), random.randint(1, 4))),
        where=where,
        back=random.random() < 0.3,
        low=low,
        high=high,
    )


def random_path(random: Random, names: tuple[str, ...] = ()) -> Path:
    path: list[Step] = []
    for name in names or ("",):
        path.append(NodeStep(test=random_test(random), name=name))
        if random.random() < 0.25:
            choices = [(random_edge(random),), (random_edge(random), NodeStep(test=random_test(random)))]
            if random.random() < 0.3:
                choices.append(())
            path.append(ChoiceStep(paths=tuple(choices)))
        else:
            path.append(random_edge(random))
    if random.random() < 0.6:
        path.append(NodeStep(test=random_test(random)))
    return tuple(path)


def random_query(random: Random) -> Query:
    names = ("a", "b", "c")[: random.randint(1, 3)]
    path = random_path(random, names)
    branches = []
    for _ in range(random.choice((0, 0, 1, 1, 2))):
        side = random_path(random)[1:]
        join = random.random() < 0.4
        branches.append(
            Branch(
                source=random.choice(names),
                path=side,
                target=random.choice(names) if join else "",
                count=1 if join else random.choice((1, 1, 2)),
                negated=random.random() < 0.5,
                blind=("n0", "n1") if random.random() < 0.2 else (),
            )
        )
    compare = []
    if random.random() < 0.3:
        a, b = random.choice(names), random.choice(names)
        compare.append(
            random.choice(
                (
                    Compare(left=Operand(node=a), op="differs", right=Operand(node=b)),
                    Compare(
                        left=Operand(node=a, field="tier"),
                        op=random.choice(("stronger_than", "gte", "lte")),
                        right=Operand(node=b, field="tier"),
                        order=ORDER,
                    ),
                    Compare(
                        left=Operand(node=a, field="tier"),
                        op=random.choice(("in", "not_in")),
                        right=ORDER[:2],
                    ),
                )
            )
        )
    keys = [Key(name=name, operand=Operand(node=name)) for name in names if random.random() < 0.5]
    if random.random() < 0.5:
        keys.append(Key(name="entry_class", operand=Operand(node=FIRST, field="entry_class")))
    if random.random() < 0.5:
        keys.append(Key(name="sink_class", operand=Operand(node=LAST, field="sink_class")))
        keys.append(Key(name="account", operand=Operand(node=LAST, field="account")))
    return Query(path=path, keys=tuple(keys), branches=tuple(branches), compare=tuple(compare))


def compact(graph: Graph, query: Query, matches: tuple[Match, ...]) -> dict[Any, Answer]:
    """Matches in the terms of the brute force."""
    named = {key.operand: key.name for key in query.keys}
    out: dict[Any, Answer] = {}
    for match in matches:
        key = []
        for slot in slots_of(query):
            value: Any = match.bindings[named.get(slot, slot.node)]
            key.append((slot, graph.number[value] if slot.field == "id" else (value or None)))
        cost = sum(hop_cost(graph, hop) for hop in match.walk)
        assert cost == round(match.cost * COST_UNIT)
        assert tuple(key) not in out
        out[tuple(key)] = Answer(match.state, cost, len(match.walk), match.sinks)
    return out


def hop_cost(graph: Graph, hop: WalkEdge) -> int:
    """The cost of a hop from its rows: the edge's own, and that of the edge which holds its Grant."""
    assert hop.edge is not None
    cost = cost_of(float(graph.weight[hop.edge]))
    if not hop.via:
        assert graph.rows[hop.edge].kind is hop.kind
        return cost
    assert graph.rows[hop.edge].kind is EdgeKind.COVERS
    assert graph.rows[hop.edge].source == hop.via[0]
    assert graph.nodes[graph.number[hop.via[0]]].kind == f"grant.{hop.kind}"
    held = [
        float(graph.weight[edge])
        for edge, row in enumerate(graph.rows)
        if row.kind is EdgeKind.HOLDS and row.source == hop.source and row.target == hop.via[0]
    ]
    return cost + min(cost_of(weight) for weight in held)


def check_walk(walk: tuple[WalkEdge, ...]) -> None:
    """Hops follow each other."""
    ends = [(hop.source, hop.target) if hop.forward else (hop.target, hop.source) for hop in walk]
    for (_, there), (here, _) in pairwise(ends):
        assert there == here


@settings(max_examples=1000, deadline=None, derandomize=True)
@given(st.integers(0, 2**32))
def test_the_search_equals_brute_force(seed: int) -> None:
    random = Random(seed)
    graph = random_graph(random)
    store = MemoryStore(graph)
    brute = BruteForce(graph)
    query = random_query(random)
    matches = search(store, query)
    for match in matches:
        check_walk(match.walk)
        for leg in match.branches:
            check_walk(leg.walk)
    assert compact(graph, query, matches) == brute.answer(query)


def line(*hops: tuple[str, EdgeKind, str, float]) -> Graph:
    builder = GraphBuilder()
    for source, kind, target, weight in hops:
        builder.edge(EdgeRow(source=source, target=target, kind=kind), weight)
    return builder.freeze()


FEEDS, ASSUME = EdgeKind.FEEDS, EdgeKind.CAN_ASSUME
ANY = NodeStep()


def from_to(source: str, target: str, step: EdgeStep) -> Query:
    return Query(path=(NodeStep(test=NodeTest(ids=(source,))), step, NodeStep(test=NodeTest(ids=(target,)))))


def test_a_loop_without_limit_ends_and_finds_the_cheapest_walk_not_the_shortest() -> None:
    graph = line(
        ("a", ASSUME, "b", 0.9),
        ("b", ASSUME, "a", 0.9),
        ("b", ASSUME, "b", 1.0),
        ("b", ASSUME, "c", 0.9),
        ("a", ASSUME, "c", 0.5),
    )
    query = from_to("a", "c", EdgeStep(kinds=(ASSUME,), low=1, high=None))
    (match,) = search(MemoryStore(graph), query)
    assert [hop.target for hop in match.walk] == ["b", "c"]
    (match,) = search(MemoryStore(graph), query, k=3)
    assert [[hop.target for hop in walk] for walk in match.others] == [["b", "b", "c"], ["b", "b", "b", "c"]]


def test_equal_costs_prefer_fewer_hops_then_the_lower_id() -> None:
    graph = line(
        ("a", ASSUME, "d", 0.5),
        ("a", ASSUME, "c", 1.0),
        ("c", ASSUME, "d", 0.5),
        ("a", ASSUME, "b", 1.0),
        ("b", ASSUME, "d", 0.5),
    )
    (match,) = search(MemoryStore(graph), from_to("a", "d", EdgeStep(kinds=(ASSUME,), low=1, high=2)))
    assert len(match.walk) == 1
    (match,) = search(MemoryStore(graph), from_to("a", "d", EdgeStep(kinds=(ASSUME,), low=2, high=2)))
    assert [hop.target for hop in match.walk] == ["b", "d"]


def test_a_cheap_uncertain_walk_does_not_hide_a_dear_certain_one() -> None:
    builder = GraphBuilder()
    builder.edge(EdgeRow(source="a", target="b", kind=FEEDS, state=State.POSSIBLE), 1.0)
    builder.edge(EdgeRow(source="a", target="b", kind=FEEDS), 0.1)
    (match,) = search(MemoryStore(builder.freeze()), from_to("a", "b", EdgeStep(kinds=(FEEDS,))))
    assert match.state is State.CONFIRMED
    assert match.walk[0].weight == 0.1


def test_a_limit_that_bites_is_told_and_one_that_does_not_is_not() -> None:
    graph = line(*((f"n{a}", ASSUME, f"n{b}", 0.5) for a in range(8) for b in range(8)))
    query = Query(
        path=(NodeStep(name="x"), EdgeStep(kinds=(ASSUME,), low=3, high=3), NodeStep(name="y")),
        keys=(Key(name="x", operand=Operand(node="x")), Key(name="y", operand=Operand(node="y"))),
    )
    wide, narrow = Bounds(), Bounds(labels=20)
    assert len(search(MemoryStore(graph), query, bounds=wide)) == 64
    assert wide.bit == []
    search(MemoryStore(graph), query, bounds=narrow)
    assert len(narrow.bit) == 1
    assert "20" in narrow.bit[0]


def test_an_empty_graph_answers_nothing() -> None:
    store = MemoryStore(GraphBuilder().freeze())
    assert search(store, Query(path=(ANY, EdgeStep(kinds=(EdgeKind.CAN_READ,)), ANY))) == ()
    assert search(store, Query(path=(ANY,))) == ()


def test_a_hub_of_a_hundred_thousand_edges_is_walked_once() -> None:
    builder = GraphBuilder()
    for place in range(100_000):
        builder.edge(EdgeRow(source="hub", target=f"t{place}", kind=FEEDS), 0.5)
    (match,) = search(MemoryStore(builder.freeze()), Query(path=(ANY, EdgeStep(kinds=(FEEDS,)), ANY)))
    assert match.sinks == 100_000


def test_every_leg_of_a_count_is_shown() -> None:
    graph = line(("i", FEEDS, "x", 0.5), ("i", FEEDS, "y", 0.9), ("i", FEEDS, "z", 0.7))
    start = NodeStep(test=NodeTest(ids=("i",)), name="i")
    side = (EdgeStep(kinds=(FEEDS,)),)
    query = Query(path=(start,), branches=(Branch(source="i", path=side, count=2),))
    (match,) = search(MemoryStore(graph), query)
    assert [leg.walk[0].target for leg in match.branches] == ["y", "z"]
    query = Query(path=(start,), branches=(Branch(source="i", path=side, count=4),))
    assert search(MemoryStore(graph), query) == ()
