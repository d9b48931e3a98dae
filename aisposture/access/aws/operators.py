"""The condition operators of AWS: their names, what a value of theirs looks like, and how one value compares with one.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators".
"""

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache, partial
from typing import NamedTuple

from aisposture.access.aws.match import matches, matches_arn, readable

Compare = Callable[[str, str], bool]
"""(value in the request, pattern of the policy) -> whether they match, before any negation."""


class Operator(NamedTuple):
    """One base operator.

    Attributes:
        compare: the positive comparison, also for a negated operator.
        negated: true where no value of the policy may match.
        variables: whether policy variables are replaced in its values.
        malformed: whether a text can never be a value of it.
    """

    name: str
    compare: Compare
    negated: bool = False
    variables: bool = False
    malformed: Callable[[str], bool] = lambda _: False


class ParsedOperator(NamedTuple):
    """An operator as written in a policy."""

    name: str
    qualifier: str
    if_exists: bool
    malformed: Callable[[str], bool]


@lru_cache(4096)
def parse_operator(text: str) -> ParsedOperator | None:
    """The parts of ``ForAnyValue:StringLikeIfExists``, or None where AWS knows no such operator."""
    head, colon, rest = text.rpartition(":")
    qualifier = _QUALIFIERS.get(head.lower(), "") if colon else ""
    if colon and not qualifier:
        return None
    base = rest.lower()
    if_exists = base.endswith("ifexists")
    operator = _BY_LOWER_NAME.get(base.removesuffix("ifexists"))
    if operator is None or (operator.name == NULL and (if_exists or qualifier)):
        return None
    return ParsedOperator(operator.name, qualifier, if_exists, operator.malformed)


def parse_time(text: str) -> Decimal | None:
    """Seconds since 1970 of an ISO 8601 date or of a number of seconds; None for anything else."""
    if _NUMBER.fullmatch(text):
        return parse_number(text)
    if not _DATE.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(_padded_date(text))
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return Decimal(str(moment.timestamp()))


def parse_number(text: str) -> Decimal | None:
    """A number as policies write it, or None."""
    if not _NUMBER.fullmatch(text):
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


_NUMBER = re.compile(r"[+-]?(\d{1,64}(\.\d{0,64})?|\.\d{1,64})([eE][+-]?\d{1,3})?")
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d)?)?([T ]\d\d:\d\d(:\d\d([.,]\d+)?)?)?(Z|[+-]\d\d(:?\d\d)?)?")


def _padded_date(text: str) -> str:
    """A W3C date of less precision (year, or year and month), as its first day."""
    head = re.match(r"\d{4}(-\d\d)?$", text)
    return text + ("-01" if head and head[1] else "-01-01") if head else text


def _parse_bool(text: str) -> bool | None:
    return {"true": True, "false": False}.get(text.lower())


def _is_no_bool(text: str) -> bool:
    return _parse_bool(text) is None and "${" not in text


@lru_cache(65_536)
def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _bytes(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _equal(value: str, pattern: str) -> bool:
    return value == readable(pattern)


def _equal_ignoring_case(value: str, pattern: str) -> bool:
    return value.lower() == readable(pattern).lower()


def _like(value: str, pattern: str) -> bool:
    return matches(pattern, value)


def _arn_like(value: str, pattern: str) -> bool:
    return matches_arn(pattern, value)


def _number_test(test: Callable[[Decimal, Decimal], bool], parse: Callable[[str], Decimal | None]) -> Compare:
    def compare(value: str, pattern: str) -> bool:
        left, right = parse(value), parse(pattern)
        return left is not None and right is not None and test(left, right)

    return compare


def _same_truth(value: str, pattern: str) -> bool:
    left = _parse_bool(value)
    return left is not None and left == _parse_bool(readable(pattern))


def _same_bytes(value: str, pattern: str) -> bool:
    left = _bytes(value)
    return left is not None and left == _bytes(pattern)


def _inside(value: str, pattern: str) -> bool:
    left, right = _network(value), _network(pattern)
    if left is None or right is None or left.version != right.version:
        return False
    return int(right.network_address) <= int(left.network_address) and int(left.broadcast_address) <= int(
        right.broadcast_address
    )


def _unparsable(parse: Callable[[str], Decimal | None], text: str) -> bool:
    return parse(text) is None


def _never(value: str, pattern: str) -> bool:
    """Null has no comparison of values; it is settled by the presence of the key."""
    raise AssertionError(f"Null compares nothing: {value}, {pattern}")


NULL = "Null"
_TESTS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "Equals": lambda a, b: a == b,
    "NotEquals": lambda a, b: a == b,
    "LessThan": lambda a, b: a < b,
    "LessThanEquals": lambda a, b: a <= b,
    "GreaterThan": lambda a, b: a > b,
    "GreaterThanEquals": lambda a, b: a >= b,
}

_ALL = (
    Operator("StringEquals", _equal, variables=True),
    Operator("StringNotEquals", _equal, negated=True, variables=True),
    Operator("StringEqualsIgnoreCase", _equal_ignoring_case, variables=True),
    Operator("StringNotEqualsIgnoreCase", _equal_ignoring_case, negated=True, variables=True),
    Operator("StringLike", _like, variables=True),
    Operator("StringNotLike", _like, negated=True, variables=True),
    Operator("ArnEquals", _arn_like, variables=True),
    Operator("ArnNotEquals", _arn_like, negated=True, variables=True),
    Operator("ArnLike", _arn_like, variables=True),
    Operator("ArnNotLike", _arn_like, negated=True, variables=True),
    *(
        Operator(
            f"{family}{suffix}",
            _number_test(test, parse),
            negated=suffix == "NotEquals",
            malformed=partial(_unparsable, parse),
        )
        for family, parse in (("Numeric", parse_number), ("Date", parse_time))
        for suffix, test in _TESTS.items()
    ),
    Operator("Bool", _same_truth, variables=True, malformed=_is_no_bool),
    Operator("BinaryEquals", _same_bytes, malformed=lambda text: _bytes(text) is None),
    Operator("IpAddress", _inside, malformed=lambda text: _network(text) is None),
    Operator("NotIpAddress", _inside, negated=True, malformed=lambda text: _network(text) is None),
    Operator(NULL, _never, malformed=lambda text: _parse_bool(text) is None),
)

OPERATORS = {operator.name: operator for operator in _ALL}
"""Every base operator by its canonical name."""

_BY_LOWER_NAME = {operator.name.lower(): operator for operator in _ALL}
_QUALIFIERS = {"foranyvalue": "ForAnyValue", "forallvalues": "ForAllValues"}


def matches_everything(operator: Operator, pattern: str) -> bool:
    """Whether ``pattern`` matches whatever value a key has: then an unknown value does not matter."""
    return operator.compare is _like and pattern.strip("*") == "" and pattern != ""
