"""Who makes a request, in every form AWS names it, and how a ``Principal`` element meets it.

Source: IAM User Guide, "AWS JSON policy elements: Principal" and "NotPrincipal", "IAM identifiers".
"""

import re
from collections.abc import Callable, Iterable
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from msgspec import Struct

from aisposture.access.aws.document import Principal
from aisposture.access.aws.match import matches
from aisposture.model.ids import Arn, parse_arn

ANONYMOUS = "*"
_ACCOUNT = re.compile(r"\d{12}")
_UNIQUE_ID = re.compile(r"A[A-Z]{3}[A-Z0-9]{4,}")
_CANONICAL = re.compile(r"[0-9a-f]{64}")
_HOST = re.compile(r"[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)+(/\S*)?")
_FEDERATION_HOSTS = frozenset({"cognito-identity.amazonaws.com", "www.amazon.com"})
_SSO_PATH = "aws-reserved/sso.amazonaws.com/"
_SERVICE_SUFFIXES = (".amazonaws.com", ".amazonaws.com.cn", ".amazon.com", ".aws.internal")


class Caller(Struct, frozen=True, kw_only=True):
    """The principal of a request.

    Attributes:
        text: as given.
        type: ``User``, ``Role`` (a role without a named session), ``AssumedRole``, ``FederatedUser``, ``Account`` (root user),
            ``Service``, ``Federated`` (holder of a token of an identity provider), ``Anonymous`` or ``Other``.
        account: 12 digits, or "" where it has none.
        name: user, role or federated user name, without path.
        session: role session name, or "".
        path: path of user or role as far as it is known; None for a session, whose ARN does not carry it.
    """

    text: str
    type: str
    account: str = ""
    partition: str = "aws"
    name: str = ""
    session: str = ""
    path: str | None = None

    @property
    def in_account(self) -> bool:
        """Whether it is a principal of some account: identity policies and SCPs are about these."""
        return self.account != ""

    @property
    def is_role(self) -> bool:
        """Whether its permissions come from a role."""
        return self.type in ("Role", "AssumedRole")

    @property
    def is_service_linked(self) -> bool:
        """Whether it is a service-linked role, whose name AWS reserves."""
        return self.is_role and (
            (self.path or "").startswith("/aws-service-role/")
            or (self.path is None and self.name.startswith("AWSServiceRoleFor"))
        )

    @property
    def arn(self) -> str:
        """The value of ``aws:PrincipalArn``: for a session the role behind it, "" where there is none."""
        if self.type == "AssumedRole":
            # The ARN of a session leaves the path out; that of IAM Identity Center's roles is fixed.
            path = _SSO_PATH if self.name.startswith("AWSReservedSSO_") else ""
            return f"arn:{self.partition}:iam::{self.account}:role/{path}{self.name}"
        return self.text if self.in_account else ""


@lru_cache(65_536)
def parse_caller(text: str) -> Caller | None:
    """The principal that ``text`` names, or None where it names none: ARN, service host, account id or ``*``."""
    if text == ANONYMOUS:
        return Caller(text=text, type="Anonymous")
    if _ACCOUNT.fullmatch(text):
        return Caller(text=f"arn:aws:iam::{text}:root", type="Account", account=text)
    if _HOST.fullmatch(text):
        is_service = text.endswith(_SERVICE_SUFFIXES) and text not in _FEDERATION_HOSTS
        return Caller(text=text, type="Service" if is_service else "Federated")
    arn = parse_arn(text)
    if arn is not None:
        account = arn.account if _ACCOUNT.fullmatch(arn.account) else ""
        kind, _, rest = arn.resource.partition("/")
        parser = _PARSERS.get((arn.service, kind))
        named = parser(text, arn, account, rest) if parser else None
        return named or Caller(text=text, type="Other", account=account)
    known = _CANONICAL.fullmatch(text) or _UNIQUE_ID.fullmatch(text.partition(":")[0])
    return Caller(text=text, type="Other") if known else None


def _root(text: str, arn: Arn, account: str, rest: str) -> Caller | None:
    return None if rest else Caller(text=text, type="Account", account=account, partition=arn.partition)


def _user_or_role(text: str, arn: Arn, account: str, rest: str) -> Caller | None:
    path, slash, name = rest.rpartition("/")
    kind = "User" if arn.resource.startswith("user") else "Role"
    full = f"/{path}/" if slash else "/"
    if not name:
        return None
    return Caller(text=text, type=kind, account=account, partition=arn.partition, name=name, path=full)


def _provider(text: str, arn: Arn, _account: str, rest: str) -> Caller | None:
    return Caller(text=text, type="Federated", partition=arn.partition) if rest else None


def _session(text: str, arn: Arn, account: str, rest: str) -> Caller | None:
    role, slash, session = rest.partition("/")
    if not (role and slash and session):
        return None
    return Caller(
        text=text, type="AssumedRole", account=account, partition=arn.partition, name=role, session=session
    )


def _federated_user(text: str, arn: Arn, account: str, rest: str) -> Caller | None:
    kind = "FederatedUser"
    return Caller(text=text, type=kind, account=account, partition=arn.partition, name=rest) if rest else None


_PARSERS: dict[tuple[str, str], Callable[[str, Arn, str, str], Caller | None]] = {
    ("iam", "root"): _root,
    ("iam", "user"): _user_or_role,
    ("iam", "role"): _user_or_role,
    ("iam", "oidc-provider"): _provider,
    ("iam", "saml-provider"): _provider,
    ("sts", "assumed-role"): _session,
    ("sts", "federated-user"): _federated_user,
}


class Level(IntEnum):
    """How directly a ``Principal`` element names the caller; the more directly, the fewer limits hold.

    ``ACCOUNT``: its account only, which leaves the grant to identity policies. ``ROLE``: the role behind a session.
    ``USER``: an IAM user, past its boundary. ``SESSION``: the session itself, a service, or everyone.
    """

    NONE = 0
    ACCOUNT = 1
    ROLE = 2
    USER = 3
    SESSION = 4


class Meeting(NamedTuple):
    """How a ``Principal`` element meets a caller; ``perhaps`` where only an unread fact could tell."""

    level: Level
    perhaps: Level = Level.NONE


class Identity(Struct, frozen=True, kw_only=True):
    """What else is known of the caller.

    Attributes:
        user_id: ``aws:userid``, or "".
        providers: identity providers whose token the request carries, in lower case.
        complete: whether what is not known does not exist.
        bounded: whether a permissions boundary is attached.
    """

    user_id: str = ""
    providers: tuple[str, ...] = ()
    complete: bool = True
    bounded: bool = False


def meet(principals: Iterable[Principal], caller: Caller, identity: Identity) -> Meeting:
    """The most direct way in which a ``Principal`` element names ``caller``."""
    level = perhaps = Level.NONE
    for one in principals:
        found = _meet_one(one, caller, identity)
        level, perhaps = max(level, found.level), max(perhaps, found.perhaps)
    return Meeting(level, perhaps if perhaps > level else Level.NONE)


def excludes(principals: Iterable[Principal], caller: Caller, identity: Identity) -> bool:
    """Whether a ``NotPrincipal`` of a deny spares ``caller``.

    AWS checks the account, then the user or role: each has to be listed, and a principal with a permissions boundary is
    never spared.
    """
    levels = {_meet_one(one, caller, identity).level for one in principals}
    if Level.SESSION in levels and not caller.in_account:
        return True
    if any(one.value == ANONYMOUS and one.type == "AWS" for one in principals):
        return True
    if identity.bounded and caller.type in ("User", "Role", "AssumedRole", "FederatedUser"):
        return False
    if not caller.in_account or caller.type == "Account":
        return bool(levels - {Level.NONE})
    named = Level.ROLE if caller.is_role else Level.USER if caller.type == "User" else Level.SESSION
    return Level.ACCOUNT in levels and named in levels


def _meet_one(principal: Principal, caller: Caller, identity: Identity) -> Meeting:
    kind, value = principal.type, principal.value
    if kind == "AWS":
        return _meet_aws(value, caller, identity)
    if kind == "Service":
        named = caller.type == "Service" and value.lower() in (caller.text.lower(), ANONYMOUS)
    elif kind == "Federated":
        named = value.lower() in identity.providers or (caller.type == "Federated" and caller.text == value)
    else:
        named = caller.type == "Other" and caller.text == value
        if not named and not identity.complete and caller.in_account:
            return Meeting(Level.NONE, Level.SESSION)
    return Meeting(Level.SESSION if named else Level.NONE)


def _meet_aws(value: str, caller: Caller, identity: Identity) -> Meeting:  # noqa: PLR0911 - one line a form
    if value == ANONYMOUS:
        return Meeting(Level.SESSION)
    if caller.text == value:
        return Meeting({"User": Level.USER, "Role": Level.ROLE}.get(caller.type, Level.SESSION))
    if not caller.in_account:
        return Meeting(Level.NONE)
    named = parse_arn(value)
    if named is None:
        return (
            _account_level(value, caller)
            if _ACCOUNT.fullmatch(value)
            else _meet_unique_id(value, caller, identity)
        )
    if named.service == "iam" and named.resource == "root":
        return _account_level(named.account, caller)
    if "*" in value or "?" in value:
        # No sound policy has this; the statement is a mistake and only a deny of it still counts, perhaps.
        hit = any(matches(value, form) for form in (caller.text, caller.arn))
        return Meeting(Level.ROLE if hit else Level.NONE)
    return _meet_role(value, caller, identity) if named.account == caller.account else Meeting(Level.NONE)


def _meet_role(value: str, caller: Caller, identity: Identity) -> Meeting:
    """A role and one of its sessions; role names are unique in an account whatever their path."""
    other = parse_caller(value)
    if other is None or other.name != caller.name:
        return Meeting(Level.NONE)
    if (caller.type, other.type) == ("AssumedRole", "Role"):
        return Meeting(Level.ROLE)
    if (caller.type, other.type) == ("Role", "AssumedRole") and not identity.complete:
        return Meeting(Level.NONE, Level.SESSION)
    return Meeting(Level.NONE)


def _account_level(account: str, caller: Caller) -> Meeting:
    if account != caller.account:
        return Meeting(Level.NONE)
    return Meeting(Level.SESSION if caller.type == "Account" else Level.ACCOUNT)


def _meet_unique_id(value: str, caller: Caller, identity: Identity) -> Meeting:
    """A unique id stands where AWS knows the principal no more under its ARN: its successor of the same name is another."""
    if not _UNIQUE_ID.fullmatch(value.partition(":")[0]):
        return Meeting(Level.NONE)
    level = Level.ROLE if caller.is_role else Level.USER
    if identity.user_id:
        whole, _, _ = identity.user_id.partition(":")
        if value == identity.user_id:
            return Meeting(Level.SESSION if ":" in value else level)
        return Meeting(level if value == whole else Level.NONE)
    return Meeting(Level.NONE, Level.NONE if identity.complete else level)
