"""Secrets Manager: what a secret is for, who may read it, when it was used; never its value."""

from aisposture.collect.aws.shapes import key_ref, provider_or_customer
from aisposture.collect.declare import call, computed, const, detail, kind, path, policy
from aisposture.model.graph import Label
from aisposture.model.resource import PolicyRole


def other_names(name: str, arn: str) -> list[str]:
    """The names under which configurations point at a secret: its name, and the ARN without the random suffix."""
    return [name, arn.rpartition("-")[0]]


secret = kind(
    "aws.secretsmanager.secret",
    labels=(Label.SECRET, Label.DATA_STORE),
    call=call("secretsmanager", "ListSecrets", page_size=100),
    items="SecretList[*]",
    id="ARN",
    title="Name",
    details=(detail("policy", call("secretsmanager", "GetResourcePolicy", {"SecretId": path("ARN")})),),
    attrs={
        "aliases": computed(other_names, "Name", "ARN"),
        "rotation": computed(bool, "RotationEnabled"),
        "rotated_at": "LastRotatedDate",
        "updated_at": "LastChangedDate",
        "last_used_at": "LastAccessedDate",
        "created_at": "CreatedDate",
        "encryption": computed(provider_or_customer, "KmsKeyId"),
    },
    refs={
        "encrypted_with": computed(key_ref, "KmsKeyId", "scope:partition", "scope:region", "scope:account")
    },
    policies=(policy(PolicyRole.RESOURCE, "policy:ResourcePolicy", id=const("resource-policy")),),
    tags="Tags",
)
