"""A small organisation on a local cloud, made through real clients."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pytest

from aisposture.collect.run import Progress, Summary, collect_aws
from aisposture.model.inventory import Inventory
from aisposture.replay.aws import Cloud
from aisposture.scope import AwsScope, Scope

HUB = "210000000001"
REGION = "eu-west-1"

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
READ = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
}
DENY = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "iam:*", "Resource": "*"}]}
PUBLIC = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::north-open/*",
        }
    ],
}
BLOCKED = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": False,
}


class North(NamedTuple):
    """What was made: ids that the provider chose."""

    members: tuple[str, str]
    unit: str
    policy: str
    key: str


def clients_of(cloud: Cloud, account: str = HUB) -> Callable[..., Any]:
    """Clients of an account, by service and region."""
    given = cloud.credentials(account)
    return lambda service, region=REGION: boto3.client(
        service,
        region_name=region,
        endpoint_url=cloud.url,
        aws_access_key_id=given.access_key,
        aws_secret_access_key=given.secret_key,
        aws_session_token=given.session_token,
    )


def fill(cloud: Cloud) -> North:
    """An organisation with two members, IAM of every sort, and four buckets."""
    client = clients_of(cloud)
    made = organization(client)
    key = people(client)
    buckets(client)
    return made._replace(key=key)


def organization(client: Callable[..., Any]) -> North:
    """A root, one unit, two members, an SCP on the unit and an RCP on the root."""
    org = client("organizations")
    org.create_organization(FeatureSet="ALL")
    root = org.list_parents(ChildId=HUB)["Parents"][0]["Id"]
    unit = org.create_organizational_unit(ParentId=root, Name="workloads")["OrganizationalUnit"]["Id"]
    members = tuple(
        org.create_account(Email=f"{name}@example.com", AccountName=name)["CreateAccountStatus"]["AccountId"]
        for name in ("shop", "lab")
    )
    org.move_account(AccountId=members[0], SourceParentId=root, DestinationParentId=unit)
    org.enable_policy_type(RootId=root, PolicyType="SERVICE_CONTROL_POLICY")
    policy = org.create_policy(
        Name="no-iam", Description="d", Type="SERVICE_CONTROL_POLICY", Content=json.dumps(DENY)
    )["Policy"]["PolicySummary"]["Id"]
    org.attach_policy(PolicyId=policy, TargetId=unit)
    return North((members[0], members[1]), unit, policy, "")


def people(client: Callable[..., Any]) -> str:
    """Two users, a group, two roles, policies and providers; the id of ana's access key."""
    iam = client("iam")
    iam.create_user(UserName="ana", Path="/staff/", Tags=[{"Key": "team", "Value": "pay"}])
    iam.create_user(UserName="bot")
    iam.create_login_profile(UserName="ana", Password="Not-a-Secret-1")
    key: str = iam.create_access_key(UserName="ana")["AccessKey"]["AccessKeyId"]
    iam.create_group(GroupName="readers", Path="/org/")
    iam.add_user_to_group(UserName="ana", GroupName="readers")
    iam.put_group_policy(GroupName="readers", PolicyName="read", PolicyDocument=json.dumps(READ))
    iam.put_user_policy(UserName="ana", PolicyName="own", PolicyDocument=json.dumps(READ))
    policy = iam.create_policy(PolicyName="custom", Path="/p/", PolicyDocument=json.dumps(READ))["Policy"][
        "Arn"
    ]
    iam.create_policy_version(PolicyArn=policy, PolicyDocument=json.dumps(DENY), SetAsDefault=True)
    iam.create_role(
        RoleName="worker",
        AssumeRolePolicyDocument=TRUST,
        PermissionsBoundary=policy,
        Tags=[{"Key": "k", "Value": "v"}],
    )
    iam.attach_role_policy(RoleName="worker", PolicyArn=policy)
    iam.attach_role_policy(RoleName="worker", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    iam.create_instance_profile(InstanceProfileName="worker-profile")
    iam.add_role_to_instance_profile(InstanceProfileName="worker-profile", RoleName="worker")
    iam.create_open_id_connect_provider(
        Url="https://token.actions.githubusercontent.com",
        ThumbprintList=["a" * 40],
        ClientIDList=["sts.amazonaws.com"],
    )
    metadata = (
        '<EntityDescriptor entityID="https://idp.example.com/saml">' + " " * 1000 + "</EntityDescriptor>"
    )
    iam.create_saml_provider(Name="idp", SAMLMetadataDocument=metadata)
    iam.update_account_password_policy(MinimumPasswordLength=14, PasswordReusePrevention=5)
    return key


def buckets(client: Callable[..., Any]) -> None:
    """A bucket with everything, one that is public, one of another region, one with nothing."""
    s3 = client("s3")
    here = {"LocationConstraint": REGION}
    s3.create_bucket(Bucket="north-full", CreateBucketConfiguration=here, ObjectLockEnabledForBucket=True)
    s3.create_bucket(Bucket="north-open", CreateBucketConfiguration=here)
    client("s3", "eu-central-1").create_bucket(
        Bucket="north-far", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    s3.create_bucket(Bucket="north-bare", CreateBucketConfiguration=here)
    s3.put_bucket_versioning(Bucket="north-full", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object_lock_configuration(
        Bucket="north-full",
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}},
        },
    )
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/data"}}
    s3.put_bucket_encryption(Bucket="north-full", ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.put_public_access_block(Bucket="north-full", PublicAccessBlockConfiguration=BLOCKED)
    s3.put_bucket_tagging(Bucket="north-full", Tagging={"TagSet": [{"Key": "data", "Value": "pii"}]})
    s3.put_bucket_acl(Bucket="north-bare", ACL="log-delivery-write")
    s3.put_bucket_logging(
        Bucket="north-full",
        BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": "north-bare", "TargetPrefix": "x"}},
    )
    for name in ("north-open", "north-bare"):
        s3.delete_public_access_block(Bucket=name)
    s3.put_bucket_policy(Bucket="north-open", Policy=json.dumps(PUBLIC, indent=2))


class Steps:
    """A progress that remembers."""

    def __init__(self) -> None:
        self.steps: list[tuple[int, int, str]] = []

    def step(self, done: int, total: int, what: str) -> None:
        self.steps.append((done, total, what))


def scan(
    cloud: Cloud, out: Path, *, account: str = HUB, progress: Progress | None = None, **scope: Any
) -> tuple[Inventory, Summary]:
    """A scan with nothing but credentials and ``AWS_ENDPOINT_URL``."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in cloud.credentials(account).environment().items():
            patch.setenv(name, value)
        patch.setenv("AWS_MAX_ATTEMPTS", "2")
        patch.setenv("AWS_ENDPOINT_URL", cloud.url)
        given = {"regions": (REGION,), "home_region": REGION, **scope}
        summary = collect_aws(Scope(aws=AwsScope(**given)), out=out, progress=progress)
    return Inventory.read(out), summary
