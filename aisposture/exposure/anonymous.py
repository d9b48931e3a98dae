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
    "lambda": ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction"),
    "execute-api": ("execute-api:Invoke",),
    "apigateway": ("execute-api:Invoke",),
}
"""What calling an endpoint asks of the policy behind it, by service of the ARN; all of it must be allowed.

URLs from before October 2025 were let in by the first action alone, in some accounts until November 2026.
https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
"""

BOTH_NEEDED = "2025-10-01"
"""Day from which a new function URL asks for both actions."""

_AUTH_TYPE = "lambda:functionurlauthtype"
_VIA_URL = "lambda:invokedviafunctionurl"
_NOT_STRANGERS = frozenset(
    {"aws:sourceaccount", "aws:sourcearn", "aws:principalorgid", "aws:principalaccount", "aws:principalarn"}
)
"""Condition keys that are absent, or name somebody, where a stranger calls."""


class Admission(Struct, frozen=True, kw_only=True):
    """What a resource policy says to strangers.

    Attributes:
        everyone: callers without credentials.
        accounts: callers with credentials of any account.
        conditions: what must hold where one of these is POSSIBLE.
    """

    everyone: State
    accounts: State
    conditions: tuple[str, ...] = ()
    evidence: tuple[EvidenceRef, ...] = ()


def admission(resource: Resource, *, created_at: str | None = None) -> Admission:
    """The answer of the resource policies of ``resource``; a policy that is no JSON object allows nothing.

    Args:
        resource: what stands behind the endpoint.
        created_at: when the endpoint was made; one that is old, or of unknown age, may still ask for the first action only.
    """
    parts = parse_arn(resource.id)
    actions = INVOKE.get(parts.service if parts else "", ())
    answers = [_answer(resource, action) for action in actions] or [_Answer()]
    evidence = tuple(dict.fromkeys(ref for answer in answers for ref in answer.evidence))
    everyone, accounts = (min(answer.said(mode) for answer in answers) for mode in ("NONE", "AWS_IAM"))
    old = created_at is None or created_at < BOTH_NEEDED
    if old and max(everyone, accounts) is State.FALSE and not any(one.refuses for one in answers):
        return Admission(
            everyone=min(answers[0].said("NONE"), State.POSSIBLE),
            accounts=min(answers[0].said("AWS_IAM"), State.POSSIBLE),
            conditions=("its account still asks for one action only, as before October 2025",),
            evidence=evidence,
        )
    return Admission(
        everyone=everyone, accounts=accounts, conditions=("the policy's condition holds",), evidence=evidence
    )


class _Answer:
    """What the policies say about one action, by auth type of the endpoint."""

    def __init__(self) -> None:
        self.allowed = {"NONE": State.FALSE, "AWS_IAM": State.FALSE}
        self.denied = dict(self.allowed)
        self.evidence: list[EvidenceRef] = []

    @property
    def refuses(self) -> bool:
        """Whether a deny without open condition stands."""
        return State.CONFIRMED in self.denied.values()

    def said(self, mode: str) -> State:
        """How surely strangers are let in."""
        return _less(self.allowed[mode], self.denied[mode])


def _answer(resource: Resource, action: str) -> _Answer:
    answer = _Answer()
    for policy in resource.documents(PolicyRole.RESOURCE):
        for index, statement in _statements(policy.document):
            if not (_acts(statement, action) and _anyone(statement)):
                continue
            allows = statement.get("Effect") == "Allow"
            into = answer.allowed if allows else answer.denied
            for mode in into:
                into[mode] = max(into[mode], _holds(statement.get("Condition"), mode))
            note = "allows everyone" if allows else "denies everyone"
            answer.evidence.append(
                EvidenceRef(resource=resource.id, field=f"policies.{policy.id}", statement=index, note=note)
            )
    return answer


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
    if not isinstance(condition, dict) or not all(isinstance(tests, dict) for tests in condition.values()):
        return State.POSSIBLE
    return min(
        (
            _test(operator.lower(), key.lower(), [str(value) for value in _listed(values)], mode)
            for operator, tests in condition.items()
            for key, values in tests.items()
        ),
        default=State.CONFIRMED,
    )


def _test(operator: str, key: str, values: list[str], mode: str) -> State:
    if key == _AUTH_TYPE and operator.startswith("stringequals"):
        return State.CONFIRMED if mode in values else State.FALSE
    if key == _VIA_URL and operator.startswith("bool"):
        return State.CONFIRMED if "true" in [value.lower() for value in values] else State.FALSE
    if key not in _NOT_STRANGERS or operator.endswith("ifexists"):
        return State.POSSIBLE
    return State.CONFIRMED if "not" in operator else State.FALSE
