"""Paths, tests, branches and comparisons, read from YAML."""

import re
from collections.abc import Iterable
from typing import Any

from aisposture.model.attributes import ATTRIBUTES, EDGE_ATTRIBUTES, Attribute
from aisposture.model.graph import EdgeKind, Label
from aisposture.rules.document import Doc, near
from aisposture.rules.words import (
    BranchWords,
    ChoiceWords,
    CompareWords,
    EdgeWords,
    NodeWords,
    Param,
    PathWords,
    Side,
    StepWords,
    Where,
)

INTRINSIC = ("id", "name", "kind", "account", "region", "cloud")
_TEXT = Attribute(meaning="", type="str")
OPERATORS = ("eq", "in", "not_in", "gte", "lte", "stronger_than", "differs", "exists")
MAX_TIMES = 12
_TIMES = re.compile(r"(\d+)\.\.(\d+)")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_KIND = re.compile(r"[a-z0-9]+(\.[a-z0-9_]+)*(\.\*)?")
_PARAM = "param."


def attribute(name: str, *, edge: bool) -> Attribute | None:
    """What is known of an attribute, or None where the vocabulary lacks it."""
    table = EDGE_ATTRIBUTES if edge else ATTRIBUTES
    if name in table:
        return table[name]
    if not edge and (name in INTRINSIC or (name.startswith("tag.") and len(name) > len("tag."))):
        return _TEXT
    return None


def path(doc: Doc, *, branch: bool = False) -> PathWords:
    """The steps of a path; a branch may begin with an edge, another path begins with a node."""
    items = doc.items()
    if not items and not branch:
        doc.fail("a path needs at least one step")
    return tuple(_step(one) for one in items)


def _step(doc: Doc) -> StepWords:
    fields = doc.mapping(("node", "kind", "as", "where", "edge", "times", "back", "any"))
    if "any" in fields:
        doc.mapping(("any",))
        paths = tuple(path(one, branch=True) for one in fields["any"].items())
        if len(paths) < 2:
            fields["any"].fail("a choice needs at least two alternatives, each a list of steps")
        return ChoiceWords(paths=paths, line=doc.line)
    if "edge" in fields:
        doc.mapping(("edge", "where", "times", "back"))
        low, high = _times(fields["times"]) if "times" in fields else (1, 1)
        kinds = [EdgeKind(one.word(list(EdgeKind), "edge")) for one in fields["edge"].one_or_more()]
        if not kinds:
            fields["edge"].fail("at least one kind of edge is needed")
        return EdgeWords(
            kinds=tuple(dict.fromkeys(kinds)),
            where=tests(fields["where"], edge=True) if "where" in fields else (),
            low=low,
            high=high,
            back=_flag(fields["back"]) if "back" in fields else False,
            line=doc.line,
        )
    doc.mapping(("node", "kind", "as", "where"))
    if not fields:
        doc.fail("a step has a 'node', a 'kind', an 'edge' or 'any'")
    return NodeWords(
        labels=tuple(Label(one.word(list(Label), "node label")) for one in fields["node"].one_or_more())
        if "node" in fields
        else (),
        kinds=tuple(_kind(one) for one in fields["kind"].one_or_more()) if "kind" in fields else (),
        name=_name(fields["as"]) if "as" in fields else "",
        where=tests(fields["where"], edge=False) if "where" in fields else (),
        line=doc.line,
    )


def _flag(doc: Doc) -> bool:
    if not isinstance(doc.value, bool):
        doc.fail(f"expected true or false, found {doc.shown()}")
    return doc.value


def _name(doc: Doc) -> str:
    text = doc.text()
    if not _NAME.fullmatch(text):
        doc.fail(f"a name is lower-case letters, digits and '_', found {text!r}")
    return text


def _kind(doc: Doc) -> str:
    text = doc.text()
    if not _KIND.fullmatch(text):
        doc.fail(f"a kind looks like aws.s3.bucket, or aws.s3.* for several, found {text!r}")
    return text


def _times(doc: Doc) -> tuple[int, int]:
    if isinstance(doc.value, int) and not isinstance(doc.value, bool):
        low = high = doc.whole(1)
    else:
        found = _TIMES.fullmatch(str(doc.value))
        if not found:
            doc.fail(f"expected a..b such as 0..3, found {doc.shown()}")
        low, high = int(found[1]), int(found[2])
    if low > high or high < 1:
        doc.fail(f"{low}..{high} can never be walked")
    if high > MAX_TIMES:
        doc.fail(f"at most {MAX_TIMES} hops in a row")
    return low, high


def tests(doc: Doc, *, edge: bool) -> tuple[Where, ...]:
    """The tests of a ``where`` (or of one entry of ``fails``)."""
    out: list[Where] = []
    for name, one in doc.mapping().items():
        known = attribute(name, edge=edge)
        if known is None:
            words = EDGE_ATTRIBUTES if edge else (*ATTRIBUTES, *INTRINSIC, "tag.<key>")
            one.fail(f"unknown {'edge ' if edge else ''}attribute {name!r}{near(name, words)}")
        if isinstance(one.value, dict):
            if not one.value:
                one.fail("a test needs an operator")
            for op, value in one.mapping(OPERATORS).items():
                out.append(Where(name=name, op=op, value=_value(value, known, op), line=value.line))
        else:
            op = "in" if isinstance(one.value, list) else "eq"
            out.append(Where(name=name, op=op, value=_value(one, known, op), line=one.line))
    if not out:
        doc.fail("at least one test is needed")
    return tuple(out)


def param(value: Any) -> Param | None:
    """The parameter that a literal stands for, if it does."""
    if isinstance(value, str) and value.startswith(_PARAM) and _NAME.fullmatch(value[len(_PARAM) :]):
        return Param(value[len(_PARAM) :])
    return None


def _value(doc: Doc, known: Attribute, op: str) -> Any:
    found = param(doc.value)
    if op == "exists":
        return _flag(doc)
    if op in {"gte", "lte"} and known.type not in {"int", "float", "class"}:
        doc.fail(f"{op!r} compares numbers and ordered classes; this attribute is of type {known.type}")
    if op == "stronger_than" and known.type != "class":
        doc.fail(f"'stronger_than' compares ordered classes; this attribute is of type {known.type}")
    if found is not None:
        return found
    if op in {"in", "not_in"}:
        if not isinstance(doc.value, list):
            doc.fail(f"{op!r} needs a list or a parameter, found {doc.shown()}")
        return tuple(param(one.value) or literal(one, known) for one in doc.items())
    if isinstance(doc.value, list):
        doc.fail(f"{op!r} compares with one value; use 'in' or 'not_in' for several")
    return literal(doc, known)


_TYPES: dict[str, tuple[type, ...]] = {
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
    "str": (str,),
    "time": (str,),
    "list": (str,),
    "class": (str,),
}


def literal(doc: Doc, known: Attribute) -> Any:
    """A literal that an attribute may have; null stands for "read, and not set"."""
    value = doc.value
    if value is None:
        return None
    if isinstance(value, dict | list):
        doc.fail(f"expected a single value, found {doc.shown()}")
    if known.type == "str" and not isinstance(value, str):
        doc.fail(f"expected text, found {doc.shown()}; put it in quotes")
    fits = isinstance(value, _TYPES[known.type]) and (known.type == "bool" or not isinstance(value, bool))
    if not fits:
        doc.fail(f"expected a value of type {known.type}, found {doc.shown()}")
    if known.values and value not in known.values:
        doc.fail(f"{value!r} is none of its values{near(str(value), known.values)}")
    return value


def names(steps: PathWords) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names that every walk of a path binds, and names that only some do."""
    always: dict[str, None] = {}
    sometimes: dict[str, None] = {}
    for step in steps:
        if isinstance(step, NodeWords) and step.name:
            always[step.name] = None
        elif isinstance(step, ChoiceWords):
            inner = [names(one) for one in step.paths]
            common = set.intersection(*(set(one) for one, _ in inner))
            for every, some in inner:
                for name in (*every, *some):
                    (always if name in common else sometimes)[name] = None
    return tuple(always), tuple(name for name in sometimes if name not in always)


def repeated(steps: PathWords) -> str:
    """A name that some walk would bind twice, or ""."""
    seen: set[str] = set()
    for step in steps:
        if isinstance(step, NodeWords):
            here = {step.name} - {""}
        elif isinstance(step, ChoiceWords):
            for one in step.paths:
                if found := repeated(one):
                    return found
            here = {name for one in step.paths for part in names(one) for name in part}
        else:
            continue
        if seen & here:
            return min(seen & here)
        seen |= here
    return ""


def _known(doc: Doc, always: Iterable[str], sometimes: Iterable[str], *, every: bool) -> str:
    if every and doc.value in sometimes:
        doc.fail(f"{doc.value!r} is bound in some alternatives only")
    return doc.word((*always, *(() if every else sometimes)), "name")


def branch(doc: Doc, always: tuple[str, ...], sometimes: tuple[str, ...], *, negated: bool) -> BranchWords:
    """One entry of ``with`` or ``unless``."""
    fields = doc.mapping(("from", "path", "to", "count"))
    for needed in ("from", "path"):
        if needed not in fields:
            doc.fail(f"a branch needs {needed!r}")
    count: int | Param = 1
    if "count" in fields:
        if "to" in fields:
            fields["count"].fail("a branch that ends at a given node has one end; nothing to count")
        least = fields["count"].mapping(("gte",)).get("gte")
        if least is None:
            fields["count"].fail("a count looks like {gte: 2}")
        count = param(least.value) or least.whole(1)
    return BranchWords(
        source=_known(fields["from"], always, sometimes, every="to" in fields),
        path=path(fields["path"], branch=True),
        target=_known(fields["to"], always, sometimes, every=True) if "to" in fields else "",
        count=count,
        negated=negated,
        line=doc.line,
    )


def compare(doc: Doc, always: tuple[str, ...], sometimes: tuple[str, ...]) -> CompareWords:
    """One entry of ``compare``."""
    fields = doc.mapping(("left", "op", "right"))
    for needed in ("left", "op", "right"):
        if needed not in fields:
            doc.fail(f"a comparison needs {needed!r}")
    op = fields["op"].word([one for one in OPERATORS if one != "exists"], "operator")
    left = _side(fields["left"], always, sometimes)
    if left is None:
        name = str(fields["left"].value).partition(".")[0]
        fields["left"].fail(f"unknown name {name!r}{near(name, always)}")
    known = attribute(left.field, edge=False) or _TEXT
    if op == "stronger_than" and known.type != "class":
        fields["op"].fail(f"'stronger_than' compares ordered classes, {left.field!r} is of type {known.type}")
    if op in {"gte", "lte"} and known.type not in {"int", "float", "class"}:
        fields["op"].fail(
            f"{op!r} compares numbers and ordered classes, {left.field!r} is of type {known.type}"
        )
    right = None if op in {"in", "not_in"} else _side(fields["right"], always, sometimes)
    if right is not None and (left.field == "id") is not (right.field == "id"):
        doc.fail("compare two nodes, or an attribute with an attribute")
    return CompareWords(
        left=left,
        op=op,
        right=right if right is not None else _value(fields["right"], known, op),
        line=doc.line,
    )


def _side(doc: Doc, always: tuple[str, ...], sometimes: tuple[str, ...]) -> Side | None:
    """The node or attribute that ``doc`` names, or None where it names no node."""
    if not isinstance(doc.value, str) or param(doc.value) is not None:
        return None
    name, dot, field = doc.value.partition(".")
    if name in sometimes:
        doc.fail(f"{name!r} is bound in some alternatives only")
    if name not in always:
        return None
    if dot and attribute(field, edge=False) is None:
        doc.fail(f"unknown attribute {field!r}{near(field, (*ATTRIBUTES, *INTRINSIC))}")
    return Side(name, field if dot else "id")
