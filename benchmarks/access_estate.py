"""A synthetic estate for access: principals with shared and own policies, resources of ten kinds, some with policies.

The share of policies per principal follows what large accounts look like: most principals carry a few of several hundred
managed policies, one in ten an inline policy of its own, a few are administrators; one bucket in five has a policy, most of
them of common shapes, one in fifty naming a role of its own.
"""

import json
from collections.abc import Iterator
from random import Random
from typing import Any

from msgspec import Raw

from aisposture.model.graph import Label
from aisposture.model.inventory import Inventory
from aisposture.model.resource import Policy, PolicyRole, Ref, Resource, Source

ACCOUNTS = tuple(str(100000000000 + number) for number in range(10))
ORGANIZATION = "o-bench"
REGIONS = ("us-east-1", "eu-west-1", "ap-south-1")
PER_APPLICATION = 200
"""Resources that share the name of one application, whatever the size of the estate."""

SERVICES = (
    ("aws.s3.bucket", 0.3, "arn:aws:s3:::app{g}-bucket-{n}"),
    ("aws.dynamodb.table", 0.15, "arn:aws:dynamodb:{r}:{a}:table/app{g}-table-{n}"),
    ("aws.sqs.queue", 0.1, "arn:aws:sqs:{r}:{a}:app{g}-queue-{n}"),
    ("aws.sns.topic", 0.05, "arn:aws:sns:{r}:{a}:app{g}-topic-{n}"),
    ("aws.lambda.function", 0.15, "arn:aws:lambda:{r}:{a}:function:app{g}-function-{n}"),
    ("aws.secretsmanager.secret", 0.1, "arn:aws:secretsmanager:{r}:{a}:secret:app{g}-secret-{n}-AbCdEf"),
    ("aws.ssm.parameter", 0.05, "arn:aws:ssm:{r}:{a}:parameter/app{g}/{n}"),
    ("aws.ec2.instance", 0.05, "arn:aws:ec2:{r}:{a}:instance/i-{n:017x}"),
    ("aws.kms.key", 0.03, "arn:aws:kms:{r}:{a}:key/key-{n}"),
    ("aws.bedrock.agent", 0.02, "arn:aws:bedrock:{r}:{a}:agent/AGENT{n}"),
)
_GROUPS = (
    ("s3", ("s3:GetObject", "s3:ListBucket", "s3:PutObject"), "arn:aws:s3:::app{n}-{w}"),
    (
        "dynamodb",
        ("dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem"),
        "arn:aws:dynamodb:*:*:table/app{n}-{w}",
    ),
    ("sqs", ("sqs:SendMessage", "sqs:ReceiveMessage"), "arn:aws:sqs:*:*:app{n}-{w}"),
    ("lambda", ("lambda:InvokeFunction", "lambda:GetFunction*"), "arn:aws:lambda:*:*:function:app{n}-{w}"),
    ("secretsmanager", ("secretsmanager:GetSecretValue",), "arn:aws:secretsmanager:*:*:secret:app{n}-{w}"),
    ("ssm", ("ssm:GetParameter*",), "arn:aws:ssm:*:*:parameter/app{n}/{w}"),
)


def _policy(role: PolicyRole, name: str, statements: list[dict[str, Any]]) -> Policy:
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    return Policy(role=role, id=name, document=Raw(text.encode()), source=Source(call=0, pointer=""))


def _statement(rng: Random, resources: int) -> dict[str, Any]:
    _, actions, pattern = rng.choice(_GROUPS)
    found: dict[str, Any] = {
        "Effect": "Allow",
        "Action": rng.sample(actions, rng.randint(1, len(actions))),
        "Resource": [
            pattern.format(
                n=rng.randrange(max(1, resources // PER_APPLICATION)), w=rng.choice(("*", "*", "*/*", "b*"))
            )
            for _ in range(rng.randint(1, 3))
        ],
    }
    if rng.random() < 0.1:
        found["Condition"] = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    elif rng.random() < 0.05:
        found["Condition"] = {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}
    return found


def _bucket_policy(rng: Random, name: str, principals: int) -> list[dict[str, Any]]:
    both = [name, f"{name}/*"]
    insecure = {"Bool": {"aws:SecureTransport": "false"}}
    found: list[dict[str, Any]] = [
        {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": both, "Condition": insecure}
    ]
    kind = rng.random()
    if kind < 0.3:
        inside = {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}}
        found.append(
            {
                "Effect": "Allow",
                "Principal": "*",
                "Action": "s3:GetObject",
                "Resource": both[1],
                "Condition": inside,
            }
        )
    elif kind < 0.5:
        account = rng.choice(ACCOUNTS)
        found.append(
            {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "s3:Get*", "Resource": both[1]}
        )
    elif kind < 0.6:
        only = {"ArnNotEquals": {"aws:PrincipalArn": _some_role(rng, principals)}}
        found.append(
            {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": both, "Condition": only}
        )
    elif kind < 0.8:
        role = {"AWS": _some_role(rng, principals)}
        found.append({"Effect": "Allow", "Principal": role, "Action": "s3:GetObject", "Resource": both[1]})
    return found


def estate(principals: int, resources: int, seed: int = 1) -> Inventory:
    """An inventory of about so many principals and resources."""
    rng = Random(seed)
    shared = max(20, principals // 20)
    found = [
        *(_shared_policy(rng, number, resources) for number in range(shared)),
        *(_role(rng, number, principals, resources, shared) for number in range(principals)),
        *_things(rng, principals, resources),
        *(_resource(f"account:{account}", "aws.account", account, []) for account in ACCOUNTS),
    ]
    return Inventory.of(found, taken_at="2026-11-01T00:00:00Z")


def _shared_policy(rng: Random, number: int, resources: int) -> Resource:
    statements = [_statement(rng, resources) for _ in range(rng.randint(1, 6))]
    if number < 3:
        statements = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    elif number < 10:
        statements = [{"Effect": "Allow", "Action": ["s3:*", "sqs:*", "lambda:*"], "Resource": "*"}]
    document = _policy(PolicyRole.IDENTITY, f"shared-{number}", statements)
    return _resource(f"arn:aws:iam::aws:policy/shared-{number}", "aws.iam.policy", "aws", [document])


def _role(rng: Random, number: int, principals: int, resources: int, shared: int) -> Resource:
    account = ACCOUNTS[number % len(ACCOUNTS)]
    trust: list[dict[str, Any]] = [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ]
    if rng.random() < 0.05:
        other = {"AWS": _some_role(rng, principals)}
        trust.append({"Effect": "Allow", "Principal": other, "Action": "sts:AssumeRole"})
    policies = [_policy(PolicyRole.TRUST, "trust", trust)]
    if rng.random() < 0.1:
        policies.append(_policy(PolicyRole.INLINE, "own", [_statement(rng, resources) for _ in range(2)]))
    attached = {rng.randrange(10, shared) for _ in range(rng.randint(1, 2))}
    if rng.random() < 0.01:
        attached = {rng.randrange(10)}
    return _resource(
        f"arn:aws:iam::{account}:role/role-{number}",
        "aws.iam.role",
        account,
        policies,
        labels=(Label.IDENTITY,),
        refs=tuple(
            sorted(Ref(name="has_policy", target=f"arn:aws:iam::aws:policy/shared-{one}") for one in attached)
        ),
        tags={"team": rng.choice(("red", "blue", "green"))},
        attrs={"unique_id": f"AROA{number:016}", "service_linked": False},
    )


def _some_role(rng: Random, principals: int) -> str:
    number = rng.randrange(principals)
    return f"arn:aws:iam::{ACCOUNTS[number % len(ACCOUNTS)]}:role/role-{number}"


def _things(rng: Random, principals: int, resources: int) -> Iterator[Resource]:
    applications = max(1, resources // PER_APPLICATION)
    number = 0
    for kind, share, template in SERVICES:
        for _ in range(int(resources * share)):
            number += 1
            account, region = ACCOUNTS[number % len(ACCOUNTS)], REGIONS[number % len(REGIONS)]
            name = template.format(n=number, a=account, r=region, g=number % applications)
            policies = []
            if kind == "aws.s3.bucket" and rng.random() < 0.2:
                policies.append(_policy(PolicyRole.RESOURCE, "policy", _bucket_policy(rng, name, principals)))
            if kind == "aws.kms.key":
                root = {"AWS": f"arn:aws:iam::{account}:root"}
                delegate = {"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}
                policies.append(_policy(PolicyRole.RESOURCE, "default", [delegate]))
            tags = {"team": rng.choice(("red", "blue", "green"))}
            yield _resource(name, kind, account, policies, region=region, tags=tags)


def _resource(
    name: str, kind: str, account: str, policies: list[Policy], *, region: str = "global", **more: Any
) -> Resource:
    return Resource(
        id=name,
        kind=kind,
        account=account,
        region=region,
        name=name.rpartition("/")[2].rpartition(":")[2],
        policies=tuple(policies),
        **more,
    )
