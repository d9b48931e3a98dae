"""Whole scans against a local cloud that refuses, throttles and cuts off."""

import json
from pathlib import Path
from typing import Any

import pytest

from aisposture.collect import kinds_of
from aisposture.model.inventory import Inventory
from aisposture.model.resource import Gap
from aisposture.model.snapshot import read_manifest
from aisposture.replay.aws import Deny, Throttle, serve
from tests.collect.northern import HUB, REGION, Steps, buckets, clients_of, fill, people, scan

NO_IAM = Deny(operation="iam:GetAccountAuthorizationDetails")
"""Spares a test that is about other services the parsing of all the provider's policies."""

IAM_KINDS = {"aws.iam.user", "aws.iam.role", "aws.iam.group", "aws.iam.policy", "aws.iam.access_key"}


def gaps_of(inventory: Inventory, call: str) -> list[Gap]:
    return [gap for gap in inventory.gaps if gap.call == call]


def test_one_call_serves_all_kinds_that_share_it(tmp_path: Path) -> None:
    with serve(strict=False) as cloud:
        people(clients_of(cloud))
        before = len(cloud.calls)
        steps = Steps()
        inventory, summary = scan(cloud, tmp_path, progress=steps)
        asked = [f"{call.service}:{call.operation}" for call in cloud.calls[before:]]
    pages = asked.count("iam:GetAccountAuthorizationDetails")
    records = [call for call in inventory.calls if call.operation == "iam:GetAccountAuthorizationDetails"]
    assert len(records) == 1
    assert 1 <= pages < 20
    assert asked.count("iam:GetCredentialReport") <= 3
    assert "iam:GetLoginProfile" not in asked
    assert asked.count("iam:ListAccessKeys") == 1
    assert summary.requests == len(asked)
    assert summary.accounts == 1
    assert summary.regions == 1
    assert summary.calls <= summary.requests
    assert summary.resources >= len(inventory.resources)
    assert summary.gaps == {"failed": len(inventory.gaps)} or sum(summary.gaps.values()) == len(
        inventory.gaps
    )
    assert steps.steps[-1][0] == steps.steps[-1][1]
    assert steps.steps[-1][2] == HUB


def test_two_scans_of_one_cloud_say_the_same(tmp_path: Path) -> None:
    with serve(deny=[NO_IAM], strict=False) as cloud:
        buckets(clients_of(cloud))
        one, _ = scan(cloud, tmp_path / "one")
        two, _ = scan(cloud, tmp_path / "two")
    assert [(each.id, each.attrs, each.refs) for each in one.resources] == [
        (each.id, each.attrs, each.refs) for each in two.resources
    ]
    assert [(call.operation, call.parameters) for call in one.calls] == [
        (call.operation, call.parameters) for call in two.calls
    ]


def test_a_refused_list_hides_all_that_stands_in_it(tmp_path: Path) -> None:
    with serve(deny=[Deny(operation="iam:GetAccountAuthorizationDetails")], strict=False) as cloud:
        people(clients_of(cloud))
        inventory, _ = scan(cloud, tmp_path)
    (gap,) = gaps_of(inventory, "iam:GetAccountAuthorizationDetails")
    assert set(gap.hides) == IAM_KINDS
    assert (gap.reason, gap.needs, gap.resource) == ("denied", "iam:GetAccountAuthorizationDetails", None)
    assert not list(inventory.of_kind(*IAM_KINDS))
    assert list(inventory.of_kind("aws.iam.oidc_provider"))


def test_one_buckets_refused_policy_hides_only_that(tmp_path: Path) -> None:
    deny = Deny(operation="s3:GetBucketPolicy", resource="north-open")
    with serve(deny=[NO_IAM, deny], strict=False) as cloud:
        buckets(clients_of(cloud))
        inventory, _ = scan(cloud, tmp_path)
    (gap,) = gaps_of(inventory, "s3:GetBucketPolicy")
    assert (gap.resource, gap.hides, gap.needs) == (
        "arn:aws:s3:::north-open",
        ("policies.resource",),
        "s3:GetBucketPolicy",
    )
    open_, bare = inventory.get("north-open"), inventory.get("north-bare")
    assert open_ is not None
    assert bare is not None
    assert inventory.hidden(open_, "policies.resource") == gap
    assert inventory.hidden(open_, "attrs.encryption") is None
    assert inventory.hidden(bare, "policies.resource") is None


def test_a_permission_that_lacks_everywhere_is_one_gap(tmp_path: Path) -> None:
    with serve(deny=[NO_IAM, Deny(operation="s3:GetBucketPolicy")], strict=False) as cloud:
        buckets(clients_of(cloud))
        inventory, _ = scan(cloud, tmp_path)
    (gap,) = gaps_of(inventory, "s3:GetBucketPolicy")
    assert (gap.resource, gap.kinds, gap.hides) == (None, ("aws.s3.bucket",), ("policies.resource",))
    assert all(inventory.hidden(each, "policies.resource") for each in inventory.of_kind("aws.s3.bucket"))


def test_a_closed_region_is_found_out_once(tmp_path: Path) -> None:
    closed = "ap-southeast-2"
    with serve(deny=[NO_IAM, Deny(region=closed)], strict=False) as cloud:
        before = len(cloud.calls)
        inventory, _ = scan(cloud, tmp_path, regions=(REGION, closed))
        asked = [call for call in cloud.calls[before:] if call.region == closed]
    gaps = [gap for gap in inventory.gaps if gap.region == closed]
    assert len(gaps) == 1
    assert "aws.ec2.instance" in gaps[0].hides
    assert "aws.iam.user" not in gaps[0].hides
    assert gaps[0].needs.startswith(f"access to region {closed}")
    assert len(asked) <= 3
    assert not [gap for gap in inventory.gaps if gap.region == REGION and gap.reason == "denied"]


def test_throttling_slows_down_and_loses_nothing(tmp_path: Path) -> None:
    brake = Throttle(operation="s3:GetBucketAcl", times=1, retry_after=0)
    with serve(deny=[NO_IAM], throttle=[brake], strict=False) as cloud:
        buckets(clients_of(cloud))
        inventory, _ = scan(cloud, tmp_path)
    assert gaps_of(inventory, "s3:GetBucketAcl") == []


def test_regions_are_discovered(tmp_path: Path) -> None:
    with serve(deny=[NO_IAM], strict=False) as cloud:
        inventory, summary = scan(cloud, tmp_path, regions=(), home_region="us-gov-west-1")
    regions = {entry.region for entry in read_manifest(tmp_path).shards}
    assert regions == {"us-gov-west-1", "us-gov-east-1", "global"}
    assert summary.regions == 2
    vpc = next(inventory.of_kind("aws.ec2.vpc"))
    assert vpc.id.startswith("arn:aws-us-gov:ec2:us-gov-")


def test_regions_that_cannot_be_discovered_are_all_asked(tmp_path: Path) -> None:
    with serve(deny=[NO_IAM, Deny(operation="ec2:DescribeRegions")], strict=False) as cloud:
        inventory, summary = scan(cloud, tmp_path, regions=(), home_region="us-gov-west-1")
    (gap,) = gaps_of(inventory, "ec2:DescribeRegions")
    assert gap.hides == ("regions",)
    assert summary.regions == 2


def test_every_account_of_an_organisation_is_read(tmp_path: Path) -> None:
    with serve(deny=[NO_IAM], strict=False) as cloud:
        made = fill(cloud)
        inventory, summary = scan(cloud, tmp_path, organization=True, role_name="reader", external_id="x")
    assert summary.accounts == 3
    assert set(inventory.accounts) == {HUB, *made.members}
    assert inventory.accounts[made.members[0]] == "shop"
    assert {each.account for each in inventory.of_kind("aws.account")} == {HUB, *made.members}
    assert len(list(inventory.of_kind("aws.organizations.organization"))) == 1
    assert not [gap for gap in inventory.gaps if gap.call.startswith("organizations:")]


def test_an_account_that_lets_nobody_in_is_one_gap(tmp_path: Path) -> None:
    with serve(
        deny=[NO_IAM, Deny(operation="sts:AssumeRole", resource="*:role/reader")], strict=False
    ) as cloud:
        made = fill(cloud)
        inventory, _ = scan(cloud, tmp_path, organization=True, role_name="reader")
    gaps = gaps_of(inventory, "sts:AssumeRole")
    assert {gap.account for gap in gaps} == set(made.members)
    assert all(gap.region == "*" and "aws.s3.bucket" in gap.hides for gap in gaps)
    assert "role/reader" in gaps[0].needs
    assert set(inventory.accounts) == {HUB, *made.members}


def test_a_list_of_roles_names_the_accounts(tmp_path: Path) -> None:
    roles = tuple(f"arn:aws:iam::{account}:role/reader" for account in ("210000000007", "210000000008"))
    with serve(deny=[NO_IAM], strict=False) as cloud:
        inventory, _ = scan(cloud, tmp_path, roles=roles)
    assert set(inventory.accounts) == {"210000000007", "210000000008"}
    assert {each.account for each in inventory.of_kind("aws.account")} == set(inventory.accounts)


def test_a_hub_role_is_assumed_first(tmp_path: Path) -> None:
    with serve(deny=[NO_IAM], strict=False) as cloud:
        inventory, _ = scan(cloud, tmp_path, role="arn:aws:iam::210000000007:role/hub")
    assert set(inventory.accounts) == {"210000000007"}


def test_a_member_account_cannot_see_the_policies_above_it(tmp_path: Path) -> None:
    denied = [Deny(operation=f"organizations:{name}") for name in ("ListRoots", "ListPolicies")]
    with serve(deny=[NO_IAM, *denied], strict=False) as cloud:
        made = fill(cloud)
        inventory, _ = scan(cloud, tmp_path, account=made.members[0])
    hidden = {kind for gap in inventory.gaps if gap.call.startswith("organizations:") for kind in gap.hides}
    assert {"aws.organizations.policy", "aws.organizations.ou"} <= hidden
    assert {gap.account for gap in inventory.gaps} == {made.members[0]}


def test_an_unread_listing_of_targets_hides_the_refs_of_all_bearers(tmp_path: Path) -> None:
    with serve(deny=[NO_IAM, Deny(operation="organizations:ListTargetsForPolicy")], strict=False) as cloud:
        fill(cloud)
        inventory, _ = scan(cloud, tmp_path)
    for each in inventory.of_kind(
        "aws.organizations.account", "aws.organizations.ou", "aws.organizations.root"
    ):
        assert inventory.hidden(each, "refs.has_policy") is not None, each.id


def test_without_the_credential_report_users_are_asked_one_by_one(tmp_path: Path) -> None:
    deny = [Deny(operation="iam:GetCredentialReport"), Deny(operation="iam:GenerateCredentialReport")]
    with serve(deny=deny, strict=False) as cloud:
        key = people(clients_of(cloud))
        inventory, _ = scan(cloud, tmp_path)
    ana = inventory.get(f"arn:aws:iam::{HUB}:user/staff/ana")
    assert ana is not None
    assert ana.attrs["console_access"] is True
    assert ana.attrs["mfa"] is False
    assert "last_used_at" not in ana.attrs
    assert inventory.hidden(ana, "attrs.last_used_at") is not None
    assert inventory.get(key) is not None


def test_what_a_configuration_names_becomes_a_ref_and_the_rest_is_dropped(tmp_path: Path) -> None:
    canary = "Canary-0123-not-kept"
    with serve(deny=[NO_IAM], strict=False) as cloud:
        client = clients_of(cloud)
        buckets(client)
        iam = client("iam")
        role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps({"Statement": []}))["Role"][
            "Arn"
        ]
        environment: dict[str, Any] = {
            "BUCKET": "north-full",
            "TABLE": "s3://north-open/in/",
            "SECRET": f"arn:aws:secretsmanager:{REGION}:{HUB}:secret:db-AbCdEf",
            "NOTE": canary,
        }
        client("lambda").create_function(
            FunctionName="f",
            Runtime="python3.12",
            Role=role,
            Handler="a.b",
            Code={"ZipFile": _archive()},
            Environment={"Variables": environment},
        )
        inventory, _ = scan(cloud, tmp_path)
    (function,) = inventory.of_kind("aws.lambda.function")
    assert list(function.targets("configures")) == ["arn:aws:s3:::north-full", "arn:aws:s3:::north-open"]
    assert list(function.targets("uses_secret")) == [environment["SECRET"]]
    assert canary not in repr(inventory)
    assert "refs.configures" in function.sources


def test_the_names_of_hidden_kinds_are_kinds(tmp_path: Path) -> None:
    names = {kind.name for kind in kinds_of("aws")}
    with serve(deny=[Deny(operation="*:List*"), Deny(operation="*:Describe*")], strict=False) as cloud:
        inventory, _ = scan(cloud, tmp_path)
    for gap in inventory.gaps:
        assert gap.hides
        assert all(hidden in names for hidden in gap.hides if hidden.startswith("aws."))
        assert set(gap.kinds) <= names


def _archive() -> bytes:
    import io
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("a.py", "def b(event, context): return 1")
    return out.getvalue()


@pytest.mark.parametrize("region", [REGION])
def test_shards_are_named_by_account_and_region(region: str, tmp_path: Path) -> None:
    with serve(deny=[NO_IAM], strict=False) as cloud:
        scan(cloud, tmp_path, regions=(region,))
    assert {file.name for file in tmp_path.iterdir()} == {
        "manifest.json",
        f"{HUB}@{region}.jsonl.zst",
        f"{HUB}@global.jsonl.zst",
    }
