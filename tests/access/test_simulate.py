"""Reading requests from JSON lines: order, names, and mistakes told with file, line and field."""

import json
from typing import Any

import pytest

from aisposture.access.simulate import run, simulate
from aisposture.errors import FileError
from aisposture.model.access import Outcome

ALICE = "arn:aws:iam::111122223333:user/alice"
ALLOW = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "Read", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
}


def line(**more: Any) -> bytes:
    request = {"principal": ALICE, "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k"}
    return json.dumps({"id": "x", "request": request, **more}).encode()


def test_answers_in_order_and_skips_empty_lines() -> None:
    results = list(run([line(id="a"), b"\n", line(id="b", identityPolicies=[ALLOW])]))
    assert [(result.id, result.line, result.decision.outcome) for result in results] == [
        ("a", 1, Outcome.IMPLICITLY_DENIED),
        ("b", 3, Outcome.ALLOWED),
    ]


def test_answer_names_deciding_statement_and_expectation() -> None:
    named = {"name": "readers", "policy": ALLOW}
    answer = simulate(line(identityPolicies=[named], expected="Allowed")).to_dict()
    assert answer == {
        "id": "x",
        "decision": "Allowed",
        "layer": "",
        "statements": [
            {"effect": "Allow", "role": "identity", "policy": "readers", "index": 0, "sid": "Read"}
        ],
        "conditions": [],
        "expected": "Allowed",
        "passed": True,
    }


def test_deciding_statements_of_a_refusal_are_its_denies() -> None:
    deny = {"Statement": [{"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"}]}
    answer = simulate(line(identityPolicies=[ALLOW, deny], expected="Allowed")).to_dict()
    assert [one["effect"] for one in answer["statements"]] == ["Deny"]
    assert answer["statements"][0]["policy"] == "identityPolicies[1]"
    assert answer["passed"] is False


def test_open_condition_is_spelled_out() -> None:
    open_allow = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Action": "*",
            "Resource": "*",
            "Condition": {"Bool": {"aws:SecureTransport": "true"}},
        },
    }
    request = {"principal": ALICE, "action": "s3:GetObject", "contextComplete": False}
    decision = simulate(line(request=request, identityPolicies=[open_allow])).decision
    assert decision.conditions == ("only if Bool aws:SecureTransport [true]",)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (b"{", None),
        (b"[]", None),
        (b'{"request": 1}', "request"),
        (b"{}", "request"),
        (b'{"request": {"action": "s3:GetObject"}}', "request.principal"),
        (line(request={"principal": "alice", "action": "s3:GetObject"}), "request.principal"),
        (line(request={"principal": ALICE, "action": "GetObject"}), "request.action"),
        (
            line(request={"principal": ALICE, "action": "s3:GetObject", "context": {"k": {}}}),
            "request.context[...]",
        ),
        (line(identityPolicies=ALLOW), "identityPolicies"),
        (line(scps=[ALLOW]), "scps[0]"),
        (line(expected="Maybe"), "expected"),
        (line(cloud="oracle"), "cloud"),
    ],
)
def test_mistake_names_file_line_and_field(text: bytes, field: str | None) -> None:
    with pytest.raises(FileError) as caught:
        list(run([line(), text], path="cases.jsonl"))
    assert (str(caught.value.path), caught.value.line, caught.value.field) == ("cases.jsonl", 2, field)
    assert caught.value.exit_code == 2


def test_nested_absurdly_deep_is_a_problem_of_its_policy() -> None:
    deep = b'{"Statement":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    text = line(identityPolicies=[ALLOW, "HERE"]).replace(b'"HERE"', deep)
    result = simulate(text)
    assert result.decision.outcome is Outcome.CONDITIONAL
    assert {problem.policy for problem in result.problems} == {"identityPolicies[1]"}


def test_policy_that_is_no_text_at_all_is_a_problem_of_its_policy() -> None:
    text = line(identityPolicies=["HERE"]).replace(b"HERE", b"\xff\xfe")
    result = simulate(text)
    assert result.decision.outcome is Outcome.IMPLICITLY_DENIED
    assert "UTF-8" in result.problems[0].message


def test_fields_of_others_are_left_alone() -> None:
    assert simulate(line(note="kept by hand", identityPolicies=[ALLOW])).decision.outcome is Outcome.ALLOWED
