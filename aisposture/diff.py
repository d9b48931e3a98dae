"""What changed between two snapshots, both analysed with the same rules: nothing is called fixed that was not read again."""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from aisposture.model.finding import Answer, Evidence, Finding, Report
from aisposture.model.graph import Label
from aisposture.model.ids import account_node
from aisposture.model.inventory import Inventory
from aisposture.model.resource import Resource

WATCHED = (Label.AGENT, Label.TOOL, Label.IDENTITY, Label.GUARDRAIL)
"""Labels of the things whose coming and going is listed."""

_STRENGTHS = ("", "none", "low", "medium", "high")


class Closed(Struct, frozen=True, kw_only=True):
    """A finding that is no longer found.

    Attributes:
        because: for a fixed one, what of its evidence differs; otherwise what was not read again; in words.
    """

    finding: Finding
    because: tuple[str, ...]


class Moved(Struct, frozen=True, kw_only=True):
    """A finding that is still found, but otherwise: ``differs`` says in what, in words."""

    finding: Finding
    differs: tuple[str, ...]


class Things(Struct, frozen=True, kw_only=True):
    """Ids that came and went.

    Attributes:
        removed: looked for again and gone.
        unseen: not looked for again.
        weakened: still there with less; id and what, in words.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    weakened: tuple[str, ...] = ()


class Difference(Struct, frozen=True, kw_only=True):
    """Two reports compared.

    Attributes:
        new: found now and not before.
        changed: found both times.
        fixed: what they rest on was read again, and they are gone.
        not_reassessed: something that they need was not read again; they stay open.
        same: how many stayed as they were.
        things: label in lower case (``agent``) -> what came and went.
    """

    old_taken_at: str
    new_taken_at: str
    new: tuple[Finding, ...]
    changed: tuple[Moved, ...]
    fixed: tuple[Closed, ...]
    not_reassessed: tuple[Closed, ...]
    same: int
    things: dict[str, Things]


def compare(old: Report, new: Report, before: Inventory, after: Inventory) -> Difference:
    """What changed from ``old`` to ``new``, the reports of the inventories ``before`` and ``after``.

    Suppressed findings count as known: they are neither new nor fixed while somebody answers for them.
    """
    now = {one.fingerprint: one for one in new.findings}
    then = {one.fingerprint: one for one in old.findings}
    known = then.keys() | {one.finding.fingerprint for one in old.suppressed}
    answered = now.keys() | {one.finding.fingerprint for one in new.suppressed}
    again = _Again(new, before, after)
    gone = [one for one in old.findings if one.fingerprint not in answered]
    hidden = {one.fingerprint: again.missing(one) for one in gone}
    moved = [
        Moved(finding=one, differs=differs)
        for one in new.findings
        if one.fingerprint in then and (differs := tuple(_differs(then[one.fingerprint], one)))
    ]
    return Difference(
        old_taken_at=old.taken_at,
        new_taken_at=new.taken_at,
        new=tuple(one for one in new.findings if one.fingerprint not in known),
        changed=tuple(moved),
        fixed=tuple(
            Closed(finding=one, because=again.differing(one)) for one in gone if not hidden[one.fingerprint]
        ),
        not_reassessed=tuple(
            Closed(finding=one, because=hidden[one.fingerprint]) for one in gone if hidden[one.fingerprint]
        ),
        same=len(now.keys() & then.keys()) - len(moved),
        things={label.value.lower(): _things(label, old, new, before, after, again) for label in WATCHED},
    )


def _differs(old: Finding, new: Finding) -> Iterator[str]:
    if old.band is not new.band:
        yield f"band: {old.band.value} to {new.band.value}"
    if old.likely is not new.likely:
        yield "likely now, certain before" if new.likely else "certain now, likely before"
    if old.owner != new.owner:
        yield f"owner: {old.owner} to {new.owner}"
    ways = [
        [(hop.source, hop.kind, hop.target) for walk in one.walks for hop in walk.hops] for one in (old, new)
    ]
    if ways[0] != ways[1]:
        yield "the path takes another way"
    if old.paths != new.paths:
        yield f"paths: {old.paths} to {new.paths}"


class _Again:
    """Answers whether what an old finding rests on was read again."""

    def __init__(self, new: Report, before: Inventory, after: Inventory) -> None:
        self.before = before
        self.after = after
        self.places = {(call.account, call.region) for call in after.calls}
        self.accounts = {*after.accounts, *(one.account for one in after.resources)}
        self.unsettled = {
            rule.rule: set(rule.unknown)
            for rule in new.rules
            if rule.answer is Answer.UNKNOWN or rule.unknown
        }

    def missing(self, finding: Finding) -> tuple[str, ...]:
        """What ``finding`` needs and was not read again, in words."""
        found = list(dict.fromkeys(self._missing(finding)))
        unsettled = self.unsettled.get(finding.rule, set())
        about = {*finding.resources, *finding.bindings.values(), finding.agent, account_node(finding.account)}
        if not found and unsettled & about:
            found.append(f"{finding.rule} could not be settled here")
        return tuple(found)

    def _missing(self, finding: Finding) -> Iterator[str]:
        for name in finding.resources:
            if (why := self.not_looked_for(name)) is not None:
                yield why
        for evidence in _evidence(finding):
            resource = self.after.by_id.get(evidence.resource)
            if resource is None:
                if (why := self.not_looked_for(evidence.resource)) is not None:
                    yield why
            elif (gap := self.after.hidden(resource, self._field(evidence))) is not None:
                yield f"{gap.call} ({gap.reason}) hides {evidence.field} of {evidence.resource}; needs {gap.needs}"

    def _field(self, evidence: Evidence) -> str:
        """The field as Gaps name it: a policy by what it does, not by its own name."""
        was = self.before.by_id.get(evidence.resource)
        policies = was.policies if was is not None else ()
        roles = (one.role.value for one in policies if f"policies.{one.id}" == evidence.field)
        return next((f"policies.{role}" for role in roles), evidence.field)

    def not_looked_for(self, name: str) -> str | None:
        """Why the absence of a resource that was there before says nothing, or None."""
        was = self.before.by_id.get(name)
        if was is None or name in self.after.by_id:
            return None
        if was.account not in self.accounts:
            return f"account {was.account} was not scanned again"
        if was.region not in ("", "global") and self.places and (was.account, was.region) not in self.places:
            return f"region {was.region} of account {was.account} was not scanned again"
        for _, gap in self.after.gaps_over([was.kind]):
            if gap.account == was.account and gap.region in ("*", "global", was.region):
                return f"{gap.call} ({gap.reason}) hides {was.kind} in {gap.region} of {gap.account}; needs {gap.needs}"
        return None

    def differing(self, finding: Finding) -> tuple[str, ...]:
        """What of the evidence of ``finding`` is another one now, in words; empty where a new control closed it."""
        known = self.before.by_id.keys() - self.after.by_id.keys()
        found = [f"{name} is gone" for name in finding.resources if name in known]
        for evidence in _evidence(finding):
            old, new = (one.by_id.get(evidence.resource) for one in (self.before, self.after))
            if old is None:
                continue
            if new is None:
                found.append(f"{evidence.resource} is gone")
            elif _value(old, evidence.field) != _value(new, evidence.field):
                found.append(f"{evidence.field} of {evidence.resource} differs")
        return tuple(dict.fromkeys(found))


def _evidence(finding: Finding) -> Iterator[Evidence]:
    for walk in finding.walks:
        for hop in walk.hops:
            yield from hop.evidence


def _value(resource: Resource, field: str) -> object:
    """What a field of a resource says, in a form that compares."""
    group, _, name = field.partition(".")
    if group == "policies":
        return sorted(bytes(one.document) for one in resource.policies if not name or one.id == name)
    if group == "refs":
        return sorted(resource.targets(name)) if name else resource.refs
    if group == "attrs":
        return resource.attrs.get(name) if name else resource.attrs
    if group == "sightings":
        return [(one.detector, one.field, one.public_id) for one in resource.sightings]
    return {"tags": resource.tags, "net": resource.net}.get(group)


def _things(
    label: Label, old: Report, new: Report, before: Inventory, after: Inventory, again: _Again
) -> Things:
    then = _of(label, old, before)
    now = _of(label, new, after)
    gone = sorted(then - now)
    unseen = tuple(name for name in gone if again.not_looked_for(name) is not None)
    return Things(
        added=tuple(sorted(now - then)),
        removed=tuple(name for name in gone if name not in unseen),
        unseen=unseen,
        weakened=tuple(_weakened(then & now, before, after)),
    )


def _of(label: Label, report: Report, inventory: Inventory) -> set[str]:
    return set(report.agents) if label is Label.AGENT else {one.id for one in inventory.labelled(label)}


def _weakened(names: Iterable[str], before: Inventory, after: Inventory) -> Iterator[str]:
    """Guardrails that filter less, tools that no longer ask, agents without a guardrail that they had."""
    for name in sorted(names):
        old, new = before.by_id.get(name), after.by_id.get(name)
        if old is None or new is None:
            continue
        lost = set(old.targets("guarded_by")) - set(new.targets("guarded_by"))
        if lost and after.hidden(new, "refs.guarded_by") is None:
            yield f"{name}: no longer guarded by {', '.join(sorted(lost))}"
        for attr in ("prompt_attack_filter", "pii_filter", "blocks", "confirmation"):
            was, now = old.attrs.get(attr), new.attrs.get(attr)
            if attr in new.attrs and _strength(now) < _strength(was):
                yield f"{name}: {attr.replace('_', ' ')} {was} to {now}"


def _strength(value: object) -> int:
    if isinstance(value, bool) or value is None:
        return int(bool(value))
    word = str(value).lower()
    return _STRENGTHS.index(word) if word in _STRENGTHS else 1
