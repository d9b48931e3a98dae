"""Malformed policies: a problem with its place, taken in the safe direction, and never a crash."""

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from aisposture.access.aws.authorize import Policies, authorize
from aisposture.access.aws.context import Request
from aisposture.access.aws.document import Document, parse
from aisposture.access.aws.principals import parse_caller
from aisposture.model.access import Outcome
from aisposture.model.resource import PolicyRole

SOUND = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}'
WORDS = [
    "Version",
    "Statement",
    "Effect",
    "Allow",
    "Deny",
    "Action",
    "NotAction",
    "Resource",
    "Condition",
    "Bool",
    "*",
]
WORDS += [
    "Principal",
    "AWS",
    "s3:GetObject",
    "2012-10-17",
    "StringLike",
    "aws:username",
    "${aws:username}",
    "Sid",
]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.sampled_from(WORDS)
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS) | st.text(), inner, max_size=4)
    ),
    max_leaves=12,
)
STATEMENT = st.fixed_dictionaries(
    {},
    optional={
        "Effect": st.sampled_from(["Allow", "Deny"]) | JSON,
        "Action": st.just("s3:*") | JSON,
        "Resource": st.just("*") | JSON,
        "Condition": st.dictionaries(st.sampled_from(["StringLike", "Bool", "Null", "x"]), JSON) | JSON,
        "NotAction": JSON,
        "Sid": JSON,
    },
)


def request() -> Request:
    caller = parse_caller("arn:aws:iam::111122223333:user/alice")
    assert caller is not None
    return Request(caller=caller, action="s3:GetObject", resource="arn:aws:s3:::b/k")


def outcome(*documents: Document) -> Outcome:
    return authorize(request(), Policies(identity=documents)).outcome


def read(text: bytes | str) -> Document:
    return parse(text, role=PolicyRole.IDENTITY, resource="r", policy="p")


def places(document: Document) -> list[str]:
    return [problem.where for problem in document.problems]


def test_sound_document_has_no_problem() -> None:
    assert read(SOUND).problems == ()
    assert outcome(read(SOUND)) is Outcome.ALLOWED


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff\xfe",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"{}",
        b'{"Statement": 7}',
        b'{"Statement": [NaN]}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"9" * 10_000,
    ],
)
def test_no_policy_at_all_allows_nothing_and_may_deny(text: bytes) -> None:
    document = read(text)
    assert document.problems
    assert outcome(document) is Outcome.IMPLICITLY_DENIED
    assert outcome(read(SOUND), document) is Outcome.CONDITIONAL


@pytest.mark.parametrize(
    ("broken", "where"),
    [
        ({"Action": "s3:*", "Resource": "*"}, "Statement[1].Effect"),
        ({"Effect": "Deny", "Action": "s3:*", "NotAction": "s3:*", "Resource": "*"}, "Statement[1]"),
        ({"Effect": "Deny", "Action": [], "Resource": "*"}, "Statement[1].Action"),
        ({"Effect": "Deny", "Action": "s3:*", "Resource": 7}, "Statement[1].Resource"),
        ({"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": []}, "Statement[1].Condition"),
        (
            {"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"Nope": {}}},
            "Statement[1].Condition.Nope",
        ),
        (
            {"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"aws:x": None}}},
            "Statement[1].Condition.Bool.aws:x",
        ),
        ({"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Extra": 1}, "Statement[1].Extra"),
        ("Deny", "Statement[1]"),
    ],
)
def test_broken_deny_leaves_the_decision_open(broken: Any, where: str) -> None:
    statements = [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}, broken]
    document = read(json.dumps({"Version": "2012-10-17", "Statement": statements}))
    assert places(document) == [where]
    decision = authorize(request(), Policies(identity=(document,)))
    assert decision.outcome is Outcome.CONDITIONAL
    assert decision.denied[0].index == 1
    assert where in decision.conditions[0]


def test_name_given_twice_is_reported_where_it_stands() -> None:
    text = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
    assert places(read(text)) == ["Statement[0].Effect"]
    assert outcome(read(text)) is Outcome.IMPLICITLY_DENIED


def test_huge_document_is_a_problem_and_takes_bounded_time() -> None:
    one = '{"Effect":"Deny","Action":"s3:*","Resource":"*"},'
    text = '{"Version":"2012-10-17","Statement":[' + (one * (10_000_000 // len(one))).rstrip(",") + "]}"
    start = time.perf_counter()
    document = read(text)
    assert "larger than any policy" in document.problems[0].message
    assert outcome(read(SOUND), document) is Outcome.CONDITIONAL
    assert time.perf_counter() - start < 60


def test_many_mistakes_make_a_bounded_report() -> None:
    assert len(read(json.dumps({"Statement": [7] * 5000})).problems) == 100


def test_statement_knows_the_keys_it_mentions() -> None:
    statement = {
        "Effect": "Allow",
        "Action": "s3:*",
        "Resource": "arn:aws:s3:::${aws:PrincipalTag/Team, 'x'}/*",
        "Condition": {"StringEquals": {"s3:prefix": ["${aws:username}", "${*}"]}},
    }
    document = read(json.dumps({"Version": "2012-10-17", "Statement": statement}))
    assert document.statements[0].context_keys() == {"aws:principaltag/team", "s3:prefix", "aws:username"}


@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
def test_never_crashes_on_anything(text: bytes) -> None:
    for role in PolicyRole:
        document = parse(text, role=role)
        assert outcome(document) in Outcome


@settings(max_examples=300)
@given(st.lists(STATEMENT, max_size=3))
def test_broken_statements_never_allow_and_never_deny_for_certain(statements: list[Any]) -> None:
    document = read(json.dumps({"Version": "2012-10-17", "Statement": statements}))
    broken = tuple(one for one in document.statements if one.mistakes)
    alone = replace(document, statements=broken)
    assert outcome(alone) is Outcome.IMPLICITLY_DENIED
    assert outcome(read(SOUND), alone) in (Outcome.ALLOWED, Outcome.CONDITIONAL)
    assert bool(broken) is bool(document.problems)
