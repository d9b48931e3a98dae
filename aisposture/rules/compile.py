"""From a rule as written to a query: parameters put in, operators reduced to those a store knows, shapes checked."""

from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any, NoReturn

from aisposture.errors import FileError
from aisposture.graph.query import (
    FIRST,
    LAST,
    AttrTest,
    Branch,
    ChoiceStep,
    Compare,
    EdgeStep,
    Key,
    NodeStep,
    NodeTest,
    Op,
    Operand,
    Path,
    Query,
)
from aisposture.rules.document import Doc
from aisposture.rules.shape import Family, ends, family
from aisposture.rules.steps import attribute, literal
from aisposture.rules.words import (
    BranchWords,
    ChoiceWords,
    CompareWords,
    EdgeWords,
    NodeWords,
    Param,
    PathWords,
    Rule,
    Side,
    StepWords,
    Where,
)

UNKNOWN = "unknown"
"""A value some attributes have where no one could tell; a test that does not name it is then POSSIBLE."""


def compile_rule(rule: Rule, params: Mapping[str, Any] | None = None) -> Query:
    """The query that ``rule`` means, with ``params`` (from ``aisposture.yaml``) in place of its defaults.

    Raises:
        FileError: a parameter has a value that its attribute cannot have.
    """
    return _Compiler(rule, params or {}).query()


class _Compiler:
    def __init__(self, rule: Rule, params: Mapping[str, Any]) -> None:
        self._rule = rule
        self._params = {
            **rule.params,
            **{name: value for name, value in params.items() if name in rule.params},
        }

    def query(self) -> Query:
        rule = self._rule
        path = self._path(rule.path)
        if rule.fails:
            tests = [NodeStep(test=NodeTest(where=self._tests(one, edge=False))) for one in rule.fails]
            path = (
                *path,
                *((tests[0],) if len(tests) == 1 else (ChoiceStep(paths=tuple((one,) for one in tests)),)),
            )
        return Query(
            path=path,
            keys=tuple(_key(name) for name in rule.group_by),
            branches=tuple(self._branch(one) for one in rule.branches),
            compare=tuple(self._compare(one) for one in rule.compare),
        )

    def _fail(self, message: str, line: int) -> NoReturn:
        raise FileError(message, path=self._rule.file, line=line)

    def _path(self, path: PathWords) -> Path:
        return tuple(self._step(step) for step in path)

    def _step(self, step: StepWords) -> NodeStep | EdgeStep | ChoiceStep:
        if isinstance(step, NodeWords):
            where = self._tests(step.where, edge=False)
            return NodeStep(test=NodeTest(labels=step.labels, kinds=step.kinds, where=where), name=step.name)
        if isinstance(step, EdgeWords):
            return EdgeStep(
                kinds=step.kinds,
                where=self._tests(step.where, edge=True),
                back=step.back,
                low=step.low,
                high=step.high,
            )
        return ChoiceStep(paths=tuple(self._path(one) for one in step.paths))

    def _branch(self, branch: BranchWords) -> Branch:
        count = branch.count
        if isinstance(count, Param):
            value = self._params[count.name]
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                self._fail(
                    f"param.{count.name} must be a whole number of at least 1, found {value!r}", branch.line
                )
            count = value
        return Branch(
            source=branch.source,
            path=self._path(branch.path),
            target=branch.target,
            count=count,
            negated=branch.negated,
        )

    def _compare(self, one: CompareWords) -> Compare:
        known = attribute(one.left.field, edge=False)
        order = known.values if known is not None and known.type == "class" else ()
        right: Operand | tuple[Any, ...]
        if isinstance(one.right, Side):
            right = Operand(node=one.right.node, field=one.right.field)
        else:
            value = self._literal(one.right, one.left.field, one.line, edge=False)
            right = value if one.op in {"in", "not_in"} else (value,)
        left = Operand(node=one.left.node, field=one.left.field)
        return Compare(left=left, op=one.op, right=right, order=order)

    def _tests(self, where: tuple[Where, ...], *, edge: bool) -> tuple[AttrTest, ...]:
        return tuple(self._test(one, edge=edge) for one in where)

    def _literal(self, value: Any, name: str, line: int, *, edge: bool) -> Any:
        """``value`` with parameters put in, each checked against what the attribute may be."""
        if isinstance(value, tuple):
            out: list[Any] = []
            for one in value:
                put = self._literal(one, name, line, edge=edge)
                out.extend(put if isinstance(put, tuple) else (put,))
            return tuple(out)
        if not isinstance(value, Param):
            return value
        given = self._params[value.name]
        if isinstance(given, Mapping | tuple):
            given = list(given)
        known = attribute(name, edge=edge)
        if known is None:
            return tuple(given) if isinstance(given, list) else given
        file = FilePath(self._rule.file)
        field = f"param.{value.name}"
        docs = [Doc(one, file, line, field) for one in (given if isinstance(given, list) else [given])]
        checked = tuple(literal(one, known) for one in docs)
        return checked if isinstance(given, list) else checked[0]

    def _test(self, one: Where, *, edge: bool) -> AttrTest:
        known = attribute(one.name, edge=edge)
        values = known.values if known is not None else ()
        value = self._literal(one.value, one.name, one.line, edge=edge)
        many = value if isinstance(value, tuple) else (value,)
        if one.op in {"in", "eq", "not_in", "differs"}:
            maybe = (UNKNOWN,) if UNKNOWN in values and UNKNOWN not in many else ()
            op = Op.IN if one.op in {"in", "eq"} else Op.NOT_IN
            return AttrTest(name=one.name, op=op, value=many, maybe=maybe)
        if one.op == "exists":
            return AttrTest(name=one.name, op=Op.EXISTS, value=value)
        if isinstance(value, tuple):
            self._fail(f"{one.op!r} compares with one value, found a list", one.line)
        if known is not None and known.type == "class":
            place = values.index(value)
            wanted = {
                "gte": values[place:],
                "lte": values[: place + 1],
                "stronger_than": values[place + 1 :],
            }[one.op]
            return AttrTest(name=one.name, op=Op.IN, value=wanted)
        return AttrTest(name=one.name, op=Op(one.op), value=value)


def _key(name: str) -> Key:
    where = {"entry_class": FIRST, "sink_class": LAST, "account": LAST}.get(name)
    return Key(name=name, operand=Operand(node=where, field=name) if where else Operand(node=name))


def all_steps(path: PathWords) -> Iterator[NodeWords | EdgeWords]:
    """Node and edge steps, those of choices included."""
    for step in path:
        if isinstance(step, ChoiceWords):
            for one in step.paths:
                yield from all_steps(one)
        else:
            yield step


def used_params(rule: Rule) -> Iterator[tuple[str, int]]:
    """The parameters that ``rule`` uses, and where."""
    wheres = [one for alternative in rule.fails for one in alternative]
    for path in (rule.path, *(branch.path for branch in rule.branches)):
        for step in all_steps(path):
            wheres.extend(step.where)
    used: list[tuple[Any, int]] = [(one.value, one.line) for one in wheres]
    used += [(one.right, one.line) for one in rule.compare]
    used += [(one.count, one.line) for one in rule.branches]
    for value, line in used:
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, Param):
                yield one.name, line


def check_shape(rule: Rule) -> None:
    """See that every path can match something.

    Raises:
        FileError: an edge can never leave, or arrive at, the node that stands next to it.
    """
    start = frozenset(Family)
    _walkable(rule, rule.path, start)
    for branch in rule.branches:
        _walkable(rule, branch.path, start)


def _walkable(rule: Rule, path: PathWords, here: frozenset[Family]) -> frozenset[Family]:
    """The families of node at which ``path`` may end when it starts at one of ``here``."""
    for step in path:
        if isinstance(step, ChoiceWords):
            here = frozenset().union(*(_walkable(rule, one, here) for one in step.paths))
        elif isinstance(step, NodeWords):
            meant = frozenset(family(label) for label in step.labels) or frozenset(Family)
            if not here & meant:
                shown = " or ".join(step.labels)
                raise FileError(
                    f"this step can never be reached: no edge before it arrives at {shown}",
                    path=rule.file,
                    line=step.line,
                )
            here &= meant
        else:
            here = _hopped(rule, step, here)
    return here


def _hopped(rule: Rule, step: EdgeWords, here: frozenset[Family]) -> frozenset[Family]:
    reached: frozenset[Family] = here if step.low == 0 else frozenset()
    for hops in range(1, (step.high or 1) + 1):
        after: frozenset[Family] = frozenset()
        for kind in step.kinds:
            start, arrive = ends(kind, back=step.back)
            if here & start:
                after |= arrive
        here = after
        if hops >= step.low:
            reached |= here
    if not reached:
        shown = " or ".join(step.kinds)
        way = "arrives" if step.back else "starts"
        raise FileError(
            f"this step can never be walked: no {shown} {way} there", path=rule.file, line=step.line
        )
    return reached
