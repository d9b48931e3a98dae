"""Neo4j answers what memory answers: random graphs and queries, and every rule on the graphs of all cases."""

from collections.abc import Iterator
from itertools import groupby
from random import Random
from typing import Any

import neo4j
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from aisposture.bundled import bundled
from aisposture.collect import labels_of_kind
from aisposture.errors import StoreError
from aisposture.graph.columns import Graph, GraphBuilder
from aisposture.graph.memory import MemoryStore
from aisposture.graph.neo4j import Neo4jStore
from aisposture.graph.neo4j_hop import statement
from aisposture.graph.query import AttrTest, EdgeStep, Hop, Key, NodeStep, NodeTest, Op, Operand, Query, Stage
from aisposture.graph.search import search
from aisposture.graph.store import Store
from aisposture.model.graph import EdgeKind, EdgeRow, Label, State
from aisposture.pipeline import bundled_rules, emitted, possible_labels, survey
from aisposture.rules.cases import Case, load_cases
from aisposture.rules.compile import compile_rule
from aisposture.rules.gaps import Gaps
from aisposture.rules.run import run
from aisposture.scope import Context
from tests.graph.side_by_side import renamed, side_by_side
from tests.graph.test_search import random_graph, random_query

SIDE_BY_SIDE = 40
QUERIES = 16


@pytest.fixture(scope="session")
def server(neo4j_uri: tuple[str, str, str]) -> Iterator[Neo4jStore]:
    uri, username, password = neo4j_uri
    with Neo4jStore.connect(uri, username=username, password=password) as store:
        yield store


def agree(memory: Store, server: Store, query: Query, walks: int = 1) -> None:
    """Both give the same bindings with the same states, costs, walks and branches."""
    assert search(server, query, k=walks) == search(memory, query, k=walks)


@pytest.fixture(scope="module")
def crowd(server: Neo4jStore) -> tuple[MemoryStore, Neo4jStore]:
    graph = side_by_side(random_graph(Random(seed)) for seed in range(SIDE_BY_SIDE))
    server.load(graph, "crowd")
    return MemoryStore(graph), server


@settings(max_examples=QUERIES, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32))
def test_random_queries(crowd: tuple[MemoryStore, Neo4jStore], seed: int) -> None:
    random = Random(seed)
    query = random_query(random)
    branches = tuple(
        replace(branch, blind=tuple(renamed(node, place) for node in branch.blind for place in range(9)))
        for branch in query.branches
    )
    agree(*crowd, replace(query, branches=branches), walks=random.choice((1, 1, 3)))


FIELDS = (
    "id", "name", "kind", "account", "region", "cloud", "tier", "no_such", "entry_class", "sink_class",
)  # fmt: skip


@pytest.mark.parametrize("field", FIELDS)
def test_values_of_nodes(crowd: tuple[MemoryStore, Neo4jStore], field: str) -> None:
    memory, server = crowd
    ids = np.array([3, 0, 3, *range(memory.size)], np.int64)

    def cells(store: Store) -> list[Any]:
        found = store.values(ids, field)
        return [found.distinct[code] for code in found.codes.tolist()]

    assert cells(server) == cells(memory)


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("stage", Stage)
def test_a_hop_starts_at_an_index_and_takes_one_step(
    crowd: tuple[MemoryStore, Neo4jStore], neo4j_uri: tuple[str, str, str], stage: Stage, back: bool
) -> None:
    """Even where the server planned it over an empty database."""
    uri, username, password = neo4j_uri
    asked = statement(Hop(kinds=(EdgeKind.CAN_READ, EdgeKind.FEEDS), stage=stage, back=back))
    values = {"scan": crowd[1].loaded.scan, "numbers": [0, 1], **asked.parameters}
    with neo4j.GraphDatabase.driver(uri, auth=(username, password)) as driver:
        plan = driver.execute_query(f"EXPLAIN {asked.text}", p=values).summary.plan

    def operators(part: dict[str, Any]) -> Iterator[str]:
        yield part["operatorType"].partition("@")[0]
        for child in part.get("children", ()):
            yield from operators(child)

    used = set(operators(plan))
    assert used & {"NodeUniqueIndexSeek", "DirectedRelationshipIndexSeek"}
    assert not {one for one in used if "Scan" in one or "VarLength" in one or "Join" in one}


def test_no_ids_no_rows(crowd: tuple[MemoryStore, Neo4jStore]) -> None:
    _, server = crowd
    assert len(server.values(np.empty(0, np.int64), "id").codes) == 0


@settings(max_examples=2, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32))
def test_random_graphs(server: Neo4jStore, seed: int) -> None:
    random = Random(seed)
    graph = random_graph(random)
    server.load(graph, f"alone {seed}")
    assert server.size == MemoryStore(graph).size
    for _ in range(3):
        agree(MemoryStore(graph), server, random_query(random))


def test_an_empty_graph(server: Neo4jStore) -> None:
    server.load(GraphBuilder().freeze(), "nothing")
    step = EdgeStep(kinds=(EdgeKind.CAN_READ,))
    assert search(server, Query(path=(NodeStep(), step, NodeStep()))) == ()
    assert search(server, Query(path=(NodeStep(test=NodeTest(labels=(Label.AGENT,))),))) == ()


def all_cases() -> list[Case]:
    files = sorted(bundled("rules").rglob("*.test.yaml"))
    return [case for file in files for case in load_cases(file, labels_of_kind())]


class World:
    """The graphs of all cases side by side, and every rule with what Gaps hide from it anywhere."""

    def __init__(self) -> None:
        self.cases = all_cases()
        self.graphs = [survey(case.inventory).graph for case in self.cases]
        self.graph = side_by_side(self.graphs)

    def queries(self) -> Iterator[tuple[str, Query]]:
        gaps = [Gaps(case.inventory, possible_labels()) for case in self.cases]
        params: dict[str, list[dict[str, Any]]] = {}
        for rule, own in groupby(self.cases, lambda case: case.rule):
            params[rule] = [one.params for one in own if one.params]
        for rule in bundled_rules():
            for given_params in ({}, *params.get(rule.id, ())):
                plain = compile_rule(rule, {**Context().params, **given_params})
                blind: list[set[str]] = [set() for _ in plain.branches]
                for place, one in enumerate(gaps):
                    for ids, branch in zip(blind, one.blinded(plain).branches, strict=True):
                        ids.update(renamed(node, place) for node in branch.blind)
                branches = tuple(
                    replace(branch, blind=tuple(sorted(ids)))
                    for branch, ids in zip(plain.branches, blind, strict=True)
                )
                yield rule.id, replace(plain, branches=branches)


@pytest.fixture(scope="module")
def world() -> World:
    return World()


def test_every_rule_on_all_cases(world: World, server: Neo4jStore) -> None:
    server.load(world.graph, "cases")
    memory = MemoryStore(world.graph)
    found = 0
    for rule, query in world.queries():
        expected = search(memory, query)
        assert search(server, query) == expected, rule
        found += bool(expected)
    assert found > len(bundled_rules()) // 2


def test_all_rules_on_one_estate(world: World, server: Neo4jStore) -> None:
    """The whole way that rules take, answers and reasons included, not their searches alone."""
    case = next(case for case in world.cases if case.rule == "AP-01")
    estate = survey(case.inventory)
    server.load(estate.graph, "AP-01")
    rules = [rule for place, rule in enumerate(bundled_rules()) if rule.id == case.rule or place % 8 == 0]
    both = [
        run(
            store,
            rules,
            inventory=case.inventory,
            labels_of_kind=possible_labels(),
            emitted=emitted(),
            params=Context().params,
        )
        for store in (server, MemoryStore(estate.graph))
    ]
    assert both[0] == both[1]


HOSTILE = (
    "'; MATCH (n) DETACH DELETE n; //",
    "`) DETACH DELETE n //",
    "$scan",
    "{scan: 1}",
    "\\u0060",
    'a"b\\',
    "new\nline\ttab",
    "\u202eright to left",
    "nul\0inside",
    "😀" * 50,
    "x" * 20_000,
    " ",
    "number",
)
VALUES: tuple[Any, ...] = (
    *HOSTILE, "", 0, -1, 2**63 - 1, 2**70, 1.5, float("inf"), True, False, [], ["a", "b"], [1, 2.5], [True, 1], [None],
    [["a"]], {"a": {"b": [1]}}, None,
)  # fmt: skip


def hostile_graph() -> Graph:
    builder = GraphBuilder()
    for place, word in enumerate(HOSTILE):
        builder.node(
            word,
            (Label.AGENT,),
            kind=word,
            account=word,
            region=word,
            name=word,
            props={f"tag.{word}": word, word: place, "scan": "x", "tier": word},
            states={f"tag.{word}": State.POSSIBLE},
        )
        auth: tuple[tuple[str, str | int | float | bool], ...] = (("auth", word), (word, place))
        builder.edge(
            EdgeRow(source=word, target=HOSTILE[0], kind=EdgeKind.FEEDS, attrs=tuple(sorted(auth))), 0.5
        )
    for place, value in enumerate(VALUES):
        builder.node(f"v{place}", props={"value": value})
    return builder.freeze()


def test_hostile_names_and_odd_values_are_kept_as_they_are(server: Neo4jStore) -> None:
    graph = hostile_graph()
    server.load(graph, "`'; MATCH (n) DETACH DELETE n //")
    memory = MemoryStore(graph)
    nodes = np.arange(len(graph))
    for field in ("id", "name", "kind", "account", "value", "tier", *(f"tag.{word}" for word in HOSTILE)):
        own, other = memory.values(nodes, field), server.values(nodes, field)
        for node in nodes.tolist():
            assert other.distinct[other.codes[node]] == own.distinct[own.codes[node]], (field, node)
    for word in HOSTILE:
        path = (
            NodeStep(
                test=NodeTest(
                    ids=(word,), kinds=(word,), where=(AttrTest(name=f"tag.{word}", op=Op.IN, value=(word,)),)
                ),
                name="a",
            ),
            EdgeStep(
                kinds=(EdgeKind.FEEDS,),
                where=(
                    AttrTest(name="auth", op=Op.IN, value=(word,)),
                    AttrTest(name=word, op=Op.GTE, value=0),
                ),
            ),
        )
        query = Query(path=path, keys=(Key(name="a", operand=Operand(node="a")),))
        (match,) = search(server, query)
        assert (match,) == search(memory, query)
        assert match.state is State.POSSIBLE


def test_nothing_is_asked_before_a_scan_is_open(neo4j_uri: tuple[str, str, str]) -> None:
    uri, username, password = neo4j_uri
    with (
        Neo4jStore.connect(uri, username=username, password=password) as store,
        pytest.raises(StoreError, match="no scan is open"),
    ):
        store.seeds((NodeTest(labels=(Label.AGENT,)),))
