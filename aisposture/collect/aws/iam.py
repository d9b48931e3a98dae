"""IAM: users, groups, roles, policies, access keys and identity providers, in as few calls as AWS allows.

``GetAccountAuthorizationDetails`` gives nearly all of it in pages; the credential report tells sign-ins and access keys of
all users at once. Users whom the report does not name (made since it was written, or nobody may read it) are asked one by
one. A key made within the report's life (four hours at most) for a user who had none is seen by the next scan.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from aisposture.collect.aws.shapes import moment
from aisposture.collect.declare import Call, call, computed, const, detail, kind, path, policy, table
from aisposture.model.graph import Label
from aisposture.model.ids import arn, child
from aisposture.model.resource import PolicyRole

_ENTITY = re.compile(r"""entityID\s*=\s*["']([^"']{1,1024})["']""")
_MOMENT = "%Y-%m-%dT%H:%M:%SZ"
_SLOTS = ("1", "2")
_SIGN_IN = "password_enabled"

Row = Mapping[str, str]


def report_rows(answer: Mapping[str, Any]) -> dict[str, list[dict[str, str]]]:
    """The credential report as rows by name of column."""
    content = answer["Content"]
    text = content.decode("utf-8", "replace") if isinstance(content, bytes) else str(content)
    return {"rows": [dict(row) for row in csv.DictReader(io.StringIO(text))]}


def _row(rows: Sequence[Row]) -> Row:
    """The user's row; a LookupError (the field is then unseen) where the report does not name the user."""
    return rows[0]


def has_password(rows: Sequence[Row], profile: Mapping[str, Any] | None) -> bool:
    """Whether a user may sign in to the console."""
    return rows[0][_SIGN_IN] == "true" if rows else profile is not None


def has_mfa(rows: Sequence[Row], devices: Sequence[Any] | None) -> bool:
    """Whether a user has a second factor."""
    return rows[0]["mfa_active"] == "true" if rows else bool(devices)


def has_keys(rows: Sequence[Row]) -> bool:
    """Whether a user may have access keys."""
    return not rows or any(
        rows[0].get(f"access_key_{slot}_active") == "true"
        or _when(rows[0].get(f"access_key_{slot}_last_rotated")) is not None
        for slot in _SLOTS
    )


def signed_in(rows: Sequence[Row]) -> str | None:
    """The last sign-in with a password."""
    return _when(_row(rows).get("password_last_used"))


def user_used(rows: Sequence[Row]) -> str | None:
    """The last use of a user's password or keys."""
    row = _row(rows)
    names = ("password_last_used", *(f"access_key_{slot}_last_used_date" for slot in _SLOTS))
    return max((moment for name in names if (moment := _when(row.get(name)))), default=None)


def key_slot(rows: Sequence[Row], created: datetime | None) -> str | None:
    """The report's slot of the key made at ``created``; None where none or both fit."""
    if not rows or created is None:
        return None
    made = created.astimezone(UTC).strftime(_MOMENT)
    fits = [slot for slot in _SLOTS if _when(rows[0].get(f"access_key_{slot}_last_rotated")) == made]
    return fits[0] if len(fits) == 1 else None


def key_used(rows: Sequence[Row], created: datetime | None, asked: datetime | None) -> Any:
    """The last use of a key, from its slot in the report or as asked for alone."""
    slot = key_slot(rows, created)
    return asked if slot is None else _when(rows[0].get(f"access_key_{slot}_last_used_date"))


def _when(text: str | None) -> str | None:
    return moment(text) if text and text[:1].isdigit() else None


def default_document(document: Any, is_default: bool | None) -> Any:
    """The document of the version in force."""
    return document if is_default else None


def last_part(name: str) -> str:
    """The friendly name at the end of an ARN."""
    return name.rpartition("/")[2]


def policy_account(name: str, account: str) -> str:
    """``aws`` for the provider's own policies."""
    return "aws" if name.split(":")[4:5] == ["aws"] else account


def groups(names: Sequence[str] | None, partition: str, account: str) -> list[str]:
    """The ARNs of groups as if they had no path; groups with one carry this as an alias."""
    return [arn("iam", f"group/{name}", account=account, partition=partition) for name in names or ()]


def group_aliases(name: str, path_: str, partition: str, account: str) -> list[str]:
    """The ARN without the path, where there is one."""
    return [] if path_ == "/" else groups([name], partition, account)


def key_id(user: str, key: str) -> str:
    """The id of an access key."""
    return child(user, "access_key", key)


def entity(metadata: str | None) -> str | None:
    """The issuer that a SAML provider's metadata names."""
    found = _ENTITY.search(metadata or "")
    return found[1] if found else None


def issuer(url: str | None) -> str | None:
    """The issuer without scheme."""
    return url.removeprefix("https://").rstrip("/") if url else None


def _details() -> Call:
    return call("iam", "GetAccountAuthorizationDetails", scope="account", page_size=1000)


_report = table(
    "report",
    call(
        "iam",
        "GetCredentialReport",
        scope="account",
        pending=("ReportNotPresent", "ReportExpired", "ReportInProgress"),
        prepare="GenerateCredentialReport",
    ),
    rows="rows[*]",
    key="arn",
    by="Arn",
    parse=report_rows,
    optional=True,
)
_unreported = computed(lambda rows: not rows, "report:@")

user = kind(
    "aws.iam.user",
    labels=(Label.IDENTITY,),
    call=_details(),
    items="UserDetailList[*]",
    id="Arn",
    title="UserName",
    tables=(_report,),
    details=(
        detail(
            "profile",
            call(
                "iam",
                "GetLoginProfile",
                {"UserName": path("UserName")},
                absent=("NoSuchEntity",),
                scope="account",
            ),
            when=_unreported,
        ),
        detail(
            "devices",
            call("iam", "ListMFADevices", {"UserName": path("UserName")}, scope="account"),
            when=_unreported,
        ),
        detail(
            "keys",
            call("iam", "ListAccessKeys", {"UserName": path("UserName")}, scope="account"),
            when=computed(has_keys, "report:@"),
        ),
    ),
    attrs={
        "principal_type": const("user"),
        "unique_id": "UserId",
        "path": "Path",
        "created_at": "CreateDate",
        "console_access": computed(has_password, "report:@", "profile:LoginProfile"),
        "mfa": computed(has_mfa, "report:@", "devices:MFADevices"),
        "password_last_used_at": computed(signed_in, "report:@"),
        "last_used_at": computed(user_used, "report:@"),
    },
    refs={
        "has_policy": "AttachedManagedPolicies[*].PolicyArn",
        "bounded_by": "PermissionsBoundary.PermissionsBoundaryArn",
        "member_of": computed(groups, "GroupList", "scope:partition", "scope:account"),
    },
    policies=(policy(PolicyRole.INLINE, "PolicyDocument", id="PolicyName", each="UserPolicyList[*]"),),
    tags="Tags",
)

access_key = kind(
    "aws.iam.access_key",
    labels=(Label.CREDENTIAL,),
    call=None,
    parents=("aws.iam.user",),
    items="parent.keys:AccessKeyMetadata[*]",
    id=computed(key_id, "scope:parent", "AccessKeyId"),
    title="AccessKeyId",
    details=(
        detail(
            "used",
            call("iam", "GetAccessKeyLastUsed", {"AccessKeyId": path("AccessKeyId")}, scope="account"),
            when=computed(
                lambda rows, created: key_slot(rows, created) is None, "parent.report:@", "CreateDate"
            ),
        ),
    ),
    attrs={
        "aliases": computed(lambda key: [key], "AccessKeyId"),
        "credential_kind": const("access-key"),
        "active": computed(lambda status: status == "Active", "Status"),
        "created_at": "CreateDate",
        "last_used_at": computed(
            key_used, "parent.report:@", "CreateDate", "used:AccessKeyLastUsed.LastUsedDate"
        ),
    },
    refs={"authenticates_as": "scope:parent"},
)

group = kind(
    "aws.iam.group",
    labels=(Label.GROUP,),
    call=_details(),
    items="GroupDetailList[*]",
    id="Arn",
    title="GroupName",
    attrs={
        "principal_type": const("group"),
        "unique_id": "GroupId",
        "path": "Path",
        "created_at": "CreateDate",
        "aliases": computed(group_aliases, "GroupName", "Path", "scope:partition", "scope:account"),
    },
    refs={"has_policy": "AttachedManagedPolicies[*].PolicyArn"},
    policies=(policy(PolicyRole.INLINE, "PolicyDocument", id="PolicyName", each="GroupPolicyList[*]"),),
)

role = kind(
    "aws.iam.role",
    labels=(Label.IDENTITY,),
    call=_details(),
    items="RoleDetailList[*]",
    id="Arn",
    title="RoleName",
    tables=(
        # The authorization details leave out how long sessions of a role may last.
        table(
            "listed",
            call("iam", "ListRoles", scope="account", page_size=1000),
            rows="Roles[*]",
            key="Arn",
            by="Arn",
        ),
    ),
    attrs={
        "principal_type": const("role"),
        "max_session_seconds": "listed:[0].MaxSessionDuration",
        "unique_id": "RoleId",
        "path": "Path",
        "created_at": "CreateDate",
        "last_used_at": "RoleLastUsed.LastUsedDate",
        "service_linked": computed(lambda where: where.startswith("/aws-service-role/"), "Path"),
        "aliases": "InstanceProfileList[*].Arn",
    },
    refs={
        "has_policy": "AttachedManagedPolicies[*].PolicyArn",
        "bounded_by": "PermissionsBoundary.PermissionsBoundaryArn",
    },
    policies=(
        policy(PolicyRole.TRUST, "AssumeRolePolicyDocument", id=const("trust")),
        policy(PolicyRole.INLINE, "PolicyDocument", id="PolicyName", each="RolePolicyList[*]"),
    ),
    tags="Tags",
)

managed_policy = kind(
    "aws.iam.policy",
    call=_details(),
    items="Policies[*]",
    id="Arn",
    title=computed(last_part, "Arn"),
    account=computed(policy_account, "Arn", "scope:account"),
    attrs={"path": "Path", "created_at": "CreateDate", "updated_at": "UpdateDate"},
    policies=(
        policy(
            PolicyRole.IDENTITY,
            computed(default_document, "Document", "IsDefaultVersion"),
            id="scope:id",
            each="PolicyVersionList[*]",
        ),
    ),
)

oidc_provider = kind(
    "aws.iam.oidc_provider",
    call=call("iam", "ListOpenIDConnectProviders", scope="account"),
    items="OpenIDConnectProviderList[*]",
    id="Arn",
    title=computed(lambda name: name.partition("oidc-provider/")[2], "Arn"),
    details=(
        detail(
            "provider",
            call(
                "iam", "GetOpenIDConnectProvider", {"OpenIDConnectProviderArn": path("Arn")}, scope="account"
            ),
        ),
    ),
    attrs={
        "issuer": computed(issuer, "provider:Url"),
        "audiences": "provider:ClientIDList",
        "created_at": "provider:CreateDate",
    },
    tags="provider:Tags",
)

saml_provider = kind(
    "aws.iam.saml_provider",
    call=call("iam", "ListSAMLProviders", scope="account"),
    items="SAMLProviderList[*]",
    id="Arn",
    title=computed(last_part, "Arn"),
    details=(
        detail("provider", call("iam", "GetSAMLProvider", {"SAMLProviderArn": path("Arn")}, scope="account")),
    ),
    attrs={
        "issuer": computed(entity, "provider:SAMLMetadataDocument"),
        "audiences": const(("https://signin.aws.amazon.com/saml",)),
        "created_at": "CreateDate",
    },
    tags="provider:Tags",
)
