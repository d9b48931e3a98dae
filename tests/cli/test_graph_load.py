import json
import sys

import pytest

from aisposture.cli.exits import Exit
from aisposture.cli.main import run
from aisposture.graph.neo4j import Neo4jStore
from aisposture.graph.query import NodeTest
from aisposture.model.graph import Label

Login = tuple[str, str, str]
NAMES = ("NEO4J_URI", "NEO4J_USERNAME", "NEO4J_PASSWORD")


@pytest.fixture
def login(neo4j_uri: Login, monkeypatch: pytest.MonkeyPatch) -> Login:
    for name, value in zip(NAMES, neo4j_uri, strict=True):
        monkeypatch.setenv(name, value)
    return neo4j_uri


def test_load(firing: str, login: Login, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["graph", "load", firing, "--neo4j", login[0], "--json"]) == Exit.OK
    told = json.loads(capsys.readouterr().out)
    with Neo4jStore.connect() as store:
        store.open()
        assert told["scan"] == store.loaded.scan
        (agent,) = store.seeds((NodeTest(labels=(Label.AGENT,)),)).nodes.tolist()
        assert told["nodes"] == store.loaded.nodes > agent
    assert run(["graph", "load", firing]) == Exit.OK  # NEO4J_URI
    assert f"Loaded {told['nodes']:,} nodes" in capsys.readouterr().out
    assert run(["graph", "load", firing, "--quiet"]) == Exit.OK
    assert capsys.readouterr() == ("", "")


def test_trouble_is_one_line(
    firing: str, login: Login, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEO4J_USERNAME", "somebody")
    monkeypatch.setenv("NEO4J_PASSWORD", "a-wrong-password")
    assert run(["graph", "load", firing]) == Exit.FAILED
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"aisposture: Neo4j at {login[0]} refuses the login: ")
    assert said.err.count("\n") == 1
    assert "a-wrong-password" not in said.err
    assert run(["graph", "load", firing, "--neo4j", "bolt://127.0.0.1:1"]) == Exit.FAILED
    assert "cannot be reached" in capsys.readouterr().err
    monkeypatch.delenv("NEO4J_URI")
    assert run(["graph", "load", firing]) == Exit.USAGE
    assert "NEO4J_URI" in capsys.readouterr().err


def test_the_driver_is_not_installed(
    firing: str, login: Login, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "neo4j", None)
    assert run(["graph", "load", firing]) == Exit.USAGE
    assert "pip install 'aisposture[neo4j]'" in capsys.readouterr().err
