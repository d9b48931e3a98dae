"""The seed: what it fills in, and what it says about a mistake."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("moto")

from aisposture.errors import FileError
from aisposture.replay.aws import serve

Clients = Callable[..., Any]

SEED = """
account: shop
region: eu-west-1
steps:
  - iam.CreateUser: {UserName: "${each.name}"}
    each: [{name: anna, team: red}, {name: bo, team: blue}]
    tags: {team: "${each.team}"}
    as: users
  - iam.CreateAccessKey: {UserName: "${users[1].User.UserName}"}
    as: key
  - ssm.PutParameter: {Name: /key, Value: "${key.AccessKey.AccessKeyId} of ${account} in ${region} ${aws:username}", Type: String}
  - iam.PutUserPolicy:
      UserName: anna
      PolicyName: own
      PolicyDocument: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:*", Resource: "arn:aws:s3:::home/${aws:username}/*"}]}
  - kms.CreateKey: {Description: pinned}
    pin: {key: 00000000-1111-2222-3333-444444444444}
    tags: {team: red}
  - s3.CreateBucket: {Bucket: tagged, CreateBucketConfiguration: {LocationConstraint: eu-west-1}}
    tags: {team: red}
  - ec2.CreateVpc: {CidrBlock: 10.0.0.0/16}
    tags: {team: red}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "seed").mkdir()
    (tmp_path / "cloud.yaml").write_text('accounts: {shop: "210000000007"}\ndefault_network: false\n')
    return tmp_path


def test_a_seed_is_made(folder: Path, client_of: Clients) -> None:
    (folder / "seed" / "one.yaml").write_text(SEED)
    with serve(folder) as cloud:
        assert cloud.calls == ()
        of = {name: client_of(cloud, name, "210000000007") for name in ("iam", "ssm", "kms", "s3", "ec2")}
        tags = of["iam"].list_user_tags(UserName="bo")["Tags"]
        (key,) = of["iam"].list_access_keys(UserName="bo")["AccessKeyMetadata"]
        text = of["ssm"].get_parameter(Name="/key")["Parameter"]["Value"]
        policy = of["iam"].get_user_policy(UserName="anna", PolicyName="own")["PolicyDocument"]
        pinned = of["kms"].list_keys()["Keys"][0]["KeyId"]
        key_tags = of["kms"].list_resource_tags(KeyId=pinned)["Tags"]
        bucket_tags = of["s3"].get_bucket_tagging(Bucket="tagged")["TagSet"]
        (vpc,) = of["ec2"].describe_vpcs()["Vpcs"]
        assert client_of(cloud, "ec2", "210000000007", "us-west-2").describe_vpcs()["Vpcs"] == []
        assert cloud.accounts == ("210000000007",)
    assert tags == [{"Key": "team", "Value": "blue"}]
    assert text == f"{key['AccessKeyId']} of 210000000007 in eu-west-1 ${{aws:username}}"
    assert policy["Statement"][0]["Resource"] == "arn:aws:s3:::home/${aws:username}/*"
    assert pinned == "00000000-1111-2222-3333-444444444444"
    assert key_tags == [{"TagKey": "team", "TagValue": "red"}]
    assert bucket_tags == vpc["Tags"] == [{"Key": "team", "Value": "red"}]


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("{iam.CreateUser: {UserNam: a}}", "Unknown parameter"),
        ("{iam.CreateUser: {UserName: '${nobody.User}', Path: '${account.x}'}}", "leads nowhere"),
        (
            "{iam.AttachUserPolicy: {UserName: ghost, PolicyArn: 'arn:aws:iam::aws:policy/SecurityAudit'}}",
            "NoSuchEntity",
        ),
        ("{CreateUser: {}}", "service.Operation"),
        ("{iam.CreateUser: {UserName: a}, pin: {colour: red}}", "known options"),
        ("{iam.CreateUser: {UserName: a}, account: other}", "unknown account 'other'"),
    ],
)
def test_a_mistake_names_file_and_line(folder: Path, step: str, message: str) -> None:
    path = folder / "seed" / "one.yaml"
    path.write_text(f"account: shop\nsteps:\n  - sts.GetCallerIdentity: {{}}\n  - {step}\n")
    with pytest.raises(FileError, match=message) as problem, serve(folder):
        pass
    assert (problem.value.path, problem.value.line) == (path, 4)


def test_accounts_are_twelve_digits(folder: Path) -> None:
    (folder / "cloud.yaml").write_text("accounts: {shop: 1}\n")
    with pytest.raises(FileError, match="twelve digits"), serve(folder):
        pass


def test_a_recording_is_checked_when_it_is_read(folder: Path) -> None:
    (folder / "recordings").mkdir()
    path = folder / "recordings" / "bedrock.json"
    for text, message in (
        ("{", "not JSON"),
        ('{"service": "bedrock", "responses": [{"op": "X"}]}', "one of result"),
    ):
        path.write_text(text)
        with pytest.raises(FileError, match=message), serve(folder):
            pass
