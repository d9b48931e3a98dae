"""KMS keys: who may use and administer them, by key policy and grants; rotation, state, aliases."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from aisposture.collect.declare import call, computed, const, detail, kind, path, policy, table
from aisposture.model.graph import Label
from aisposture.model.resource import PolicyRole


def other_names(key: str, aliases: Sequence[Mapping[str, str]] | None) -> list[str]:
    """The names under which refs point at a key: its id, and the ARNs and names of its aliases.

    The provider's own aliases (``alias/aws/...``) exist in every region, so only their ARNs tell a key.
    """
    rows = list(aliases or ())
    own = [row["AliasName"] for row in rows if not row["AliasName"].startswith("alias/aws/")]
    return [key, *sorted(row["AliasArn"] for row in rows), *sorted(own)]


def title(key: str, aliases: Sequence[Mapping[str, str]] | None) -> str:
    """The first alias of a key without its prefix, else its id."""
    return min((row["AliasName"].removeprefix("alias/") for row in aliases or ()), default=key)


def state(word: str | None) -> str | None:
    """``PendingDeletion`` as ``pending-deletion``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", word).lower() if word else None


def rotates(spec: str | None, origin: str | None, word: str | None) -> bool:
    """Whether rotation can be asked for: only symmetric keys whose material KMS made and that are not going away."""
    return (
        spec == "SYMMETRIC_DEFAULT" and origin == "AWS_KMS" and word not in {"PendingDeletion", "Unavailable"}
    )


def grant_text(grant: Mapping[str, Any]) -> dict[str, Any]:
    """A grant as a document: everything but its times."""
    return {name: value for name, value in grant.items() if name != "CreationDate"}


key = kind(
    "aws.kms.key",
    labels=(Label.KEY,),
    call=call("kms", "ListKeys", page_size=1000),
    items="Keys[*]",
    id="KeyArn",
    title=computed(title, "KeyId", "aliases:@"),
    tables=(table("aliases", call("kms", "ListAliases"), rows="Aliases[*]", key="TargetKeyId", by="KeyId"),),
    details=(
        detail("key", call("kms", "DescribeKey", {"KeyId": path("KeyId")})),
        detail("policy", call("kms", "GetKeyPolicy", {"KeyId": path("KeyId"), "PolicyName": "default"})),
        detail("grants", call("kms", "ListGrants", {"KeyId": path("KeyId")})),
        detail(
            "rotation",
            call("kms", "GetKeyRotationStatus", {"KeyId": path("KeyId")}),
            when=computed(
                rotates, "key:KeyMetadata.KeySpec", "key:KeyMetadata.Origin", "key:KeyMetadata.KeyState"
            ),
        ),
        detail(
            "tags",
            call("kms", "ListResourceTags", {"KeyId": path("KeyId")}),
            when=computed(lambda manager: manager == "CUSTOMER", "key:KeyMetadata.KeyManager"),
        ),
    ),
    attrs={
        "aliases": computed(other_names, "KeyId", "aliases:@"),
        "rotation": "rotation:KeyRotationEnabled",
        "key_manager": computed(lambda word: word.lower() if word else None, "key:KeyMetadata.KeyManager"),
        "key_state": computed(state, "key:KeyMetadata.KeyState"),
        "enabled": "key:KeyMetadata.Enabled",
        "created_at": "key:KeyMetadata.CreationDate",
        "description": "key:KeyMetadata.Description",
    },
    policies=(
        policy(PolicyRole.RESOURCE, "policy:Policy", id=const("default")),
        policy(PolicyRole.GRANT, computed(grant_text, "@"), id="GrantId", each="grants:Grants[*]"),
    ),
    tags="tags:Tags",
)
