"""How federated subjects are pinned: told of OIDC, where the trust policy alone decides, and of nothing else."""

import pytest

from aisposture.access import evaluate
from aisposture.model.graph import EdgeKind, EdgeRow
from aisposture.model.inventory import Inventory
from tests.access import makers
from tests.access.makers import A

GITHUB = f"arn:aws:iam::{A}:oidc-provider/token.actions.githubusercontent.com"
SAML = f"arn:aws:iam::{A}:saml-provider/people"
SUBJECT = "token.actions.githubusercontent.com:sub"


def federated(trust: makers.Statement) -> EdgeRow:
    provider = makers.resource(GITHUB, "aws.iam.oidc_provider", attrs={"audiences": ["sts.amazonaws.com"]})
    inventory = Inventory.of(
        [makers.account(), provider, makers.role("deploy", [trust])],
        taken_at="2026-01-01T00:00:00Z",
        accounts={A: ""},
    )
    (row,) = (edge for edge in evaluate(inventory).edges if edge.kind is EdgeKind.FEDERATES)
    return row


@pytest.mark.parametrize(
    ("condition", "pinned"),
    [
        ({"StringEquals": {SUBJECT: "repo:acme/shop:ref:refs/heads/main"}}, "exact"),
        ({"StringLike": {SUBJECT: "repo:acme/*"}}, "wildcard"),
        ({}, "wildcard"),
    ],
)
def test_a_trust_of_an_issuer_says_how_it_pins_subjects(condition: dict[str, object], pinned: str) -> None:
    trust = makers.trust({"Federated": GITHUB}, "sts:AssumeRoleWithWebIdentity", Condition=condition)
    assert dict(federated(trust).attrs) == {"subject": pinned}


def test_people_who_come_by_saml_are_pinned_at_their_own_provider() -> None:
    trust = makers.trust(
        {"Federated": SAML},
        "sts:AssumeRoleWithSAML",
        Condition={"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}},
    )
    assert dict(federated(trust).attrs) == {}
