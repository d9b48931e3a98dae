"""S3 buckets: who may reach them, how they are protected, where they send records and events."""

from collections.abc import Mapping
from typing import Any

from aisposture.collect.aws.shapes import key_ref
from aisposture.collect.declare import Detail, call, computed, const, detail, kind, path, policy, template
from aisposture.model.graph import Label
from aisposture.model.resource import PolicyRole

_DEFAULT = "encryption:ServerSideEncryptionConfiguration.Rules[0].ApplyServerSideEncryptionByDefault"
_BLOCK = "block:PublicAccessBlockConfiguration"


def location(told: str | None, constraint: str | None) -> str:
    """A bucket's region; no constraint means the first region there was, ``EU`` the second."""
    if told:
        return told
    return {"EU": "eu-west-1"}.get(constraint or "", constraint or "us-east-1")


def aliases(name: str, told: str | None, constraint: str | None) -> list[str]:
    """The names under which configurations know a bucket."""
    return [name, f"{name}.s3.amazonaws.com", f"{name}.s3.{location(told, constraint)}.amazonaws.com"]


def encryption(algorithm: str | None, key: str | None) -> str:
    """Whose key encrypts new objects; S3 itself does where nothing is configured (since January 2023)."""
    managed = algorithm is None or not algorithm.startswith("aws:kms") or not key or "alias/aws/" in key
    return "provider" if managed else "customer"


def encrypting_key(
    key: str | None, partition: str, account: str, told: str | None, constraint: str | None
) -> str | None:
    """The key that encrypts new objects, by ARN where it is told as a bare name."""
    return key_ref(key, partition, location(told, constraint), account)


def lock(enabled: str | None, mode: str | None) -> str:
    """The default retention of new objects."""
    return mode.lower() if enabled == "Enabled" and mode else "none"


def grants(acl: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """An access control list as a document."""
    return None if acl is None else {name: acl.get(name) for name in ("Grants", "Owner")}


def _is_set(flag: bool | None) -> bool:
    return bool(flag)


def _enabled(word: str | None) -> bool:
    return word == "Enabled"


def _asked(
    name: str, operation: str, *, permission: str = "", absent: tuple[str, ...] = (), versioned: bool = False
) -> Detail:
    return detail(
        name,
        call("s3", operation, {"Bucket": path("Name")}, permission=permission, absent=absent),
        when=computed(_enabled, "versioning:Status") if versioned else None,
    )


bucket = kind(
    "aws.s3.bucket",
    labels=(Label.DATA_STORE,),
    call=call("s3", "ListBuckets", permission="s3:ListAllMyBuckets", scope="account", page_size=1000),
    items="Buckets[*]",
    id=template("arn:{scope:partition}:s3:::{Name}"),
    title="Name",
    region=computed(location, "BucketRegion", "location:LocationConstraint"),
    details=(
        detail(
            "location",
            call("s3", "GetBucketLocation", {"Bucket": path("Name")}, scope="account"),
            when=computed(lambda told: not told, "BucketRegion"),
        ),
        _asked("policy", "GetBucketPolicy", absent=("NoSuchBucketPolicy",)),
        _asked("acl", "GetBucketAcl"),
        _asked(
            "block",
            "GetPublicAccessBlock",
            permission="s3:GetBucketPublicAccessBlock",
            absent=("NoSuchPublicAccessBlockConfiguration",),
        ),
        _asked(
            "encryption",
            "GetBucketEncryption",
            permission="s3:GetEncryptionConfiguration",
            absent=("ServerSideEncryptionConfigurationNotFoundError",),
        ),
        _asked("versioning", "GetBucketVersioning"),
        _asked(
            "lock",
            "GetObjectLockConfiguration",
            permission="s3:GetBucketObjectLockConfiguration",
            absent=("ObjectLockConfigurationNotFoundError",),
            versioned=True,
        ),
        _asked(
            "replication",
            "GetBucketReplication",
            permission="s3:GetReplicationConfiguration",
            absent=("ReplicationConfigurationNotFoundError",),
            versioned=True,
        ),
        _asked("logging", "GetBucketLogging"),
        _asked("notification", "GetBucketNotificationConfiguration", permission="s3:GetBucketNotification"),
        _asked("tags", "GetBucketTagging", absent=("NoSuchTagSet",)),
    ),
    attrs={
        "created_at": "CreationDate",
        "aliases": computed(aliases, "Name", "BucketRegion", "location:LocationConstraint"),
        "versioning": computed(_enabled, "versioning:Status"),
        "mfa_delete": computed(_enabled, "versioning:MFADelete"),
        "object_lock": computed(
            lock,
            "lock:ObjectLockConfiguration.ObjectLockEnabled",
            "lock:ObjectLockConfiguration.Rule.DefaultRetention.Mode",
        ),
        "encryption": computed(encryption, f"{_DEFAULT}.SSEAlgorithm", f"{_DEFAULT}.KMSMasterKeyID"),
        "access_logging": computed(lambda target: target is not None, "logging:LoggingEnabled.TargetBucket"),
        "block_public_acls": computed(_is_set, f"{_BLOCK}.BlockPublicAcls"),
        "ignore_public_acls": computed(_is_set, f"{_BLOCK}.IgnorePublicAcls"),
        "block_public_policy": computed(_is_set, f"{_BLOCK}.BlockPublicPolicy"),
        "restrict_public_buckets": computed(_is_set, f"{_BLOCK}.RestrictPublicBuckets"),
    },
    refs={
        "encrypted_with": computed(
            encrypting_key,
            f"{_DEFAULT}.KMSMasterKeyID",
            "scope:partition",
            "scope:account",
            "BucketRegion",
            "location:LocationConstraint",
        ),
        "logs_to": template("arn:{scope:partition}:s3:::{logging:LoggingEnabled.TargetBucket}"),
        "replicates_to": "replication:ReplicationConfiguration.Rules[*].Destination.Bucket",
        "sends_to": (
            "notification:LambdaFunctionConfigurations[*].LambdaFunctionArn",
            "notification:QueueConfigurations[*].QueueArn",
            "notification:TopicConfigurations[*].TopicArn",
        ),
    },
    policies=(
        policy(PolicyRole.RESOURCE, "policy:Policy", id=const("bucket-policy")),
        policy(PolicyRole.ACL, computed(grants, "acl:@"), id=const("acl")),
    ),
    tags="tags:TagSet",
)
