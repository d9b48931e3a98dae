"""IAM, the organisation, the account and S3, read by real clients from a local cloud."""

import json
from typing import Any

import pytest

from aisposture.model.inventory import Inventory
from aisposture.model.resource import PolicyRole, Resource
from aisposture.replay.aws import serve
from tests.collect.northern import HUB, REGION, North, fill, scan


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Inventory, North]:
    with serve(strict=False) as cloud:
        made = fill(cloud)
        inventory, _ = scan(cloud, tmp_path_factory.mktemp("snapshot"))
    return inventory, made


@pytest.fixture
def inventory(scanned: tuple[Inventory, North]) -> Inventory:
    return scanned[0]


@pytest.fixture
def made(scanned: tuple[Inventory, North]) -> North:
    return scanned[1]


def get(inventory: Inventory, name: str) -> Resource:
    found = inventory.get(name)
    assert found is not None, name
    return found


def iam(what: str) -> str:
    return f"arn:aws:iam::{HUB}:{what}"


def bodies(resource: Resource, role: PolicyRole) -> list[Any]:
    return [json.loads(bytes(each.document)) for each in resource.documents(role)]


def test_a_user_with_everything(inventory: Inventory) -> None:
    ana = get(inventory, iam("user/staff/ana"))
    assert ana.attrs["console_access"] is True
    assert ana.attrs["mfa"] is False
    assert ana.attrs["principal_type"] == "user"
    assert ana.attrs["path"] == "/staff/"
    assert ana.tags == {"team": "pay"}
    assert [inventory.resolve(target) for target in ana.targets("member_of")] == [iam("group/org/readers")]
    assert bodies(ana, PolicyRole.INLINE)[0]["Statement"][0]["Action"] == "s3:GetObject"
    (policy,) = ana.policies
    call = inventory.calls[policy.source.call]
    assert call.operation == "iam:GetAccountAuthorizationDetails"
    assert policy.source.pointer.endswith("/UserPolicyList/0/PolicyDocument")


def test_a_user_without_anything(inventory: Inventory) -> None:
    bot = get(inventory, iam("user/bot"))
    assert (bot.attrs["console_access"], bot.attrs["last_used_at"], bot.refs) == (False, None, ())


def test_keys_belong_to_their_user_and_are_known_by_their_id(inventory: Inventory, made: North) -> None:
    key = get(inventory, made.key)
    assert key.kind == "aws.iam.access_key"
    assert list(key.targets("authenticates_as")) == [iam("user/staff/ana")]
    assert key.attrs["active"] is True
    assert key.attrs["last_used_at"] is None
    assert len(list(inventory.of_kind("aws.iam.access_key"))) == 1


def test_roles_have_trust_boundary_and_profile(inventory: Inventory) -> None:
    worker = get(inventory, iam("instance-profile/worker-profile"))
    assert worker.id == iam("role/worker")
    assert bodies(worker, PolicyRole.TRUST)[0]["Statement"][0]["Principal"] == {
        "Service": "ec2.amazonaws.com"
    }
    assert list(worker.targets("bounded_by")) == [iam("policy/p/custom")]
    assert list(worker.targets("has_policy")) == [
        iam("policy/p/custom"),
        "arn:aws:iam::aws:policy/ReadOnlyAccess",
    ]
    assert worker.attrs["service_linked"] is False


def test_a_policy_is_its_default_version(inventory: Inventory) -> None:
    custom = get(inventory, iam("policy/p/custom"))
    (document,) = bodies(custom, PolicyRole.IDENTITY)
    assert document["Statement"][0]["Effect"] == "Deny"
    assert custom.name == "custom"


def test_policies_of_the_provider_are_nobodys(inventory: Inventory) -> None:
    managed = get(inventory, "arn:aws:iam::aws:policy/ReadOnlyAccess")
    assert managed.account == "aws"
    assert len(bodies(managed, PolicyRole.IDENTITY)) == 1


def test_federations_tell_issuer_and_audience(inventory: Inventory) -> None:
    oidc = get(inventory, iam("oidc-provider/token.actions.githubusercontent.com"))
    assert oidc.attrs["issuer"] == "token.actions.githubusercontent.com"
    assert oidc.attrs["audiences"] == ["sts.amazonaws.com"]
    saml = get(inventory, iam("saml-provider/idp"))
    assert saml.attrs["issuer"] == "https://idp.example.com/saml"


def test_the_account_tells_its_settings(inventory: Inventory) -> None:
    account = get(inventory, f"account:{HUB}")
    assert account.attrs["password_min_length"] == 14
    assert account.attrs["password_reuse_prevention"] == 5
    assert account.attrs["root_access_keys"] == 0
    assert account.attrs["root_mfa"] is True


def test_the_organisation_is_a_tree_with_policies(inventory: Inventory, made: North) -> None:
    (organization,) = inventory.of_kind("aws.organizations.organization")
    (root,) = inventory.of_kind("aws.organizations.root")
    assert organization.account == HUB
    unit = get(inventory, made.unit)
    assert list(root.targets("parent")) == [organization.id]
    assert list(unit.targets("parent")) == [root.id]
    members = {each.account: each for each in inventory.of_kind("aws.organizations.account")}
    assert set(members) == {HUB, *made.members}
    assert list(members[made.members[0]].targets("parent")) == [unit.id]
    assert members[made.members[1]].name == "lab"
    policy = get(inventory, made.policy)
    assert bodies(policy, PolicyRole.SCP) == [json.loads(json.dumps(bodies(policy, PolicyRole.SCP)[0]))]
    assert policy.id in set(unit.targets("has_policy"))
    assert policy.id not in set(root.targets("has_policy"))
    source = inventory.calls[unit.sources["refs.has_policy"].call]
    assert source.operation == "organizations:ListTargetsForPolicy"


def test_a_bucket_with_everything(inventory: Inventory) -> None:
    full = get(inventory, "arn:aws:s3:::north-full")
    assert full.attrs["versioning"] is True
    assert full.attrs["object_lock"] == "compliance"
    assert full.attrs["encryption"] == "customer"
    assert full.attrs["access_logging"] is True
    assert full.attrs["block_public_acls"] is True
    assert full.attrs["restrict_public_buckets"] is False
    assert full.tags == {"data": "pii"}
    assert list(full.targets("logs_to")) == ["arn:aws:s3:::north-bare"]
    assert list(full.targets("encrypted_with")) == [f"arn:aws:kms:{REGION}:{HUB}:alias/data"]
    assert full.region == REGION


def test_a_bucket_with_nothing(inventory: Inventory) -> None:
    bare = get(inventory, "north-bare")
    assert bare.attrs["object_lock"] == "none"
    assert bare.attrs["encryption"] == "provider"
    assert bare.attrs["block_public_policy"] is False
    assert bare.attrs["access_logging"] is False
    assert bodies(bare, PolicyRole.RESOURCE) == []
    grantees = {grant["Grantee"].get("URI", "owner") for grant in bodies(bare, PolicyRole.ACL)[0]["Grants"]}
    assert any("LogDelivery" in grantee for grantee in grantees)


def test_a_public_bucket_and_one_far_away(inventory: Inventory) -> None:
    (policy,) = bodies(get(inventory, "north-open"), PolicyRole.RESOURCE)
    assert policy["Statement"][0]["Principal"] == "*"
    far = get(inventory, "north-far")
    assert far.region == "eu-central-1"
    asked = [
        call
        for call in inventory.calls
        if "north-far" in call.parameters and call.operation != "s3:GetBucketLocation"
    ]
    assert {call.region for call in asked} == {"eu-central-1"}


def test_every_field_names_a_call_of_the_table(inventory: Inventory) -> None:
    for resource in inventory.resources:
        for field, source in resource.sources.items():
            assert inventory.calls[source.call].operation, (resource.id, field)
