"""Random worlds: organisations, principals and resources with policies of every shape the law knows."""

import json
from random import Random
from typing import Any

from msgspec import Raw

from aisposture.model.inventory import Inventory
from aisposture.model.resource import Policy, PolicyRole, Resource, Source
from tests.access import makers
from tests.access.makers import A, B, C

OUTSIDE = "999999999999"
_ACTIONS = (
    "*",
    "s3:*",
    "s3:Get*",
    "s3:GetObject",
    "s3:PutObject",
    "s3:ListBucket",
    "s3:PutBucketPolicy",
    "kms:*",
    "kms:Decrypt",
    "sqs:*",
    "sqs:SendMessage",
    "secretsmanager:GetSecretValue",
    "secretsmanager:*",
    "lambda:*",
    "lambda:InvokeFunction",
    "sts:AssumeRole",
    "sts:*",
    "iam:*",
    "iam:PassRole",
    "iam:PutUserPolicy",
)


class World:
    """Grows one random inventory."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.buckets = [
            (name, rng.choice((A, B))) for name in ("data", "logs", "data-2")[: rng.randint(1, 3)]
        ]
        self.users = [("ann", A), ("bob", A), ("eve", B)][: rng.randint(1, 3)]
        self.roles = [
            ("dev", A),
            ("ops/deploy", B),
            ("aws-service-role/x.amazonaws.com/AWSServiceRoleForX", A),
        ]
        self.roles = self.roles[: rng.randint(1, 3)]

    def maybe(self, chance: float) -> bool:
        return self.rng.random() < chance

    def some(self, values: Any, most: int = 2) -> list[Any]:
        values = list(values)
        return self.rng.sample(values, min(len(values), self.rng.randint(1, most)))

    def actions(self) -> dict[str, Any]:
        key = "NotAction" if self.maybe(0.12) else "Action"
        return {key: self.some(_ACTIONS, 3)}

    def resource_patterns(self) -> list[str]:
        stems = [
            "*",
            "arn:aws:s3:::*",
            "arn:aws:s3:::data*",
            "arn:aws:s3:::data",
            "arn:aws:s3:::data/*",
            "arn:aws:s3:::data/reports/*",
            "arn:aws:s3:::data/home/${aws:username}/*",
            "arn:aws:s3:::${aws:PrincipalTag/team}/*",
            "arn:aws:s3:::*/reports/*",
            "arn:aws:sqs:*:*:*",
            "arn:aws:sqs:us-east-1:*:q?",
            f"arn:aws:kms:*:{A}:key/*",
            f"arn:aws:iam::{A}:role/*",
            "arn:aws:iam::*:role/ops/*",
            f"arn:aws:iam::{A}:user/ann",
            f"arn:aws:secretsmanager:eu-west-1:{B}:secret:*",
            "arn:aws:lambda:*:*:function:f*",
        ]
        return self.some(stems, 3)

    def resources(self) -> dict[str, Any]:
        key = "NotResource" if self.maybe(0.12) else "Resource"
        return {key: self.resource_patterns()}

    def conditions(self) -> dict[str, Any]:
        if self.maybe(0.55):
            return {}
        rng = self.rng
        arns = [
            f"arn:aws:iam::{A}:user/ann",
            f"arn:aws:iam::{A}:role/*",
            "arn:aws:iam::*:user/*",
            f"arn:aws:iam::{B}:role/ops/deploy",
        ]
        tests: list[dict[str, Any]] = [
            {"Bool": {"aws:SecureTransport": rng.choice(("true", "false"))}},
            {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
            {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}},
            {rng.choice(("StringEquals", "StringNotEquals")): {"aws:PrincipalOrgID": makers.ORGANIZATION}},
            {rng.choice(("StringEquals", "StringNotEquals")): {"aws:PrincipalAccount": [A]}},
            {
                rng.choice(("ArnLike", "ArnNotLike", "StringLike", "StringNotEquals")): {
                    "aws:PrincipalArn": self.some(arns)
                }
            },
            {rng.choice(("StringEquals", "StringNotEquals")): {"aws:PrincipalTag/team": ["red", "data"]}},
            {
                rng.choice(("StringEquals", "StringNotEqualsIfExists")): {
                    "aws:ResourceTag/team": "${aws:PrincipalTag/team}"
                }
            },
            {rng.choice(("StringEquals", "StringNotEquals")): {"aws:ResourceAccount": [A]}},
            {rng.choice(("StringEquals", "StringNotEquals")): {"aws:RequestedRegion": ["us-east-1"]}},
            {rng.choice(("StringEquals", "StringNotEquals")): {"aws:ResourceOrgID": "${aws:PrincipalOrgID}"}},
            {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
            {"Null": {"aws:PrincipalTag/team": rng.choice(("true", "false"))}},
            {"StringLike": {"aws:userid": rng.choice(("AIDAANN*", "AROADEV00:*", "*:x"))}},
            {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{makers.ORGANIZATION}/r-1/ou-a/*"}},
            {"StringEquals": {"aws:PrincipalType": rng.choice(("User", "AssumedRole"))}},
            {"StringEquals": {"aws:SourceAccount": A}},
            {"StringLike": {"aws:username": rng.choice(("a*", "bob"))}},
            {
                "DateGreaterThan": {
                    "aws:CurrentTime": rng.choice(("2020-01-01T00:00:00Z", "2090-01-01T00:00:00Z"))
                }
            },
            {"Strange": {"aws:username": "x"}},
        ]
        weights = [3] * (len(tests) - 1) + [0.3]
        found: dict[str, Any] = {}
        for one in rng.choices(tests, weights, k=rng.randint(1, 2)):
            found.update(one)
        return {"Condition": found}

    def effect(self, denies: float) -> str:
        return "Deny" if self.maybe(denies) else "Allow"

    def statement(self, denies: float = 0.25) -> dict[str, Any]:
        return {"Effect": self.effect(denies), **self.actions(), **self.resources(), **self.conditions()}

    def statements(self, most: int = 3, denies: float = 0.25) -> list[dict[str, Any]]:
        return [self.statement(denies) for _ in range(self.rng.randint(1, most))]

    def principal(self) -> dict[str, Any]:
        values = [
            "*",
            f"arn:aws:iam::{A}:root",
            B,
            f"arn:aws:iam::{A}:user/ann",
            f"arn:aws:iam::{A}:user/amy",
            f"arn:aws:iam::{A}:role/dev",
            f"arn:aws:sts::{A}:assumed-role/dev/me",
            f"arn:aws:iam::{B}:role/ops/deploy",
            f"arn:aws:iam::{B}:user/eve",
            "AIDAANN00000",
            "AROADEV00000",
            OUTSIDE,
            f"arn:aws:iam::{OUTSIDE}:role/far",
        ]
        if self.maybe(0.15):
            return {"Principal": "*"}
        if self.maybe(0.1):
            return {"Principal": {"Service": self.some(("lambda.amazonaws.com", "s3.amazonaws.com"))}}
        key = "NotPrincipal" if self.maybe(0.08) else "Principal"
        return {key: {"AWS": self.some(values, 2)}}

    def resource_statements(self, own: list[str]) -> list[dict[str, Any]]:
        return [
            {
                "Effect": self.effect(0.35),
                **self.principal(),
                **self.actions(),
                "Resource": self.some(own, 2),
                **self.conditions(),
            }
            for _ in range(self.rng.randint(1, 3))
        ]

    def tags(self) -> dict[str, str]:
        return {"team": self.rng.choice(("red", "blue", "data"))} if self.maybe(0.6) else {}

    def levels(self) -> dict[str, dict[PolicyRole, list[list[dict[str, Any]]]]]:
        everything = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
        found: dict[str, dict[PolicyRole, list[list[dict[str, Any]]]]] = {}
        for level in ("root", "ou-a", "ou-b", A, B):
            scps = [everything] if self.maybe(0.85) else [self.statements(2, 0.1)]
            if self.maybe(0.35):
                scps.append(self.statements(2, 0.8))
            found[level] = {PolicyRole.SCP: scps}
            if self.maybe(0.5):
                rcps = [[{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]]
                if self.maybe(0.4):
                    rcps.append([{**self.statement(0.95), "Principal": "*"}])
                found[level][PolicyRole.RCP] = rcps
        return found

    def principals(self) -> list[Resource]:
        found: list[Resource] = [
            makers.group("devs", *self.statements(2)),
            makers.managed("shared", *self.statements(3)),
            makers.managed("limit", *self.statements(3, 0.15)),
        ]
        for name, account in self.users:
            more: dict[str, Any] = {}
            if account == A and self.maybe(0.4):
                more["member_of"] = f"arn:aws:iam::{A}:group/devs"
            if account == A and self.maybe(0.5):
                more["has_policy"] = f"arn:aws:iam::{A}:policy/shared"
            if account == A and self.maybe(0.3):
                more["bounded_by"] = f"arn:aws:iam::{A}:policy/limit"
            attrs = {"unique_id": f"AIDA{name.upper()}00000"}
            found.append(
                makers.user(
                    name,
                    *(self.statements() if self.maybe(0.8) else ()),
                    account=account,
                    tags=self.tags(),
                    attrs=attrs,
                    **more,
                )
            )
        # Alike but for what conditions and resource policies single out.
        found.extend(
            makers.user(
                name,
                tags=self.tags(),
                attrs={"unique_id": f"AIDA{name.upper()}00000"},
                has_policy=f"arn:aws:iam::{A}:policy/shared",
            )
            for name in ("amy", "abe", "ada")
        )
        for name, account in self.roles:
            trusting = [
                {
                    "Effect": self.effect(0.2),
                    **self.principal(),
                    "Action": self.rng.choice(("sts:AssumeRole", "sts:*")),
                    **self.conditions(),
                }
                for _ in range(self.rng.randint(1, 2))
            ]
            short = name.rpartition("/")[2].upper()[:3]
            more = {}
            if account == A and self.maybe(0.3):
                more["bounded_by"] = f"arn:aws:iam::{A}:policy/limit"
            found.append(
                makers.role(
                    name,
                    trusting,
                    *(self.statements() if self.maybe(0.8) else ()),
                    account=account,
                    tags=self.tags(),
                    attrs={
                        "unique_id": f"AROA{short}00000",
                        "service_linked": name.startswith("aws-service"),
                    },
                    **more,
                )
            )
        return found

    def things(self) -> list[Resource]:
        found = []
        for name, account in self.buckets:
            own = [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*", f"arn:aws:s3:::{name}/reports/*"]
            statements = self.resource_statements(own) if self.maybe(0.6) else []
            attrs = {"restrict_public_buckets": self.maybe(0.25)}
            found.append(makers.bucket(name, *statements, account=account, tags=self.tags(), attrs=attrs))
        for name, kind, account, region in (
            (f"arn:aws:sqs:us-east-1:{A}:q1", "aws.sqs.queue", A, "us-east-1"),
            (f"arn:aws:sqs:eu-west-1:{B}:q2", "aws.sqs.queue", B, "eu-west-1"),
            (
                f"arn:aws:secretsmanager:eu-west-1:{B}:secret:s-abc",
                "aws.secretsmanager.secret",
                B,
                "eu-west-1",
            ),
            (f"arn:aws:lambda:us-east-1:{A}:function:f", "aws.lambda.function", A, "us-east-1"),
        ):
            if self.maybe(0.7):
                statements = self.resource_statements([name, "*"]) if self.maybe(0.6) else []
                found.append(
                    makers.guarded(name, kind, *statements, account=account, region=region, tags=self.tags())
                )
        if self.maybe(0.7):
            found.append(self.key())
        return found

    def key(self) -> Resource:
        name = f"arn:aws:kms:us-east-1:{A}:key/k1"
        statements = self.resource_statements(["*"])
        if self.maybe(0.6):
            root = {"AWS": f"arn:aws:iam::{A}:root"}
            statements.append({"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"})
        policies = [makers.policy(PolicyRole.RESOURCE, "default", statements)]
        if self.maybe(0.4):
            grant = {
                "GranteePrincipal": self.rng.choice(
                    (f"arn:aws:iam::{A}:role/dev", f"arn:aws:iam::{B}:user/eve")
                ),
                "Operations": ["Decrypt", "Encrypt"],
            }
            policies.append(
                Policy(
                    role=PolicyRole.GRANT,
                    id="g1",
                    document=Raw(json.dumps(grant).encode()),
                    source=Source(call=0, pointer=""),
                )
            )
        return makers.resource(name, "aws.kms.key", policies=policies, tags=self.tags())

    def inventory(self) -> Inventory:
        found: list[Resource] = [
            makers.account(A, restrict_public_buckets=self.maybe(0.1)),
            makers.account(B),
        ]
        if self.maybe(0.7):
            members = {A: "ou-a", C: "ou-a"}
            if self.maybe(0.7):
                members[B] = "ou-b"
            found += makers.organization(members, self.levels(), management=C if self.maybe(0.9) else A)
        found += self.principals() + self.things()
        return Inventory.of(found, taken_at="2026-11-01T00:00:00Z")
