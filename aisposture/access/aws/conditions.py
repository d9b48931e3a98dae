"""Condition blocks: several keys must all hold, several values of one key are alternatives, for negated operators none may.

A missing key fails a plain operator and satisfies a negated one, ``IfExists`` and ``ForAllValues``; ``ForAnyValue`` always
needs a value. An unknown key is decided only where every possible value, and absence, give the same answer.
Source: IAM User Guide, "Conditions with multiple context keys or values", "Multivalued context keys".
"""

from collections.abc import Iterable

from aisposture.access.aws.document import Condition
from aisposture.access.aws.operators import NULL, OPERATORS, Operator, matches_everything
from aisposture.access.aws.variables import Lookup, resolve
from aisposture.access.truth import NO, YES, Answer, Truth, answer, every

ANY_VALUE = "ForAnyValue"
ALL_VALUES = "ForAllValues"


def evaluate_conditions(conditions: Iterable[Condition], lookup: Lookup, *, variables: bool) -> Answer:
    """Whether a whole ``Condition`` block holds, with what remains open in words.

    ``lookup`` gives the value of a context key, whose name may come in any case; ``variables`` says whether ``${...}`` in
    values is replaced (``Version`` 2012-10-17).
    """
    return every(evaluate_condition(one, lookup, variables=variables) for one in conditions)


def evaluate_condition(condition: Condition, lookup: Lookup, *, variables: bool) -> Answer:
    """Whether one key of one operator holds."""
    operator = OPERATORS[condition.operator]
    found = lookup(condition.key)
    unsure = Answer(Truth.UNKNOWN, frozenset({condition.words}))
    if operator.name == NULL:
        wanted = {text.lower() == "true" for text in condition.values}
        if found is Truth.UNKNOWN:
            return unsure if len(wanted) == 1 else answer(bool(wanted))
        return answer((not isinstance(found, tuple)) in wanted)
    patterns, open_ended = _patterns(condition, operator, lookup, variables=variables)
    if found is Truth.UNKNOWN:
        return _of_unknown_key(condition, operator, patterns, unsure, open_ended=open_ended)
    if isinstance(found, Truth):
        return _of_missing_key(condition, operator)
    narrow = _holds(condition, operator, found, patterns, anything=False)
    if open_ended and narrow is not _holds(condition, operator, found, patterns, anything=True):
        return unsure
    return answer(narrow)


def _patterns(
    condition: Condition, operator: Operator, lookup: Lookup, *, variables: bool
) -> tuple[list[str], bool]:
    """The policy's values with variables replaced, and whether others are left out because a variable is unknown."""
    if not (variables and operator.variables):
        return list(condition.values), False
    resolved = [resolve(text, lookup) for text in condition.values]
    known = [one.pattern for one in resolved if one.pattern is not None and not one.unknown]
    return known, any(one.unknown for one in resolved)


def _of_missing_key(condition: Condition, operator: Operator) -> Answer:
    if condition.if_exists or condition.qualifier == ALL_VALUES:
        return YES
    if condition.qualifier == ANY_VALUE:
        return NO
    return answer(operator.negated)


def _of_unknown_key(
    condition: Condition, operator: Operator, patterns: list[str], unsure: Answer, *, open_ended: bool
) -> Answer:
    """The common answer of absence and of every value, where there is one."""
    absent = _of_missing_key(condition, operator).truth
    if condition.qualifier == ANY_VALUE:
        # An empty text counts as no value, so that even a lone star may fail.
        return unsure
    if any(matches_everything(operator, pattern) for pattern in patterns):
        present = Truth.of(not operator.negated)
    elif patterns or open_ended:
        present = Truth.UNKNOWN
    else:
        present = Truth.of(operator.negated)
    return unsure if present is not absent else Answer(present)


def _holds(
    condition: Condition, operator: Operator, found: tuple[str, ...], patterns: list[str], *, anything: bool
) -> bool:
    """Whether the condition holds for the values ``found``; ``anything``: as if one more pattern matched them all."""

    def one(value: str) -> bool:
        positive = anything or any(operator.compare(value, pattern) for pattern in patterns)
        return positive is not operator.negated

    if condition.qualifier:
        # An empty text is an empty set to the set operators.
        values = [value for value in found if value]
        return any(map(one, values)) if condition.qualifier == ANY_VALUE else all(map(one, values))
    if len(found) == 1:
        return one(found[0])
    # Several values need a set operator; without one nothing is equal to them.
    return operator.negated
