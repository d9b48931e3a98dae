"""Commands that people will paste into a shell: read-only, spelled as the client spells them, and safe with hostile names."""

import json
import shlex
from importlib import resources
from typing import Any

import botocore
import botocore.session
import pytest
import yaml

from aisposture.collect import registry
from aisposture.model.finding import Evidence
from aisposture.model.graph import EdgeKind
from aisposture.report import verify
from aisposture.report.verify import check_of, checks, command, option
from tests.report.sample import PATHS


def evidence(operation: str, parameters: Any = None, **more: Any) -> Evidence:
    fields = {
        "resource": "arn:aws:iam::111122223333:role/bot",
        "field": "policies.own",
        "region": "eu-west-1",
    }
    return Evidence(operation=operation, parameters=json.dumps(parameters or {}), **{**fields, **more})


def test_names_are_spelled_as_the_client_spells_them() -> None:
    names = {
        name for kind in registry() for call in kind.calls for name in (call.operation, *dict(call.params))
    }
    assert len(names) > 50
    assert {name: option(name) for name in names} == {name: botocore.xform_name(name, "-") for name in names}


def test_call_becomes_a_command() -> None:
    found = check_of(evidence("s3:GetBucketPolicy", {"Bucket": "records"}, pointer="/Policy"))
    assert found is not None
    assert found.command == "aws s3api get-bucket-policy --bucket records --region eu-west-1"
    assert found.look == "/Policy"


@pytest.mark.parametrize(
    ("resource", "field", "said", "look"),
    [
        ("role/ops/bot", "policies.trust", "get-role --role-name bot", "/Role/AssumeRolePolicyDocument"),
        ("role/bot", "policies.own", "get-role-policy --policy-name own --role-name bot", "/PolicyDocument"),
        ("user/ann", "policies.own", "get-user-policy --policy-name own --user-name ann", "/PolicyDocument"),
    ],
)
def test_answers_about_everything_are_narrowed(resource: str, field: str, said: str, look: str) -> None:
    arn = f"arn:aws:iam::111122223333:{resource}"
    found = check_of(evidence("iam:GetAccountAuthorizationDetails", resource=arn, field=field, pointer="/x"))
    assert found is not None
    assert found.command == f"aws iam {said}"
    assert found.look == look


def test_lists_are_narrowed_to_the_one_thing() -> None:
    arn = "arn:aws:lambda:eu-west-1:111122223333:function:chat"
    found = check_of(
        evidence("lambda:ListFunctions", resource=arn, field="refs.runs_as", pointer="/Functions/6/Role")
    )
    assert found is not None
    assert found.command == f"aws lambda get-function-configuration --function-name {arn} --region eu-west-1"
    assert found.look == "/Role"
    arn = "arn:aws:ec2:eu-west-1:111122223333:security-group/sg-1"
    pointer = "/SecurityGroups/7/VpcId"
    found = check_of(evidence("ec2:DescribeSecurityGroups", resource=arn, field="net", pointer=pointer))
    assert found is not None
    assert found.command.startswith("aws ec2 describe-security-groups --group-ids sg-1 ")
    assert found.look == "/SecurityGroups/0/VpcId"


@pytest.mark.parametrize(
    "name",
    [
        "$(reboot)",
        "`id`",
        "a'b",
        'a"b; rm -rf /',
        "file:///etc/passwd",
        "fileb://x",
        "--debug",
        "-x",
        "line\nfeed",
        "\x1b[31mred",
        "\u202eabc",
        "a && b",
        "!!",
        "~",
    ],
)
def test_hostile_names_stay_one_value(name: str) -> None:
    made = command("iam", "GetRole", {"RoleName": name})
    assert made.isascii()
    assert made.isprintable()
    words = shlex.split(made)
    assert words[:4] == ["aws", "iam", "get-role", "--cli-input-json"]
    assert json.loads(words[4]) == {"RoleName": name}
    assert len(words) == 5


@pytest.mark.parametrize(
    "operation", ["iam:DeleteRole", "iam:PassRole", "sts:AssumeRole", "Get", "iam:Get Role; id", ""]
)
def test_nothing_but_reads_is_ever_printed(operation: str) -> None:
    assert check_of(evidence(operation, {"RoleName": "x"}, resource="x")) is None


def test_hostile_region_and_parameters_are_left_out() -> None:
    assert "--region" not in command("s3", "ListBuckets", {}, "eu-west-1; id")
    assert check_of(Evidence(resource="x", field="y", operation="s3:GetBucketAcl", parameters="{")) is None
    assert (
        check_of(Evidence(resource="x", field="y", operation="s3:GetBucketAcl", parameters='{"a b": 1}'))
        is None
    )


def test_every_hop_says_what_would_disprove_it() -> None:
    for finding in PATHS:
        found = checks(finding)
        assert [one.hop for one in found] == list(range(1, 1 + sum(len(walk.hops) for walk in finding.walks)))
        assert all(one.disproof for one in found)
        assert any(one.checks for one in found)


def test_the_table_is_about_what_exists() -> None:
    data = yaml.safe_load((resources.files("aisposture.report") / "verify.yaml").read_text("utf-8"))
    assert set(data["disproof"]) - {"verb", "*"} <= {kind.value for kind in EdgeKind}
    called = {call.name for kind in registry() for call in kind.calls}
    session = botocore.session.get_session()
    for entry in data["narrower"]:
        assert entry["call"] in called, entry
        service, _, operation = entry.get("use", entry["call"]).partition(":")
        model = session.get_service_model(service).operation_model(operation)
        assert set(entry["with"]) <= set(model.input_shape.members), entry
        assert operation.startswith(verify._READS)
