"""How to make a change by hand with the provider's CLI, read off what differs between a resource before and after.

Text for people; aisposture never runs it. Every name in it comes from a cloud and may be hostile: shell words are quoted, and
nothing unprintable is left in them.
"""

import json
import shlex
from collections.abc import Iterator
from typing import Any

from aisposture.fix.patch import canonical
from aisposture.model import ids
from aisposture.model.resource import Resource

IDENTITIES = ("aws.iam.role", "aws.iam.user", "aws.iam.group")
"""Kinds that carry inline policies."""

_RESOURCE_POLICIES = {
    "aws.s3.bucket": ("s3api", "put-bucket-policy", "delete-bucket-policy", "bucket", "policy"),
    "aws.secretsmanager.secret": (
        "secretsmanager",
        "put-resource-policy",
        "delete-resource-policy",
        "secret_id",
        "resource_policy",
    ),
    "aws.kms.key": ("kms", "put-key-policy --policy-name=default", "", "key_id", "policy"),
}
"""Service, operations that put and delete, and options for the resource and the document, by kind."""


def shell(text: str) -> str:
    """``text`` as one word of a shell."""
    if text.isprintable():
        return shlex.quote(text)
    escaped = "".join(
        each
        if each.isprintable() and each not in "'\\"
        else "".join(f"\\x{byte:02x}" for byte in each.encode(errors="replace"))
        for each in text
    )
    return f"$'{escaped}'"


class Difference:
    """One resource before and after."""

    def __init__(self, before: Resource | None, after: Resource) -> None:
        self.before = before
        self.after = after
        self.old: dict[str, Any] = canonical(before) if before is not None else {}
        self.new = canonical(after)
        self.attrs = {
            name: value
            for name, value in self.new["attrs"].items()
            if before is None or before.attrs.get(name) != value
        }

    def cli(self) -> Iterator[str]:
        """Commands of the AWS CLI, one a line; lines that begin with ``#`` are for the reader."""
        lines = [*self._setting_commands(), *self._policy_commands(), *self._other_commands()]
        if lines:
            yield f"# in account {plain(self.after.account)}"
            yield from lines

    # --- commands

    def _aws(self, service: str, operation: str, **options: str) -> str:
        region = {"region": self.after.region} if self.after.region not in {"global", ""} else {}
        words = [
            f"--{name.replace('_', '-')}={shell(value)}" for name, value in {**options, **region}.items()
        ]
        if any(value.startswith(("file://", "fileb://")) for value in options.values()):
            return "# a name here would be read as a file by the AWS CLI; make this change in the console"
        return " ".join(["aws", service, operation, *words])

    def _setting_commands(self) -> Iterator[str]:
        kind, attrs = self.after.kind, self.attrs
        if "imds_version" in attrs:
            limit = (
                {"http_put_response_hop_limit": "1"} if self.after.attrs.get("imds_hop_limit") == 1 else {}
            )
            yield self._aws(
                "ec2",
                "modify-instance-metadata-options",
                instance_id=tail(self.after.id),
                http_tokens="required",
                **limit,
            )
        if kind == "aws.lambda.url" and "auth" in attrs:
            function = self.after.id.partition("#")[0]
            yield self._aws(
                "lambda", "update-function-url-config", function_name=function, auth_type="AWS_IAM"
            )
        if "confirmation" in attrs:
            yield f"# in the agent's action group {plain(self.after.name)}, set requireConfirmation to ENABLED for every function, then prepare the agent:"
            yield self._aws("bedrock-agent", "prepare-agent", agent_id=_agent(self.after.id))
        if kind == "aws.bedrock.action_group" and attrs.get("enabled") is False:
            yield f"# set the state of action group {plain(self.after.name)} to DISABLED (update-agent-action-group), then prepare the agent:"
            yield self._aws("bedrock-agent", "prepare-agent", agent_id=_agent(self.after.id))
        if kind == "aws.iam.access_key" and attrs.get("active") is False:
            user, _, key = self.after.id.partition("#access_key/")
            yield self._aws(
                "iam", "update-access-key", user_name=tail(user), access_key_id=key, status="Inactive"
            )
        if (
            "block_public_acls" in attrs
            or "restrict_public_buckets" in attrs
            or "block_public_policy" in attrs
        ):
            flags = (
                "BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true"
            )
            if kind == "aws.account":
                yield self._aws(
                    "s3control",
                    "put-public-access-block",
                    account_id=self.after.account,
                    public_access_block_configuration=flags,
                )
            else:
                yield self._aws(
                    "s3api",
                    "put-public-access-block",
                    bucket=asked_for(self.after.id),
                    public_access_block_configuration=flags,
                )
        if attrs.get("public") is False and kind == "aws.ec2.snapshot":
            yield self._aws(
                "ec2",
                "modify-snapshot-attribute",
                snapshot_id=tail(self.after.id),
                attribute="createVolumePermission",
                operation_type="remove",
                group_names="all",
            )
        if attrs.get("public") is False and kind == "aws.ec2.image":
            yield self._aws(
                "ec2",
                "modify-image-attribute",
                image_id=tail(self.after.id),
                launch_permission='{"Remove":[{"Group":"all"}]}',
            )

    def policies(self) -> Iterator[tuple[dict[str, Any] | None, dict[str, Any]]]:
        """Policies that differ: before (None where new) and after."""
        old = {(policy["role"], policy["id"]): policy for policy in self.old.get("policies", ())}
        for policy in self.new["policies"]:
            before = old.get((policy["role"], policy["id"]))
            if before is None or before["document"] != policy["document"]:
                yield before, policy

    def closed_rules(self) -> list[dict[str, Any]]:
        """Lines of a packet filter that are gone."""
        return [rule for rule in _rules(self.old) if rule not in _rules(self.new)]

    def _policy_commands(self) -> Iterator[str]:
        kind = self.after.kind
        for before, policy in self.policies():
            text = json.dumps(policy["document"])
            gone = not statements(policy["document"])
            if policy["role"] == "inline" and kind in IDENTITIES:
                yield self._inline(policy["id"], text, gone=gone)
            elif policy["role"] == "trust":
                yield self._aws(
                    "iam", "update-assume-role-policy", role_name=tail(self.after.id), policy_document=text
                )
            elif policy["role"] == "identity" and kind == "aws.iam.policy":
                yield self._managed(text)
            elif policy["role"] == "resource" and kind == "aws.lambda.function":
                yield from self._permissions(before, policy)
            elif policy["role"] == "resource" and kind in _RESOURCE_POLICIES:
                service, put, delete, subject, option = _RESOURCE_POLICIES[kind]
                of = {subject: asked_for(self.after.id)}
                yield (
                    self._aws(service, delete, **of)
                    if gone and delete
                    else self._aws(service, put, **of, **{option: text})
                )
            else:
                yield f"# set the policy {plain(policy['id'])} of {plain(self.after.id)} to: {text}"

    def _inline(self, name: str, text: str, *, gone: bool) -> str:
        word = self.after.kind.rpartition(".")[2]
        who = {f"{word}_name": tail(self.after.id), "policy_name": name}
        if gone:
            return self._aws("iam", f"delete-{word}-policy", **who)
        return self._aws("iam", f"put-{word}-policy", **who, policy_document=text)

    def _managed(self, text: str) -> str:
        if self.before is None:
            return self._aws("iam", "create-policy", policy_name=self.after.name, policy_document=text)
        of = {"policy_arn": self.after.id, "policy_document": text}
        return self._aws("iam", "create-policy-version", **of) + " --set-as-default"

    def _permissions(self, before: dict[str, Any] | None, policy: dict[str, Any]) -> Iterator[str]:
        left = statements(policy["document"])
        for statement in statements(before["document"]) if before else ():
            if statement not in left:
                sid = str(statement.get("Sid") or "")
                yield self._aws("lambda", "remove-permission", function_name=self.after.id, statement_id=sid)

    def _other_commands(self) -> Iterator[str]:
        for ref in self.new["refs"]:
            if ref["name"] == "bounded_by" and ref not in self.old.get("refs", ()):
                word = self.after.kind.rpartition(".")[2]
                yield self._aws(
                    "iam",
                    f"put-{word}-permissions-boundary",
                    **{f"{word}_name": tail(self.after.id), "permissions_boundary": ref["target"]},
                )
        yield from self.by_hand()
        if closed := self.closed_rules():
            yield self._aws(
                "ec2",
                "revoke-security-group-ingress",
                group_id=tail(self.after.id),
                ip_permissions=json.dumps([_permission(rule) for rule in closed]),
            )

    def by_hand(self) -> Iterator[str]:
        """Comments on what no single command does."""
        for ref in self.old.get("refs", ()):
            if ref not in self.new["refs"] and ref["name"] not in {"shared_with", "bounded_by"}:
                what = f"{ref['name'].replace('_', ' ')} {ref['target']}"
                yield f"# {plain(self.after.id)}: take away '{plain(what)}'"
        for sighting in self.old.get("sightings", ()):
            if sighting not in self.new["sightings"]:
                field, detector = plain(sighting["field"]), plain(sighting["detector"])
                yield f"# {plain(self.after.id)}: remove {field}, issue a new {detector} and revoke the old one"


def plain(text: str) -> str:
    """``text`` in a comment: one line, nothing unprintable."""
    return "".join(each if each.isprintable() else "?" for each in text)


def statements(document: Any) -> list[dict[str, Any]]:
    """The statements of a policy document, as a list."""
    found = document.get("Statement") if isinstance(document, dict) else None
    found = [found] if isinstance(found, dict) else found if isinstance(found, list) else []
    return [one for one in found if isinstance(one, dict)]


def _rules(plain: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (plain.get("net") or {}).get("rules") or []
    return found


def _permission(rule: dict[str, Any]) -> dict[str, Any]:
    every = rule["protocol"] == "any"
    made: dict[str, Any] = {"IpProtocol": "-1" if every else rule["protocol"]}
    if not every:
        made["FromPort"], made["ToPort"] = rule["ports"]
    peer = rule["peer"]
    if ":" in peer and "/" in peer and not peer.startswith("arn:"):
        made["Ipv6Ranges"] = [{"CidrIpv6": peer}]
    elif "/" in peer and not peer.startswith("arn:"):
        made["IpRanges"] = [{"CidrIp": peer}]
    elif "pl-" in peer:
        made["PrefixListIds"] = [{"PrefixListId": tail(peer)}]
    else:
        made["UserIdGroupPairs"] = [{"GroupId": tail(peer)}]
    return made


def tail(resource: str) -> str:
    """What stands behind the last slash of an id."""
    return resource.rpartition("/")[2]


def _agent(resource: str) -> str:
    return tail(resource.partition("#")[0])


def asked_for(resource: str) -> str:
    """How the CLI and Terraform name a resource: a bucket by its name, all else by its id."""
    parts = ids.parse_arn(resource)
    return parts.resource if parts and parts.service == "s3" else resource
