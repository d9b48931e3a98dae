"""Policy documents of AWS, compiled: one list of statements, and every mistake with its place.

A mistake is taken in the safe direction. A statement with a mistake never allows; if it is, or may be, a deny, it
denies what its readable parts match, but never for certain. AWS would refuse most of these documents, so they reach us
from files, from services with laxer parsers, or from an attacker.
Source: IAM User Guide, "Grammar of the IAM JSON policy language".
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from msgspec import Raw, Struct

from aisposture.access.aws.operators import parse_operator
from aisposture.access.aws.variables import keys_of
from aisposture.model.access import PolicyProblem, StatementRef
from aisposture.model.resource import PolicyRole

Effect = Literal["Allow", "Deny", ""]

LARGEST = 1 << 20
"""Bytes beyond which a document is a mistake as such; the largest policy AWS accepts anywhere is far smaller."""

_UNREADABLE = 32 << 20
_VERSIONS = ("2012-10-17", "2008-10-17")
_VARIABLES_SINCE = "2012-10-17"
_DOCUMENT_ELEMENTS = frozenset({"Version", "Id", "Statement"})
_STATEMENT_ELEMENTS = frozenset(
    {
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    }
)
_PRINCIPAL_TYPES = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})
_WITH_PRINCIPAL = frozenset({PolicyRole.RESOURCE, PolicyRole.TRUST, PolicyRole.RCP, PolicyRole.ENDPOINT})
_RESOURCE_OPTIONAL = frozenset({PolicyRole.RESOURCE, PolicyRole.TRUST})
_MOST_PROBLEMS = 100


class Condition(Struct, frozen=True, kw_only=True):
    """One key of one operator of a ``Condition`` block.

    Attributes:
        operator: base name in canonical spelling (``StringEquals``), without qualifier and ``IfExists``.
        qualifier: ``ForAnyValue``, ``ForAllValues`` or "".
        key: the context key as written; keys are compared without regard to case.
        values: as text; numbers and booleans as JSON writes them.
    """

    operator: str
    qualifier: str
    if_exists: bool
    key: str
    values: tuple[str, ...]

    @property
    def words(self) -> str:
        """The condition for people: ``StringLike aws:SourceArn [a, b]``."""
        name = f"{self.qualifier}:{self.operator}" if self.qualifier else self.operator
        name += "IfExists" if self.if_exists else ""
        return printable(f"{name} {self.key} [{', '.join(self.values)}]")


class Principal(Struct, frozen=True, kw_only=True):
    """One entry of a ``Principal`` element: its type (``AWS``, ``Service``, ``Federated``, ``CanonicalUser``) and value."""

    type: str
    value: str


class Statement(Struct, frozen=True, kw_only=True):
    """One statement, compiled.

    Attributes:
        effect: "" where it cannot be read; such a statement may be a deny.
        actions: patterns in lower case; ``not_actions`` says they are excluded instead.
        resources: patterns with variables; None where the element is absent and the document governs one resource.
        principals: None where the element is absent (identity-based policies).
        variables: whether ``${...}`` means anything (``Version`` 2012-10-17).
        mistakes: what is wrong with it, in words; empty for a sound statement.
    """

    ref: StatementRef
    effect: Effect
    actions: tuple[str, ...] = ("*",)
    not_actions: bool = False
    resources: tuple[str, ...] | None = None
    not_resources: bool = False
    principals: tuple[Principal, ...] | None = None
    not_principals: bool = False
    conditions: tuple[Condition, ...] = ()
    variables: bool = False
    mistakes: tuple[str, ...] = ()

    def context_keys(self) -> frozenset[str]:
        """Every context key that its conditions and variables mention, in lower case."""
        found = {condition.key.lower() for condition in self.conditions}
        if self.variables:
            for template in self.resources or ():
                found.update(keys_of(template))
            for condition in self.conditions:
                for value in condition.values:
                    found.update(keys_of(value))
        return frozenset(found)


class Document(Struct, frozen=True, kw_only=True):
    """A policy document, compiled; ``statements`` keep their order."""

    role: PolicyRole
    statements: tuple[Statement, ...] = ()
    problems: tuple[PolicyProblem, ...] = ()


def parse(text: bytes | str | Raw, *, role: PolicyRole, resource: str = "", policy: str = "") -> Document:
    """Compile the JSON text of a policy. Never raises: a text that is no policy at all is one mistaken statement."""
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else bytes(text)
    reader = _Reader(role, resource, policy)
    if len(raw) > LARGEST:
        reader.problem("", f"{len(raw)} bytes: larger than any policy AWS accepts")
        reader.everywhere.append("document too large")
    if len(raw) > _UNREADABLE:
        return reader.hopeless("document too large to read")
    try:
        value = _load(raw)
        if isinstance(value, str) and value.lstrip().startswith("{"):
            value = _load(value.encode())
    except UnicodeError as error:
        return reader.hopeless(f"not UTF-8: {error.__class__.__name__}")
    except RecursionError:
        return reader.hopeless("nested too deeply")
    except ValueError as error:
        return reader.hopeless(f"not JSON: {printable(str(error))}")
    return reader.document(value)


class _Pairs(dict[str, Any]):
    """A JSON object that remembers which of its names came twice."""

    repeated: tuple[str, ...] = ()


def _load(raw: bytes) -> Any:
    return json.loads(raw.decode("utf-8"), object_pairs_hook=_pairs, parse_constant=_no_constant)


def _pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
    pairs = _Pairs(items)
    if len(pairs) < len(items):
        pairs.repeated = tuple(
            sorted(name for name, n in Counter(name for name, _ in items).items() if n > 1)
        )
    return pairs


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON value")


def printable(text: str) -> str:
    """``text`` without lone surrogates, and short enough for a report."""
    safe = text.encode("utf-8", "replace").decode()
    return safe if len(safe) <= 200 else f"{safe[:197]}..."


class _Reader:
    """Compiles one document and gathers what is wrong with it."""

    def __init__(self, role: PolicyRole, resource: str, policy: str) -> None:
        self.role = role
        self.resource = resource
        self.policy = policy
        self.problems: list[PolicyProblem] = []
        self.everywhere: list[str] = []
        self.mistakes: list[str] = []

    def problem(self, where: str, message: str) -> None:
        """Record a mistake at ``where``, up to a bounded number."""
        where = printable(where)
        if len(self.mistakes) < _MOST_PROBLEMS:
            self.mistakes.append(f"{where}: {message}" if where else message)
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(
                PolicyProblem(resource=self.resource, policy=self.policy, where=where, message=message)
            )

    def ref(self, index: int, sid: str = "") -> StatementRef:
        return StatementRef(
            resource=self.resource, policy=self.policy, role=self.role, index=index, sid=printable(sid)
        )

    def hopeless(self, message: str) -> Document:
        """The document of a text in which no statement can be told apart: it may deny anything."""
        self.problem("", message)
        return self.finish((Statement(ref=self.ref(0), effect="", mistakes=(message,)),))

    def finish(self, statements: tuple[Statement, ...]) -> Document:
        return Document(role=self.role, statements=statements, problems=tuple(self.problems))

    def document(self, value: Any) -> Document:
        if not isinstance(value, dict):
            return self.hopeless(f"a policy is a JSON object, not {_kind(value)}")
        self.names(value, _DOCUMENT_ELEMENTS, "")
        version = value.get("Version", _VERSIONS[1])
        if version not in _VERSIONS:
            shown = printable(version) if isinstance(version, str) else _kind(version)
            self.problem("Version", f"unknown version {shown}")
        if not isinstance(value.get("Id", ""), str):
            self.problem("Id", "not a string")
        if "Statement" not in value:
            return self.hopeless("no Statement")
        self.everywhere += self.mistakes
        listed = value["Statement"]
        if isinstance(listed, dict):
            listed = [listed]
        if not isinstance(listed, list):
            return self.hopeless(f"Statement is {_kind(listed)}, not an object or a list")
        variables = version == _VARIABLES_SINCE
        return self.finish(tuple(self.statement(one, i, variables) for i, one in enumerate(listed)))

    def names(self, value: Mapping[str, Any], known: frozenset[str], where: str) -> None:
        """Report names that came twice or that the grammar does not have."""
        dot = f"{where}." if where else ""
        for name in value.repeated if isinstance(value, _Pairs) else ():
            self.problem(dot + name, "given twice")
        for name in value:
            if name not in known:
                self.problem(dot + name, "unknown element")

    def statement(self, value: Any, index: int, variables: bool) -> Statement:
        where = f"Statement[{index}]"
        self.mistakes = []
        if not isinstance(value, dict):
            self.problem(where, f"{_kind(value)}, not an object")
            return Statement(ref=self.ref(index), effect="", mistakes=tuple(self.everywhere + self.mistakes))
        self.names(value, _STATEMENT_ELEMENTS, where)
        sid = value.get("Sid", "")
        if not isinstance(sid, str):
            self.problem(f"{where}.Sid", "not a string")
            sid = ""
        actions, not_actions = self.either(value, "Action", "NotAction", where)
        resources, not_resources = self.either(
            value, "Resource", "NotResource", where, optional=self.role in _RESOURCE_OPTIONAL
        )
        for name in actions or ():
            self.check_action(name, where)
        principals, not_principals = self.principals(value, where)
        conditions = tuple(self.conditions(value.get("Condition", {}), f"{where}.Condition"))
        effect = self.effect(value, where)
        return Statement(
            ref=self.ref(index, sid),
            effect=effect,
            actions=tuple(name.lower() for name in actions or ("*",)),
            not_actions=not_actions,
            resources=resources,
            not_resources=not_resources,
            principals=principals,
            not_principals=not_principals,
            conditions=conditions,
            variables=variables,
            mistakes=tuple(self.everywhere + self.mistakes),
        )

    def effect(self, value: Mapping[str, Any], where: str) -> Effect:
        effect = value.get("Effect")
        if effect in ("Allow", "Deny"):
            return "Allow" if effect == "Allow" else "Deny"
        self.problem(f"{where}.Effect", "missing" if effect is None else "neither Allow nor Deny")
        # Only the spelling is wrong where it is an allow in other letters.
        return "Allow" if isinstance(effect, str) and effect.lower() == "allow" else ""

    def either(
        self, value: Mapping[str, Any], plain: str, negated: str, where: str, *, optional: bool = False
    ) -> tuple[tuple[str, ...] | None, bool]:
        """The strings of an element or of its negation, and whether it is the negation. Unreadable: None."""
        given = [name for name in (plain, negated) if name in value]
        if len(given) == 2:
            self.problem(where, f"both {plain} and {negated}")
            return None, False
        if not given:
            if not optional:
                self.problem(where, f"neither {plain} nor {negated}")
            return None, False
        strings = self.strings(value[given[0]], f"{where}.{given[0]}")
        return strings, strings is not None and given[0] == negated

    def strings(self, value: Any, where: str) -> tuple[str, ...] | None:
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
            self.problem(where, f"{_kind(value)}, not a string or a list of strings")
            return None
        if not listed:
            self.problem(where, "an empty list")
            return None
        return tuple(listed)

    def check_action(self, name: str, where: str) -> None:
        vendor, colon, rest = name.partition(":")
        if name.strip("*") and not (colon and vendor and rest and ":" not in rest):
            self.problem(f"{where}.Action", f"{printable(name)} is not service:Action")

    def principals(self, value: Mapping[str, Any], where: str) -> tuple[tuple[Principal, ...] | None, bool]:
        given = [name for name in ("Principal", "NotPrincipal") if name in value]
        if self.role not in _WITH_PRINCIPAL:
            for name in given:
                self.problem(f"{where}.{name}", f"not allowed in a policy of role {self.role.value}")
            return None, False
        if len(given) == 2:
            self.problem(where, "both Principal and NotPrincipal")
            return None, False
        if not given:
            self.problem(where, "neither Principal nor NotPrincipal")
            return None, False
        element = value[given[0]]
        place = f"{where}.{given[0]}"
        if element == "*":
            return (Principal(type="AWS", value="*"),), given[0] == "NotPrincipal"
        if not isinstance(element, dict) or not element:
            self.problem(place, f"{_kind(element)}, neither '*' nor an object with principals")
            return None, False
        self.names(element, _PRINCIPAL_TYPES, place)
        found: list[Principal] = []
        for kind in sorted(_PRINCIPAL_TYPES & element.keys()):
            for one in self.strings(element[kind], f"{place}.{kind}") or ():
                if kind == "AWS" and one != "*" and ("*" in one or "?" in one):
                    self.problem(
                        f"{place}.{kind}", f"{printable(one)}: a principal takes no partial wildcard"
                    )
                found.append(Principal(type=kind, value=one))
        return (tuple(found), given[0] == "NotPrincipal") if found else (None, False)

    def conditions(self, block: Any, where: str) -> Iterator[Condition]:
        if not isinstance(block, dict):
            self.problem(where, f"{_kind(block)}, not an object")
            return
        for name in block.repeated if isinstance(block, _Pairs) else ():
            self.problem(f"{where}.{name}", "given twice")
        for name, tests in block.items():
            place = f"{where}.{name}"
            parsed = parse_operator(name)
            if parsed is None:
                self.problem(place, "unknown condition operator")
                continue
            if not isinstance(tests, dict):
                self.problem(place, f"{_kind(tests)}, not an object")
                continue
            for key in tests.repeated if isinstance(tests, _Pairs) else ():
                self.problem(f"{place}.{key}", "given twice")
            for key, value in tests.items():
                values = self.condition_values(value, f"{place}.{key}", parsed.malformed)
                if values is not None:
                    yield Condition(
                        operator=parsed.name,
                        qualifier=parsed.qualifier,
                        if_exists=parsed.if_exists,
                        key=printable(key),
                        values=values,
                    )

    def condition_values(self, value: Any, where: str, malformed: Any) -> tuple[str, ...] | None:
        listed = value if isinstance(value, list) else [value]
        texts: list[str] = []
        for one in listed:
            if isinstance(one, bool):
                texts.append("true" if one else "false")
            elif isinstance(one, str):
                texts.append(one)
            elif isinstance(one, (int, float)):
                texts.append(repr(one))
            else:
                self.problem(where, f"{_kind(one)} among the values")
                return None
        for text in texts:
            if malformed(text):
                self.problem(where, f"{printable(text)} is no value for this operator")
        return tuple(texts)


def _kind(value: Any) -> str:
    """The JSON type of ``value`` in words."""
    if value is None:
        return "null"
    names = {bool: "a boolean", str: "a string", int: "a number", float: "a number", list: "a list"}
    return names.get(type(value), "an object")
