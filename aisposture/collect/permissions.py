"""The least that a scan must be allowed to do, derived from what the collectors declare."""

from typing import Any

from aisposture.collect import calls_of

_OWN = frozenset(("ec2:DescribeRegions", "organizations:ListAccounts"))
"""What the runner asks for itself."""


def aws_actions() -> tuple[str, ...]:
    """The IAM actions of a scan, sorted."""
    calls = calls_of("aws")
    prepared = {f"{call.permission.partition(':')[0]}:{call.prepare}" for call in calls if call.prepare}
    return tuple(sorted({call.permission for call in calls} | prepared | _OWN))


def aws_policy(*, role_name: str = "") -> dict[str, Any]:
    """The policy document of the scanner's role: one statement for each service, no wildcard in any action.

    With ``role_name`` its bearer may also assume that role in other accounts, which reading an organisation needs.
    """
    services: dict[str, list[str]] = {}
    for action in aws_actions():
        services.setdefault(action.partition(":")[0], []).append(action)
    statements: list[dict[str, Any]] = [
        {"Sid": _sid(service), "Effect": "Allow", "Action": actions, "Resource": "*"}
        for service, actions in sorted(services.items())
    ]
    if role_name:
        role = f"arn:aws:iam::*:role/{role_name}"
        statements.append(
            {"Sid": "EnterAccounts", "Effect": "Allow", "Action": ["sts:AssumeRole"], "Resource": role}
        )
    return {"Version": "2012-10-17", "Statement": statements}


def _sid(service: str) -> str:
    return "Read" + "".join(word.capitalize() for word in service.split("-"))
