"""One small account on a local cloud, made through real clients; and its scan."""

import base64
import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from aisposture.collect.run import collect_aws
from aisposture.model.inventory import Inventory
from aisposture.replay.aws import Cloud
from aisposture.scope import AwsScope, Scope

ACCOUNT = "210000000009"
REGION = "eu-west-1"
RECORDINGS = Path(__file__).parent / "wire"

CANARY_TOKEN = "ghp_" + "c4n4ry" * 6
CANARY_PASSWORD = "Canary-Passw0rd-9"
CANARY_KEY = "AKIACANARY00CANARY00"

TRUST = {"Version": "2012-10-17", "Statement": []}
ANYONE: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
}


def archive() -> bytes:
    """A function's code."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("app.py", "def handler(event, context): return event")
    return out.getvalue()


def clients_of(cloud: Cloud) -> Callable[[str], Any]:
    """Clients of the account at the local cloud."""
    credentials = cloud.credentials(ACCOUNT)
    return lambda service: boto3.client(
        service,
        region_name=REGION,
        endpoint_url=cloud.url,
        aws_access_key_id=credentials.access_key,
        aws_secret_access_key=credentials.secret_key,
        aws_session_token=credentials.session_token,
    )


def scan(cloud: Cloud, out: Path) -> Inventory:
    """The account, read by the real collectors."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in cloud.credentials(ACCOUNT).environment().items():
            patch.setenv(name, value)
        patch.setenv("AWS_MAX_ATTEMPTS", "1")
        collect_aws(Scope(aws=AwsScope(regions=(REGION,), endpoints={"*": cloud.url})), out=out)
    return Inventory.read(out)


def network(client: Callable[[str], Any]) -> dict[str, str]:
    """A VPC with a public and a private subnet, and everything around them."""
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]["VpcId"]
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "Name", "Value": "main"}, {"Key": "env", "Value": "prod"}])
    front = ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.1.0/24")["Subnet"]["SubnetId"]
    back = ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.2.0/24")["Subnet"]["SubnetId"]
    igw = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=igw, VpcId=vpc)
    eigw = ec2.create_egress_only_internet_gateway(VpcId=vpc)["EgressOnlyInternetGateway"][
        "EgressOnlyInternetGatewayId"
    ]
    address = ec2.allocate_address(Domain="vpc")
    nat = ec2.create_nat_gateway(SubnetId=front, AllocationId=address["AllocationId"])["NatGateway"][
        "NatGatewayId"
    ]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=front)
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=igw)
    other = ec2.create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]["VpcId"]
    pcx = ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=other)["VpcPeeringConnection"][
        "VpcPeeringConnectionId"
    ]
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=pcx)
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="10.2.0.0/16", VpcPeeringConnectionId=pcx)
    group = ec2.create_security_group(GroupName="web", Description="web", VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
            {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": [{"GroupId": group}]},
        ],
    )
    ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName=f"com.amazonaws.{REGION}.s3",
        VpcEndpointType="Gateway",
        RouteTableIds=[table],
        PolicyDocument=json.dumps(ANYONE),
    )
    ec2.create_managed_prefix_list(
        PrefixListName="offices", MaxEntries=2, AddressFamily="IPv4", Entries=[{"Cidr": "198.51.100.0/24"}]
    )
    return {
        "vpc": vpc,
        "other": other,
        "front": front,
        "back": back,
        "igw": igw,
        "eigw": eigw,
        "nat": nat,
        "table": table,
        "pcx": pcx,
        "group": group,
        "nat_address": address["PublicIp"],
    }


def compute(client: Callable[[str], Any], made: dict[str, str]) -> dict[str, str]:
    """Instances with metadata options and user data; a template; an image and a snapshot that are shared."""
    ec2, iam = client("ec2"), client("iam")
    iam.create_role(RoleName="web", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.create_instance_profile(InstanceProfileName="web")
    iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="web")
    script = f"#!/bin/sh\nexport GITHUB_TOKEN={CANARY_TOKEN}\nexport DB_PASSWORD={CANARY_PASSWORD}\n"
    packed = base64.b64encode(gzip.compress(script.encode())).decode()
    instance = ec2.run_instances(
        ImageId="ami-12345678",
        MinCount=1,
        MaxCount=1,
        SubnetId=made["front"],
        SecurityGroupIds=[made["group"]],
        IamInstanceProfile={"Name": "web"},
        MetadataOptions={"HttpTokens": "optional", "HttpPutResponseHopLimit": 2, "HttpEndpoint": "enabled"},
        UserData=script,
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "web-1"}]}],
    )["Instances"][0]["InstanceId"]
    elastic = ec2.allocate_address(Domain="vpc")
    ec2.associate_address(AllocationId=elastic["AllocationId"], InstanceId=instance)
    ec2.create_launch_template(
        LaunchTemplateName="web",
        LaunchTemplateData={
            "ImageId": "ami-12345678",
            "UserData": packed,
            "IamInstanceProfile": {"Name": "web"},
            "MetadataOptions": {"HttpTokens": "required", "HttpEndpoint": "enabled"},
        },
    )
    image = ec2.create_image(InstanceId=instance, Name="golden")["ImageId"]
    ec2.modify_image_attribute(ImageId=image, LaunchPermission={"Add": [{"UserId": "333333333333"}]})
    volume = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=1)["VolumeId"]
    snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    ec2.modify_snapshot_attribute(
        SnapshotId=snapshot, Attribute="createVolumePermission", OperationType="add", GroupNames=["all"]
    )
    return {"instance": instance, "image": image, "snapshot": snapshot, "elastic": elastic["PublicIp"]}


def functions(client: Callable[[str], Any], made: dict[str, str]) -> dict[str, str]:
    """A function with an open URL, a layer, a queue that starts it, and an environment that names other resources."""
    lambda_, iam, sqs = client("lambda"), client("iam"), client("sqs")
    role = iam.create_role(RoleName="fn", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    queue = sqs.create_queue(QueueName="jobs")["QueueUrl"]
    source = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    layer = lambda_.publish_layer_version(LayerName="shared", Content={"ZipFile": archive()})[
        "LayerVersionArn"
    ]
    secret = client("secretsmanager").create_secret(Name="prod/db", SecretString=CANARY_PASSWORD)["ARN"]
    function = lambda_.create_function(
        FunctionName="support-agent",
        Runtime="python3.13",
        Role=role,
        Handler="app.handler",
        Code={"ZipFile": archive()},
        Timeout=30,
        MemorySize=512,
        Layers=[layer],
        TracingConfig={"Mode": "Active"},
        VpcConfig={"SubnetIds": [made["back"]], "SecurityGroupIds": [made["group"]]},
        Environment={
            "Variables": {
                "GITHUB_TOKEN": CANARY_TOKEN,
                "AWS_KEY": CANARY_KEY,
                "DB_SECRET_ARN": secret,
                "AGENT_ID": "SUPPORT001",
                "GREETING": "canary greeting",
            }
        },
        Tags={"team": "care"},
    )["FunctionArn"]
    lambda_.add_permission(
        FunctionName="support-agent",
        StatementId="open",
        Action="lambda:InvokeFunctionUrl",
        Principal="*",
        FunctionUrlAuthType="NONE",
    )
    url = lambda_.create_function_url_config(FunctionName="support-agent", AuthType="NONE")["FunctionUrl"]
    lambda_.create_event_source_mapping(EventSourceArn=source, FunctionName="support-agent")
    lambda_.create_function(
        FunctionName="plain",
        Runtime="python3.13",
        Role=role,
        Handler="app.handler",
        Code={"ZipFile": archive()},
    )
    return {"function": function, "role": role, "queue": source, "layer": layer, "secret": secret, "url": url}


def stores(client: Callable[[str], Any], made: dict[str, str]) -> dict[str, str]:
    """Keys with policy, grant and rotation; a secret with a policy; parameters."""
    kms, ssm = client("kms"), client("ssm")
    key = kms.create_key(Description="data", Tags=[{"TagKey": "owner", "TagValue": "care"}])["KeyMetadata"][
        "Arn"
    ]
    kms.create_alias(AliasName="alias/data", TargetKeyId=key)
    kms.enable_key_rotation(KeyId=key)
    kms.create_grant(KeyId=key, GranteePrincipal=made["role"], Operations=["Decrypt"])
    signing = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    client("secretsmanager").create_secret(Name="guarded", SecretString=CANARY_PASSWORD, KmsKeyId=key)
    client("secretsmanager").put_resource_policy(SecretId="guarded", ResourcePolicy=json.dumps(ANYONE))
    ssm.put_parameter(Name="/app/password", Value=CANARY_PASSWORD, Type="SecureString")
    ssm.put_parameter(Name="/app/mode", Value="fast", Type="String")
    return {"key": key, "signing": signing}


def fill(cloud: Cloud) -> dict[str, str]:
    """Everything above; the ids by name."""
    client = clients_of(cloud)
    made = network(client)
    made |= compute(client, made)
    made |= functions(client, made)
    return made | stores(client, made)
