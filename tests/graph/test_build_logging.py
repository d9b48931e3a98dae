from typing import Any

import msgspec
import pytest

from aisposture.access import evaluate as allowed
from aisposture.classify import classify
from aisposture.exposure import evaluate as reached
from aisposture.graph.build import build
from aisposture.model.graph import EdgeKind, State
from aisposture.model.inventory import Inventory
from aisposture.model.resource import Gap, Resource

ACCOUNT, REGION = "111122223333", "eu-west-1"
AGENT = {
    "id": f"arn:aws:bedrock:{REGION}:{ACCOUNT}:agent/A1",
    "kind": "aws.bedrock.agent",
    "account": ACCOUNT,
    "region": REGION,
    "name": "helper",
    "labels": ["Agent"],
    "attrs": {"model": "a-model"},
}


def settings(*, logging: bool, region: str = REGION) -> dict[str, Any]:
    return {
        "id": f"region:{ACCOUNT}/{region}#bedrock/settings",
        "kind": "aws.bedrock.settings",
        "account": ACCOUNT,
        "region": region,
        "name": "settings",
        "attrs": {"invocation_logging": logging},
        "refs": [{"name": "logs_to", "target": "arn:aws:s3:::prompts"}] if logging else [],
    }


def gap(**fields: Any) -> Gap:
    return msgspec.convert(
        {
            "call": "bedrock:GetModelInvocationLoggingConfiguration",
            "account": ACCOUNT,
            "region": REGION,
            "reason": "denied",
            "needs": "x",
        }
        | fields,
        Gap,
    )


def logged(resources: list[dict[str, Any]], gaps: list[Gap]) -> list[State]:
    inventory = Inventory.of([msgspec.convert(one, Resource) for one in resources], gaps=gaps)
    graph = build(inventory, allowed(inventory), reached(inventory), classify(inventory), params={})
    return [row.state for row in graph.rows if row.kind is EdgeKind.LOGS_TO and row.source == AGENT["id"]]


HIDDEN_KIND = gap(hides=["aws.bedrock.settings"])
HIDDEN_FIELD = gap(resource=f"region:{ACCOUNT}/{REGION}#bedrock/settings", hides=["attrs.invocation_logging"])


@pytest.mark.parametrize(
    ("around", "gaps", "expected"),
    [
        ([settings(logging=True)], [], [State.CONFIRMED]),
        ([settings(logging=False)], [], []),
        ([settings(logging=True, region="us-east-1")], [], []),
        ([], [HIDDEN_KIND], [State.UNSEEN]),
        ([settings(logging=False)], [HIDDEN_FIELD], [State.UNSEEN]),
        ([], [gap(hides=["aws.bedrock.settings"], region="us-east-1")], []),
    ],
)
def test_agents_log_where_their_region_records(
    around: list[dict[str, Any]], gaps: list[Gap], expected: list[State]
) -> None:
    assert logged([AGENT, *around], gaps) == expected
