import json
from typing import Any

import pytest

from aisposture.cli.exits import Exit
from aisposture.cli.main import run


def answer(capsys: pytest.CaptureFixture[str], *args: str) -> dict[str, Any]:
    assert run([*args, "--json"]) == Exit.OK
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_can_names_the_deciding_statement(firing: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, "can", "bot-role", "s3:PutObject", "customer-records", firing)
    assert (found["decision"], found["state"], found["layer"]) == ("Allowed", "confirmed", "")
    (statement,) = found["statements"]
    assert statement["effect"] == "Allow"
    assert json.loads(statement["statement"])["Effect"] == "Allow"
    assert found["resource"].endswith(":customer-records/*")


def test_can_names_the_layer_that_stopped_it(firing: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, "can", "internet", "s3:GetObject", "customer-records", firing)
    assert (found["decision"], found["layer"], found["statements"]) == ("ImplicitlyDenied", "resource", [])
    assert run(["can", "internet", "s3:GetObject", "customer-records", firing]) == Exit.OK
    assert "not allowed: layer resource" in capsys.readouterr().out


def test_unread_policies_are_unknown(unknown: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, "can", "bot-role", "s3:GetObject", "customer-records", unknown)
    assert (found["decision"], found["state"]) == ("Unknown", "unseen")
    assert found["unread"]
    listed = answer(capsys, "who-can", "s3:GetObject", "customer-records/*", unknown)
    assert [one["state"] for one in listed["principals"]] == ["unseen"]


def test_who_can(firing: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, "who-can", "s3:PutObject", "customer-records/*", firing)
    assert any(one["principal"].endswith(":role/bot-role") for one in found["principals"])
    assert run(["who-can", "s3:PutObject", "customer-records/*", firing]) == Exit.OK
    out = capsys.readouterr().out
    assert "bot-role: allowed" in out
    assert "Allow in statement 0" in out


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("can", "bot-role", "s3:*", "customer-records"), "no single action"),
        (("can", "nobody", "s3:GetObject", "customer-records"), "'nobody' names no user"),
        (("who-can", "GetObject", "customer-records"), "no single action"),
    ],
)
def test_mistakes(firing: str, args: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*args, firing]) == Exit.USAGE
    assert said in capsys.readouterr().err
