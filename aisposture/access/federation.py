"""Federated subjects and services: who outside may become a role by a token, and which services a role trusts.

Source: IAM User Guide, "Create a role for OpenID Connect federation", "Available keys for AWS OIDC federation"; EKS User
Guide, "IAM roles for service accounts"; IAM Roles Anywhere User Guide, "Trust model"; EKS User Guide, "EKS Pod Identity".
"""

from collections.abc import Iterator

from aisposture.access.aws.authorize import Policies, authorize
from aisposture.access.aws.context import Request
from aisposture.access.aws.document import Condition, Statement
from aisposture.access.aws.match import has_wildcard, matches
from aisposture.access.aws.principals import Caller
from aisposture.access.documents import Compiled
from aisposture.access.edges import evidence_of
from aisposture.access.estate import Estate
from aisposture.model import ids
from aisposture.model.graph import EdgeKind, EdgeRow, State
from aisposture.model.resource import PolicyRole, Resource

_WEB = "sts:assumerolewithwebidentity"
_SAML = "sts:assumerolewithsaml"
_OIDC_PROVIDER = ":oidc-provider/"
_SAML_PROVIDER = ":saml-provider/"
ANYBODY = "*"


def federation_edges(estate: Estate) -> Iterator[EdgeRow]:
    """``federates`` from subjects of identity providers to the roles whose trust policies accept them.

    How the subject is pinned stands on edges of OIDC only: who of a company's people gets a role by SAML is settled at its own
    identity provider, and the trust policy need not say it.
    """
    for role in estate.inventory.of_kind("aws.iam.role"):
        for compiled in estate.library.all(role, (PolicyRole.TRUST,)):
            for statement, _ in compiled.statements:
                if statement.effect == "Allow" and not statement.not_principals:
                    yield from _of_statement(estate, role, compiled, statement)


def _of_statement(
    estate: Estate, role: Resource, compiled: Compiled, statement: Statement
) -> Iterator[EdgeRow]:
    for principal in statement.principals or ():
        if principal.type != "Federated":
            continue
        saml = _SAML_PROVIDER in principal.value
        action = _SAML if saml else _WEB
        acted = any(matches(pattern, action) for pattern in statement.actions) is not statement.not_actions
        if not acted:
            continue
        issuer = principal.value.partition(_OIDC_PROVIDER)[2] or principal.value
        prefix = "saml:" if saml else f"{issuer.lower()}:"
        for subject, exact in _subjects(statement, prefix):
            state, conditions = _decide(estate, role, compiled, action, principal.value, statement, prefix)
            if state is State.FALSE:
                continue
            source = ids.saml(principal.value, subject) if saml else ids.oidc(issuer, subject)
            yield EdgeRow(
                source=source,
                target=role.id,
                kind=EdgeKind.FEDERATES,
                state=state,
                attrs=() if saml else (("subject", "exact" if exact else "wildcard"),),
                conditions=conditions,
                evidence=evidence_of([statement.ref]),
            )


def _subjects(statement: Statement, prefix: str) -> list[tuple[str, bool]]:
    """Subject patterns that a statement accepts, and whether each is one subject only."""
    found = []
    for condition in statement.conditions:
        if condition.key.lower() in _subject_keys(prefix) and _is_positive(condition):
            like = condition.operator in ("StringLike", "ArnLike", "ArnEquals")
            found += [(value, not (like and has_wildcard(value))) for value in condition.values]
    return found or [(ANYBODY, False)]


def _subject_keys(prefix: str) -> tuple[str, ...]:
    return ("saml:sub", "saml:namequalifier") if prefix == "saml:" else (f"{prefix}sub", f"{prefix}oid")


def _is_positive(condition: Condition) -> bool:
    return condition.operator in (
        "StringEquals",
        "StringEqualsIgnoreCase",
        "StringLike",
        "ArnLike",
        "ArnEquals",
    )


def _decide(
    estate: Estate,
    role: Resource,
    compiled: Compiled,
    action: str,
    provider: str,
    statement: Statement,
    prefix: str,
) -> tuple[State, tuple[str, ...]]:
    """Whether a token that carries what the statement asks for is accepted, other statements and RCPs heard."""
    context: dict[str, tuple[str, ...]] = {
        "aws:securetransport": ("true",),
        "aws:currenttime": (estate.inventory.taken_at,),
        "aws:federatedprovider": (provider,),
    }
    registered = estate.inventory.get(provider)
    audiences = tuple(registered.attrs.get("audiences") or ()) if registered is not None else ()
    for condition in statement.conditions:
        key = condition.key.lower()
        if key.startswith(prefix) and _is_positive(condition) and condition.values:
            # The subject asks with a token of its own: what is asked of a token, the subjects named here have.
            context[key] = (_sample(condition, audiences if key.endswith(":aud") else ()),)
    item = estate.universe.number.get(role.id)
    if item is not None:
        context.update(estate.requests.item_context(item))
    request = Request(
        caller=Caller(text=provider, type="Federated"),
        action=action,
        resource=role.id,
        resource_account=role.account,
        context=context,
        complete=False,
    )
    policies = Policies(
        resource=compiled.document,
        rcps=tuple(tuple(one.document for one in level) for level in estate.rcps.get(role.account, ())),
    )
    decision = authorize(request, policies)
    conditions = set(decision.conditions)
    if registered is None and _OIDC_PROVIDER in provider + role.id and provider.startswith("arn:"):
        conditions.add(f"only if the identity provider {provider} exists")
    state = decision.outcome.state
    if conditions and state is State.CONFIRMED:
        state = State.POSSIBLE
    return state, tuple(sorted(conditions))


def _sample(condition: Condition, audiences: tuple[str, ...]) -> str:
    """A value that the condition accepts; an audience that the provider is registered for where there is one."""
    for audience in audiences:
        if any(matches(pattern, audience) for pattern in condition.values):
            return audience
    return condition.values[0].replace("*", "any").replace("?", "a")
