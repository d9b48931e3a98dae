"""A load is whole or not there, and every trouble with the server is one clear line."""

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from aisposture.errors import StoreError
from aisposture.graph.columns import Graph
from aisposture.graph.memory import MemoryStore
from aisposture.graph.neo4j import Neo4jStore, Server, refuse_old
from aisposture.graph.neo4j_cells import SCAN, either
from aisposture.graph.neo4j_load import scan_id
from aisposture.graph.query import NodeTest
from aisposture.graph.search import search
from aisposture.model.graph import EdgeKind, Label
from tests.graph.side_by_side import side_by_side
from tests.graph.test_search import random_graph, random_query
from tests.servers.dropping_proxy import answering, dropping_proxy

Login = tuple[str, str, str]


@pytest.fixture
def server(neo4j_uri: Login) -> Iterator[Server]:
    """A connection to look behind the store's back."""
    made = Server(*neo4j_uri, "")
    yield made
    made.close()


def connect(login: Login, uri: str = "") -> Neo4jStore:
    return Neo4jStore.connect(uri or login[0], username=login[1], password=login[2])


def crowd(seed: int, size: int = 12) -> Graph:
    return side_by_side(random_graph(Random(seed + place)) for place in range(size))


QUERIES = [random_query(Random(seed)) for seed in (1, 2)]


def answers(store: Neo4jStore | MemoryStore) -> list[Any]:
    return [search(store, query) for query in QUERIES]


def inventory(server: Server) -> dict[str, list[list[Any]]]:
    """What is in the server, by what it belongs to."""
    return {
        "marks": server.read(f"MATCH (m:{SCAN}) RETURN m.scan, m.complete ORDER BY m.scan"),
        "nodes": server.read(
            "MATCH (n) RETURN labels(n)[0] = 'AispostureScan', n.scan, count(*) ORDER BY n.scan"
        ),
        "edges": server.read("MATCH ()-[r]->() RETURN type(r), r.scan, count(*) ORDER BY type(r), r.scan"),
    }


def test_a_load_that_breaks_off_leaves_the_earlier_scan_whole(neo4j_uri: Login, server: Server) -> None:
    old, new = crowd(100), crowd(500)
    with connect(neo4j_uri) as store:
        store.load(old, "old")
    before = answers(MemoryStore(old))
    with dropping_proxy(neo4j_uri[0]) as proxy, connect(neo4j_uri, proxy.uri) as store:
        store.load(new, "new")
        whole = proxy.sent
        store.load(old, "old")
    left_over = set()
    for share in (0.3, 0.6, 0.9):
        with (
            dropping_proxy(neo4j_uri[0], limit=int(whole * share)) as proxy,
            connect(neo4j_uri, proxy.uri) as store,
            pytest.raises(StoreError, match=r"^Neo4j at bolt://127\.0\.0\.1:\d+ cannot be reached: [^\n]+$"),
        ):
            store.load(new, "new")
        left_over.add(str(inventory(server)))
        with connect(neo4j_uri) as store:
            store.open()
            assert store.loaded.name == "old"
            assert answers(store) == before
    assert len(left_over) == 3
    assert all(scan_id(new, "new") in one for one in left_over)
    with connect(neo4j_uri) as store:
        store.load(new, "new")
        assert answers(store) == answers(MemoryStore(new))
    assert inventory(server)["marks"] == [[scan_id(new, "new"), True]]
    assert {scan for rows in inventory(server).values() for _, scan, *_ in rows if isinstance(scan, str)} == {
        scan_id(new, "new")
    }


def test_loading_again_changes_nothing(neo4j_uri: Login, server: Server) -> None:
    graph = crowd(3, 5)
    with connect(neo4j_uri) as store:
        store.load(graph, "twice")
        once = inventory(server)
        store.load(graph, "twice")
        assert inventory(server) == once
        found = store.seeds((NodeTest(labels=(Label.ACCOUNT,)),))
        assert found.nodes.tolist() == graph.labelled(Label.ACCOUNT).tolist()


def test_the_same_name_with_another_graph_is_another_scan(neo4j_uri: Login, server: Server) -> None:
    first, second = crowd(3, 5), crowd(4, 5)
    assert scan_id(first, "x") != scan_id(second, "x")
    assert scan_id(first, "x") != scan_id(first, "y")
    with connect(neo4j_uri) as store:
        store.load(first, "x")
        store.load(second, "x")
        assert answers(store) == answers(MemoryStore(second))
    assert inventory(server)["marks"] == [[scan_id(second, "x"), True]]


def test_who_still_asks_the_earlier_scan_is_told(neo4j_uri: Login) -> None:
    with connect(neo4j_uri) as reader, connect(neo4j_uri) as writer:
        reader.load(crowd(3, 5), "before")
        writer.load(crowd(4, 5), "after")
        with pytest.raises(StoreError, match="another scan was loaded into Neo4j meanwhile"):
            reader.seeds((NodeTest(labels=(Label.AGENT,)),))
        reader.open()
        assert answers(reader) == answers(writer)


def test_what_others_keep_in_the_server_is_left_alone(neo4j_uri: Login, server: Server) -> None:
    """Nodes of other people, even with our labels, and their relationships, even on our nodes and of our kinds."""
    graph = crowd(3, 5)
    with connect(neo4j_uri) as store:
        store.load(graph, "before")
        server.write("CREATE (:Agent {id: 'theirs', number: 0})-[:feeds]->(:DataStore {number: 1})")
        server.write(
            "MATCH (n:AispostureNode) WITH n LIMIT 1 MATCH (a:Agent {id: 'theirs'}) CREATE (a)-[:feeds]->(n)-[:feeds]->(a)"
        )
        try:
            assert answers(store) == answers(MemoryStore(graph))
            agents = store.seeds((NodeTest(labels=(Label.AGENT,)),))
            assert agents.nodes.tolist() == graph.labelled(Label.AGENT).tolist()
            store.load(crowd(4, 5), "after")
            assert server.read("MATCH (a:Agent {id: 'theirs'})-[:feeds]->(b) RETURN count(b)") == [[1]]
        finally:
            server.write("MATCH (a:Agent {id: 'theirs'})-[:feeds]->(b) DETACH DELETE a, b")


def test_two_loads_at_once_do_not_end_as_a_mixture(neo4j_uri: Login, server: Server) -> None:
    """Another load takes the mark over: the first one notices when it comes to count."""

    class Meddled(Server):
        def write_all(self, statements: Any) -> bool:
            server.write(f"MATCH (m:{SCAN} {{complete: false}}) SET m.loader = 'somebody else'")
            return super().write_all(statements)

    store = Neo4jStore(Meddled(*neo4j_uri, ""))
    with store, pytest.raises(StoreError, match="somebody else loads or deletes at the same time"):
        store.load(crowd(77, 2), "first")
    assert [scan_id(crowd(77, 2), "first"), False] in inventory(server)["marks"]


def test_no_whole_scan(neo4j_uri: Login, server: Server) -> None:
    with connect(neo4j_uri) as store:
        store.load(crowd(3, 1), "whole")
        server.write(f"MATCH (m:{SCAN}) SET m.complete = false")
        with pytest.raises(StoreError, match="holds no whole scan"):
            store.open()


def test_words_outside_the_vocabulary_never_become_text() -> None:
    with pytest.raises(ValueError):
        either(["Agent`) DETACH DELETE n //"])  # type: ignore[list-item]
    assert either((Label.TOOL, Label.AGENT)) == "Agent|Tool"
    assert either((EdgeKind.FEEDS,)) == "feeds"


def test_a_wrong_password(neo4j_uri: Login) -> None:
    with pytest.raises(
        StoreError, match=r"refuses the login: [^\n]+ \(NEO4J_USERNAME, NEO4J_PASSWORD\)$"
    ) as raised:
        Neo4jStore.connect(neo4j_uri[0], username="nobody", password="a-wrong-password")
    assert "a-wrong-password" not in str(raised.value)


def test_no_login_where_one_is_needed(neo4j_uri: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NEO4J_USERNAME", "NEO4J_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(StoreError, match="refuses the login"):
        Neo4jStore.connect(neo4j_uri[0])


def test_the_environment_names_server_and_login(neo4j_uri: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in zip(("NEO4J_URI", "NEO4J_USERNAME", "NEO4J_PASSWORD"), neo4j_uri, strict=True):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NEO4J_DATABASE", "neo4j")
    with Neo4jStore.connect() as store:
        store.load(crowd(3, 1), "by environment")
    monkeypatch.setenv("NEO4J_DATABASE", "elsewhere")
    with pytest.raises(StoreError, match=r"^Neo4j at bolt://[^\n]+elsewhere[^\n]*$"):
        Neo4jStore.connect()
    monkeypatch.delenv("NEO4J_URI")
    with pytest.raises(StoreError, match="NEO4J_URI"):
        Neo4jStore.connect()


def test_tls_that_the_server_does_not_speak(neo4j_uri: Login) -> None:
    for scheme in ("bolt+s", "bolt+ssc"):
        uri = neo4j_uri[0].replace("bolt", scheme, 1)
        with pytest.raises(StoreError, match=r"^Neo4j at [^\n]+ cannot be reached: [^\n]+$"):
            connect(neo4j_uri, uri)


@pytest.mark.parametrize(
    "uri",
    [
        "http://localhost:7474",
        "bolt://localhost:notaport",
        "localhost",
        "bolt://",
        "bolt://[::1",
        "bolt+x://h",
    ],
)
def test_an_address_that_is_none(uri: str) -> None:
    with pytest.raises(StoreError) as raised:
        Neo4jStore.connect(uri, username="neo4j", password="x")
    assert "\n" not in str(raised.value)


def test_a_password_in_the_address_is_not_repeated() -> None:
    with pytest.raises(StoreError) as raised:
        Neo4jStore.connect("bolt://neo4j:hunter2@127.0.0.1:1", username="neo4j", password="x")
    assert "hunter2" not in str(raised.value)


def test_a_server_that_is_down() -> None:
    with answering(b"") as uri:
        pass
    with pytest.raises(StoreError, match=rf"^Neo4j at {uri} cannot be reached: [^\n]+$"):
        Neo4jStore.connect(uri, username="neo4j", password="x")


def test_a_server_that_goes_down_between_two_questions(neo4j_uri: Login) -> None:
    with dropping_proxy(neo4j_uri[0]) as proxy, connect(neo4j_uri, proxy.uri) as store:
        store.load(crowd(3, 1), "seen")
        proxy.close()
        with pytest.raises(StoreError, match="cannot be reached"):
            store.seeds((NodeTest(labels=(Label.AGENT,)),))


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"\0\0\0\0", id="no common protocol"),
        pytest.param(b"\0\0\4\4", id="the protocol of Neo4j 4.4"),
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n\r\n", id="a web server"),
    ],
)
def test_a_server_that_is_too_old_or_something_else(answer: bytes) -> None:
    with answering(answer) as uri, pytest.raises(StoreError) as raised:
        Neo4jStore.connect(uri, username="neo4j", password="x")
    assert "Neo4j" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("version", ["4.4.38", "5.6.0", "3.5", "", "unknown"])
def test_old_versions(version: str) -> None:
    with pytest.raises(StoreError, match=r"too old; 5\.7 or newer"):
        refuse_old(version)


@pytest.mark.parametrize("version", ["5.7.0", "5.26.17", "2025.10.1", "5.26-aura"])
def test_new_versions(version: str) -> None:
    refuse_old(version)
