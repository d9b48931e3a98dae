import json
from typing import Any

import pytest

from aisposture.cli.exits import Exit
from aisposture.cli.main import run


def asked(firing: str, capsys: pytest.CaptureFixture[str], *args: str) -> dict[str, Any]:
    assert run(["whatif", firing, "--json", *args]) == Exit.OK
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def test_applying_the_plan_gives_what_the_plan_says(firing: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fix", firing, "--json", "--quick"]) == Exit.OK
    plan = json.loads(capsys.readouterr().out)
    options = [word for step in plan["steps"] for word in ("--apply", step["id"])]
    answer = asked(firing, capsys, *options)
    assert answer["hypothetical"] is False
    assert answer["before"] == plan["before"]
    assert answer["after"] == plan["after"]
    assert [step["id"] for step in answer["applied"]] == [step["id"] for step in plan["steps"]]
    # Other changes than the planned ones can be tried as well, by the start of their ids.
    other = plan["alternatives"][0]["id"]
    assert asked(firing, capsys, "--apply", other[:-2])["applied"][0]["id"] == other


@pytest.mark.parametrize(
    "edge",
    ["bot-role|can_write|customer-records", "internet|exposes|support-bot-url"],
)
def test_hop_left_out(firing: str, edge: str, capsys: pytest.CaptureFixture[str]) -> None:
    answer = asked(firing, capsys, "--cut", edge)
    assert answer["hypothetical"] is True
    assert sum(answer["after"].values()) <= sum(answer["before"].values())
    left = [hop for one in answer["residual"] for walk in one["walks"] for hop in walk["hops"]]
    source, kind, target = answer["cut"][0].split("|")
    assert not [hop for hop in left if (hop["source"], hop["kind"], hop["target"]) == (source, kind, target)]


def test_hop_left_out_breaks_the_path_that_needs_it(firing: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["findings", firing, "--json", "--rule", "AP-01"]) == Exit.OK
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    hop = finding["walks"][0]["hops"][0]
    answer = asked(firing, capsys, "--cut", f"{hop['source']}|{hop['kind']}|{hop['target']}")
    assert finding["fingerprint"] in answer["closed"]


def test_terminal(firing: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["whatif", firing, "--cut", "bot-role|can_write|customer-records"]) == Exit.OK
    out = capsys.readouterr().out
    assert "Hypothetical" in out
    assert "before" in out


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((), "needs --apply or --cut"),
        (("--cut", "nonsense"), "is no 'source|kind|target'"),
        (("--cut", "bot-role|can_fly|customer-records"), "is no 'source|kind|target'"),
        (("--cut", "customer-records|can_write|bot-role"), "there is no hop can_write"),
        (("--cut", "bot-rule|can_write|customer-records"), "did you mean"),
        (("--apply", "deny-nothing"), "no change has the id"),
        (("--apply", ""), "no change has the id"),
    ],
)
def test_mistakes(firing: str, args: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["whatif", firing, *args]) == Exit.USAGE
    assert said in capsys.readouterr().err


def test_start_of_several_ids(firing: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["whatif", firing, "--apply", "d"]) == Exit.USAGE
    assert "give more of it" in capsys.readouterr().err
