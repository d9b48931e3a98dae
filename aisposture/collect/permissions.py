"""The least that a scan must be allowed to do, derived from what the collectors declare."""

from typing import Any

from aisposture.collect import calls_of
from aisposture.collect.declare import PREFIXES
from aisposture.collect.guard import ALLOWED

SIGN_IN = frozenset(("sts", "sso", "sso-oidc", "signin"))
"""Services through which a scan logs in; who may do that is said elsewhere, in trust policies."""

_SAME_AS = {"s3:HeadBucket": "s3:ListBucket"}


def aws_actions() -> tuple[str, ...]:
    """The IAM actions of a scan, sorted."""
    calls = calls_of("aws")
    asked = {call.permission for call in calls}
    prepared = {
        f"{PREFIXES.get(call.service, call.service)}:{call.prepare}" for call in calls if call.prepare
    }
    beside = {_SAME_AS.get(name, name) for name in ALLOWED if name.partition(":")[0] not in SIGN_IN}
    known = prepared | {name for name in beside if not name.startswith("iam:Generate")}
    return tuple(sorted(asked | known))


def aws_policy() -> dict[str, Any]:
    """The policy document of the scanner's role: one statement for each service, no wildcard in any action."""
    services: dict[str, list[str]] = {}
    for action in aws_actions():
        services.setdefault(action.partition(":")[0], []).append(action)
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": _sid(service), "Effect": "Allow", "Action": actions, "Resource": "*"}
            for service, actions in sorted(services.items())
        ],
    }


def _sid(service: str) -> str:
    return "Read" + "".join(word.capitalize() for word in service.split("-"))
