import json
from typing import Any

import pytest

from aisposture.cli.exits import Exit
from aisposture.cli.main import run


def planned(firing: str, capsys: pytest.CaptureFixture[str], *args: str) -> dict[str, Any]:
    assert run(["fix", firing, "--json", *args]) == Exit.OK
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def test_json_has_steps_and_counts_by_band(firing: str, capsys: pytest.CaptureFixture[str]) -> None:
    plan = planned(firing, capsys)
    assert set(plan["before"]) == set(plan["after"]) == {"critical", "high", "medium", "low", "info"}
    assert plan["before"]["critical"] + plan["before"]["high"] > 0
    assert plan["after"]["critical"] == plan["after"]["high"] == 0
    assert len(plan["residual"]) == sum(plan["after"].values())
    assert 0 < plan["lower_bound"] <= plan["cost"]
    for step in plan["steps"]:
        assert step["patches"]
        assert step["cli"]
        assert step["terraform"]


def test_down_to_info_leaves_no_more_than_down_to_high(
    firing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    left = [
        sum(planned(firing, capsys, "--down-to", band, "--quick")["after"].values())
        for band in ("info", "high")
    ]
    assert left[0] <= left[1]


@pytest.mark.parametrize(("show", "seen"), [("cli", "aws "), ("terraform", 'resource "'), ("none", "")])
def test_terminal(firing: str, show: str, seen: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fix", firing, "--show", show, "--quick"]) == Exit.OK
    out = capsys.readouterr().out
    assert "before" in out
    assert "after" in out
    assert "\x1b" not in out
    for word in ("aws ", 'resource "'):
        assert (f"\n   {word}" in out) is (word == seen)


def test_mistake_in_a_time(firing: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fix", firing, "--as-of", "nonsense"]) == Exit.USAGE
    assert "no RFC 3339 time" in capsys.readouterr().err


def test_unknown_paths_are_no_plan(unknown: str, capsys: pytest.CaptureFixture[str]) -> None:
    plan = planned(unknown, capsys, "--quick", "--down-to", "critical")
    assert plan["after"]["critical"] == 0
