"""A rule as Cypher for people to read: one MATCH per combination of its alternatives.

Nothing runs this text; the search asks a store one hop at a time. States, costs and Grants are left out: a verb is written as one
relationship, and ``possible`` counts as true.
"""

import json
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

from aisposture.graph.query import (
    FIRST,
    LAST,
    AttrTest,
    Branch,
    ChoiceStep,
    Compare,
    EdgeStep,
    NodeStep,
    NodeTest,
    Op,
    Operand,
    Path,
    Query,
)
from aisposture.rules.compile import compile_rule
from aisposture.rules.words import Rule

MAX_ALTERNATIVES = 24


def cypher(rule: Rule, params: Mapping[str, Any] | None = None) -> str:
    """The Cypher that says what ``rule`` means."""
    query = compile_rule(rule, params)
    texts = [_statement(query, path) for path in _straight(query.path)]
    head = f"// {rule.id}: {_one_line(rule.title)}\n"
    return head + "\nUNION\n".join(texts) + "\n"


def _one_line(text: str) -> str:
    return " ".join(text.split())


Straight = tuple[NodeStep | EdgeStep, ...]


def _straight(path: Path) -> list[Straight]:
    """Every way through the choices of ``path``, as far as a page can hold them."""
    ways: list[Straight] = [()]
    for step in path:
        if isinstance(step, ChoiceStep):
            inner = [way for one in step.paths for way in _straight(one)]
            ways = [(*before, *after) for before in ways for after in inner][:MAX_ALTERNATIVES]
        else:
            ways = [(*way, step) for way in ways]
    return ways


class _Pattern:
    """One pattern with the conditions it needs; anonymous nodes and relationships get names only where a test needs one."""

    def __init__(self, numbers: Iterator[int]) -> None:
        self._numbers = numbers
        self.conditions: list[str] = []

    def write(self, path: Straight, *, start: str = "", end: str = "") -> str:
        text, tests = "", [NodeTest()]
        nodes: list[tuple[list[NodeTest], str]] = []
        edges: list[EdgeStep] = []
        name = start
        for step in path:
            if isinstance(step, NodeStep):
                tests.append(step.test)
                name = name or step.name
            else:
                nodes.append((tests, name))
                edges.append(step)
                tests, name = [NodeTest()], ""
        nodes.append((tests, end or name))
        for place, (some, called) in enumerate(nodes):
            text += self._node(some, called)
            if place < len(edges):
                text += self._edge(edges[place])
        return text

    def _node(self, tests: list[NodeTest], name: str) -> str:
        tests = [one for one in tests if one != NodeTest()]
        plain = all(not one.where and not one.kinds and one.ids is None for one in tests)
        if not name and not (plain and len(tests) <= 1):
            name = f"n{next(self._numbers)}"
        labels = ""
        for one in tests:
            if one.labels:
                labels += (":" if not labels else "&") + _any_label(one, alone=len(tests) == 1)
            self.conditions += [_kind(name, kind) for kind in one.kinds[:1] if len(one.kinds) == 1]
            if len(one.kinds) > 1:
                self.conditions.append(f"({' OR '.join(_kind(name, kind) for kind in one.kinds)})")
            if one.ids is not None:
                self.conditions.append(f"{name}.id IN {_literal(one.ids)}")
            self.conditions += [_test(name, each) for each in one.where]
        return f"({name}{labels})"

    def _edge(self, step: EdgeStep) -> str:
        once = step.low == step.high == 1
        times = "" if once else f"*{step.low}..{'' if step.high is None else step.high}"
        name = f"r{next(self._numbers)}" if step.where else ""
        for each in step.where:
            self.conditions.append(
                _test(name, each) if once else f"ALL(hop IN {name} WHERE {_test('hop', each)})"
            )
        body = f"-[{name}:{'|'.join(step.kinds)}{times}]-"
        return f"<{body}" if step.back else f"{body}>"


def _any_label(test: NodeTest, *, alone: bool) -> str:
    text = "|".join(test.labels)
    return text if alone or len(test.labels) == 1 else f"({text})"


def _kind(name: str, kind: str) -> str:
    if kind.endswith("*"):
        return f"{name}.kind STARTS WITH {_literal(kind[:-1])}"
    return f"{name}.kind = {_literal(kind)}"


def _literal(value: Any) -> str:
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)


def _field(name: str, field: str) -> str:
    return f"{name}.{field}" if field.isidentifier() else f"{name}.`{field.replace('`', '``')}`"


def _test(name: str, test: AttrTest) -> str:
    field = _field(name, test.name)
    if test.op in {Op.IN, Op.NOT_IN} and test.value == (None,):
        return f"{field} IS {'' if test.op is Op.IN else 'NOT '}NULL"
    match test.op:
        case Op.EXISTS:
            return f"{field} IS {'NOT ' if test.value else ''}NULL"
        case Op.IN:
            values = (*test.value, *test.maybe)
            return (
                f"{field} = {_literal(values[0])}" if len(values) == 1 else f"{field} IN {_literal(values)}"
            )
        case Op.NOT_IN:
            return f"NOT coalesce({field} IN {_literal(test.value)}, false)"
        case Op.GTE:
            return f"{field} >= {_literal(test.value)}"
        case Op.LTE:
            return f"{field} <= {_literal(test.value)}"


def _statement(query: Query, path: Straight) -> str:
    numbers = count(1)
    pattern = _Pattern(numbers)
    ends = _ends(query, path)
    text = pattern.write(path, start=ends.get(FIRST, ""), end=ends.get(LAST, ""))
    bound = {step.name for step in path if isinstance(step, NodeStep) and step.name}
    conditions = [
        *pattern.conditions,
        *(_branch(branch, numbers) for branch in query.branches if branch.source in bound),
    ]
    conditions += [_compared(one) for one in query.compare]
    where = f"\nWHERE {f'{chr(10)}  AND '.join(conditions)}" if conditions else ""
    shown = [
        f"{_returned(key.operand, ends)} AS {key.name}" if key.operand.field != "id" else key.operand.node
        for key in query.keys
    ]
    return f"MATCH {text}{where}\nRETURN DISTINCT {', '.join(shown) or 'count(*) AS walks'}"


def _ends(query: Query, path: Straight) -> dict[str, str]:
    """Names for the first and last node, where keys are read off them."""
    needed = {key.operand.node for key in query.keys} & {FIRST, LAST}
    names: dict[str, str] = {}
    first = next((step.name for step in path[:1] if isinstance(step, NodeStep)), "")
    last = next((step.name for step in path[-1:] if isinstance(step, NodeStep)), "")
    alone = not any(isinstance(step, EdgeStep) for step in path)
    if FIRST in needed:
        names[FIRST] = first or ("entry" if not alone else last or "entry")
    if LAST in needed:
        names[LAST] = (names.get(FIRST) if alone else None) or last or "sink"
    return names


def _returned(operand: Operand, ends: Mapping[str, str]) -> str:
    return f"{ends.get(operand.node, operand.node)}.{operand.field}"


def _branch(branch: Branch, numbers: Iterator[int]) -> str:
    parts = []
    for way in _straight(branch.path):
        pattern = _Pattern(numbers)
        text = pattern.write(way, start=branch.source, end=branch.target)
        where = f" WHERE {' AND '.join(pattern.conditions)}" if pattern.conditions else ""
        parts.append(f"MATCH {text}{where}")
    if branch.count > 1:
        body = " UNION ".join(f"{part} RETURN *" for part in parts) if len(parts) > 1 else parts[0]
        text = f"COUNT {{ {body} }} >= {branch.count}"
    else:
        body = " UNION ".join(f"{part} RETURN 1 AS found" for part in parts) if len(parts) > 1 else parts[0]
        text = f"EXISTS {{ {body} }}"
    return f"NOT {text}" if branch.negated else text


def _compared(one: Compare) -> str:
    left = one.left.node if one.left.field == "id" else _field(one.left.node, one.left.field)
    if isinstance(one.right, Operand):
        right = one.right.node if one.right.field == "id" else _field(one.right.node, one.right.field)
    else:
        right = _literal(one.right if one.op in {"in", "not_in"} else one.right[0])
    sign = {"eq": "=", "differs": "<>", "gte": ">=", "lte": "<=", "stronger_than": ">"}.get(one.op)
    if sign is None:
        return f"{'NOT ' if one.op == 'not_in' else ''}{left} IN {right}"
    if one.order and one.op not in {"eq", "differs"}:
        return f"{_rank(left, one.order)} {sign} {_rank(right, one.order)}"
    return f"{left} {sign} {right}"


def _rank(text: str, order: tuple[str, ...]) -> str:
    ranks = " ".join(f"WHEN {_literal(value)} THEN {place}" for place, value in enumerate(order, start=1))
    return f"(CASE {text} {ranks} ELSE 0 END)"
