"""Cases of rules: a few resources and Gaps in short form, and what the rule must say of them.

A case runs through access, exposure, classification and graph like any inventory; it never speaks of nodes and edges.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Raw, Struct

from aisposture.errors import FileError
from aisposture.model.attributes import ATTRIBUTES, REFS
from aisposture.model.finding import Answer
from aisposture.model.graph import Label, State
from aisposture.model.inventory import Inventory
from aisposture.model.resource import (
    CallRecord,
    Gap,
    Net,
    Policy,
    PolicyRole,
    Ref,
    Resource,
    Sighting,
    Source,
)
from aisposture.rules.document import Doc, near, read
from aisposture.rules.patch import PatchError, apply
from aisposture.rules.run import RuleAnswer
from aisposture.rules.shorthand import ACCOUNT, GLOBAL_KINDS, REGION, id_of

TAKEN_AT = "2026-01-01T00:00:00Z"
_CASE = (
    "name", "expect", "extends", "patch", "without", "resources", "gaps", "params", "bindings", "count",
    "likely", "accounts", "taken_at",
)  # fmt: skip
_RESOURCE = (
    "id", "kind", "account", "region", "name", "labels", "tags", "refs", "policies", "net", "sightings", "attrs",
)  # fmt: skip
_GAP = ("call", "account", "region", "resource", "reason", "hides", "kinds", "needs", "detail")


class Case(Struct, frozen=True, kw_only=True):
    """One case.

    Attributes:
        expect: what the rule must answer.
        bindings: names and nodes that one of its matches must have.
        count: how many matches there must be, or None for any number.
        likely: whether its surest match must be POSSIBLE (True) or CONFIRMED (False), or None for either.
    """

    rule: str
    name: str
    file: str
    line: int
    expect: Answer
    inventory: Inventory
    params: dict[str, Any] = {}
    bindings: dict[str, str] = {}
    count: int | None = None
    likely: bool | None = None


def case_file(rule_file: Path) -> Path:
    """The file of cases beside a rule."""
    return rule_file.with_name(f"{rule_file.stem}.test.yaml")


def load_cases(file: Path, labels_of_kind: Mapping[str, frozenset[Label]]) -> tuple[Case, ...]:
    """The cases in ``file``, in order; resources get the labels of their kind unless they name their own.

    Raises:
        FileError: the file breaks the grammar, or a patch does not fit.
    """
    doc = read(file)
    fields = doc.mapping(("cases",))
    if "cases" not in fields:
        doc.fail("a file of cases needs 'cases'")
    raw: dict[str, _Raw] = {}
    for one in fields["cases"].items():
        made = _raw(one, raw)
        if made.name in raw:
            one.fail(f"two cases are called {made.name!r}")
        raw[made.name] = made
    rule = file.name.removesuffix(".test.yaml")
    return tuple(_case(rule, one, labels_of_kind) for one in raw.values())


class _Raw(Struct, kw_only=True):
    """A case before its resources are built: plain values, with what it extends already in it."""

    name: str
    doc: Doc
    resources: dict[str, tuple[dict[str, Any], Doc]]
    gaps: list[tuple[dict[str, Any], Doc]]
    params: dict[str, Any]


def _raw(doc: Doc, earlier: Mapping[str, _Raw]) -> _Raw:
    fields = doc.mapping(_CASE)
    for needed in ("name", "expect"):
        if needed not in fields:
            doc.fail(f"a case needs {needed!r}")
    resources: dict[str, tuple[dict[str, Any], Doc]] = {}
    gaps: list[tuple[dict[str, Any], Doc]] = []
    params: dict[str, Any] = {}
    if "extends" in fields:
        base = earlier[fields["extends"].word(earlier, "case (it must stand above)")]
        resources, gaps, params = dict(base.resources), list(base.gaps), dict(base.params)
    for one in fields["without"].one_or_more() if "without" in fields else ():
        del resources[one.word(resources, "resource")]
    for one in fields["resources"].items() if "resources" in fields else ():
        plain = _named(one)
        resources[plain["name"]] = (plain, one)
    for one in fields["patch"].items() if "patch" in fields else ():
        _patch(one, resources)
    gaps += [(_gap_fields(one), one) for one in (fields["gaps"].items() if "gaps" in fields else ())]
    if "params" in fields:
        params |= fields["params"].plain()
    return _Raw(name=fields["name"].text(), doc=doc, resources=resources, gaps=gaps, params=params)


def _named(doc: Doc) -> dict[str, Any]:
    fields = doc.mapping(_RESOURCE)
    if "kind" not in fields:
        doc.fail("a resource needs a 'kind'")
    plain: dict[str, Any] = doc.plain()
    if "name" not in plain and "id" not in plain:
        doc.fail("a resource needs a 'name' or an 'id'")
    plain.setdefault("name", str(plain.get("id")).rpartition("/")[2].rpartition(":")[2])
    plain["name"] = str(plain["name"])
    return plain


def _patch(doc: Doc, resources: dict[str, tuple[dict[str, Any], Doc]]) -> None:
    fields = doc.mapping(("resource", "op", "path", "value"))
    if "resource" not in fields:
        doc.fail("a patch needs 'resource': the name of the one it changes")
    name = fields["resource"].word(resources, "resource")
    plain, origin = resources[name]
    operation = {key: one.plain() for key, one in fields.items() if key != "resource"}
    try:
        resources[name] = (apply(plain, [operation]), origin)
    except PatchError as error:
        doc.fail(str(error))


def _gap_fields(doc: Doc) -> dict[str, Any]:
    fields = doc.mapping(_GAP)
    if "hides" not in fields:
        doc.fail("a Gap needs 'hides': the kinds or fields that were not read")
    plain: dict[str, Any] = doc.plain()
    return plain


def _case(rule: str, raw: _Raw, labels_of_kind: Mapping[str, frozenset[Label]]) -> Case:
    fields = raw.doc.mapping()
    names = {name: id_of(plain) for name, (plain, _) in raw.resources.items()}

    def filled(value: Any, doc: Doc) -> Any:
        """``value`` with ``@name`` (and ``@name/...``) replaced by the id of the resource called so."""
        if isinstance(value, dict):
            return {key: filled(one, doc) for key, one in value.items()}
        if isinstance(value, list):
            return [filled(one, doc) for one in value]
        if isinstance(value, str) and value.startswith("@"):
            name, slash, rest = value[1:].partition("/")
            if name not in names:
                doc.fail(f"no resource is called {name!r}{near(name, names)}")
            return names[name] + slash + rest
        return value

    calls = [
        CallRecord(operation="case:Read", parameters="{}", account=ACCOUNT, region=REGION, seen_at=TAKEN_AT)
    ]
    resources = [
        _resource(filled(plain, doc), names[name], doc, labels_of_kind)
        for name, (plain, doc) in raw.resources.items()
    ]
    gaps = [_gap(filled(plain, doc), doc) for plain, doc in raw.gaps]
    accounts = dict.fromkeys([*(one.account for one in resources), *(one.account for one in gaps)], "")
    if "accounts" in fields:
        accounts |= {name: str(one.value or "") for name, one in fields["accounts"].mapping().items()}
    expect = fields["expect"].word([str(one) for one in Answer], "answer")
    bindings = fields["bindings"].mapping() if "bindings" in fields else {}
    likely = fields["likely"].value if "likely" in fields else None
    if likely is not None and not isinstance(likely, bool):
        fields["likely"].fail("expected true or false")
    return Case(
        rule=rule,
        name=raw.name,
        file=str(raw.doc.file),
        line=raw.doc.line,
        expect=Answer(expect),
        inventory=Inventory.of(
            resources,
            gaps=gaps,
            calls=calls,
            taken_at=fields["taken_at"].text() if "taken_at" in fields else TAKEN_AT,
            accounts=accounts,
        ),
        params=raw.params,
        bindings={name: str(filled(one.value, one)) for name, one in bindings.items()},
        count=fields["count"].whole() if "count" in fields else None,
        likely=likely,
    )


def _resource(
    plain: dict[str, Any], resource_id: str, doc: Doc, labels_of_kind: Mapping[str, frozenset[Label]]
) -> Resource:
    kind = plain["kind"]
    if labels_of_kind and kind not in labels_of_kind:
        doc.fail(f"unknown kind {kind!r}{near(str(kind), labels_of_kind)}")
    attrs = plain.get("attrs") or {}
    for name in attrs:
        if name not in ATTRIBUTES:
            doc.fail(f"unknown attribute {name!r}{near(name, ATTRIBUTES)}")
    refs = []
    for name, targets in (plain.get("refs") or {}).items():
        if name not in REFS:
            doc.fail(f"unknown ref {name!r}{near(name, REFS)}")
        refs += [
            Ref(name=name, target=target) for target in (targets if isinstance(targets, list) else [targets])
        ]
    policies = [_policy(one, place, doc) for place, one in enumerate(plain.get("policies") or ())]
    source = Source(call=0, pointer="")
    sources = {
        field: Source(call=0, pointer=f"/{field.replace('.', '/', 1)}")
        for field in (
            "id",
            *(f"attrs.{name}" for name in attrs),
            *(f"refs.{ref.name}" for ref in refs),
            *(f"policies.{policy.id}" for policy in policies),
            *(field for field in ("tags", "net", "sightings") if plain.get(field)),
        )
    }
    labels = [str(label) for label in plain.get("labels") or sorted(labels_of_kind.get(kind, ()))]
    if kind == "aws.ssm.parameter" and "labels" not in plain:
        labels = ["Secret"] if attrs.get("parameter_type") == "secure" else ["DataStore"]
    try:
        return Resource(
            id=resource_id,
            kind=kind,
            account=str(plain.get("account", ACCOUNT)),
            region=str(plain.get("region", "global" if kind.startswith(GLOBAL_KINDS) else REGION)),
            name=plain["name"],
            labels=tuple(sorted(Label(label) for label in labels)),
            tags=msgspec.convert(plain.get("tags") or {}, dict[str, str]),
            refs=tuple(sorted(refs)),
            policies=tuple(
                msgspec.structs.replace(policy, source=sources.get(f"policies.{policy.id}", source))
                for policy in policies
            ),
            net=msgspec.convert(plain["net"], Net) if plain.get("net") else None,
            sightings=tuple(sorted(msgspec.convert(plain.get("sightings") or [], list[Sighting]))),
            attrs=attrs,
            sources=sources,
        )
    except (msgspec.ValidationError, ValueError) as error:
        doc.fail(str(error))


def _policy(plain: Any, place: int, doc: Doc) -> Policy:
    if not isinstance(plain, dict) or set(plain) - {"role", "id", "document"} or "document" not in plain:
        doc.fail("a policy has 'role' (identity unless given), 'id' and 'document'")
    role = str(plain.get("role", PolicyRole.IDENTITY))
    if role not in list(PolicyRole):
        doc.fail(f"unknown role of a policy {role!r}{near(role, PolicyRole)}")
    document = plain["document"]
    if isinstance(document, list):
        document = {"Version": "2012-10-17", "Statement": document}
    return Policy(
        role=PolicyRole(role),
        id=str(plain.get("id", f"{role}-{place}")),
        document=Raw(json.dumps(document).encode()),
        source=Source(call=0, pointer=""),
    )


def _gap(plain: dict[str, Any], doc: Doc) -> Gap:
    hides = plain["hides"]
    full = {
        "call": "case:Read",
        "account": ACCOUNT,
        "region": REGION if "resource" in plain else "*",
        "reason": "denied",
        "needs": "case:Read",
        **plain,
        "hides": hides if isinstance(hides, list) else [hides],
    }
    try:
        return msgspec.convert(full, Gap)
    except msgspec.ValidationError as error:
        doc.fail(str(error))


def disagreements(case: Case, answers: Iterable[RuleAnswer]) -> tuple[str, ...]:
    """What ``answers`` (of all rules, to the case's inventory) say otherwise than the case expects, in words."""
    found = {one.rule.id: one for one in answers}.get(case.rule)
    if found is None:
        raise FileError(f"there is no rule {case.rule}", path=case.file, line=case.line)
    place = f"{case.file}:{case.line}: {case.name}"
    if found.answer is not case.expect:
        why = f" ({found.reason})" if found.reason else ""
        return (f"{place}: expected {case.expect}, the rule answers {found.answer}{why}",)
    out = []
    if case.count is not None and len(found.matches) != case.count:
        out.append(f"{place}: expected {case.count} matches, found {len(found.matches)}")
    if case.bindings and not any(_binds(match.bindings, case.bindings) for match in found.matches):
        shown = "; ".join(str(match.bindings) for match in found.matches) or "none"
        out.append(f"{place}: no match binds {case.bindings}; found {shown}")
    if case.likely is not None and found.matches:
        likely = max(match.state for match in found.matches) is not State.CONFIRMED
        if likely is not case.likely:
            out.append(f"{place}: expected {'a likely' if case.likely else 'a certain'} match")
    return tuple(out)


def _binds(bindings: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return all(bindings.get(name) == value for name, value in wanted.items())


EXPECTED: Sequence[Answer] = (Answer.FIRES, Answer.QUIET, Answer.UNKNOWN)
"""Each rule has at least one case of each of these."""
