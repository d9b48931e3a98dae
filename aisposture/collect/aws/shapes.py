"""Small shapes that answers of several AWS services share: names in tags, times in text, sharing lists."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from aisposture.model import ids


def named(tags: Sequence[Mapping[str, str]] | None, fallback: str) -> str:
    """The value of the tag ``Name``, or ``fallback`` where there is none or it is empty."""
    return next(
        (tag["Value"] for tag in tags or () if tag.get("Key") == "Name" and tag.get("Value")), fallback
    )


def moment(text: str | None) -> str | None:
    """A time that a service answers as text, as RFC 3339 in UTC; text that is no time is not told."""
    if not text:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    when = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    return when.isoformat(timespec="seconds").replace("+00:00", "Z")


def several(*values: Any) -> list[str]:
    """``values`` as one list of texts: lists are flattened, missing ones left out, the order kept, each once."""
    flat = [item for value in values for item in (value if isinstance(value, list | tuple) else (value,))]
    return list(dict.fromkeys(str(item) for item in flat if item))


def shared_with(permissions: Sequence[Mapping[str, str]] | None) -> list[str]:
    """Ids of those with whom an image or snapshot is shared: accounts, organisations, units, or any account."""
    out: list[str] = []
    for entry in permissions or ():
        if entry.get("Group") == "all":
            out.append(ids.ANY_ACCOUNT)
        elif entry.get("UserId"):
            out.append(ids.account_node(entry["UserId"]))
        elif unit := entry.get("OrganizationalUnitArn"):
            out.append(unit)
        elif organization := entry.get("OrganizationArn"):
            out.append(ids.organization_node(organization.rpartition("/")[2]))
    return out


def everyone(permissions: Sequence[Mapping[str, str]] | None) -> bool:
    """Whether an image or snapshot is shared with all accounts."""
    return any(entry.get("Group") == "all" for entry in permissions or ())


def provider_or_customer(key: str | None) -> str:
    """Whose key encrypts what is always encrypted: none named or an ``aws/`` alias is the provider's."""
    return "provider" if not key or "alias/aws/" in key else "customer"


def by_key(encrypted: bool | None, key: str | None, aliases: Sequence[Mapping[str, str]] | None) -> str:
    """Whose key encrypts a volume; the provider's own keys are known by their alias alone."""
    if not encrypted:
        return "none"
    if not key or any(str(alias.get("AliasName")).startswith("alias/aws/") for alias in aliases or ()):
        return "provider"
    return "customer"


def key_id(key: str | None) -> str | None:
    """The bare id of a key that is named by ARN or id."""
    return key.rpartition("/")[2] if key else None


def unqualified(function: str | None) -> str | None:
    """The ARN of a Lambda function without its version or alias."""
    return ":".join(function.split(":")[:7]) if function else None


def key_ref(key: str | None, partition: str, region: str, account: str) -> str | None:
    """The ARN or id under which a key is known; a bare alias name belongs to the region where it is used."""
    if key and key.startswith("alias/"):
        return ids.arn("kms", key, account=account, region=region, partition=partition)
    return key
