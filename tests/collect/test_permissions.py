import json

import botocore.session

from aisposture.collect import calls_of
from aisposture.collect.permissions import aws_actions, aws_policy


def test_every_declared_call_is_allowed_and_nothing_else() -> None:
    statements = aws_policy()["Statement"]
    allowed = [action for statement in statements for action in statement["Action"]]
    declared = {call.permission for call in calls_of("aws")}
    extra = {"ec2:DescribeRegions", "organizations:ListAccounts", "iam:GenerateCredentialReport"}
    assert set(allowed) == declared | extra
    assert len(set(allowed)) == len(allowed)
    assert not any("*" in action for action in allowed)
    assert all(statement["Sid"].isalnum() for statement in statements)


def test_overrides_name_the_permission_and_not_the_operation() -> None:
    actions = aws_actions()
    assert "s3:ListAllMyBuckets" in actions
    assert "s3:GetAccountPublicAccessBlock" in actions
    assert not {"s3:ListBuckets", "s3control:GetPublicAccessBlock", "s3:GetBucketEncryption"} & set(actions)


def test_prefixes_are_those_of_iam() -> None:
    services = set(botocore.session.get_session().get_available_services())
    prefixes = {action.partition(":")[0] for action in aws_actions()}
    assert {"bedrock", "s3", "iam", "organizations"} <= prefixes <= services | {"elasticloadbalancing"}


def test_it_fits_into_a_managed_policy() -> None:
    assert len(json.dumps(aws_policy(role_name="reader"), separators=(",", ":"))) < 6144


def test_entering_accounts_is_only_allowed_for_the_named_role() -> None:
    enter = aws_policy(role_name="reader")["Statement"][-1]
    assert (enter["Action"], enter["Resource"]) == (["sts:AssumeRole"], "arn:aws:iam::*:role/reader")
