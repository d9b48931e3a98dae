"""Buckets that refuse plain requests, and parameters named like credentials."""

import json
from typing import Any

import msgspec
import pytest

from aisposture.classify import classify
from aisposture.model.inventory import Inventory
from aisposture.model.resource import Gap, Policy, PolicyRole, Resource, Source

BUCKET = "arn:aws:s3:::records"
DENY: dict[str, Any] = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": [BUCKET, f"{BUCKET}/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def bucket(*statements: dict[str, Any]) -> Resource:
    document = msgspec.Raw(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}).encode())
    policy = Policy(
        role=PolicyRole.RESOURCE, id="policy", document=document, source=Source(call=0, pointer="")
    )
    return resource(BUCKET, "aws.s3.bucket", policies=(policy,) if statements else ())


def resource(name: str, kind: str, **more: Any) -> Resource:
    return Resource(
        id=name, kind=kind, account="111111111111", region="us-east-1", name=name, labels=(), **more
    )


def attrs(one: Resource, *gaps: Gap) -> dict[str, Any]:
    found = classify(Inventory.of([one], gaps=gaps))
    return {name: (value, found.grades[one.id, name]) for name, value in found.attrs.get(one.id, {}).items()}


@pytest.mark.parametrize(
    "statements",
    [
        [DENY],
        [DENY | {"Resource": "*"}],
        [DENY | {"Principal": {"AWS": "*"}, "Condition": {"BoolIfExists": {"aws:securetransport": False}}}],
        [DENY | {"Resource": BUCKET}, DENY | {"Resource": f"{BUCKET}/*"}],
    ],
)
def test_a_deny_of_everything_without_tls_counts(statements: list[dict[str, Any]]) -> None:
    assert attrs(bucket(*statements))["tls_only"] == (True, "E3")


@pytest.mark.parametrize(
    "statements",
    [
        [],
        [DENY | {"Effect": "Allow"}],
        [DENY | {"Resource": BUCKET}],
        [DENY | {"Action": "s3:GetObject"}],
        [DENY | {"Principal": {"AWS": "arn:aws:iam::111111111111:root"}}],
        [DENY | {"Condition": {"Bool": {"aws:SecureTransport": "true"}}}],
        [DENY | {"Condition": {"Bool": {"aws:SecureTransport": "false", "aws:ViaAWSService": "false"}}}],
        [{key: value for key, value in DENY.items() if key != "Condition"}],
        [DENY | {"Condition": "odd"}],
    ],
)
def test_anything_less_does_not(statements: list[dict[str, Any]]) -> None:
    assert attrs(bucket(*statements))["tls_only"] == (False, "E3")


def test_an_unread_policy_is_unseen() -> None:
    gap = Gap(
        call="s3:GetBucketPolicy",
        account="111111111111",
        region="us-east-1",
        resource=BUCKET,
        reason="denied",
        hides=("policies.resource",),
        needs="s3:GetBucketPolicy",
    )
    assert attrs(bucket(), gap)["tls_only"] == (None, "E0")


@pytest.mark.parametrize(
    "name", ["/shop/dbPassword", "/crm/api-key", "STRIPE_SECRET_KEY", "/x/github_token", "erp.clientSecret"]
)
def test_names_of_credentials(name: str) -> None:
    found = attrs(resource(name, "aws.ssm.parameter", attrs={"parameter_type": "plain"}))
    assert found["credential_name"] == (True, "E1")


@pytest.mark.parametrize(
    "name",
    ["/shop/currency", "/x/token-url", "/x/db-secret-arn", "/llm/maxTokens", "/x/monkey", "/x/passenger"],
)
def test_names_that_are_none(name: str) -> None:
    found = attrs(resource(name, "aws.ssm.parameter", attrs={"parameter_type": "plain"}))
    assert found["credential_name"][0] is False


def test_only_parameters_and_buckets_are_judged() -> None:
    found = attrs(resource("password", "aws.kms.key"))
    assert not {"credential_name", "tls_only"} & set(found)
