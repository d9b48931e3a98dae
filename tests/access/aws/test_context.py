"""What follows from a request by itself, in a complete and in an incomplete context."""

import pytest

from aisposture.access.aws.context import Request
from aisposture.access.aws.principals import parse_caller
from aisposture.access.truth import Truth

A = "111122223333"


def request(principal: str, *, complete: bool = False, **context: tuple[str, ...]) -> Request:
    caller = parse_caller(principal)
    assert caller is not None
    return Request(
        caller=caller,
        action="sqs:SendMessage",
        resource=f"arn:aws:sqs:eu-west-1:{A}:q",
        complete=complete,
        context={key.replace("__", ":"): values for key, values in context.items()},
    )


@pytest.mark.parametrize(
    ("principal", "key", "value"),
    [
        (f"arn:aws:iam::{A}:user/team/alice", "aws:UserName", ("alice",)),
        (f"arn:aws:sts::{A}:assumed-role/app/s", "aws:username", Truth.FALSE),
        (f"arn:aws:sts::{A}:assumed-role/app/s", "aws:PrincipalArn", (f"arn:aws:iam::{A}:role/app",)),
        (f"arn:aws:sts::{A}:assumed-role/app/s", "aws:userid", Truth.UNKNOWN),
        (f"arn:aws:iam::{A}:root", "aws:userid", (A,)),
        (f"arn:aws:iam::{A}:root", "aws:PrincipalTag/x", Truth.FALSE),
        (f"arn:aws:sts::{A}:federated-user/carol", "aws:userid", (f"{A}:carol",)),
        (f"arn:aws:iam::{A}:role/app", "aws:PrincipalType", ("AssumedRole",)),
        ("*", "aws:PrincipalArn", Truth.FALSE),
        ("*", "aws:PrincipalOrgID", Truth.FALSE),
        ("*", "aws:PrincipalIsAWSService", Truth.FALSE),
        ("*", "aws:SecureTransport", Truth.UNKNOWN),
        ("sns.amazonaws.com", "aws:PrincipalIsAWSService", ("true",)),
        ("sns.amazonaws.com", "aws:PrincipalAccount", Truth.UNKNOWN),
        (f"arn:aws:iam::{A}:user/alice", "aws:RequestedRegion", ("eu-west-1",)),
        (f"arn:aws:iam::{A}:user/alice", "aws:ResourceAccount", (A,)),
        (f"arn:aws:iam::{A}:user/alice", "aws:ViaAWSService", Truth.UNKNOWN),
    ],
)
def test_derived_key(principal: str, key: str, value: Truth | tuple[str, ...]) -> None:
    assert request(principal).lookup(key) == value


def test_clocks_follow_from_each_other() -> None:
    given = request("*", aws__currenttime=("2026-01-01T00:00:00Z",))
    assert given.lookup("aws:EpochTime") == ("1767225600",)


def test_complete_context_has_no_unknown_key() -> None:
    assert request("*", complete=True).lookup("aws:SecureTransport") is Truth.FALSE
    assert request(f"arn:aws:iam::{A}:user/alice", complete=True).lookup("aws:ViaAWSService") == ("false",)


def test_what_is_given_wins_and_what_is_known_absent_is_absent() -> None:
    given = request(f"arn:aws:iam::{A}:user/alice", aws__username=("bob",))
    assert given.lookup("aws:username") == ("bob",)
    caller = given.caller
    hidden = Request(caller=caller, action="s3:GetObject", absent=frozenset({"aws:username"}))
    assert hidden.lookup("aws:username") is Truth.FALSE


@pytest.mark.parametrize("text", ["", "alice", "user/alice", "arn:aws:iam", "hello world.amazonaws.com"])
def test_no_principal(text: str) -> None:
    assert parse_caller(text) is None
