"""Laws that hold for every request: deny wins, order is irrelevant, an open decision resolves as it promised."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from aisposture.access.aws.authorize import Policies, authorize
from aisposture.access.aws.context import Request
from aisposture.access.aws.document import Document, parse
from aisposture.access.aws.principals import parse_caller
from aisposture.model.access import Outcome
from aisposture.model.resource import PolicyRole

A, B = "111122223333", "444455556666"
CALLERS = [
    f"arn:aws:iam::{A}:user/alice",
    f"arn:aws:sts::{A}:assumed-role/app/s",
    f"arn:aws:iam::{A}:role/app",
    f"arn:aws:iam::{A}:root",
    f"arn:aws:iam::{B}:user/bob",
    "sns.amazonaws.com",
    "*",
]
NAMED = ["*", A, B, f"arn:aws:iam::{A}:role/app", *CALLERS[:3]]
REFUSED = {Outcome.EXPLICITLY_DENIED, Outcome.IMPLICITLY_DENIED}
CONDITION = st.one_of(
    st.just({}),
    st.builds(
        lambda operator, key, value: {operator: {key: value}},
        st.sampled_from(
            ["StringEquals", "StringNotEquals", "StringLikeIfExists", "ForAllValues:StringEquals"]
        ),
        st.sampled_from(["aws:k", "aws:j", "aws:PrincipalAccount"]),
        st.sampled_from(["x", "y*", "${aws:j}", A]),
    ),
    st.builds(lambda key, flag: {"Null": {key: flag}}, st.sampled_from(["aws:k", "aws:j"]), st.booleans()),
)


def statements(effects: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "Effect": st.sampled_from(effects),
            "Action": st.sampled_from(["*", "s3:*", "s3:GetObject", "s3:PutObject"]),
            "Resource": st.sampled_from(
                ["*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/${aws:k}", "arn:aws:s3:::c/*"]
            ),
            "Condition": CONDITION,
        }
    )


def documents(
    role: PolicyRole, effects: list[str] | None = None, size: int = 2
) -> st.SearchStrategy[Document]:
    def build(listed: list[dict[str, Any]], principals: list[str]) -> Document:
        if role in (PolicyRole.RESOURCE, PolicyRole.RCP, PolicyRole.ENDPOINT):
            listed = [{**one, "Principal": {"AWS": principals}} for one in listed]
        return parse(json.dumps({"Version": "2012-10-17", "Statement": listed}), role=role)

    one = statements(effects or ["Allow", "Allow", "Deny"])
    return st.builds(
        build, st.lists(one, max_size=size), st.lists(st.sampled_from(NAMED), min_size=1, max_size=2)
    )


def some(role: PolicyRole) -> st.SearchStrategy[tuple[Document, ...]]:
    return st.lists(documents(role), max_size=2).map(tuple)


POLICIES = st.builds(
    Policies,
    identity=some(PolicyRole.IDENTITY),
    boundary=st.none() | some(PolicyRole.BOUNDARY),
    session=some(PolicyRole.SESSION),
    resource=st.none() | documents(PolicyRole.RESOURCE, size=3),
    scps=st.lists(some(PolicyRole.SCP), max_size=2).map(tuple),
    rcps=st.lists(some(PolicyRole.RCP), max_size=2).map(tuple),
    block_public_access=st.booleans(),
)
CONTEXT = st.dictionaries(
    st.sampled_from(["aws:k", "aws:j"]), st.sampled_from([("x",), ("y1",), ("x", "z"), ()]), max_size=2
)


def build_request(caller: str, context: dict[str, tuple[str, ...]], complete: bool) -> Request:
    parsed = parse_caller(caller)
    assert parsed is not None
    return Request(
        caller=parsed,
        action="s3:GetObject",
        resource="arn:aws:s3:::b/x",
        resource_account=A,
        context=context,
        complete=complete,
    )


REQUESTS = st.builds(build_request, st.sampled_from(CALLERS), CONTEXT, st.booleans())


@settings(max_examples=300)
@given(REQUESTS, POLICIES)
def test_a_certain_deny_wins(request: Request, policies: Policies) -> None:
    text = {"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*", "Principal": "*"}}
    deny = parse(json.dumps(text), role=PolicyRole.RESOURCE)
    decision = authorize(request, replace(policies, resource=deny))
    assert decision.outcome is Outcome.EXPLICITLY_DENIED
    assert decision.denied


@settings(max_examples=300)
@given(REQUESTS, POLICIES, documents(PolicyRole.IDENTITY, ["Deny"]))
def test_a_deny_more_never_turns_refusal_into_access(
    request: Request, policies: Policies, deny: Document
) -> None:
    before = authorize(request, policies).outcome
    after = authorize(request, replace(policies, identity=(*policies.identity, deny))).outcome
    if before in REFUSED:
        assert after in REFUSED
    if before is Outcome.CONDITIONAL:
        assert after is not Outcome.ALLOWED


@settings(max_examples=300)
@given(REQUESTS, POLICIES)
def test_order_is_irrelevant(request: Request, policies: Policies) -> None:
    def turned(document: Document) -> Document:
        return replace(document, statements=document.statements[::-1])

    def turn(group: tuple[Document, ...]) -> tuple[Document, ...]:
        return tuple(turned(document) for document in group[::-1])

    other = replace(
        policies,
        identity=turn(policies.identity),
        boundary=None if policies.boundary is None else turn(policies.boundary),
        session=turn(policies.session),
        resource=policies.resource and turned(policies.resource),
        scps=tuple(turn(level) for level in policies.scps),
        rcps=tuple(turn(level) for level in policies.rcps),
    )
    assert authorize(request, other) == authorize(request, policies)


@settings(max_examples=600)
@given(st.sampled_from(CALLERS), CONTEXT, CONTEXT, POLICIES)
def test_an_open_decision_resolves_as_it_promised(
    caller: str, known: dict[str, tuple[str, ...]], rest: dict[str, tuple[str, ...]], policies: Policies
) -> None:
    """Whatever the open world decides for certain, every completion of its context decides too."""
    open_world = authorize(build_request(caller, known, complete=False), policies)
    closed_world = authorize(build_request(caller, {**rest, **known}, complete=True), policies)
    assert closed_world.outcome is not Outcome.CONDITIONAL
    if open_world.outcome is Outcome.ALLOWED:
        assert closed_world.outcome is Outcome.ALLOWED
    if open_world.outcome in REFUSED:
        assert closed_world.outcome in REFUSED
    assert bool(open_world.conditions) is (open_world.outcome is Outcome.CONDITIONAL)


@settings(max_examples=200)
@given(REQUESTS, POLICIES)
def test_a_wider_boundary_never_takes_away(request: Request, policies: Policies) -> None:
    full = parse(
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}',
        role=PolicyRole.BOUNDARY,
    )
    before = authorize(request, policies).outcome
    if policies.boundary is not None and before is Outcome.ALLOWED:
        wider = replace(policies, boundary=(*policies.boundary, full))
        assert authorize(request, wider).outcome is Outcome.ALLOWED
