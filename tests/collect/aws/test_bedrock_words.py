"""Readings of Bedrock's answers that are more than a path."""

import json

import pytest

from aisposture.collect.aws import bedrock
from aisposture.collect.declare import Unread


@pytest.mark.parametrize(
    ("signature", "function", "control", "kind"),
    [
        ("AMAZON.CodeInterpreter", None, None, "code_interpreter"),
        ("AMAZON.UserInput", None, None, "user_input"),
        ("ANTHROPIC.Bash", None, "RETURN_CONTROL", "shell"),
        (None, "arn:aws:lambda:eu-west-1:111111111111:function:f", None, "lambda"),
        (None, None, "RETURN_CONTROL", "return_of_control"),
        (None, None, None, None),
    ],
)
def test_tool_kind(
    signature: str | None, function: str | None, control: str | None, kind: str | None
) -> None:
    assert bedrock.tool_kind(signature, function, control) == kind


def test_confirmation_is_required_only_where_every_function_asks_for_it() -> None:
    asks, does_not = {"name": "pay", "requireConfirmation": "ENABLED"}, {"name": "look"}
    assert bedrock.confirmation([asks], None, None) == "required"
    assert bedrock.confirmation([asks, does_not], None, None) == "none"
    assert bedrock.confirmation([], None, None) == "none"
    assert bedrock.confirmation(None, None, None) == "none"


REFUNDS = {"/refunds": {"post": {"operationId": "createRefund", "x-requireConfirmation": "ENABLED"}}}
ORDERS = {"/orders/{id}": {"parameters": [], "get": {"description": "look"}}}


def test_operations_of_an_openapi_document() -> None:
    text = "openapi: 3.0.0\npaths:\n  /refunds: {post: {operationId: createRefund}}\n"
    assert bedrock.operations(None, text, None) == ["createRefund"]
    both = json.dumps({"openapi": "3.0.0", "paths": REFUNDS | ORDERS})
    assert bedrock.operations(None, both, None) == ["GET /orders/{id}", "createRefund"]
    assert bedrock.confirmation(None, both, None) == "none"
    assert bedrock.confirmation(None, json.dumps({"paths": REFUNDS}), None) == "required"


def test_operations_in_a_bucket_are_unknown_not_none() -> None:
    for read in (bedrock.operations, bedrock.confirmation):
        with pytest.raises(Unread, match="bucket schemas"):
            read(None, None, "schemas")
    assert bedrock.operations([{"name": "a"}], None, None) == ["a"]
    assert bedrock.operations(None, None, None) == []


@pytest.mark.parametrize(
    "payload", ["[1]", "a: [", "just text", '{"paths": [1]}', "{", "!!python/object:os.x {}"]
)
def test_a_payload_that_is_no_openapi_document_is_not_read_as_empty(payload: str) -> None:
    with pytest.raises(ValueError):
        bedrock.operations(None, payload, None)


def test_collaborators_are_the_agents_behind_aliases() -> None:
    alias = "arn:aws:bedrock:eu-west-1:111111111111:agent-alias/AGENT12345/ALIAS12345"
    assert bedrock.collaborators([alias, "odd"]) == [
        "arn:aws:bedrock:eu-west-1:111111111111:agent/AGENT12345",
        "odd",
    ]
    assert bedrock.collaborators(None) == []


def test_collaboration_words() -> None:
    assert [
        bedrock.collaboration(word) for word in (None, "DISABLED", "SUPERVISOR", "SUPERVISOR_ROUTER")
    ] == [
        "none",
        "none",
        "supervisor",
        "supervisor-router",
    ]


@pytest.mark.parametrize(
    ("entry", "strength", "blocks"),
    [
        ({"type": "PROMPT_ATTACK", "inputStrength": "HIGH"}, "high", True),
        ({"type": "PROMPT_ATTACK", "inputStrength": "HIGH", "inputAction": "NONE"}, "high", False),
        ({"type": "PROMPT_ATTACK", "inputStrength": "LOW", "inputEnabled": False}, "none", False),
        ({"type": "PROMPT_ATTACK", "inputStrength": "NONE"}, "none", False),
        ({"type": "HATE", "inputStrength": "HIGH"}, "none", False),
    ],
)
def test_prompt_attack(entry: dict[str, object], strength: str, blocks: bool) -> None:
    assert bedrock.prompt_attack_filter([entry]) == strength
    assert bedrock.blocks([entry]) is blocks


def test_personal_data_counts_where_it_is_stopped_on_the_way_out() -> None:
    assert bedrock.pii_filter([{"type": "EMAIL", "action": "ANONYMIZE"}])
    assert bedrock.pii_filter([{"type": "EMAIL", "action": "NONE", "outputAction": "BLOCK"}])
    assert not bedrock.pii_filter([{"type": "EMAIL", "action": "BLOCK", "outputAction": "NONE"}])
    assert not bedrock.pii_filter([{"type": "EMAIL", "action": "BLOCK", "outputEnabled": False}])
    assert not bedrock.pii_filter(None)


def test_stores_and_secrets_of_any_storage() -> None:
    storage = {
        "type": "RDS",
        "rdsConfiguration": {
            "resourceArn": "arn:db",
            "credentialsSecretArn": "arn:secret",
            "fieldMapping": {},
        },
    }
    assert bedrock.stores(storage, "arn:kendra") == ["arn:kendra", "arn:db"]
    assert bedrock.secrets(storage) == ["arn:secret"]
    assert bedrock.stores(None, None) == []
