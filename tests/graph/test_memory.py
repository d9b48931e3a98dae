"""The store in memory: seeds, hops in parts, values."""

import numpy as np

from aisposture.graph.columns import KIND_CODE, Graph, GraphBuilder
from aisposture.graph.memory import MemoryStore
from aisposture.graph.query import AttrTest, Hop, NodeTest, Op, Stage
from aisposture.model.graph import EdgeKind, EdgeRow, Label, State


def world() -> Graph:
    """Two roles that hold two Grants which say the same of one account, minus one bucket."""
    builder = GraphBuilder()
    for name, tier in (("role/a", "P1"), ("role/b", "P4")):
        builder.node(name, (Label.IDENTITY,), "aws.iam.role", "1", props={"tier": tier})
    builder.node("account:1", (Label.ACCOUNT,), account="1")
    builder.node("ou", (Label.ORGANIZATION,))
    builder.edge(EdgeRow(source="ou", target="account:1", kind=EdgeKind.CONTAINS))
    for place in range(3):
        states = {"sensitivity": State.POSSIBLE} if place else {"sensitivity": State.UNSEEN}
        props = {"sensitivity": "D2"} if place else {}
        builder.node(f"bucket/{place}", (Label.DATA_STORE,), "aws.s3.bucket", "1", props=props, states=states)
        builder.edge(EdgeRow(source="account:1", target=f"bucket/{place}", kind=EdgeKind.CONTAINS))
    builder.node("queue", (Label.CHANNEL,), "aws.sqs.queue", "1")
    builder.edge(EdgeRow(source="account:1", target="queue", kind=EdgeKind.CONTAINS, state=State.POSSIBLE))
    for grant, role in (("g1", "role/a"), ("g2", "role/b")):
        builder.node(grant, (Label.GRANT,), "grant.can_read")
        builder.edge(EdgeRow(source=role, target=grant, kind=EdgeKind.HOLDS))
        kinds = (("kinds", "aws.s3.bucket,aws.sqs.queue"),)
        builder.edge(EdgeRow(source=grant, target="ou", kind=EdgeKind.COVERS, attrs=kinds), 0.95)
        builder.edge(EdgeRow(source=grant, target="bucket/2", kind=EdgeKind.EXCLUDES))
    builder.edge(
        EdgeRow(source="role/a", target="queue", kind=EdgeKind.CAN_READ, attrs=(("auth", "unknown"),))
    )
    return builder.freeze()


GRAPH = world()
STORE = MemoryStore(GRAPH)
READ = (EdgeKind.CAN_READ,)


def numbers(*names: str) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    return np.array(sorted(GRAPH.number[name] for name in names), np.int64)


def seeds(*tests: NodeTest) -> dict[str, State]:
    found = STORE.seeds(tests)
    return {
        GRAPH.ids[node]: State(state)
        for node, state in zip(found.nodes.tolist(), found.states.tolist(), strict=True)
    }


def test_seeds_carry_the_state_of_what_is_tested() -> None:
    grave = AttrTest(name="sensitivity", op=Op.IN, value=("D2", "D3"))
    assert seeds(NodeTest(labels=(Label.DATA_STORE,), where=(grave,))) == {
        "bucket/0": State.UNSEEN,
        "bucket/1": State.POSSIBLE,
        "bucket/2": State.POSSIBLE,
    }
    assert seeds(
        NodeTest(where=(AttrTest(name="sensitivity", op=Op.EXISTS, value=False),), kinds=("aws.s3.*",))
    ) == {"bucket/0": State.UNSEEN}
    assert set(
        seeds(NodeTest(where=(AttrTest(name="cloud", op=Op.IN, value=("aws",)),), kinds=("aws.iam.role",)))
    ) == {
        "role/a",
        "role/b",
    }
    assert seeds(NodeTest(ids=("queue", "nobody"))) == {"queue": State.CONFIRMED}
    assert seeds(NodeTest(labels=(Label.IDENTITY,)), NodeTest(labels=(Label.CHANNEL,))) == {}
    assert len(seeds()) == len(GRAPH)


def test_grants_that_say_the_same_share_a_group_and_its_exceptions() -> None:
    assert len(STORE.groups) == 1
    held = STORE.expand(numbers("role/a", "role/b"), Hop(kinds=READ, stage=Stage.HOLDS))
    assert sorted(GRAPH.ids[node] for node in held.target.tolist()) == ["g1", "g2"]
    assert set(held.kind.tolist()) == {KIND_CODE[EdgeKind.CAN_READ]}
    joined = STORE.expand(held.target, Hop(kinds=READ, stage=Stage.JOINS))
    assert set(joined.target.tolist()) == {0}
    assert set(joined.weight.tolist()) == {0.95}
    inside = STORE.expand(np.array([0]), Hop(kinds=READ, stage=Stage.GATHERS))
    found = {
        GRAPH.ids[node]: state
        for node, state in zip(inside.target.tolist(), inside.state.tolist(), strict=True)
    }
    assert found == {"bucket/0": State.CONFIRMED, "bucket/1": State.CONFIRMED, "queue": State.POSSIBLE}
    assert {GRAPH.ids[node] for node in inside.scope.tolist()} == {"ou"}


def test_every_part_can_be_walked_back() -> None:
    back = Hop(kinds=READ, back=True, stage=Stage.GATHERS)
    assert STORE.expand(numbers("bucket/1"), back).target.tolist() == [0]
    assert STORE.expand(numbers("bucket/2"), back).target.tolist() == []
    grants = STORE.expand(np.array([0]), Hop(kinds=READ, back=True, stage=Stage.JOINS))
    assert {GRAPH.ids[node] for node in grants.target.tolist()} == {"g1", "g2"}
    strong = NodeTest(where=(AttrTest(name="tier", op=Op.IN, value=("P0", "P1")),))
    holders = STORE.expand(grants.target, Hop(kinds=READ, back=True, stage=Stage.HOLDS, arrive=(strong,)))
    assert [GRAPH.ids[node] for node in holders.target.tolist()] == ["role/a"]


def test_grants_of_other_verbs_are_not_followed() -> None:
    write = (EdgeKind.CAN_WRITE,)
    assert not STORE.expand(numbers("role/a"), Hop(kinds=write, stage=Stage.HOLDS)).target.size
    assert not STORE.expand(numbers("bucket/1"), Hop(kinds=write, back=True, stage=Stage.GATHERS)).target.size


def test_edges_of_a_verb_itself_count_too_and_are_tested() -> None:
    asked = AttrTest(name="auth", op=Op.IN, value=("none",), maybe=("unknown",))
    rows = STORE.expand(numbers("role/a"), Hop(kinds=READ, where=(asked,)))
    assert [GRAPH.ids[node] for node in rows.target.tolist()] == ["queue"]
    assert rows.state.tolist() == [State.POSSIBLE]
    never = AttrTest(name="auth", op=Op.IN, value=("iam",))
    assert not STORE.expand(numbers("role/a"), Hop(kinds=READ, where=(never,))).target.size


def test_values_are_told_once_each() -> None:
    ids = numbers("role/a", "role/b", "queue")
    cells = STORE.values(ids, "tier")
    assert {GRAPH.ids[node]: cells.value(place) for place, node in enumerate(ids.tolist())} == {
        "queue": None,
        "role/a": "P1",
        "role/b": "P4",
    }
    cells = STORE.values(ids, "sink_class")
    assert [cells.value(place) for place in range(3)] == ["Channel", "Identity:P1", "Identity:P4"]
    assert STORE.values(ids, "no such").distinct == [None]
    assert STORE.values(ids[:0], "entry_class").codes.tolist() == []
    assert STORE.values(ids, "account").value(0) == "1"


def test_loading_replaces_what_was_held() -> None:
    store = MemoryStore(GRAPH)
    store.seeds((NodeTest(labels=(Label.IDENTITY,)),))
    builder = GraphBuilder()
    builder.node("x", (Label.IDENTITY,))
    store.load(builder.freeze(), "second")
    assert store.seeds((NodeTest(labels=(Label.IDENTITY,)),)).nodes.tolist() == [0]
    assert (store.size, store.scan) == (1, "second")
    store.close()
