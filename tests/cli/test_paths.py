import json
from typing import Any

import pytest

from aisposture.cli.exits import Exit
from aisposture.cli.main import run


def ways(firing: str, capsys: pytest.CaptureFixture[str], start: str, end: str) -> dict[str, Any]:
    assert run(["paths", firing, "--from", start, "--to", end, "--json"]) == Exit.OK
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def test_path_by_names(firing: str, capsys: pytest.CaptureFixture[str]) -> None:
    answer = ways(firing, capsys, "internet", "customer-records")
    kinds = [hop["kind"] for hop in answer["paths"][0]["hops"]]
    assert kinds[0] == "exposes"
    assert kinds[-1] in {"can_read", "can_write", "can_delete", "can_list"}
    assert answer["paths"][0]["hops"][-1]["evidence"]
    assert answer["from"] == "class:internet"


def test_no_path_is_an_empty_list(firing: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ways(firing, capsys, "customer-records", "internet")["paths"] == []
    assert run(["paths", firing, "--from", "customer-records", "--to", "internet"]) == Exit.OK
    assert "No way from" in capsys.readouterr().out


def test_path_that_could_only_stand_in_something_unread(
    unknown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = ways(unknown, capsys, "internet", "customer-records")
    assert answer["paths"] == []
    assert answer["unknown"]


def test_terminal(firing: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["paths", firing, "--from", "internet", "--to", "customer-records", "--k", "1"]) == Exit.OK
    out = capsys.readouterr().out
    assert "Way 1" in out
    assert "Way 2" not in out


def test_name_that_nothing_has(firing: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["paths", firing, "--from", "internet", "--to", "customer-recrods"]) == Exit.USAGE
    assert "did you mean customer-records" in capsys.readouterr().err


def test_avoided_nodes_are_never_on_the_way(firing: str, capsys: pytest.CaptureFixture[str]) -> None:
    ends = ["paths", firing, "--from", "internet", "--to", "customer-records", "--json"]
    assert run([*ends, "--k", "20"]) == Exit.OK
    before = json.loads(capsys.readouterr().out)["paths"]
    assert any(hop["target"].endswith("/bot-role") for hop in before[0]["hops"])
    assert run([*ends, "--avoid", "bot-role"]) == Exit.OK
    assert json.loads(capsys.readouterr().out)["paths"] == []
