"""Whether the resource policy of what stands behind an endpoint lets callers in who show nothing, or any account."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import msgspec
from msgspec import Struct

from aisposture.model.graph import EvidenceRef, State
from aisposture.model.ids import parse_arn
from aisposture.model.resource import PolicyRole, Resource

INVOKE = {
    "lambda": "lambda:InvokeFunctionUrl",
    "execute-api": "execute-api:Invoke",
    "apigateway": "execute-api:Invoke",
}
"""What calling an endpoint asks of the policy behind it, by service of the ARN.

https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
"""

_AUTH_TYPE = "lambda:functionurlauthtype"


class Admission(Struct, frozen=True, kw_only=True):
    """What a resource policy says to strangers.

    Attributes:
        everyone: callers without credentials.
        accounts: callers with credentials of any account.
    """

    everyone: State
    accounts: State
    evidence: tuple[EvidenceRef, ...] = ()


def admission(resource: Resource) -> Admission:
    """The answer of the resource policies of ``resource``; a policy that is no JSON object allows nothing."""
    parts = parse_arn(resource.id)
    action = INVOKE.get(parts.service if parts else "", "")
    allowed = {"NONE": State.FALSE, "AWS_IAM": State.FALSE}
    denied = {"NONE": State.FALSE, "AWS_IAM": State.FALSE}
    evidence = []
    for policy in resource.documents(PolicyRole.RESOURCE):
        for index, statement in _statements(policy.document):
            if not (_acts(statement, action) and _anyone(statement)):
                continue
            into = allowed if statement.get("Effect") == "Allow" else denied
            for mode in into:
                into[mode] = max(into[mode], _holds(statement.get("Condition"), mode))
            evidence.append(
                EvidenceRef(
                    resource=resource.id,
                    field=f"policies.{policy.id}",
                    statement=index,
                    note="allows everyone" if into is allowed else "denies everyone",
                )
            )
    return Admission(
        everyone=_less(allowed["NONE"], denied["NONE"]),
        accounts=_less(allowed["AWS_IAM"], denied["AWS_IAM"]),
        evidence=tuple(evidence),
    )


def _less(allowed: State, denied: State) -> State:
    if denied is State.CONFIRMED:
        return State.FALSE
    return min(allowed, State.POSSIBLE) if denied is State.POSSIBLE else allowed


def _statements(document: msgspec.Raw) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        parsed = msgspec.json.decode(document)
    except (msgspec.DecodeError, RecursionError):
        return
    statements = parsed.get("Statement") if isinstance(parsed, dict) else None
    for index, statement in enumerate(_listed(statements)):
        if isinstance(statement, dict):
            yield index, statement


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _acts(statement: dict[str, Any], action: str) -> bool:
    if "NotAction" in statement:
        return not any(_like(action, pattern) for pattern in _listed(statement["NotAction"]))
    return any(_like(action, pattern) for pattern in _listed(statement.get("Action")))


def _like(action: str, pattern: Any) -> bool:
    escaped = str(pattern).lower().replace("[", "[[]")
    return bool(action) and fnmatchcase(action.lower(), escaped)


def _anyone(statement: dict[str, Any]) -> bool:
    principal = statement.get("Principal")
    if isinstance(principal, dict):
        return "*" in _listed(principal.get("AWS"))
    return principal == "*"


def _holds(condition: Any, mode: str) -> State:
    """Whether ``condition`` is met by a call to a URL whose auth type is ``mode``; what is not about that stays open."""
    if not condition:
        return State.CONFIRMED
    if not isinstance(condition, dict):
        return State.POSSIBLE
    state = State.CONFIRMED
    for operator, tests in condition.items():
        if not isinstance(tests, dict):
            return State.POSSIBLE
        for key, values in tests.items():
            if key.lower() == _AUTH_TYPE and operator.lower().startswith("stringequals"):
                if mode not in _listed(values):
                    return State.FALSE
            elif key.lower() in {
                "aws:sourceaccount",
                "aws:sourcearn",
                "aws:principalorgid",
                "aws:principalaccount",
            }:
                return State.FALSE
            else:
                state = State.POSSIBLE
    return state
