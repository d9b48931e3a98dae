"""The read-only guard: no request passes to the wire unless a Kind declares its operation as a read.

It stands last before the wire, on every client and on every attempt, and knows nothing of who asked.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from urllib.parse import parse_qs

from aisposture.collect import calls_of
from aisposture.errors import WriteAttempt

ALLOWED: dict[str, str] = {
    "sts:AssumeRole": "turns the caller's credentials into those of the reading role; changes nothing",
    "sts:AssumeRoleWithWebIdentity": "the same, where the caller is a workload with an identity token",
    "sso:GetRoleCredentials": "the same, where the caller signed in through IAM Identity Center",
    "sso-oidc:CreateToken": "renews the sign-in token of IAM Identity Center that the line above needs",
    "signin:CreateOAuth2Token": "renews the token of a console sign-in that the profile uses",
    "sts:GetCallerIdentity": "a read: whose credentials these are, asked before any Kind is",
    "ec2:DescribeRegions": "a read: which regions the account has enabled",
    "organizations:ListAccounts": "a read: which accounts the organisation has",
    "s3:HeadBucket": "a read: the SDK asks it to find the region of a bucket that it was sent away from",
    "iam:GenerateCredentialReport": "makes the provider write a report that only iam:GetCredentialReport hands out",
    "iam:GenerateServiceLastAccessedDetails": "makes the provider write a report of last uses, handed out by its own read",
}
"""Operations that pass although no Kind need declare them, each with the reason."""


@cache
def permitted(cloud: str) -> frozenset[str]:
    """``service:Operation`` of everything that may reach the wire of ``cloud``."""
    return frozenset(call.name for call in calls_of(cloud)) | frozenset(ALLOWED if cloud == "aws" else ())


def check_aws(service: str, operation: str, headers: Mapping[str, str], body: object) -> None:
    """Let a request of the AWS client ``service`` pass, or stop it.

    The operation that the wire format itself names (``X-Amz-Target``, ``Action``) must be the same one.

    Raises:
        WriteAttempt: it is no declared read.
    """
    name = f"{service}:{operation}"
    if name not in permitted("aws"):
        raise WriteAttempt(f"{name} is no declared read; nothing was sent")
    named = [target.rpartition(".")[2] for target in (_header(headers, "x-amz-target"),) if target]
    named += _actions(headers, body)
    if any(other != operation for other in named):
        raise WriteAttempt(f"a request for {name} names {', '.join(named)}; nothing was sent")


def _header(headers: Mapping[str, str], wanted: str) -> str:
    for name, value in headers.items():
        if name.lower() == wanted:
            return value.decode("latin-1") if isinstance(value, bytes) else str(value)
    return ""


def _actions(headers: Mapping[str, str], body: object) -> Iterable[str]:
    if not _header(headers, "content-type").startswith("application/x-www-form-urlencoded"):
        return []
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    return parse_qs(text).get("Action", []) if isinstance(text, str) else []
