"""Authorisation requests from JSON lines, each answered offline, in order."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import Struct

from aisposture.access.aws.frame import AwsFrame, Evaluation, FieldError, evaluate
from aisposture.errors import FileError
from aisposture.model.access import Decision, Outcome, PolicyProblem, StatementRef

_MISSING = re.compile(r"missing required field `(\w+)`")
_DEEPEST = 200
_TOO_DEEP = b'"nested too deeply"'
_STRUCTURE = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[\]{}]', re.DOTALL)


class Result(Struct, frozen=True, kw_only=True):
    """The answer to one line.

    Attributes:
        line: 1-based number of the line.
        expected: what the line expects, or None.
        problems: mistakes in its policy documents.
    """

    id: str
    line: int
    decision: Decision
    expected: Outcome | None = None
    problems: tuple[PolicyProblem, ...] = ()

    @property
    def passed(self) -> bool | None:
        """Whether the decision is the expected one; None where nothing is expected."""
        return None if self.expected is None else self.decision.outcome is self.expected

    def to_dict(self) -> dict[str, Any]:
        """The answer as ``simulate --json`` prints it."""
        answer: dict[str, Any] = {
            "id": self.id,
            "decision": self.decision.outcome.value,
            "layer": self.decision.layer,
            "statements": [_statement(ref, "Deny") for ref in self.decision.denied]
            + [_statement(ref, "Allow") for ref in self._allowing()],
            "conditions": list(self.decision.conditions),
        }
        if self.problems:
            answer["problems"] = [
                {"policy": one.policy, "where": one.where, "message": one.message} for one in self.problems
            ]
        if self.expected is not None:
            answer["expected"] = self.expected.value
            answer["passed"] = self.passed
        return answer

    def _allowing(self) -> tuple[StatementRef, ...]:
        """The allows that decided: none of them where the request was refused."""
        refused = self.decision.outcome in (Outcome.EXPLICITLY_DENIED, Outcome.IMPLICITLY_DENIED)
        return () if refused else self.decision.allowed


def run(lines: Iterable[bytes], *, path: str = "-") -> Iterator[Result]:
    """The answers to ``lines`` of a file, in order; empty lines are skipped.

    Raises:
        FileError: a line is no request; names file, line and field.
    """
    for number, line in enumerate(lines, start=1):
        text = line.strip().removeprefix(b"\xef\xbb\xbf")
        if text:
            yield simulate(text, path=path, line=number)


def simulate(text: bytes, *, path: str = "-", line: int = 1) -> Result:
    """The answer to one line.

    Raises:
        FileError: the line is no request.
    """
    try:
        head, evaluation = _answer(_shallow(text))
    except FieldError as error:
        raise FileError(str(error), path=path, line=line, field=error.field) from None
    except msgspec.ValidationError as error:
        message, field = _place(str(error))
        raise FileError(message, path=path, line=line, field=field or None) from None
    except (msgspec.DecodeError, UnicodeError) as error:
        raise FileError(f"not JSON: {error}", path=path, line=line) from None
    return Result(
        id=str(line) if head.id is None else str(head.id),
        line=line,
        decision=evaluation.decision,
        expected=head.expected,
        problems=evaluation.problems,
    )


def _place(error: str) -> tuple[str, str]:
    """Message and dotted field of a validation error; a missing field is the place itself."""
    message, _, at = error.partition(" - at `$")
    field = at.rstrip("`").lstrip(".")
    missing = _MISSING.search(message)
    if missing:
        return "missing", f"{field}.{missing[1]}".lstrip(".")
    return message, field


class _Head(Struct, frozen=True, kw_only=True):
    """The fields that every cloud shares."""

    id: str | int | None = None
    cloud: str = "aws"
    expected: Outcome | None = None


_HEAD = msgspec.json.Decoder(_Head)
_AWS = msgspec.json.Decoder(AwsFrame)


def _answer(text: bytes) -> tuple[_Head, Evaluation]:
    head = _HEAD.decode(text)
    if head.cloud.lower() != "aws":
        raise FieldError("cloud", f"{head.cloud!r} has no simulator here; known: aws")
    return head, evaluate(_AWS.decode(text))


def _statement(ref: StatementRef, effect: str) -> dict[str, Any]:
    return {
        "effect": effect,
        "role": ref.role.value,
        "policy": ref.policy,
        "index": ref.index,
        "sid": ref.sid,
    }


def _shallow(text: bytes) -> bytes:
    """``text`` with what is nested absurdly deep replaced by a string, which its policy then reports as a mistake."""
    if max(text.count(b"["), text.count(b"{")) <= _DEEPEST:
        return text
    kept: list[bytes] = []
    depth = at = 0
    for found in _STRUCTURE.finditer(text):
        token = found[0]
        if token in (b"[", b"{"):
            depth += 1
            if depth == _DEEPEST + 1:
                kept += (text[at : found.start()], _TOO_DEEP)
        elif token in (b"]", b"}"):
            if depth == _DEEPEST + 1:
                at = found.end()
            depth -= 1
    # Where the deepest part never closes, what follows it is lost with it.
    return b"".join(kept) + (text[at:] if depth <= _DEEPEST else b"")
