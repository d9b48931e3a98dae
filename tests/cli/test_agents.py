import json

import pytest

from aisposture.cli.exits import Exit
from aisposture.cli.main import run


def test_agents(firing: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["agents", firing, "--json"]) == Exit.OK
    (agent,) = json.loads(capsys.readouterr().out)["agents"]
    assert agent["name"] == "support-bot"
    assert [role.rpartition("/")[2] for role in agent["acts_as"]] == ["bot-role"]
    assert sum(agent["findings"].values()) > 0
    assert run(["agents", firing]) == Exit.OK
    assert "support-bot" in capsys.readouterr().out
