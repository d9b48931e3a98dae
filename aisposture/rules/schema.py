"""Rules as they stand in YAML files: the grammar, its words, and messages that say file, line, field and what was meant."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from aisposture.errors import FileError
from aisposture.model.finding import Band
from aisposture.model.graph import EdgeKind
from aisposture.rules.compile import all_steps, check_shape, used_params
from aisposture.rules.document import Doc, near, read
from aisposture.rules.frameworks import frameworks
from aisposture.rules.steps import branch, compare, names, path, repeated, tests
from aisposture.rules.words import DERIVED_KEYS, RESOURCE, EdgeWords, Fix, NodeWords, PathWords, Rule, Where

CLOUDS = ("aws", "azure", "gcp", "entra", "k8s")
DEFAULT_GROUP = ("agent", *DERIVED_KEYS)
_COMMON = (
    "id", "title", "severity", "why", "story", "clouds", "params", "extend", "with", "unless", "compare",
    "group_by", "frameworks", "fixes",
)  # fmt: skip
FIELDS = (*_COMMON, "path", "node", "kind", "where", "fails")
_JOINED = ("with", "unless", "compare", "fixes")
_MERGED = ("params", "frameworks")
_ID = re.compile(r"[A-Z]{2,4}-[A-Z]?\d{2,3}")


def rule_files(*folders: Path) -> list[Path]:
    """Every rule file under ``folders``, in order of id; a file of cases is none."""
    found = [
        file for folder in folders for file in folder.rglob("*.yaml") if not file.name.endswith(".test.yaml")
    ]
    return sorted(found, key=lambda file: (file.stem, str(file)))


def load(*folders: Path) -> tuple[Rule, ...]:
    """Every rule under ``folders``, sorted by id.

    Raises:
        FileError: a file that is no rule, two files with one id, or a chain of ``extend`` that has a hole or a loop.
    """
    for folder in folders:
        if not folder.is_dir():
            raise FileError("no such folder of rules", path=folder)
    return load_files(rule_files(*folders))


def load_files(files: Iterable[Path]) -> tuple[Rule, ...]:
    """The rules in ``files``, sorted by id; they may extend each other.

    Raises:
        FileError: see ``load``.
    """
    docs: dict[str, Doc] = {}
    for file in files:
        doc = read(file)
        rule = _id(doc)
        if rule in docs:
            doc.fail(f"the id {rule} is taken by {docs[rule].file}")
        if file.stem != rule:
            doc.fail(f"the rule {rule} must stand in a file {rule}.yaml")
        docs[rule] = doc
    return tuple(parse(_extended(docs[rule], docs, (rule,))) for rule in sorted(docs))


def _id(doc: Doc) -> str:
    fields = doc.mapping(FIELDS)
    if "id" not in fields:
        doc.fail("a rule needs an 'id'")
    text = fields["id"].text()
    if not _ID.fullmatch(text):
        fields["id"].fail(f"{text!r} is no rule id, such as AP-01 or IAM-A03")
    return text


def _extended(doc: Doc, docs: dict[str, Doc], chain: tuple[str, ...]) -> Doc:
    """``doc`` with what it inherits: its own fields win, branches, comparisons and fixes add up, params and frameworks merge."""
    own = doc.mapping(FIELDS)
    if "extend" not in own:
        return doc
    parent = own["extend"].text()
    if parent not in docs:
        own["extend"].fail(f"unknown rule {parent!r}{near(parent, docs)}")
    if parent in chain:
        own["extend"].fail(f"a loop: {' extends '.join((*chain, parent))}")
    base = _extended(docs[parent], docs, (*chain, parent)).mapping(FIELDS)
    merged = {**base, **own}
    for field in _JOINED:
        if field in base and field in own:
            merged[field] = Doc(base[field].items() + own[field].items(), doc.file, own[field].line, field)
    for field in _MERGED:
        if field in base and field in own:
            both = {**base[field].mapping(), **own[field].mapping()}
            merged[field] = Doc(both, doc.file, own[field].line, field)
    return Doc(merged, doc.file, doc.line, doc.field)


def parse(doc: Doc) -> Rule:
    """The rule that ``doc`` (with everything it inherits) says.

    Raises:
        FileError: it breaks the grammar or uses an unknown word.
    """
    fields = doc.mapping(FIELDS)
    for needed in ("id", "title", "severity", "why"):
        if needed not in fields:
            doc.fail(f"a rule needs {needed!r}")
    posture = "path" not in fields
    main: PathWords
    fails: tuple[tuple[Where, ...], ...] = ()
    if not posture:
        for field in ("node", "kind", "where", "fails"):
            if field in fields:
                fields[field].fail(f"{field!r} belongs to posture rules; this rule has a 'path'")
        main = path(fields["path"])
    else:
        main, fails = _posture(doc, fields)
    if twice := repeated(main):
        fields["path"].fail(f"{twice!r} is bound twice on one walk")
    always, sometimes = names(main)
    branches = [
        branch(one, always, sometimes, negated=word == "unless")
        for word in ("with", "unless")
        for one in (fields[word].items() if word in fields else ())
    ]
    comparisons = [
        compare(one, always, sometimes) for one in (fields["compare"].items() if "compare" in fields else ())
    ]
    if posture and not (fails or branches or comparisons):
        doc.fail("a posture rule needs 'fails', or a branch under 'with' or 'unless' that makes it fire")
    every = (*main, *(step for one in branches for step in one.path))
    rule = Rule(
        id=_id(doc),
        file=str(doc.file),
        pack=doc.file.parent.name,
        family="posture" if posture else "path",
        title=fields["title"].text(),
        severity=Band(fields["severity"].word(list(Band), "severity")),
        why=" ".join(fields["why"].text().split()),
        story=" ".join(fields["story"].text().split()) if "story" in fields else "",
        clouds=tuple(one.word(CLOUDS, "cloud") for one in fields["clouds"].one_or_more())
        if "clouds" in fields
        else (),
        params=_params(fields["params"]) if "params" in fields else {},
        path=main,
        fails=fails,
        branches=tuple(branches),
        compare=tuple(comparisons),
        group_by=_group(doc, fields, posture, always, sometimes),
        frameworks=frameworks(fields["frameworks"]) if "frameworks" in fields else {},
        fixes=tuple(_fix(one, every, (*always, *sometimes)) for one in fields["fixes"].items())
        if "fixes" in fields
        else (),
        lines={name: one.line for name, one in fields.items()},
    )
    _params_declared(doc, rule)
    check_shape(rule)
    return rule


def _posture(doc: Doc, fields: dict[str, Doc]) -> tuple[tuple[NodeWords, ...], tuple[tuple[Where, ...], ...]]:
    if "node" not in fields and "kind" not in fields:
        doc.fail("a rule needs a 'path' (attack path), or a 'node' or 'kind' with 'fails' (posture)")
    step = {name: fields[name] for name in ("node", "kind", "where") if name in fields}
    (root,) = path(
        Doc([Doc(step, doc.file, min(one.line for one in step.values()), "")], doc.file, doc.line, "")
    )
    if not isinstance(root, NodeWords):
        raise TypeError("a step with a node or kind is a node step")
    named = replace(root, name=RESOURCE)
    fails = (
        tuple(tests(one, edge=False) for one in fields["fails"].one_or_more()) if "fails" in fields else ()
    )
    return (named,), fails


def _group(
    doc: Doc, fields: dict[str, Doc], posture: bool, always: Sequence[str], sometimes: Sequence[str]
) -> tuple[str, ...]:
    if "group_by" not in fields:
        if posture:
            return (RESOURCE,)
        if "agent" not in always:
            doc.fail("no node of the path is bound 'as: agent'; bind one, or say what to 'group_by'")
        return DEFAULT_GROUP
    known = (*always, *DERIVED_KEYS)
    out = []
    for one in fields["group_by"].items():
        if one.value in sometimes:
            one.fail(f"{one.value!r} is bound in some alternatives only; group by a node that every walk has")
        out.append(one.word(known, "key"))
    if not out:
        fields["group_by"].fail("at least one key is needed")
    return tuple(dict.fromkeys(out))


def _params(doc: Doc) -> dict[str, Any]:
    out = {}
    for name, one in doc.mapping().items():
        value = one.plain()
        if isinstance(value, dict) or value is None:
            one.fail("the default of a parameter is a value or a list of values")
        out[name] = value
    return out


def _fix(doc: Doc, main: PathWords, bound: Sequence[str]) -> Fix:
    if isinstance(doc.value, str):
        return Fix(text=" ".join(doc.text().split()))
    fields = doc.mapping(("text", "hop", "node", "action", "effect", "cost"))
    if "text" not in fields:
        doc.fail("a fix needs 'text': what to do, in words")
    hops = [kind for step in all_steps(main) if isinstance(step, EdgeWords) for kind in step.kinds]
    cost = fields["cost"].value if "cost" in fields else None
    if cost is not None and (
        isinstance(cost, bool) or not isinstance(cost, int | float) or not 0 < cost <= 10
    ):
        fields["cost"].fail(f"a cost is a number above 0 and up to 10, found {fields['cost'].shown()}")
    return Fix(
        text=" ".join(fields["text"].text().split()),
        hop=EdgeKind(fields["hop"].word(hops, "hop of this path")) if "hop" in fields else None,
        node=fields["node"].word(bound, "name") if "node" in fields else "",
        action=fields["action"].text() if "action" in fields else "",
        effect=fields["effect"].word(("cut", "weaken"), "effect") if "effect" in fields else "cut",
        cost=cost,
    )


def _params_declared(doc: Doc, rule: Rule) -> None:
    for name, line in used_params(rule):
        if name not in rule.params:
            raise FileError(
                f"param.{name} has no default; give one under 'params'{near(name, rule.params)}",
                path=doc.file,
                line=line,
            )
