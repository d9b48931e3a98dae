"""EC2 compute: instances, launch templates, and the images and snapshots of the own account with whom they are shared."""

from collections.abc import Mapping, Sequence
from typing import Any

from aisposture.collect.aws.shapes import by_key, everyone, key_id, moment, named, several, shared_with
from aisposture.collect.declare import call, computed, detail, kind, path, table, template
from aisposture.model.graph import Label
from aisposture.model.resource import Net


def imds(tokens: str | None, endpoint: str | None) -> str | None:
    """Which metadata service answers: ``v1`` where a token is optional, ``v2`` where required, ``off``.

    None where the settings were left to the image and account, as launch templates may.
    """
    if endpoint == "disabled":
        return "off"
    return {"optional": "v1", "required": "v2"}.get(tokens or "")


def addresses(interfaces: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The public and the private addresses of interfaces, each sorted."""
    public: set[str] = set()
    private: set[str] = set()
    for interface in interfaces:
        for address in interface.get("PrivateIpAddresses") or ():
            private.add(address.get("PrivateIpAddress") or "")
            public.add((address.get("Association") or {}).get("PublicIp") or "")
        # An IPv6 address is public and private at once; routes and filters decide.
        private.update(address.get("Ipv6Address") or "" for address in interface.get("Ipv6Addresses") or ())
    return tuple(sorted(public - {""})), tuple(sorted(private - {""}))


def instance_net(
    interfaces: Sequence[Mapping[str, Any]] | None,
    network: str | None,
    subnet: str | None,
    groups: Sequence[str] | None,
    address: str | None,
) -> Net | None:
    """What the instance itself says of its interfaces, where those are not read on their own."""
    if network is None:
        return None
    public, private = addresses(interfaces or ())
    subnets = several(subnet, [interface.get("SubnetId") for interface in interfaces or ()])
    return Net(
        network=network,
        subnets=tuple(sorted(subnets)),
        groups=tuple(sorted(groups or ())),
        public_ips=tuple(sorted({*public, *([address] if address else ())})),
        private_ips=private,
    )


def template_profile(data: Sequence[Mapping[str, Any]] | None, partition: str, account: str) -> list[str]:
    """ARNs of the instance profiles that the versions of a template hand out, by ARN or by name."""
    out = []
    for version in data or ():
        profile = version.get("IamInstanceProfile") or {}
        by_name = profile.get("Name") and f"arn:{partition}:iam::{account}:instance-profile/{profile['Name']}"
        out.append(profile.get("Arn") or by_name)
    return several(out)


def weakest_imds(data: Sequence[Mapping[str, Any]] | None) -> str | None:
    """The weakest metadata service among the versions of a template; None where one leaves it open."""
    seen = [
        imds(options.get("HttpTokens"), options.get("HttpEndpoint"))
        for version in data or ()
        for options in (version.get("MetadataOptions") or {},)
    ]
    return next((word for word in ("v1", None, "v2", "off") if word in seen), None)


OWN = computed(lambda owner, account: owner in {None, account}, "OwnerId", "scope:account")
"""Only what the account owns: emulators answer with everybody's images and snapshots."""

instance = kind(
    "aws.ec2.instance",
    labels=(Label.WORKLOAD,),
    call=call("ec2", "DescribeInstances", page_size=1000),
    items="Reservations[*].Instances[*]",
    id=template("arn:{scope:partition}:ec2:{scope:region}:{scope:account}:instance/{InstanceId}"),
    title=computed(named, "Tags", "InstanceId"),
    where=computed(lambda state: state not in {"terminated", "shutting-down"}, "State.Name"),
    details=(
        detail(
            "user_data",
            call(
                "ec2",
                "DescribeInstanceAttribute",
                {"InstanceId": path("InstanceId"), "Attribute": "userData"},
            ),
        ),
    ),
    attrs={
        "aliases": computed(several, "InstanceId"),
        "instance_state": "State.Name",
        "imds_version": computed(imds, "MetadataOptions.HttpTokens", "MetadataOptions.HttpEndpoint"),
        "imds_hop_limit": "MetadataOptions.HttpPutResponseHopLimit",
        "image": "ImageId",
        "created_at": "LaunchTime",
    },
    refs={
        "runs_as": "IamInstanceProfile.Arn",
        "loads": "ImageId",
        "in_subnet": "NetworkInterfaces[*].SubnetId",
        "in_network": "VpcId",
    },
    tags="Tags",
    net=computed(
        instance_net, "NetworkInterfaces", "VpcId", "SubnetId", "SecurityGroups[*].GroupId", "PublicIpAddress"
    ),
    secret_bearing={"user_data": "user_data:UserData.Value"},
)

launch_template = kind(
    "aws.ec2.launch_template",
    labels=(Label.TEMPLATE,),
    call=call("ec2", "DescribeLaunchTemplates", page_size=200),
    items="LaunchTemplates[*]",
    id=template(
        "arn:{scope:partition}:ec2:{scope:region}:{scope:account}:launch-template/{LaunchTemplateId}"
    ),
    title="LaunchTemplateName",
    details=(
        detail(
            "versions",
            call(
                "ec2",
                "DescribeLaunchTemplateVersions",
                {"LaunchTemplateId": path("LaunchTemplateId"), "Versions": ["$Default", "$Latest"]},
            ),
        ),
    ),
    attrs={
        "aliases": computed(several, "LaunchTemplateId"),
        "created_at": "CreateTime",
        "image": "versions:LaunchTemplateVersions[0].LaunchTemplateData.ImageId",
        "imds_version": computed(weakest_imds, "versions:LaunchTemplateVersions[*].LaunchTemplateData"),
    },
    refs={
        "runs_as": computed(
            template_profile,
            "versions:LaunchTemplateVersions[*].LaunchTemplateData",
            "scope:partition",
            "scope:account",
        ),
        "loads": "versions:LaunchTemplateVersions[*].LaunchTemplateData.ImageId",
    },
    tags="Tags",
    secret_bearing={
        # The default version may be the latest one.
        "user_data": computed(several, "versions:LaunchTemplateVersions[*].LaunchTemplateData.UserData")
    },
)

image = kind(
    "aws.ec2.image",
    labels=(Label.IMAGE,),
    call=call("ec2", "DescribeImages", {"Owners": ["self"]}),
    items="Images[*]",
    id=template("arn:{scope:partition}:ec2:{scope:region}:{scope:account}:image/{ImageId}"),
    title="Name",
    where=OWN,
    details=(
        detail(
            "sharing",
            call(
                "ec2", "DescribeImageAttribute", {"ImageId": path("ImageId"), "Attribute": "launchPermission"}
            ),
        ),
    ),
    attrs={
        "aliases": computed(several, "ImageId"),
        "public": "Public",
        "status": "State",
        "created_at": computed(moment, "CreationDate"),
        "last_used_at": computed(moment, "LastLaunchedTime"),
    },
    refs={
        "shared_with": computed(shared_with, "sharing:LaunchPermissions"),
        "loads": "BlockDeviceMappings[*].Ebs.SnapshotId",
    },
    tags="Tags",
)

snapshot = kind(
    "aws.ec2.snapshot",
    labels=(Label.BACKUP,),
    call=call("ec2", "DescribeSnapshots", {"OwnerIds": ["self"]}, page_size=1000),
    items="Snapshots[*]",
    id=template("arn:{scope:partition}:ec2:{scope:region}:{scope:account}:snapshot/{SnapshotId}"),
    title=computed(named, "Tags", "SnapshotId"),
    where=OWN,
    tables=(
        table(
            "aliases",
            call("kms", "ListAliases"),
            rows="Aliases[*]",
            key="TargetKeyId",
            by=computed(key_id, "KmsKeyId"),
        ),
    ),
    details=(
        detail(
            "sharing",
            call(
                "ec2",
                "DescribeSnapshotAttribute",
                {"SnapshotId": path("SnapshotId"), "Attribute": "createVolumePermission"},
            ),
        ),
    ),
    attrs={
        "aliases": computed(several, "SnapshotId"),
        "public": computed(everyone, "sharing:CreateVolumePermissions"),
        "encryption": computed(by_key, "Encrypted", "KmsKeyId", "aliases:@"),
        "status": "State",
        "created_at": "StartTime",
    },
    refs={
        "shared_with": computed(shared_with, "sharing:CreateVolumePermissions"),
        "encrypted_with": "KmsKeyId",
    },
    tags="Tags",
)

settings = kind(
    "aws.ec2.settings",
    call=call("ec2", "GetEbsEncryptionByDefault"),
    items="@",
    id=template("region:{scope:account}/{scope:region}#ec2/settings"),
    title=template("EC2 settings in {scope:region}"),
    attrs={"default_encryption": "EbsEncryptionByDefault"},
)
