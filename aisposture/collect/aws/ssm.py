"""Systems Manager parameters: metadata only."""

from aisposture.collect.aws.shapes import key_ref, several
from aisposture.collect.declare import call, computed, kind
from aisposture.model.graph import Label

_TYPES = {"String": "plain", "StringList": "list", "SecureString": "secure"}


def parameter_arn(arn: str | None, name: str, partition: str, region: str, account: str) -> str:
    """The ARN of a parameter, made from its name where the answer has none; a leading slash is not doubled."""
    return arn or f"arn:{partition}:ssm:{region}:{account}:parameter/{name.removeprefix('/')}"


def encryption(parameter_type: str, key: str | None) -> str:
    """Only secure parameters are encrypted with a key."""
    if parameter_type != "SecureString":
        return "none"
    return "provider" if not key or key == "alias/aws/ssm" else "customer"


parameter = kind(
    "aws.ssm.parameter",
    call=call("ssm", "DescribeParameters", page_size=50),
    items="Parameters[*]",
    id=computed(parameter_arn, "ARN", "Name", "scope:partition", "scope:region", "scope:account"),
    title="Name",
    labels_when={
        Label.SECRET: computed(lambda word: word == "SecureString", "Type"),
        Label.DATA_STORE: computed(lambda word: word != "SecureString", "Type"),
    },
    attrs={
        "aliases": computed(several, "Name"),
        "parameter_type": computed(_TYPES.get, "Type"),
        "updated_at": "LastModifiedDate",
        "encryption": computed(encryption, "Type", "KeyId"),
    },
    refs={"encrypted_with": computed(key_ref, "KeyId", "scope:partition", "scope:region", "scope:account")},
)
