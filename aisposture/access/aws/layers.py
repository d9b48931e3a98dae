"""One layer of policies against one request: which statements apply, and what the layer says as a whole."""

from collections.abc import Iterable
from functools import partial

from msgspec import Struct

from aisposture.access.aws.conditions import evaluate_conditions
from aisposture.access.aws.context import Request
from aisposture.access.aws.document import Document, Statement
from aisposture.access.aws.match import matches, matches_resource
from aisposture.access.aws.principals import Identity, Level, excludes, meet
from aisposture.access.aws.variables import Lookup, resolve
from aisposture.access.truth import NO, YES, Answer, Truth, answer, every, lazily, some
from aisposture.model.access import StatementRef


class Hit(Struct, frozen=True, kw_only=True):
    """A statement that applies to the request, or may.

    Attributes:
        applies: whether action, resource, principal and conditions are met; never FALSE.
        level: how directly the statement names the caller; SESSION where it names nobody (identity policies).
    """

    statement: Statement
    applies: Answer
    level: Level


class Layer(Struct, frozen=True, kw_only=True):
    """What the documents of one layer say of a request; ``name`` as in ``Decision.layer``."""

    name: str
    allows: tuple[Hit, ...] = ()
    denies: tuple[Hit, ...] = ()

    def allow(self, least: Level = Level.ACCOUNT) -> Answer:
        """Whether some statement allows, naming the caller at least as directly as ``least``."""
        return some(_worded("only if", hit) for hit in self.allows if hit.level >= least)

    @property
    def deny(self) -> Answer:
        """Whether some statement denies."""
        return some(_worded("denied if", hit) for hit in self.denies)

    @property
    def allowed(self) -> tuple[StatementRef, ...]:
        """The statements that allow, or may."""
        return tuple(hit.statement.ref for hit in self.allows)

    def denied(self, *, least: Truth) -> tuple[StatementRef, ...]:
        """The statements that deny at least as surely as ``least``."""
        return tuple(hit.statement.ref for hit in self.denies if hit.applies.truth >= least)


def judge(name: str, documents: Iterable[Document], request: Request, identity: Identity) -> Layer:
    """The layer ``name`` made of ``documents``, over ``request``."""
    allows: list[Hit] = []
    denies: list[Hit] = []
    for document in documents:
        for statement in document.statements:
            if statement.mistakes and statement.effect == "Allow":
                continue
            hit = _hit(statement, request, identity)
            if hit is not None:
                (allows if statement.effect == "Allow" else denies).append(hit)
    return Layer(name=name, allows=tuple(allows), denies=tuple(denies))


def applies(statement: Statement, request: Request) -> Answer:
    """Whether action, resource and conditions of a statement are met; its principals are not looked at."""
    found = every(
        lazily(
            partial(matches_statement_action, statement, request.action.lower()),
            partial(matches_statement_resource, statement, request.resource, request.lookup),
            partial(evaluate_conditions, statement.conditions, request.lookup, variables=statement.variables),
        )
    )
    return (
        found.capped(f"the mistaken statement is read so: {statement.mistakes[0]}")
        if statement.mistakes
        else found
    )


def matches_statement_action(statement: Statement, action: str) -> Answer:
    """Whether a statement is about ``action`` (in lower case)."""
    return answer(any(matches(pattern, action) for pattern in statement.actions) is not statement.not_actions)


def matches_statement_resource(statement: Statement, resource: str, lookup: Lookup) -> Answer:
    """Whether a statement is about ``resource``; a pattern whose variable has no value matches nothing."""
    if statement.resources is None:
        return YES
    found = some(_matches_template(one, resource, lookup, statement) for one in statement.resources)
    return found.negated() if statement.not_resources else found


def _matches_template(template: str, resource: str, lookup: Lookup, statement: Statement) -> Answer:
    if not statement.variables:
        return answer(matches_resource(template, resource))
    resolved = resolve(template, lookup)
    if resolved.pattern is None or not matches_resource(resolved.pattern, resource):
        return NO
    if resolved.unknown:
        return Answer(
            Truth.UNKNOWN, frozenset({f"{', '.join(resolved.unknown)} makes {template} match {resource}"})
        )
    return YES


def _hit(statement: Statement, request: Request, identity: Identity) -> Hit | None:
    level, named = _naming(statement, request, identity)
    if named.truth is Truth.FALSE:
        return None
    found = every((named, applies(statement, request)))
    return None if found.truth is Truth.FALSE else Hit(statement=statement, applies=found, level=level)


def _naming(statement: Statement, request: Request, identity: Identity) -> tuple[Level, Answer]:
    """How directly a statement names the caller, and whether it does."""
    if statement.principals is None:
        return Level.SESSION, YES
    meeting = meet(statement.principals, request.caller, identity)
    perhaps = Answer(Truth.UNKNOWN, frozenset({f"{request.caller.text} is one of the principals named"}))
    if statement.not_principals:
        if statement.effect == "Allow":
            named = answer(meeting.level is Level.NONE)
        else:
            named = answer(not excludes(statement.principals, request.caller, identity))
        return Level.SESSION, perhaps if meeting.perhaps and named.truth is Truth.TRUE else named
    if meeting.level is Level.NONE and meeting.perhaps:
        return meeting.perhaps, perhaps
    return meeting.level, answer(meeting.level is not Level.NONE)


def _worded(prefix: str, hit: Hit) -> Answer:
    """The answer of one statement, its open conditions joined to one sentence."""
    if hit.applies.truth is not Truth.UNKNOWN:
        return hit.applies
    return Answer(Truth.UNKNOWN, frozenset({f"{prefix} {' and '.join(sorted(hit.applies.open))}"}))
