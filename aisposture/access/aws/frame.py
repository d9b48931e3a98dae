"""The AWS fields of a ``simulate`` request, and how they become a request with its policies."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from aisposture.access.aws.authorize import TRUST_ACTIONS, Policies, authorize
from aisposture.access.aws.context import Request
from aisposture.access.aws.document import Document, parse
from aisposture.access.aws.grants import KmsGrant
from aisposture.access.aws.principals import parse_caller
from aisposture.errors import UsageError
from aisposture.model.access import Decision, PolicyProblem
from aisposture.model.resource import PolicyRole

Scalar = str | int | float | bool | None


class FieldError(UsageError):
    """A field of a request that cannot be used; ``field`` is its dotted path."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(message)


class RequestFrame(Struct, frozen=True, kw_only=True, rename="camel"):
    """``request`` of a line. ``principal``: ARN, service principal, identity provider or ``*``."""

    principal: str
    action: str
    resource: str = "*"
    resource_account: str | int | None = None
    context: dict[str, Scalar | list[Scalar]] = {}
    context_complete: bool = True
    absent: list[str] = []


class AwsFrame(Struct, frozen=True, kw_only=True, rename="camel"):
    """The AWS fields of a line; every policy is a document or ``{name, policy}``. Other fields are left alone."""

    request: RequestFrame
    identity_policies: list[Raw] | None = None
    boundaries: list[Raw] | None = None
    session_policies: list[Raw] | None = None
    resource_policy: Raw | UnsetType = UNSET
    endpoint_policies: list[Raw] | None = None
    scps: list[list[Raw]] | None = None
    rcps: list[list[Raw]] | None = None
    grants: list[KmsGrant] | None = None
    block_public_access: bool = False


class _Named(Struct, frozen=True, kw_only=True):
    name: str = ""
    policy: Raw


class Evaluation(NamedTuple):
    """A decision, and what was wrong with the documents it rests on."""

    decision: Decision
    problems: tuple[PolicyProblem, ...]


def evaluate(frame: AwsFrame) -> Evaluation:
    """The decision on one line.

    Raises:
        FieldError: the request itself makes no sense.
    """
    request = build_request(frame.request)
    documents: list[Document] = []

    def one(raw: Raw, role: PolicyRole, place: str) -> Document:
        document = _document(raw, role, place)
        documents.append(document)
        return document

    def each(raws: Iterable[Raw] | None, role: PolicyRole, place: str) -> tuple[Document, ...]:
        return tuple(one(raw, role, f"{place}[{i}]") for i, raw in enumerate(raws or ()))

    def levels(
        raws: list[list[Raw]] | None, role: PolicyRole, place: str
    ) -> tuple[tuple[Document, ...], ...]:
        return tuple(each(level, role, f"{place}[{i}]") for i, level in enumerate(raws or ()))

    of_resource = PolicyRole.TRUST if request.action.lower() in TRUST_ACTIONS else PolicyRole.RESOURCE
    given = frame.resource_policy
    has_policy = not isinstance(given, UnsetType) and bytes(given).strip() != b"null"
    policies = Policies(
        identity=each(frame.identity_policies, PolicyRole.IDENTITY, "identityPolicies"),
        boundary=None
        if frame.boundaries is None
        else each(frame.boundaries, PolicyRole.BOUNDARY, "boundaries"),
        session=each(frame.session_policies, PolicyRole.SESSION, "sessionPolicies"),
        resource=one(given, of_resource, "resourcePolicy")
        if has_policy and not isinstance(given, UnsetType)
        else None,
        endpoint=each(frame.endpoint_policies, PolicyRole.ENDPOINT, "endpointPolicies"),
        scps=levels(frame.scps, PolicyRole.SCP, "scps"),
        rcps=levels(frame.rcps, PolicyRole.RCP, "rcps"),
        grants=tuple(frame.grants or ()),
        block_public_access=frame.block_public_access,
    )
    decision = authorize(request, policies)
    return Evaluation(decision, tuple(sorted(p for document in documents for p in document.problems)))


def build_request(frame: RequestFrame) -> Request:
    """The request of a frame.

    Raises:
        FieldError: its principal, action or account is of no known form.
    """
    caller = parse_caller(frame.principal)
    if caller is None:
        raise FieldError("request.principal", f"{frame.principal!r} is no ARN, service principal or '*'")
    service, colon, name = frame.action.partition(":")
    if not (service and colon and name):
        raise FieldError("request.action", f"{frame.action!r} is not service:Action")
    account = "" if frame.resource_account is None else str(frame.resource_account)
    return Request(
        caller=caller,
        action=frame.action,
        resource=frame.resource,
        resource_account=account.zfill(12) if account.isdigit() else account,
        context=_context(frame.context),
        complete=frame.context_complete,
        absent=frozenset(key.lower() for key in frame.absent),
    )


def _context(given: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for key, value in given.items():
        values = value if isinstance(value, list) else [value]
        found[key.lower()] = tuple(_text(one) for one in values if one is not None)
    return found


def _text(value: str | float | bool) -> str:
    """A context value as policies compare it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _document(raw: Raw, role: PolicyRole, place: str) -> Document:
    """The document of an entry, named by the entry or by its place."""
    try:
        named = msgspec.json.decode(raw, type=_Named)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return parse(raw, role=role, policy=place)
    return parse(named.policy, role=role, policy=named.name or place)
