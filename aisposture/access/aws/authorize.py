"""The decision of AWS on one request: every layer, same account and across accounts, explicit deny first.

Source: IAM User Guide, "Policy evaluation logic" with its pages on single-account and cross-account requests;
Organizations User Guide, "SCP evaluation" and "RCP evaluation"; KMS Developer Guide, "Key policies in AWS KMS".
"""

from collections.abc import Iterable
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from aisposture.access.aws.context import Request
from aisposture.access.aws.document import Document
from aisposture.access.aws.grants import KmsGrant, granted
from aisposture.access.aws.layers import Layer, judge
from aisposture.access.aws.principals import ANONYMOUS, Caller, Level
from aisposture.access.aws.publicness import is_public
from aisposture.access.truth import NO, YES, Answer, Truth, answer, every, lazily, some
from aisposture.model.access import Decision, Outcome, StatementRef
from aisposture.model.ids import parse_arn

RCP_SERVICES = frozenset(
    {
        "s3",
        "sts",
        "kms",
        "sqs",
        "secretsmanager",
        "ecr",
        "aoss",
        "cognito-identity",
        "cognito-idp",
        "logs",
        "dynamodb",
    }
)
"""Services whose resources a resource control policy governs."""

TRUST_ACTIONS = frozenset(
    {
        "sts:assumerole",
        "sts:assumerolewithsaml",
        "sts:assumerolewithwebidentity",
        "sts:tagsession",
        "sts:setsourceidentity",
        "sts:setcontext",
    }
)
"""Actions on a role that its trust policy has to allow."""

TOKEN_ACTIONS = frozenset({"sts:assumerolewithsaml", "sts:assumerolewithwebidentity"})
"""Actions of callers that show a token of an identity provider and are nobody before."""

ALWAYS = {
    "sts:getcalleridentity": frozenset(
        {"User", "Role", "AssumedRole", "FederatedUser", "Account", "Service"}
    ),
    "sts:getsessiontoken": frozenset({"User", "Account"}),
}
"""Calls that need no permission and heed no deny, by the types of callers that may make them."""

_OWN_BUCKET_POLICY = frozenset({"s3:getbucketpolicy", "s3:putbucketpolicy", "s3:deletebucketpolicy"})
_RETIRE = "kms:retiregrant"
_FUNCTION_URL = "lambda:invokefunctionurl"
_LIMITED_BY_BOUNDARY = frozenset({"User", "Role", "AssumedRole", "FederatedUser"})


class Policies(Struct, frozen=True, kw_only=True):
    """Every document that may speak on a request.

    Attributes:
        identity: inline, managed and group policies together.
        boundary: None where there is no permissions boundary; an empty one allows nothing.
        session: empty where the session has no policies.
        resource: policy of the resource (for ``sts:AssumeRole*`` the trust policy, for a KMS key its key policy).
        scps, rcps: levels, organisation root first; no levels where the account is in no organisation.
        endpoint: policy of the VPC endpoint on the way, empty where there is none.
        block_public_access: S3 RestrictPublicBuckets is in force on bucket or account.
    """

    identity: tuple[Document, ...] = ()
    boundary: tuple[Document, ...] | None = None
    session: tuple[Document, ...] = ()
    resource: Document | None = None
    endpoint: tuple[Document, ...] = ()
    scps: tuple[tuple[Document, ...], ...] = ()
    rcps: tuple[tuple[Document, ...], ...] = ()
    grants: tuple[KmsGrant, ...] = ()
    block_public_access: bool = False


def authorize(request: Request, policies: Policies) -> Decision:
    """What AWS says of ``request`` under ``policies``, with the statements that decided and the conditions that remain."""
    action = request.action.lower()
    if request.caller.type in ALWAYS.get(action, ()):
        return Decision(outcome=Outcome.ALLOWED)
    if action in TOKEN_ACTIONS and request.caller.type != "Federated":
        request = replace(request, caller=Caller(text=ANONYMOUS, type="Anonymous"))
    first = _Case(request, policies).decision()
    if action != _FUNCTION_URL:
        return first
    through = replace(request, action="lambda:InvokeFunction").with_context(
        {"lambda:InvokedViaFunctionUrl": ("true",)}
    )
    return _both(first, _Case(through, policies).decision())


class _Gate(NamedTuple):
    """Something that every request has to pass: the answer, and the layer that stopped it where it is NO."""

    layer: str
    passed: Answer


class _Case:
    """One request with its layers judged."""

    def __init__(self, request: Request, policies: Policies) -> None:
        self.request = request
        self.policies = policies
        caller = request.caller
        bounded = policies.boundary is not None and caller.type in _LIMITED_BY_BOUNDARY
        self.identity = request.identity(bounded=bounded)
        own = caller.in_account
        self.resource_name = self._resource_name()
        self.rcps = self._levels("rcp", policies.rcps if self._rcps_apply() else ())
        self.scps = self._levels("scp", policies.scps if self._scps_apply() else ())
        self.endpoint = self._judge("endpoint", policies.endpoint)
        self.resource = self._judge(
            self.resource_name, () if policies.resource is None else (policies.resource,)
        )
        if self._owner_may_repair():
            self.resource = Layer(name=self.resource_name)
        self.own = self._judge("identity", policies.identity if own else ())
        self.boundary = self._judge("boundary", policies.boundary or () if bounded else ())
        self.bounded = bounded
        self.session = self._judge("session", policies.session if own else ())

    def decision(self) -> Decision:
        layers = (*self.rcps, *self.scps, self.endpoint, self.resource, self.own, self.boundary, self.session)
        allowed = _refs(layer.allowed for layer in layers)
        for layer in layers:
            if layer.deny.truth is Truth.TRUE:
                denied = _refs(one.denied(least=Truth.TRUE) for one in layers)
                return Decision(
                    outcome=Outcome.EXPLICITLY_DENIED, layer=layer.name, allowed=allowed, denied=denied
                )
        gates = [*self._gates(), *self._grant_gates()]
        for gate in gates:
            if gate.passed.truth is Truth.FALSE:
                return Decision(outcome=Outcome.IMPLICITLY_DENIED, layer=gate.layer, allowed=allowed)
        total = every((*(gate.passed for gate in gates), *(layer.deny.negated() for layer in layers)))
        if total.truth is Truth.TRUE:
            return Decision(outcome=Outcome.ALLOWED, allowed=allowed)
        return Decision(
            outcome=Outcome.CONDITIONAL,
            allowed=allowed,
            denied=_refs(layer.denied(least=Truth.UNKNOWN) for layer in layers),
            conditions=tuple(sorted(total.open)),
        )

    def _judge(self, name: str, documents: Iterable[Document]) -> Layer:
        return judge(name, documents, self.request, self.identity)

    def _levels(self, name: str, levels: tuple[tuple[Document, ...], ...]) -> tuple[Layer, ...]:
        return tuple(self._judge(name, level) for level in levels)

    def _resource_name(self) -> str:
        if self.request.action.lower() in TRUST_ACTIONS:
            return "trust"
        arn = parse_arn(self.request.resource)
        is_key = self.request.service == "kms" and arn is not None and arn.resource.startswith("key/")
        return "key-policy" if is_key else "resource"

    def _scps_apply(self) -> bool:
        caller = self.request.caller
        return caller.in_account and not caller.is_service_linked and not self._is_management(caller.account)

    def _rcps_apply(self) -> bool:
        return (
            self.request.service in RCP_SERVICES
            and self.request.action.lower() != _RETIRE
            and not self.request.caller.is_service_linked
            and not self._is_management(self.request.owner or self.request.caller.account)
        )

    def _is_management(self, account: str) -> bool:
        return account != "" and self.request.value("aws:PrincipalOrgMasterAccountId") == account

    def _owner_may_repair(self) -> bool:
        """The root user of the owning account always reaches the bucket's policy, whatever that policy says."""
        return (
            self.request.caller.type == "Account"
            and self.request.same_account
            and self.request.action.lower() in _OWN_BUCKET_POLICY
        )

    def _gates(self) -> Iterable[_Gate]:
        """The guards that allow nothing by themselves."""
        for layer in self.scps:
            yield _Gate("scp", layer.allow())
        if self.policies.endpoint:
            yield _Gate("endpoint", self.endpoint.allow())
        if self._public_access_is_blocked():
            yield _Gate("block-public-access", NO)

    def _public_access_is_blocked(self) -> bool:
        request, policy = self.request, self.policies.resource
        if not self.policies.block_public_access or request.service != "s3" or policy is None:
            return False
        inside = request.caller.type == "Service" or (request.caller.in_account and request.same_account)
        return not inside and is_public(policy)

    def _grant_gates(self) -> Iterable[_Gate]:
        """Who grants: the identity side, the resource side, or both."""
        if not self.request.caller.in_account:
            yield _Gate(self.resource_name, self._from_resource(Level.ACCOUNT))
            return
        if self.request.caller.type == "Account" and self.resource_name == "trust":
            # A root user cannot assume a role.
            yield _Gate("identity", NO)
            return
        limits = every((self._boundary_allows(), self._session_allows()))
        own = self._identity_allows()
        if not self.request.same_account:
            ours = every((own, limits))
            theirs = some(
                (
                    every((self.resource.allow(), ours)),
                    every((self._granted(Level.ROLE), limits)),
                )
            )
            yield _Gate(self._stopped_by(own) if ours.truth is Truth.FALSE else self.resource_name, theirs)
            return
        mandatory = self.resource_name in ("trust", "key-policy")
        through_identity = every((own, limits, self.resource.allow() if mandatory else YES))
        passed = some(
            lazily(
                lambda: through_identity,
                lambda: every((self._from_resource(Level.ROLE), limits)),
                lambda: every((self._from_resource(Level.USER), self._session_allows())),
                lambda: self._from_resource(Level.SESSION),
            )
        )
        named = some((own, self._from_resource(Level.ROLE)))
        missing = mandatory and self._from_resource(Level.ACCOUNT).truth is Truth.FALSE
        yield _Gate(self.resource_name if missing else self._stopped_by(named), passed)

    def _from_resource(self, least: Level) -> Answer:
        return some((self.resource.allow(least), self._granted(least)))

    def _granted(self, least: Level) -> Answer:
        if self.resource_name != "key-policy":
            return NO
        return granted(self.policies.grants, self.request, self.identity, least)

    def _identity_allows(self) -> Answer:
        return YES if self.request.caller.type == "Account" else self.own.allow()

    def _boundary_allows(self) -> Answer:
        return self.boundary.allow() if self.bounded else YES

    def _session_allows(self) -> Answer:
        if self.policies.session:
            return self.session.allow()
        # A federated user whose session got no policy has no permissions of its user.
        return answer(self.request.caller.type != "FederatedUser")

    def _stopped_by(self, grant: Answer) -> str:
        """The layer to name where a grant (``grant``) or one of its limits is missing."""
        if grant.truth is Truth.FALSE:
            return "identity"
        return "boundary" if self._boundary_allows().truth is Truth.FALSE else "session"


def _refs(groups: Iterable[tuple[StatementRef, ...]]) -> tuple[StatementRef, ...]:
    return tuple(sorted({ref for group in groups for ref in group}))


_SEVERITY = (Outcome.ALLOWED, Outcome.CONDITIONAL, Outcome.IMPLICITLY_DENIED, Outcome.EXPLICITLY_DENIED)


def _both(left: Decision, right: Decision) -> Decision:
    """The decision of two requests that have to succeed together."""
    worse = max(left, right, key=lambda decision: _SEVERITY.index(decision.outcome))
    return Decision(
        outcome=worse.outcome,
        layer=worse.layer,
        allowed=_refs((left.allowed, right.allowed)),
        denied=_refs((left.denied, right.denied)),
        conditions=tuple(sorted({*left.conditions, *right.conditions}))
        if worse.outcome is Outcome.CONDITIONAL
        else (),
    )
