"""What the real API answers and moto does not: defaults of new accounts and buckets, missing fields, paging.

Each amendment stands for one operation and names what it mends. They are chosen by ``service:Operation``.
"""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from aisposture.replay.aws.emulator import Emulator
from aisposture.replay.aws.wire import Answer, Call, error, serialise, understood_answer

_DEFAULT_REGIONS = (
    "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2",
    "ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1",
    "us-east-1", "us-east-2", "us-west-1", "us-west-2",
)  # fmt: skip
_OPT_IN_REGIONS = (
    "af-south-1", "ap-east-1", "ap-south-2", "ap-southeast-3", "ap-southeast-4", "ca-west-1", "eu-central-2",
    "eu-south-1", "eu-south-2", "il-central-1", "me-central-1", "me-south-1",
)  # fmt: skip
_BLOCK_ALL = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}

Amendment = Callable[["Amendments", Call, dict[str, Any]], Answer]


class Amendments:
    """The amended operations over one emulator, with the little state that moto does not keep.

    Attributes:
        max_items: page size of GetAccountAuthorizationDetails where the caller names none (the real service's is 100).
        default_network: whether regions have the default VPC that moto gives them.
    """

    def __init__(
        self, emulator: Emulator, *, max_items: int, default_network: bool, scanner: Callable[[str], bool]
    ) -> None:
        self.emulator = emulator
        self.max_items = max_items
        self.default_network = default_network
        self.scanner = scanner
        self.boundaries: dict[tuple[str, str], str] = {}
        self.opened_buckets: set[tuple[str, str]] = set()
        self.authorization: dict[str, list[tuple[str, dict[str, Any]]]] = {}

    def answer(self, call: Call, environ: dict[str, Any]) -> Answer:
        """The amended answer, or moto's own."""
        if call.service == "iam" and not call.operation.startswith(("Get", "List")):
            self.authorization.pop(call.account, None)
        if call.service == "ec2" and not self.default_network:
            self.emulator.drop_default_network(call.account, call.region)
        amend = _AMENDED.get(call.name)
        return amend(self, call, environ) if amend else self.emulator.ask(call, environ)


def _caller_identity(self: Amendments, call: Call, environ: dict[str, Any]) -> Answer:
    """Credentials handed out by the local cloud are a session of the scanner's role, not moto's anonymous user."""
    key = environ["HTTP_AUTHORIZATION"].partition("Credential=")[2].split("/")[0]
    if not self.scanner(key):
        return self.emulator.ask(call, environ)
    arn = f"arn:aws:sts::{call.account}:assumed-role/aisposture-audit/local"
    return serialise(call, {"UserId": "AROALOCALCLOUDSCANNER:local", "Account": call.account, "Arn": arn})


def _authorization_details(self: Amendments, call: Call, environ: dict[str, Any]) -> Answer:
    """Pages, names and ids of managed policies, users' boundaries, and of AWS's own policies only those in use."""
    if call.account not in self.authorization:
        self.authorization[call.account] = _all_details(self, call, environ)
    items = self.authorization[call.account]
    wanted = call.params.get("Filter") or []
    if wanted:
        items = [(section, item) for section, item in items if _section_of(section, item) in wanted]
    start = int(call.params.get("Marker") or 0)
    stop = start + int(call.params.get("MaxItems") or self.max_items)
    page: dict[str, Any] = {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}
    for section, item in items[start:stop]:
        page[section].append(item)
    page["IsTruncated"] = stop < len(items)
    if page["IsTruncated"]:
        page["Marker"] = str(stop)
    return serialise(call, page)


def _section_of(section: str, item: dict[str, Any]) -> str:
    if section == "Policies":
        return "AWSManagedPolicy" if item["Arn"].startswith("arn:aws:iam::aws:") else "LocalManagedPolicy"
    return {"UserDetailList": "User", "GroupDetailList": "Group", "RoleDetailList": "Role"}[section]


def _all_details(self: Amendments, call: Call, environ: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    import io

    body = b"Action=GetAccountAuthorizationDetails&Version=2010-05-08" + b"".join(
        f"&Filter.member.{number}={word}".encode()
        for number, word in enumerate(("User", "Group", "Role", "LocalManagedPolicy"), start=1)
    )
    whole = {**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    details = understood_answer(call, self.emulator.ask(call, whole))
    known = self.emulator.backend("iam", call.account, "aws").managed_policies
    used: set[str] = set()
    for section in ("UserDetailList", "GroupDetailList", "RoleDetailList"):
        for item in details[section]:
            boundary = self.boundaries.get((call.account, item.get("UserName", "")))
            if boundary:
                item["PermissionsBoundary"] = _boundary(boundary)
            elif not item.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"):
                item.pop("PermissionsBoundary", None)
            used.update(policy["PolicyArn"] for policy in item.get("AttachedManagedPolicies", ()))
            used.add(item.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""))
    for policy in details["Policies"]:
        policy.update(PolicyName=known[policy["Arn"]].name, PolicyId=known[policy["Arn"]].id)
    for arn in sorted(used):
        if arn in known and arn.startswith("arn:aws:iam::aws:"):
            details["Policies"].append(_managed(known[arn]))
    return [
        (section, item)
        for section, key in (
            ("UserDetailList", "UserName"),
            ("GroupDetailList", "GroupName"),
            ("RoleDetailList", "RoleName"),
            ("Policies", "Arn"),
        )
        for item in sorted(details[section], key=lambda item: str(item[key]))
    ]


def _managed(policy: Any) -> dict[str, Any]:
    version = next(version for version in policy.versions if version.version_id == policy.default_version_id)
    document = version.document if isinstance(version.document, str) else json.dumps(version.document)
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": policy.default_version_id,
        "AttachmentCount": policy.attachment_count,
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": True,
        "CreateDate": policy.create_date,
        "UpdateDate": policy.update_date,
        "PolicyVersionList": [
            {
                "Document": quote(document),
                "VersionId": version.version_id,
                "IsDefaultVersion": True,
                "CreateDate": policy.update_date,
            }
        ],
    }


def _boundary(arn: str) -> dict[str, str]:
    return {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}


def _put_user_boundary(self: Amendments, call: Call, _environ: dict[str, Any]) -> Answer:
    """Not implemented by moto."""
    self.boundaries[(call.account, call.params["UserName"])] = call.params["PermissionsBoundary"]
    return serialise(call, {})


def _delete_user_boundary(self: Amendments, call: Call, _environ: dict[str, Any]) -> Answer:
    """Not implemented by moto."""
    self.boundaries.pop((call.account, call.params["UserName"]), None)
    return serialise(call, {})


def _get_user(self: Amendments, call: Call, environ: dict[str, Any]) -> Answer:
    """The boundary of a user."""
    answer = self.emulator.ask(call, environ)
    boundary = self.boundaries.get((call.account, call.params.get("UserName", "")))
    if answer.status != 200 or boundary is None:
        return answer
    result = understood_answer(call, answer)
    result["User"]["PermissionsBoundary"] = _boundary(boundary)
    return serialise(call, result)


def _bucket_encryption(self: Amendments, call: Call, environ: dict[str, Any]) -> Answer:
    """Every bucket without a setting of its own is encrypted with SSE-S3 since January 2023."""
    answer = self.emulator.ask(call, environ)
    if _code(call, answer) != "ServerSideEncryptionConfigurationNotFoundError":
        return answer
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}
    return serialise(call, {"ServerSideEncryptionConfiguration": {"Rules": [rule]}})


def _bucket_public_access(self: Amendments, call: Call, environ: dict[str, Any]) -> Answer:
    """Every new bucket blocks public access since April 2023, until someone deletes the setting."""
    answer = self.emulator.ask(call, environ)
    if _code(call, answer) != "NoSuchPublicAccessBlockConfiguration":
        return answer
    if (call.account, call.params["Bucket"]) in self.opened_buckets:
        return answer
    return serialise(call, {"PublicAccessBlockConfiguration": dict(_BLOCK_ALL)})


def _open_bucket(self: Amendments, call: Call, environ: dict[str, Any]) -> Answer:
    """Remembers that the default is gone."""
    self.opened_buckets.add((call.account, call.params["Bucket"]))
    return self.emulator.ask(call, environ)


def _bucket_ownership(self: Amendments, call: Call, environ: dict[str, Any]) -> Answer:
    """New buckets have ACLs disabled since April 2023."""
    answer = self.emulator.ask(call, environ)
    if _code(call, answer) != "OwnershipControlsNotFoundError":
        return answer
    return serialise(call, {"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}})


def _code(call: Call, answer: Answer) -> str:
    if answer.status < 300:
        return ""
    return str(understood_answer(call, answer).get("Error", {}).get("Code", ""))


def _function_url(self: Amendments, call: Call, environ: dict[str, Any]) -> Answer:
    """The URL ends with a slash, and the invoke mode is spelled in capitals."""
    answer = self.emulator.ask(call, environ)
    return answer if answer.status >= 300 else serialise(call, _spelled(understood_answer(call, answer)))


def _function_urls(self: Amendments, call: Call, environ: dict[str, Any]) -> Answer:
    """Not implemented by moto: the one URL of the unqualified function, as a list."""
    single = Call("lambda", "GetFunctionUrlConfig", call.account, call.region, call.params, call.protocol)
    name = quote(call.params["FunctionName"], safe="")
    answer = self.emulator.ask_path(single, "GET", f"/2021-10-31/functions/{name}/url", environ)
    if answer.status == 404:
        exists = Call("lambda", "GetFunction", call.account, call.region, call.params, call.protocol)
        if self.emulator.ask_path(exists, "GET", f"/2015-03-31/functions/{name}", environ).status == 404:
            return error(call, "ResourceNotFoundException", "Function not found", status=404)
        return serialise(call, {"FunctionUrlConfigs": []})
    return serialise(call, {"FunctionUrlConfigs": [_spelled(understood_answer(single, answer))]})


def _spelled(config: dict[str, Any]) -> dict[str, Any]:
    config["FunctionUrl"] = config["FunctionUrl"].rstrip("/") + "/"
    config["InvokeMode"] = config.get("InvokeMode", "BUFFERED").upper()
    return config


def _function_policy(self: Amendments, call: Call, environ: dict[str, Any]) -> Answer:
    """Options of AddPermission that moto keeps as they came are conditions of the statement."""
    answer = self.emulator.ask(call, environ)
    if answer.status >= 300:
        return answer
    result = understood_answer(call, answer)
    policy = json.loads(result["Policy"])
    for statement in policy["Statement"]:
        for option, operator in (("FunctionUrlAuthType", "StringEquals"), ("InvokedViaFunctionUrl", "Bool")):
            if option in statement:
                value = statement.pop(option)
                condition = statement.setdefault("Condition", {})
                text = str(value).lower() if isinstance(value, bool) else value
                condition.setdefault(operator, {})[f"lambda:{option}"] = text
    result["Policy"] = json.dumps(policy)
    return serialise(call, result)


def _account_summary(self: Amendments, call: Call, environ: dict[str, Any]) -> Answer:
    """A root user with a second factor and without access keys: moto has no root user."""
    result = understood_answer(call, self.emulator.ask(call, environ))
    result["SummaryMap"].update(AccountMFAEnabled=1, AccountAccessKeysPresent=0)
    return serialise(call, result)


def _credential_report(self: Amendments, call: Call, environ: dict[str, Any]) -> Answer:
    """The row of the root user, as in ``_account_summary``."""
    answer = self.emulator.ask(call, environ)
    if answer.status >= 300:
        return answer
    result = understood_answer(call, answer)
    header, _, rows = bytes(result["Content"]).decode().partition("\n")
    given = {
        "user": "<root_account>",
        "arn": f"arn:aws:iam::{call.account}:root",
        "user_creation_time": "2021-03-01T08:00:00+00:00",
        "password_enabled": "not_supported",
        "password_last_used": "no_information",
        "password_last_changed": "not_supported",
        "password_next_rotation": "not_supported",
        "mfa_active": "true",
    }
    root = [
        given.get(column, "false" if column.endswith("_active") else "N/A")
        for column in header.strip().split(",")
    ]
    result["Content"] = "\n".join((header, ",".join(root), rows)).encode()
    return serialise(call, result)


def _interfaces(self: Amendments, call: Call, environ: dict[str, Any]) -> Answer:
    """The public address stands beside the private one that it belongs to, not only on the interface."""
    answer = self.emulator.ask(call, environ)
    if answer.status >= 300:
        return answer
    result = understood_answer(call, answer)
    for interface in result["NetworkInterfaces"]:
        _associate(interface)
    return serialise(call, result)


def _instances(self: Amendments, call: Call, environ: dict[str, Any]) -> Answer:
    """The same on the interfaces of an instance, and the groups of its first interface as its own."""
    answer = self.emulator.ask(call, environ)
    if answer.status >= 300:
        return answer
    result = understood_answer(call, answer)
    for reservation in result["Reservations"]:
        for instance in reservation["Instances"]:
            interfaces = instance.get("NetworkInterfaces", [])
            for interface in interfaces:
                _associate(interface)
            if interfaces and not instance.get("SecurityGroups"):
                instance["SecurityGroups"] = interfaces[0].get("Groups", [])
    return serialise(call, result)


def _associate(interface: dict[str, Any]) -> None:
    if interface.get("Association", {}).get("PublicIp"):
        for address in interface.get("PrivateIpAddresses", []):
            if address.get("Primary"):
                address.setdefault("Association", interface["Association"])


def _regions(_self: Amendments, call: Call, _environ: dict[str, Any]) -> Answer:
    """Not implemented by moto: the seventeen regions that every account has, and some that none opted into."""
    states = dict.fromkeys(_DEFAULT_REGIONS, "ENABLED_BY_DEFAULT") | dict.fromkeys(
        _OPT_IN_REGIONS, "DISABLED"
    )
    wanted = call.params.get("RegionOptStatusContains") or set(states.values())
    regions = [
        {"RegionName": name, "RegionOptStatus": state}
        for name, state in sorted(states.items())
        if state in wanted
    ]
    start = int(call.params.get("NextToken") or 0)
    stop = start + int(call.params.get("MaxResults") or 50)
    more = {"NextToken": str(stop)} if stop < len(regions) else {}
    return serialise(call, {"Regions": regions[start:stop], **more})


_AMENDED: dict[str, Amendment] = {
    "account:ListRegions": _regions,
    "ec2:DescribeInstances": _instances,
    "ec2:DescribeNetworkInterfaces": _interfaces,
    "iam:DeleteUserPermissionsBoundary": _delete_user_boundary,
    "iam:GetAccountAuthorizationDetails": _authorization_details,
    "iam:GetAccountSummary": _account_summary,
    "iam:GetCredentialReport": _credential_report,
    "iam:GetUser": _get_user,
    "iam:PutUserPermissionsBoundary": _put_user_boundary,
    "lambda:GetFunctionUrlConfig": _function_url,
    "lambda:GetPolicy": _function_policy,
    "lambda:ListFunctionUrlConfigs": _function_urls,
    "s3:DeletePublicAccessBlock": _open_bucket,
    "s3:GetBucketEncryption": _bucket_encryption,
    "s3:GetBucketOwnershipControls": _bucket_ownership,
    "s3:GetPublicAccessBlock": _bucket_public_access,
    "sts:GetCallerIdentity": _caller_identity,
}
