"""What Amazon S3 calls a public bucket policy: one that is not limited to fixed principals, networks or sources.

Source: Amazon S3 User Guide, "Blocking public access to your Amazon S3 storage", section on the meaning of public.
"""

import ipaddress

from aisposture.access.aws.document import Condition, Document, Statement
from aisposture.access.aws.match import has_wildcard

_FIXING_KEYS = frozenset(
    {
        "aws:sourcearn",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:sourceowner",
        "aws:sourceaccount",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:userid",
        "aws:principalarn",
        "aws:principalaccount",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "s3:dataaccesspointarn",
        "s3:dataaccesspointaccount",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
    }
)
_FIXING_OPERATORS = frozenset(
    {"StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike", "IpAddress"}
)
_WIDEST = {4: 8, 6: 32}
"""Shortest prefix of a source range, by IP version, that still counts as a limit."""


def is_public(document: Document) -> bool:
    """Whether any statement lets in callers that are not fixed in it."""
    return any(_lets_everyone_in(statement) for statement in document.statements)


def _lets_everyone_in(statement: Statement) -> bool:
    if statement.effect != "Allow" or statement.mistakes or statement.principals is None:
        return False
    everyone = statement.not_principals or any(one.value == "*" for one in statement.principals)
    return everyone and not any(_limits(condition) for condition in statement.conditions)


def _limits(condition: Condition) -> bool:
    if condition.operator not in _FIXING_OPERATORS or condition.if_exists or not condition.values:
        return False
    if condition.qualifier == "ForAllValues":
        return False
    key = condition.key.lower()
    if key == "aws:sourceip":
        return all(map(_is_narrow, condition.values))
    return key in _FIXING_KEYS and all(_is_fixed(key, value) for value in condition.values)


def _is_fixed(key: str, value: str) -> bool:
    if key == "s3:dataaccesspointarn":
        # The name of the access point may be a wildcard as long as its account is not.
        value = ":".join(value.split(":")[:5])
    if key == "aws:userid" and value.endswith(":*"):
        value = value.removesuffix(":*")
    return bool(value) and not has_wildcard(value) and "${" not in value


def _is_narrow(cidr: str) -> bool:
    try:
        network = ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return False
    return network.prefixlen >= _WIDEST[network.version]
