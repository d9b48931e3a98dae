"""What to scan, with which credentials, and what its owners know about it: the value behind ``aisposture.yaml``."""

import difflib
import fnmatch
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import yaml
from msgspec import Struct, convert

from aisposture.errors import FileError
from aisposture.model.graph import EdgeKind
from aisposture.model.resource import Gap

_ACCOUNT = re.compile(r"\d{12}")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/.+")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d+")
_DAY = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
_FINGERPRINT = re.compile(r"[0-9a-f]{8,64}")
_HOP = re.compile(rf".+\|({'|'.join(kind.value for kind in EdgeKind)})\|.+", re.DOTALL)
_URL = re.compile(r"https?://[^\s/]+(/.*)?")
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

EVERY_SERVICE = "*"
"""Key of ``AwsScope.endpoints`` that stands for all services."""


class AwsScope(Struct, frozen=True, kw_only=True):
    """Which AWS accounts are read, and how to get there.

    Attributes:
        profile: named profile of the shared configuration; None: the default chain of credentials.
        role: ARN of a role to assume before anything else.
        roles: ARNs of roles, one per account to read; empty: the account of the credentials.
        organization: read every active account of the organisation, through the role ``role_name`` in each.
        external_id: sent with every AssumeRole.
        accounts: where not empty, only these accounts of the organisation.
        regions: where not empty, only these; else every enabled region.
        home_region: where global services are asked and regions are discovered; None: as configured, else us-east-1.
        endpoints: SDK service name, or ``*``, -> URL that replaces the provider's.
    """

    profile: str | None = None
    role: str | None = None
    roles: tuple[str, ...] = ()
    organization: bool = False
    role_name: str | None = None
    external_id: str | None = None
    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    home_region: str | None = None
    endpoints: dict[str, str] = {}


class Attestation(Struct, frozen=True, kw_only=True):
    """A control in code that no control plane shows, settled by whoever answers for it.

    Attributes:
        resource: id or name.
        control: ``login``, ``approval``, ``guardrail`` ...
        present: True where the control is there.
        by, until, note: who says so, up to which day (YYYY-MM-DD), and why.
    """

    resource: str
    control: str
    present: bool
    by: str = ""
    until: str = ""
    note: str = ""


class AcceptedGap(Struct, frozen=True, kw_only=True):
    """A Gap that somebody accepted, so that it no longer makes a scan incomplete; empty fields match anything.

    All but ``by``, ``until`` (the last day, YYYY-MM-DD) and ``note`` are patterns with ``*`` and ``?``.
    """

    call: str = ""
    account: str = ""
    region: str = ""
    resource: str = ""
    hides: str = ""
    by: str = ""
    until: str = ""
    note: str = ""

    def covers(self, gap: Gap) -> bool:
        """Whether ``gap`` is meant, whatever the day."""
        wanted = (
            (self.call, gap.call),
            (self.account, gap.account),
            (self.region, gap.region),
            (self.resource, gap.resource or ""),
        )
        if not all(not pattern or fnmatch.fnmatchcase(value, pattern) for pattern, value in wanted):
            return False
        return not self.hides or all(fnmatch.fnmatchcase(hidden, self.hides) for hidden in gap.hides)


class Suppression(Struct, frozen=True, kw_only=True):
    """A finding that somebody accepted; empty fields match anything.

    Attributes:
        rule: pattern of rule ids.
        resource: pattern of ids or names; meant is the resource of a posture finding, or any that a path visits.
        fingerprint: the finding's, or its beginning (8 characters or more).
        hop: ``source|kind|target``, ids as they stand: covers the paths that cannot do without it.
        by, until, note: who accepts it, up to which day (YYYY-MM-DD), and why.
    """

    rule: str = ""
    resource: str = ""
    fingerprint: str = ""
    hop: str = ""
    by: str = ""
    until: str = ""
    note: str = ""


class Context(Struct, frozen=True, kw_only=True):
    """What the owners know and the cloud cannot say.

    Attributes:
        crown_jewels: ids or names of resources whose loss hurts most.
        trusted_accounts: accounts of one's own outside the scan.
        vendor_accounts: account -> vendor.
        approved_agents: ids or names of agents that are known and wanted.
        broad_writers: number of principals from which writers of a source count as untrusted insiders.
        owners: tag value, account or id -> who answers for it.
        rules: ``param.<name>`` of rules -> value, in place of the rule's default.
    """

    crown_jewels: tuple[str, ...] = ()
    trusted_accounts: tuple[str, ...] = ()
    vendor_accounts: dict[str, str] = {}
    approved_agents: tuple[str, ...] = ()
    broad_writers: int = 25
    attestations: tuple[Attestation, ...] = ()
    owners: dict[str, str] = {}
    rules: dict[str, Any] = {}
    accepted_gaps: tuple[AcceptedGap, ...] = ()
    suppressions: tuple[Suppression, ...] = ()

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> "Context":
        """A context of plain values: its own fields, and whatever else rules read as ``param.<name>``."""
        own = {name: value for name, value in params.items() if name in cls.__struct_fields__}
        return convert(
            own | {"rules": {name: value for name, value in params.items() if name not in own}}, cls
        )

    @property
    def params(self) -> dict[str, Any]:
        """The values that rules read as ``param.<name>``."""
        own = {name: getattr(self, name) for name in self.__struct_fields__ if name != "rules"}
        return own | self.rules


class Scope(Struct, frozen=True, kw_only=True):
    """Everything a scan is asked to do; the default reads the account of the ambient AWS credentials."""

    aws: AwsScope | None = AwsScope()
    context: Context = Context()

    def described(self) -> dict[str, Any]:
        """The scope as a manifest records it: what was read, never how to log in."""
        if self.aws is None:
            return {}
        return {
            "aws": {
                "organization": self.aws.organization,
                "accounts": sorted(self.aws.accounts),
                "roles": sorted(self.aws.roles),
                "regions": sorted(self.aws.regions),
            }
        }


def load(path: Path | str) -> Scope:
    """The scope that the file ``path`` describes.

    Raises:
        FileError: it cannot be read, or has a mistake; the message says line, field and the nearest known word.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise FileError(f"cannot be read: {error.strerror}", path=file) from None
    except UnicodeDecodeError:
        raise FileError("is not UTF-8 text", path=file) from None
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise FileError(
            f"is no YAML: {error.problem or error.context}", path=file, line=mark.line + 1 if mark else None
        ) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise FileError(f"is no YAML: {str(error).splitlines()[0]}", path=file) from None
    if root is None:
        return Scope()
    reader = _Reader(file)
    top = reader.mapping(root, "", ("aws", "context"))
    return Scope(
        aws=_aws(reader, top["aws"]) if "aws" in top else AwsScope(),
        context=_context(reader, top["context"]) if "context" in top else Context(),
    )


class _Reader:
    """Reads YAML nodes into plain values; every mistake names file, line and field."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def fail(self, message: str, node: yaml.Node, field: str) -> NoReturn:
        raise FileError(message, path=self.file, line=node.start_mark.line + 1, field=field or None)

    def pairs(self, node: yaml.Node, field: str) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
        if not isinstance(node, yaml.MappingNode):
            self.fail(f"expected names with values, found {_shape(node)}", node, field)
        seen: set[str] = set()
        for key, value in node.value:
            name = self.text(key, field)
            if name in seen:
                self.fail(f"'{name}' stands here twice", key, _join(field, name))
            seen.add(name)
            yield name, key, value

    def mapping(self, node: yaml.Node, field: str, known: tuple[str, ...]) -> dict[str, yaml.Node]:
        found = {}
        for name, key, value in self.pairs(node, field):
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
                hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(known)}"
                self.fail(f"unknown name '{name}'; {hint}", key, _join(field, name))
            found[name] = value
        return found

    def text(
        self, node: yaml.Node, field: str, pattern: re.Pattern[str] | None = None, like: str = ""
    ) -> str:
        if not isinstance(node, yaml.ScalarNode) or node.tag == "tag:yaml.org,2002:null":
            self.fail(f"expected text, found {_shape(node)}", node, field)
        text = str(node.value)
        if pattern is not None and not pattern.fullmatch(text):
            self.fail(f"'{text}' is no {like}", node, field)
        return text

    def texts(
        self, node: yaml.Node, field: str, pattern: re.Pattern[str] | None = None, like: str = ""
    ) -> tuple[str, ...]:
        if not isinstance(node, yaml.SequenceNode):
            self.fail(f"expected a list, found {_shape(node)}", node, field)
        return tuple(
            self.text(each, f"{field}[{number}]", pattern, like) for number, each in enumerate(node.value)
        )

    def names(self, node: yaml.Node, field: str) -> dict[str, str]:
        return {name: self.text(value, _join(field, name)) for name, _, value in self.pairs(node, field)}

    def flag(self, node: yaml.Node, field: str) -> bool:
        if node.tag != "tag:yaml.org,2002:bool":
            self.fail(f"expected true or false, found {_shape(node)}", node, field)
        return str(node.value).lower() in {"true", "yes", "on"}

    def number(self, node: yaml.Node, field: str) -> int:
        text = self.text(node, field)
        if not text.isascii() or not text.isdigit() or len(text) > 9:
            self.fail(f"expected a whole number, found '{text}'", node, field)
        return int(text)

    def value(self, node: yaml.Node, field: str) -> Any:
        """A number, a yes or no, a text, or a list of these."""
        if isinstance(node, yaml.SequenceNode):
            return [self.value(each, f"{field}[{number}]") for number, each in enumerate(node.value)]
        if node.tag == "tag:yaml.org,2002:bool":
            return self.flag(node, field)
        return self.number(node, field) if node.tag == "tag:yaml.org,2002:int" else self.text(node, field)

    def entries(
        self, node: yaml.Node, field: str, known: tuple[str, ...], needed: tuple[str, ...]
    ) -> Iterator[tuple[str, dict[str, yaml.Node]]]:
        if not isinstance(node, yaml.SequenceNode):
            self.fail(f"expected a list, found {_shape(node)}", node, field)
        for number, each in enumerate(node.value):
            place = f"{field}[{number}]"
            entry = self.mapping(each, place, known)
            if lacking := [name for name in needed if name not in entry]:
                self.fail(f"lacks '{lacking[0]}'", each, place)
            yield place, entry


def _aws(reader: _Reader, node: yaml.Node) -> AwsScope:
    given = reader.mapping(
        node,
        "aws",
        (
            "profile",
            "role",
            "roles",
            "organization",
            "role_name",
            "external_id",
            "accounts",
            "regions",
            "home_region",
            "endpoint",
        ),
    )
    aws = AwsScope(
        profile=reader.text(given["profile"], "aws.profile") if "profile" in given else None,
        role=reader.text(given["role"], "aws.role", _ROLE, "ARN of a role") if "role" in given else None,
        roles=reader.texts(given["roles"], "aws.roles", _ROLE, "ARN of a role") if "roles" in given else (),
        organization="organization" in given and reader.flag(given["organization"], "aws.organization"),
        role_name=reader.text(given["role_name"], "aws.role_name") if "role_name" in given else None,
        external_id=reader.text(given["external_id"], "aws.external_id") if "external_id" in given else None,
        accounts=reader.texts(given["accounts"], "aws.accounts", _ACCOUNT, "account number (12 digits)")
        if "accounts" in given
        else (),
        regions=reader.texts(given["regions"], "aws.regions", _REGION, "name of a region")
        if "regions" in given
        else (),
        home_region=reader.text(given["home_region"], "aws.home_region", _REGION, "name of a region")
        if "home_region" in given
        else None,
        endpoints=_endpoints(reader, given["endpoint"]) if "endpoint" in given else {},
    )
    if aws.organization and not aws.role_name:
        reader.fail("reading an organisation needs 'role_name'", given["organization"], "aws.organization")
    if aws.organization and aws.roles:
        reader.fail("give either 'organization' or 'roles'", given["roles"], "aws.roles")
    if aws.accounts and not aws.organization:
        reader.fail(
            "'accounts' limits an organisation; give 'organization: true' and 'role_name', or 'roles'",
            given["accounts"],
            "aws.accounts",
        )
    return aws


def _endpoints(reader: _Reader, node: yaml.Node) -> dict[str, str]:
    if isinstance(node, yaml.ScalarNode):
        return {EVERY_SERVICE: reader.text(node, "aws.endpoint", _URL, "URL")}
    return {
        name: reader.text(value, f"aws.endpoint.{name}", _URL, "URL")
        for name, _, value in reader.pairs(node, "aws.endpoint")
    }


def _context(reader: _Reader, node: yaml.Node) -> Context:
    given = reader.mapping(node, "context", Context.__struct_fields__)
    account = (_ACCOUNT, "account number (12 digits)")
    vendors: dict[str, str] = {}
    for name, key, value in (
        reader.pairs(given["vendor_accounts"], "context.vendor_accounts")
        if "vendor_accounts" in given
        else ()
    ):
        reader.text(key, "context.vendor_accounts", *account)
        vendors[name] = reader.text(value, f"context.vendor_accounts.{name}")
    return Context(
        crown_jewels=reader.texts(given["crown_jewels"], "context.crown_jewels")
        if "crown_jewels" in given
        else (),
        trusted_accounts=reader.texts(given["trusted_accounts"], "context.trusted_accounts", *account)
        if "trusted_accounts" in given
        else (),
        vendor_accounts=vendors,
        approved_agents=reader.texts(given["approved_agents"], "context.approved_agents")
        if "approved_agents" in given
        else (),
        broad_writers=reader.number(given["broad_writers"], "context.broad_writers")
        if "broad_writers" in given
        else Context().broad_writers,
        attestations=tuple(_attestations(reader, given["attestations"])) if "attestations" in given else (),
        owners=reader.names(given["owners"], "context.owners") if "owners" in given else {},
        rules={
            name: reader.value(node, f"context.rules.{name}")
            for name, _, node in reader.pairs(given["rules"], "context.rules")
        }
        if "rules" in given
        else {},
        accepted_gaps=tuple(
            AcceptedGap(**fields) for fields in _plain(reader, given, "accepted_gaps", AcceptedGap)
        ),
        suppressions=tuple(
            Suppression(**fields) for fields in _plain(reader, given, "suppressions", Suppression)
        ),
    )


def _attestations(reader: _Reader, node: yaml.Node) -> Iterator[Attestation]:
    known = Attestation.__struct_fields__
    for place, entry in reader.entries(
        node, "context.attestations", known, ("resource", "control", "present")
    ):
        present = reader.flag(entry.pop("present"), f"{place}.present")
        texts = {name: reader.text(value, f"{place}.{name}") for name, value in entry.items()}
        yield Attestation(present=present, **texts)


def _plain(
    reader: _Reader, given: dict[str, yaml.Node], name: str, shape: type[Struct]
) -> Iterator[dict[str, str]]:
    if name not in given:
        return
    for place, entry in reader.entries(given[name], f"context.{name}", shape.__struct_fields__, ()):
        if not entry.keys() - _ABOUT:
            reader.fail("names nothing, and would match everything", given[name], place)
        yield {
            field: reader.text(value, f"{place}.{field}", *_SHAPES.get(field, ()))
            for field, value in entry.items()
        }


_ABOUT = {"by", "until", "note"}
_SHAPES = {
    "until": (_DAY, "day such as 2026-11-30"),
    "fingerprint": (_FINGERPRINT, "fingerprint, of at least 8 of its characters"),
    "hop": (_HOP, "hop such as SOURCE|can_read|TARGET"),
}


def _shape(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return "names with values"
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    return f"'{node.value}'" if node.value else "nothing"


def _join(field: str, name: str) -> str:
    return f"{field}.{name}" if field else name
