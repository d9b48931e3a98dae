"""Endpoints that are met by name: authoriser and policy must agree."""

import json
from typing import Any

import msgspec
import pytest

from aisposture.exposure import evaluate
from aisposture.model import ids
from aisposture.model.graph import EdgeKind, Label, State
from aisposture.model.inventory import Inventory
from aisposture.model.resource import Gap, Policy, PolicyRole, Ref, Resource, Source

ACCOUNT = "111111111111"
FUNCTION = ids.arn("lambda", "function:helper", account=ACCOUNT, region="eu-west-1")
URL = ids.child(FUNCTION, "url", "$LATEST")
ANYONE = {
    "Effect": "Allow",
    "Principal": "*",
    "Action": ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"],
    "Resource": FUNCTION,
}


def auth_type(word: str) -> dict[str, Any]:
    return {"StringEquals": {"lambda:FunctionUrlAuthType": word}}


def function(*statements: Any) -> Resource:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    policies = (
        Policy(
            role=PolicyRole.RESOURCE,
            id="policy",
            document=msgspec.Raw(json.dumps(document).encode()),
            source=Source(call=0, pointer="/Policy"),
        ),
    )
    return Resource(
        id=FUNCTION,
        kind="aws.lambda.function",
        account=ACCOUNT,
        region="eu-west-1",
        name="helper",
        labels=(Label.WORKLOAD,),
        policies=policies if statements else (),
    )


def url(**attrs: Any) -> Resource:
    return Resource(
        id=URL,
        kind="aws.lambda.url",
        account=ACCOUNT,
        region="eu-west-1",
        name="helper",
        labels=(Label.ENDPOINT,),
        refs=(Ref(name="fronts", target=FUNCTION),),
        attrs=attrs,
    )


def answer(inventory: Inventory) -> dict[str, tuple[State, str, str]]:
    out = {}
    for row in evaluate(inventory).edges:
        if row.kind is EdgeKind.EXPOSES:
            attrs = dict(row.attrs)
            out[row.source] = (row.state, str(attrs["auth"]), str(attrs["audience"]))
    return out


@pytest.mark.parametrize(
    ("auth", "statements", "expected"),
    [
        (
            "none",
            [{**ANYONE, "Condition": auth_type("NONE")}],
            {ids.INTERNET: (State.CONFIRMED, "none", "anonymous")},
        ),
        ("none", [ANYONE], {ids.INTERNET: (State.CONFIRMED, "none", "anonymous")}),
        (
            "none",
            [{**ANYONE, "Principal": {"AWS": "*"}}],
            {ids.INTERNET: (State.CONFIRMED, "none", "anonymous")},
        ),
        ("none", [{**ANYONE, "Action": "lambda:*"}], {ids.INTERNET: (State.CONFIRMED, "none", "anonymous")}),
        (
            "none",
            [{**ANYONE, "Action": ["LAMBDA:invokefunctionurl", "lambda:Invoke*"]}],
            {ids.INTERNET: (State.CONFIRMED, "none", "anonymous")},
        ),
        ("none", [], {}),
        ("none", [{**ANYONE, "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}], {}),
        ("none", [{**ANYONE, "Action": "lambda:InvokeFunction"}], {}),
        ("none", [{**ANYONE, "Condition": auth_type("AWS_IAM")}], {}),
        ("none", [ANYONE, {**ANYONE, "Effect": "Deny"}], {}),
        (
            "none",
            [{**ANYONE, "Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}],
            {ids.INTERNET: (State.POSSIBLE, "none", "anonymous")},
        ),
        (
            "none",
            [ANYONE, {**ANYONE, "Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}],
            {ids.INTERNET: (State.POSSIBLE, "none", "anonymous")},
        ),
        ("none", [{**ANYONE, "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}}}], {}),
        (
            "none",
            [
                ANYONE,
                {**ANYONE, "Effect": "Deny", "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}},
            ],
            {},
        ),
        ("none", ["nonsense", {"Effect": "Allow"}], {}),
        (
            "iam",
            [{**ANYONE, "Condition": auth_type("AWS_IAM")}],
            {ids.ANY_ACCOUNT: (State.CONFIRMED, "iam", "broad")},
        ),
        ("iam", [{**ANYONE, "Condition": auth_type("NONE")}], {}),
        ("iam", [], {}),
        ("jwt", [], {ids.ANY_AUTHENTICATED: (State.CONFIRMED, "jwt", "pinned")}),
        ("network", [ANYONE], {}),
        ("unknown", [ANYONE], {ids.INTERNET: (State.POSSIBLE, "unknown", "anonymous")}),
    ],
)
def test_url(auth: str, statements: list[Any], expected: dict[str, Any]) -> None:
    assert answer(Inventory.of([function(*statements), url(auth=auth)])) == expected


@pytest.mark.parametrize(
    ("created", "expected"),
    [(None, State.POSSIBLE), ("2025-03-01T00:00:00Z", State.POSSIBLE), ("2026-01-01T00:00:00Z", None)],
)
def test_the_first_action_alone_lets_only_old_urls_in(created: str | None, expected: State | None) -> None:
    half = {**ANYONE, "Action": "lambda:InvokeFunctionUrl", "Condition": auth_type("NONE")}
    found = answer(Inventory.of([function(half), url(auth="none", created_at=created)]))
    assert found.get(ids.INTERNET, (None,))[0] is expected
    other = {
        **ANYONE,
        "Action": "lambda:InvokeFunction",
        "Condition": {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}},
    }
    found = answer(Inventory.of([function(half, other), url(auth="none", created_at=created)]))
    assert found[ids.INTERNET][0] is State.CONFIRMED


def test_an_open_url_without_permission_says_why_it_is_not_exposed() -> None:
    exposure = evaluate(Inventory.of([function(), url(auth="none")]))
    assert "does not allow anonymous callers" in exposure.explanations[URL][0]


def test_an_unread_policy_leaves_the_url_unseen() -> None:
    gap = Gap(
        call="lambda:GetPolicy",
        account=ACCOUNT,
        region="eu-west-1",
        resource=FUNCTION,
        reason="denied",
        hides=("policies.resource",),
        needs="lambda:GetPolicy",
    )
    inventory = Inventory.of([function(), url(auth="none")], gaps=[gap])
    assert answer(inventory) == {ids.INTERNET: (State.UNSEEN, "none", "anonymous")}


def test_an_unread_function_or_authoriser_leaves_the_url_unseen() -> None:
    assert answer(Inventory.of([url(auth="none")]))[ids.INTERNET][0] is State.UNSEEN
    gap = Gap(
        call="lambda:GetFunctionUrlConfig",
        account=ACCOUNT,
        region="eu-west-1",
        resource=URL,
        reason="denied",
        hides=("attrs.auth",),
        needs="lambda:GetFunctionUrlConfig",
    )
    assert answer(Inventory.of([function(ANYONE), url()], gaps=[gap]))[ids.INTERNET][0] is State.UNSEEN


def test_a_private_or_disabled_endpoint_is_not_exposed() -> None:
    for attrs in ({"public": False}, {"network_mode": "vpc"}, {"enabled": False}):
        assert answer(Inventory.of([function(ANYONE), url(auth="none", **attrs)])) == {}


def test_a_shared_image_is_not_an_exposed_service() -> None:
    image = Resource(
        id="ami-1",
        kind="aws.ec2.image",
        account=ACCOUNT,
        region="eu-west-1",
        name="ami",
        labels=(Label.IMAGE,),
        attrs={"public": True},
    )
    assert evaluate(Inventory.of([image])).edges == ()


def test_the_deciding_statement_is_the_evidence() -> None:
    rows = evaluate(
        Inventory.of([function({"Effect": "Deny", "Principal": "x"}, ANYONE), url(auth="none")])
    ).edges
    row = next(row for row in rows if row.kind is EdgeKind.EXPOSES)
    assert [(ref.resource, ref.statement) for ref in row.evidence] == [(URL, None), (FUNCTION, 1)]


def test_a_function_outside_any_network_has_an_open_way_out() -> None:
    rows = evaluate(Inventory.of([function()])).edges
    assert [(row.kind, row.state) for row in rows] == [(EdgeKind.EGRESS_TO, State.CONFIRMED)]
