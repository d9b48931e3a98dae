import json

import pytest

from aisposture.cli.exits import Exit
from aisposture.cli.main import run
from aisposture.collect import calls_of


def test_policy_allows_what_the_collectors_call_and_no_wildcard(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["permissions", "aws"]) == Exit.OK
    policy = json.loads(capsys.readouterr().out)
    actions = {action for statement in policy["Statement"] for action in statement["Action"]}
    assert {call.permission for call in calls_of("aws")} <= actions
    assert not [action for action in actions if "*" in action]
    assert {statement["Effect"] for statement in policy["Statement"]} == {"Allow"}
