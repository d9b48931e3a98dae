"""The graph for other tools, with hostile names in it."""

import io
import json
import re
from itertools import pairwise

import networkx as nx
import pytest

from aisposture.graph.columns import Graph, GraphBuilder
from aisposture.graph.export import WRITERS, opengraph_id
from aisposture.model.graph import EdgeKind, EdgeRow, Label, State

EVIL = (
    "plain",
    '"}) DETACH DELETE n //',
    "a'b`c\\u0027 \\",
    "</data><script>alert(1)</script>&amp;",
    "line\nbreak\ttab \x00\x1b[31m \ufffe",
    "arn:aws:iam::1:role/ü 漢 \U0001f600",
    "]]>",
)


def hostile() -> Graph:
    builder = GraphBuilder()
    for name in EVIL:
        builder.node(
            name,
            (Label.AGENT, Label.WORKLOAD, Label.IDENTITY),
            kind=name,
            name=name,
            props={
                f"tag.{name}": name,
                "operations": ["a", name],
                "n": 3,
                "on": True,
                "none": None,
                "mixed": [1, "x"],
            },
            states={"auth": State.UNSEEN},
        )
    for here, there in pairwise(EVIL):
        row = EdgeRow(
            source=here, target=there, kind=EdgeKind.FEEDS, attrs=(("via", here),), conditions=(there,)
        )
        builder.edge(row, 0.5)
        builder.edge(EdgeRow(source=here, target=there, kind=EdgeKind.FEEDS, state=State.POSSIBLE), 0.9)
    return builder.freeze()


def written(form: str, graph: Graph) -> str:
    out = io.StringIO()
    WRITERS[form](graph, out)
    return out.getvalue()


@pytest.mark.parametrize("form", WRITERS)
def test_the_same_graph_gives_the_same_text_and_an_empty_one_is_fine(form: str) -> None:
    assert written(form, hostile()) == written(form, hostile())
    written(form, GraphBuilder().freeze())


def test_json_holds_everything() -> None:
    graph = hostile()
    text = written("json", graph)
    found = json.loads(text)
    assert {node["id"] for node in found["nodes"]} == set(EVIL)
    assert len(found["edges"]) == graph.edge_count
    first = next(node for node in found["nodes"] if node["id"] == "plain")
    assert first["unseen"] == ["auth"]
    assert first["props"]["operations"] == ["a", "plain"]
    assert json.loads(written("json", GraphBuilder().freeze())) == {"nodes": [], "edges": []}
    assert "\x1b" not in text


def test_graphml_is_read_by_networkx() -> None:
    graph = nx.parse_graphml(written("graphml", hostile()), force_multigraph=True)
    assert graph.number_of_nodes() == len(EVIL)
    assert graph.number_of_edges() == 2 * (len(EVIL) - 1)
    assert EVIL[3] in graph
    assert graph.nodes["plain"]["labels"] == "Agent Workload Identity"
    assert {data["weight"] for _, _, data in graph.edges(data=True)} == {0.5, 0.9}


QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|`(?:[^`]|``)*`')


def test_cypher_keeps_every_value_inside_its_quotes() -> None:
    lines = written("cypher", hostile()).splitlines()
    assert len(lines) == 1 + len(EVIL) + 2 * (len(EVIL) - 1)
    for line in lines:
        bare = QUOTED.sub("", line)
        assert not re.search(r"DETACH|script|[`\"\\]", bare)
        assert not re.search(r"\\\\u", line)
        assert bare.count(";") == 1
        assert bare.isascii()


def test_opengraph_obeys_its_rules() -> None:
    found = json.loads(written("opengraph", hostile()))
    assert found["metadata"] == {"source_kind": "AIP_Base"}
    ids = {node["id"] for node in found["graph"]["nodes"]}
    assert len(ids) == len(EVIL)
    assert opengraph_id("plain") in ids
    for node in found["graph"]["nodes"]:
        assert ":" not in node["id"]
        assert 1 <= len(node["kinds"]) <= 3
        for key, value in node["properties"].items():
            assert key == key.lower() != "objectid"
            flat = value if isinstance(value, list) else [value]
            assert all(isinstance(one, str | int | float | bool) for one in flat)
            assert len({type(one) for one in flat}) <= 1
    for edge in found["graph"]["edges"]:
        assert re.fullmatch(r"[A-Za-z0-9_]+", edge["kind"])
        assert {edge["start"]["value"], edge["end"]["value"]} <= ids
