"""The context of a request: keys that were given, keys that follow from the request itself, and all the others.

Source: IAM User Guide, "AWS global condition context keys".
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial

from msgspec import Struct

from aisposture.access.aws.operators import parse_time
from aisposture.access.aws.principals import Caller, Identity
from aisposture.access.truth import Truth
from aisposture.model.ids import parse_arn

_US_EAST_1 = frozenset({"iam", "organizations", "cloudfront", "route53"})
"""Global services whose only endpoint of the commercial partition is in us-east-1."""


class Request(Struct, frozen=True, kw_only=True):
    """One request to authorise.

    Attributes:
        resource: ARN, or ``*`` for an action that has no resource.
        resource_account: owner of the resource; "" where only its ARN can tell.
        context: context keys in lower case with their values as text; an empty tuple means known to be absent.
        complete: whether a key that is neither given nor derived is absent; otherwise it is unknown.
        absent: keys known to be absent, in lower case.
    """

    caller: Caller
    action: str
    resource: str = "*"
    resource_account: str = ""
    context: Mapping[str, tuple[str, ...]] = {}
    complete: bool = True
    absent: frozenset[str] = frozenset()

    @property
    def service(self) -> str:
        """The service prefix of the action, in lower case."""
        return self.action.partition(":")[0].lower()

    @property
    def owner(self) -> str:
        """The account that owns the resource, or "" where nothing says so."""
        if self.resource_account:
            return self.resource_account
        arn = parse_arn(self.resource)
        return arn.account if arn and arn.account.isdigit() else ""

    @property
    def same_account(self) -> bool:
        """Whether caller and resource share an account; a resource of unknown owner is taken as the caller's own."""
        return self.owner in ("", self.caller.account)

    def lookup(self, key: str) -> tuple[str, ...] | Truth:
        """The values of a context key in any case, FALSE where it is absent, UNKNOWN where nobody can say."""
        name = key.lower()
        if name in self.absent:
            return Truth.FALSE
        values = self.context.get(name)
        if values is None:
            derive = _DERIVED.get(name)
            values = derive(self) if derive else _membership(self, name)
        if values is None:
            return Truth.FALSE if self.complete else Truth.UNKNOWN
        return values or Truth.FALSE

    def value(self, key: str) -> str:
        """The only value of a key, or ""."""
        values = self.lookup(key)
        return values[0] if isinstance(values, tuple) and len(values) == 1 else ""

    def with_context(self, extra: Mapping[str, Sequence[str]]) -> "Request":
        """The same request with more context; what was given stays."""
        added = {key.lower(): tuple(values) for key, values in extra.items()}
        return Request(
            caller=self.caller,
            action=self.action,
            resource=self.resource,
            resource_account=self.resource_account,
            context={**added, **self.context},
            complete=self.complete,
            absent=self.absent,
        )

    def identity(self, *, bounded: bool) -> Identity:
        """What the context tells about the caller beyond its name."""
        return Identity(
            user_id=self.value("aws:userid"),
            providers=_providers(self),
            complete=self.complete,
            bounded=bounded,
        )


def _membership(request: Request, name: str) -> tuple[str, ...] | None:
    """Organisation and tags of the caller: absent for callers that can have none, otherwise not derivable.

    A service may carry tags: IAM Roles Anywhere puts the subject of the certificate into them.
    """
    without: tuple[str, ...] = ()
    if name in ("aws:principalorgid", "aws:principalorgpaths"):
        without = ("Anonymous", "Service")
    elif name.startswith("aws:principaltag/"):
        without = ("Anonymous", "Account")
    return () if request.caller.type in without else None


def _providers(request: Request) -> tuple[str, ...]:
    """Identity providers whose token the request carries, in lower case: named in the context, or known by their keys."""
    if request.service != "sts":
        return ()
    if request.caller.type == "Federated":
        given = request.caller.text.lower()
        host = given.partition(":oidc-provider/")[2]
        return (given, host or f"arn:aws:iam::{request.owner}:oidc-provider/{given}")
    found = {request.value("aws:FederatedProvider").lower()}
    for key in request.context:
        host, colon, _ = key.rpartition(":")
        if colon and "." in host and not key.startswith("aws:"):
            found |= {host, f"arn:aws:iam::{request.owner}:oidc-provider/{host}"}
    account, slash, name = request.value("saml:doc").lower().partition("/")
    if slash:
        found.add(f"arn:aws:iam::{account}:saml-provider/{name}")
    return tuple(sorted(found - {""}))


def _principal_account(request: Request) -> tuple[str, ...] | None:
    if request.caller.type == "Anonymous":
        return ("anonymous",)
    return (request.caller.account,) if request.caller.in_account else None


def _principal_type(request: Request) -> tuple[str, ...] | None:
    kind = {"Role": "AssumedRole"}.get(request.caller.type, request.caller.type)
    return None if kind in ("Service", "Federated", "Other") else (kind,)


def _is_service(request: Request) -> tuple[str, ...]:
    caller = request.caller
    return () if caller.type == "Anonymous" else (str(caller.type == "Service").lower(),)


def _user_id(request: Request) -> tuple[str, ...] | None:
    caller = request.caller
    if caller.type == "Account":
        return (caller.account,)
    if caller.type == "FederatedUser":
        return (f"{caller.account}:{caller.name}",)
    return () if caller.type == "Anonymous" else None


def _region(request: Request) -> tuple[str, ...] | None:
    if request.service in _US_EAST_1 and request.caller.partition == "aws":
        return ("us-east-1",)
    arn = parse_arn(request.resource)
    return (arn.region,) if arn and arn.region and "*" not in arn.region else None


def _clock(request: Request, other: str) -> tuple[str, ...] | None:
    """Each of the two clocks follows from the other."""
    given = request.context.get(other)
    seconds = parse_time(given[0]) if given else None
    return (str(seconds.quantize(Decimal(1))),) if seconds is not None else None


_DERIVED: dict[str, Callable[[Request], tuple[str, ...] | None]] = {
    "aws:principalarn": lambda request: (request.caller.arn,) if request.caller.arn else (),
    "aws:principalaccount": _principal_account,
    "aws:principaltype": _principal_type,
    "aws:username": lambda request: (request.caller.name,) if request.caller.type == "User" else (),
    "aws:userid": _user_id,
    "aws:principalisawsservice": _is_service,
    "aws:principalservicename": lambda request: (
        (request.caller.text,) if request.caller.type == "Service" else ()
    ),
    # Whether a service forwards the request is for the sender of an incomplete context to say.
    "aws:viaawsservice": lambda request: ("false",) if request.complete else None,
    "aws:resourceaccount": lambda request: (request.owner,) if request.owner else None,
    "s3:resourceaccount": lambda request: (request.owner,) if request.owner else None,
    "kms:calleraccount": lambda request: (
        (request.caller.account,) if request.caller.in_account and request.service == "kms" else None
    ),
    "aws:epochtime": partial(_clock, other="aws:currenttime"),
    "aws:currenttime": partial(_clock, other="aws:epochtime"),
    "aws:requestedregion": _region,
}
