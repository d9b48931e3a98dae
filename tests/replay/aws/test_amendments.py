"""What the real API answers and moto does not."""

import json
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("moto")

from botocore.exceptions import ClientError

from aisposture.replay.aws import serve

Clients = Callable[..., Any]

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
ALLOW = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
)


def test_authorization_details_come_in_pages_with_names_and_boundaries(client_of: Clients) -> None:
    with serve(page_size=2) as cloud:
        iam = client_of(cloud, "iam")
        arn = iam.create_policy(PolicyName="own", PolicyDocument=ALLOW)["Policy"]["Arn"]
        for number in range(3):
            iam.create_user(UserName=f"u{number}")
            iam.create_role(RoleName=f"r{number}", AssumeRolePolicyDocument=TRUST)
        iam.put_user_permissions_boundary(UserName="u1", PermissionsBoundary=arn)
        iam.attach_role_policy(RoleName="r0", PolicyArn="arn:aws:iam::aws:policy/SecurityAudit")
        pages = list(iam.get_paginator("get_account_authorization_details").paginate())
        only = iam.get_account_authorization_details(Filter=["User"])
        assert iam.get_user(UserName="u1")["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == arn
        iam.delete_user_permissions_boundary(UserName="u1")
        assert "PermissionsBoundary" not in iam.get_user(UserName="u1")["User"]
    assert len(pages) == 4
    users = {user["UserName"]: user for page in pages for user in page["UserDetailList"]}
    policies = {policy["PolicyName"]: policy for page in pages for policy in page["Policies"]}
    assert sorted(users) == ["u0", "u1", "u2"]
    assert [("PermissionsBoundary" in users[name]) for name in sorted(users)] == [False, True, False]
    assert sorted(policies) == ["SecurityAudit", "own"], "of AWS's own policies only those in use"
    assert policies["SecurityAudit"]["Arn"] == "arn:aws:iam::aws:policy/SecurityAudit"
    assert policies["SecurityAudit"]["PolicyVersionList"][0]["Document"]["Statement"]
    assert policies["own"]["PolicyVersionList"][0]["Document"]["Statement"][0]["Action"] == "s3:*"
    assert len(only["UserDetailList"]) == 2
    assert only["RoleDetailList"] == []


def test_authorization_details_follow_writes(client_of: Clients) -> None:
    with serve() as cloud:
        iam = client_of(cloud, "iam")
        assert iam.get_account_authorization_details()["UserDetailList"] == []
        iam.create_user(UserName="late")
        assert len(iam.get_account_authorization_details()["UserDetailList"]) == 1


def test_a_new_bucket_has_the_defaults_of_the_real_service(client_of: Clients) -> None:
    with serve() as cloud:
        s3 = client_of(cloud, "s3", region="us-east-1")
        s3.create_bucket(Bucket="fresh")
        rules = s3.get_bucket_encryption(Bucket="fresh")["ServerSideEncryptionConfiguration"]["Rules"]
        assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
        block = s3.get_public_access_block(Bucket="fresh")["PublicAccessBlockConfiguration"]
        assert set(block.values()) == {True}
        assert len(block) == 4
        owner = s3.get_bucket_ownership_controls(Bucket="fresh")["OwnershipControls"]["Rules"]
        assert owner == [{"ObjectOwnership": "BucketOwnerEnforced"}]
        s3.delete_public_access_block(Bucket="fresh")
        with pytest.raises(ClientError, match="NoSuchPublicAccessBlockConfiguration"):
            s3.get_public_access_block(Bucket="fresh")
        with pytest.raises(ClientError, match="NoSuchBucket"):
            s3.get_bucket_encryption(Bucket="none")


def test_function_urls_are_listed_and_public_statements_have_conditions(client_of: Clients) -> None:
    with serve() as cloud:
        client_of(cloud, "iam").create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
        functions = client_of(cloud, "lambda")
        with pytest.raises(functions.exceptions.ResourceNotFoundException):
            functions.list_function_url_configs(FunctionName="f")
        functions.create_function(
            FunctionName="f",
            Role="arn:aws:iam::210000000009:role/r",
            Code={"ImageUri": "210000000009.dkr.ecr.eu-west-1.amazonaws.com/f@sha256:" + "0" * 64},
            PackageType="Image",
        )
        assert functions.list_function_url_configs(FunctionName="f")["FunctionUrlConfigs"] == []
        functions.create_function_url_config(FunctionName="f", AuthType="NONE")
        functions.add_permission(
            FunctionName="f",
            StatementId="public",
            Action="lambda:InvokeFunctionUrl",
            Principal="*",
            FunctionUrlAuthType="NONE",
        )
        (listed,) = functions.list_function_url_configs(FunctionName="f")["FunctionUrlConfigs"]
        single = functions.get_function_url_config(FunctionName="f")
        policy = json.loads(functions.get_policy(FunctionName="f")["Policy"])
    assert listed["FunctionUrl"] == single["FunctionUrl"]
    assert listed["FunctionUrl"].endswith(".lambda-url.eu-west-1.on.aws/")
    assert listed["InvokeMode"] == "BUFFERED"
    assert policy["Statement"][0]["Condition"] == {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}


def test_the_root_user_is_sound(client_of: Clients) -> None:
    with serve() as cloud:
        iam = client_of(cloud, "iam")
        assert iam.get_account_summary()["SummaryMap"]["AccountMFAEnabled"] == 1
        with pytest.raises(ClientError):
            iam.get_credential_report()
        iam.generate_credential_report()
        rows = iam.get_credential_report()["Content"].decode().splitlines()
    assert rows[1].startswith("<root_account>,arn:aws:iam::210000000009:root,")
    assert len(rows[1].split(",")) == len(rows[0].split(","))


def test_regions_of_the_account_are_listed_in_pages(client_of: Clients) -> None:
    with serve() as cloud:
        account = client_of(cloud, "account")
        enabled = account.list_regions(RegionOptStatusContains=["ENABLED", "ENABLED_BY_DEFAULT"])["Regions"]
        pages = list(account.get_paginator("list_regions").paginate(MaxResults=10))
    assert len(enabled) == 17
    assert sum(len(page["Regions"]) for page in pages) > 17
    assert len(pages) > 1


def test_a_public_address_stands_beside_its_private_one(client_of: Clients) -> None:
    with serve() as cloud:
        ec2 = client_of(cloud, "ec2")
        image = ec2.register_image(Name="golden", RootDeviceName="/dev/xvda")["ImageId"]
        subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
        nic = {"DeviceIndex": 0, "SubnetId": subnet, "AssociatePublicIpAddress": True}
        ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, NetworkInterfaces=[nic])
        (reservation,) = ec2.describe_instances()["Reservations"]
        (interface,) = ec2.describe_network_interfaces()["NetworkInterfaces"]
    (instance,) = reservation["Instances"]
    own = instance["NetworkInterfaces"][0]
    for addresses in (own["PrivateIpAddresses"], interface["PrivateIpAddresses"]):
        assert addresses[0]["Association"]["PublicIp"] == instance["PublicIpAddress"]
    assert instance["SecurityGroups"] == own["Groups"] != []
    assert instance["Placement"]["AvailabilityZone"].startswith("eu-west-1")
