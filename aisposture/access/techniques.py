"""Escalation: techniques as data, one engine.

A technique is a list of legs that must all hold. Legs on ``self`` and on its refs pick existing resources, legs on ``role``
pick roles that may be passed and that trust the service, all others hold or do not. What remains of ``self`` or ``role``
is where the edge leads.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain
from typing import Any, Literal, NamedTuple

import msgspec
from msgspec import Struct
from pyroaring import BitMap

from aisposture.access.aws.match import has_wildcard, overlaps
from aisposture.access.decide import Cell
from aisposture.access.edges import evidence_of
from aisposture.access.estate import Estate
from aisposture.access.grants import Reach
from aisposture.access.legs import ANY, AllOf, Leg, all_of, documents
from aisposture.access.parties import Party
from aisposture.access.services import Trusts
from aisposture.access.universe import typical
from aisposture.model import ids
from aisposture.model.access import StatementRef
from aisposture.model.graph import EdgeKind, EdgeRow, State
from aisposture.model.resource import Resource

_PASS = "iam:PassRole"  # noqa: S105 - an action
_TO = "iam:passedtoservice"
_SOME_SERVICE = f"{ANY}.amazonaws.com"
_ROLE = "aws.iam.role"
_MOST_NAMES = 16
_KEYS_A_USER_MAY_HAVE = 2

UNPROVEN = "it depends on facts that no control plane shows: "


class Target(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which existing resources a technique is about.

    Attributes:
        who: how it stands to the caller: ``self``, ``attached`` (a policy of the caller or its groups), ``member`` (a group
            of the caller's), ``stranger`` (none of these), or "" (anything but the caller).
        where: attributes it must have; one that was not read leaves the edge possible.
        free_key_slot: whether the user has fewer than two access keys.
        bounded: whether it carries a permissions boundary.
    """

    kinds: tuple[str, ...]
    who: Literal["", "self", "attached", "member", "stranger"] = ""
    where: dict[str, Any] = {}
    free_key_slot: bool | None = None
    bounded: bool | None = None


class Technique(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way to more power.

    Attributes:
        services: a role that is passed has to trust one of these.
        needs: a kind of which something has to exist.
        leads_to: ``self``, ``role``, ``admin`` (the account's), or ``ref:<name>[.<name>]`` from self.
        certain: False where it works only under circumstances that cannot be read.
        cut_by: facts that stop it: ``caller_bounded``, ``self_bounded``, ``code_signing``.
        caller: kind of principal that can use it, or "".
    """

    id: str
    title: str
    legs: AllOf
    leads_to: str
    yields: Literal["identity", "admin", "credential", "code"]
    docs: str
    target: Target | None = None
    services: tuple[str, ...] = ()
    needs: str = ""
    certain: bool = True
    cut_by: tuple[Literal["caller_bounded", "self_bounded", "code_signing"], ...] = ()
    caller: str = ""
    edge: EdgeKind = EdgeKind.CAN_ESCALATE


@cache
def techniques() -> tuple[Technique, ...]:
    """Every technique of the data files, sorted by id.

    Raises:
        ValueError: a mistake in the data.
    """
    found: dict[str, Technique] = {}
    for name, tree in documents("techniques"):
        for key, value in tree.items():
            if key in found:
                raise ValueError(f"{name}: {key} is defined twice")
            found[key] = _technique(key, dict(value))
    return tuple(found[key] for key in sorted(found))


def _technique(key: str, value: dict[str, Any]) -> Technique:
    services = value.pop("role", ())
    target = value.pop("self", None)
    legs = tuple(_passing(leg) for leg in all_of(value.pop("all_of")))
    return msgspec.convert(
        {
            **value,
            "id": key,
            "legs": msgspec.to_builtins(legs),
            "target": target,
            "services": [services] if isinstance(services, str) else list(services),
        },
        Technique,
    )


def _passing(leg: Leg) -> Leg:
    if not leg.service:
        return leg
    return msgspec.structs.replace(leg, context={**leg.context, _TO: leg.service})


def technique_legs() -> Iterator[tuple[str, Leg]]:
    """(kind, leg) of every leg that asks about items."""
    yield _ROLE, Leg(action=_PASS, on="role", context={_TO: _SOME_SERVICE})
    for technique in techniques():
        for leg in technique.legs:
            for kind in _kinds(technique, leg):
                yield kind, leg


def _kinds(technique: Technique, leg: Leg) -> tuple[str, ...]:
    if leg.on == "role":
        return (_ROLE,)
    if leg.on == "scope":
        return ("aws.account",)
    if leg.on.startswith("any:"):
        return (leg.on[4:],)
    if leg.on == "new":
        return ("",)
    return technique.target.kinds if technique.target else ()


class _Met(NamedTuple):
    """How surely legs that pick nothing are met."""

    state: State
    conditions: tuple[str, ...]
    statements: frozenset[StatementRef]


_SURE = _Met(State.CONFIRMED, (), frozenset())


class Escalation:
    """The engine over one estate."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self.inventory = estate.inventory
        self.universe = estate.universe
        self.trusts = Trusts(estate)
        self._keys: dict[str, int] = defaultdict(int)
        for key in self.inventory.of_kind("aws.iam.access_key"):
            for user in key.targets("authenticates_as"):
                self._keys[self.inventory.resolve(user)] += 1
        present = {one.kind for one in self.inventory.resources}
        self._usable = [
            (one, frozenset(estate.verbs.act(leg) for leg in one.legs if leg.on != "new"))
            for one in techniques()
            if one.edge is EdgeKind.CAN_ESCALATE
            and (not one.needs or one.needs in present)
            and (one.target is None or present.intersection(one.target.kinds))
        ]

    def rows(
        self, parties: list[Party], cells: dict[str, list[Cell]], control: list[Reach]
    ) -> Iterator[EdgeRow]:
        """The edges of a class of principals.

        Who controls the account for certain has nowhere to escalate to in it, and gets no edges.
        """
        first = parties[0]
        if any(one.state is State.CONFIRMED for one in control):
            return
        names = _Names(self.estate, first)
        for technique, acts in self._usable:
            if acts <= cells.keys():
                yield from self._use(technique, parties, cells, names)

    def _use(
        self, technique: Technique, parties: list[Party], cells: dict[str, list[Cell]], names: "_Names"
    ) -> Iterator[EdgeRow]:
        met = self._constants(technique, cells, parties[0].account, names)
        if met is None:
            return
        if technique.services:
            for reach in self._roles(technique, cells, parties[0].account):
                yield from self._to_roles(technique, parties, met, reach, cells)
            return
        if technique.target is None:
            for party in parties:
                yield from self._row(technique, party, ids.admin_sink(party.account), met)
            return
        for kind in technique.target.kinds:
            for reach in self._selves(technique, kind, cells, parties[0].account):
                for party in parties:
                    yield from self._to_selves(technique, party, met, reach)

    def _constants(
        self, technique: Technique, cells: dict[str, list[Cell]], account: str, names: "_Names"
    ) -> _Met | None:
        """How surely the legs that pick nothing are met, all of them."""
        met: _Met | None = _SURE
        for leg in technique.legs:
            if met is not None and (leg.on in ("scope", "new") or leg.on.startswith("any:")):
                met = _and(met, self._constant(leg, cells, account, names))
        return met

    def _constant(self, leg: Leg, cells: dict[str, list[Cell]], account: str, names: "_Names") -> _Met | None:
        if leg.on == "new":
            return names.answer(leg)
        kind = "aws.account" if leg.on == "scope" else leg.on[4:]
        found = self.estate.verbs.leg(kind, leg, cells, account)
        best = max(found, key=lambda one: one.state, default=None)
        return None if best is None else _Met(best.state, best.conditions, best.statements)

    def _roles(self, technique: Technique, cells: dict[str, list[Cell]], account: str) -> list[Reach]:
        """Roles of the own account that can be passed and that trust one of the services."""
        own = self.universe.of_kind.get((account, _ROLE), BitMap())
        legs = [leg for leg in technique.legs if leg.on == "role"]
        found: list[Reach] = []
        for leg in legs:
            for reach in self.estate.verbs.leg(_ROLE, leg, cells, account):
                for service in technique.services:
                    for state, conditions, roles, trusting in self.trusts.of(service):
                        both = reach.resources & roles & own
                        if both:
                            found.append(
                                Reach(
                                    resources=both,
                                    parts=BitMap(),
                                    state=min(reach.state, state),
                                    conditions=tuple(sorted({*reach.conditions, *conditions})),
                                    statements=reach.statements | trusting,
                                )
                            )
        return found

    def _to_roles(
        self,
        technique: Technique,
        parties: list[Party],
        met: _Met,
        reach: Reach,
        cells: dict[str, list[Cell]],
    ) -> Iterator[EdgeRow]:
        freely = BitMap()
        for cell in cells.get(self.estate.requests.act(_PASS, {_TO: _SOME_SERVICE}), ()):
            if cell.state is State.CONFIRMED:
                freely |= cell.items
        for number in reach.resources:
            role = self.universe.arns[number]
            mine = frozenset(one for one in reach.statements if not _of_other_role(one, role))
            both = _and(met, _Met(reach.state, reach.conditions, mine))
            for party in parties:
                if both is not None and party.id != role:
                    yield from self._row(technique, party, role, both, restricted=number not in freely)

    def _selves(
        self, technique: Technique, kind: str, cells: dict[str, list[Cell]], account: str
    ) -> list[Reach]:
        joined: list[Reach] | None = None
        for leg in technique.legs:
            if leg.on == "self" or leg.on.startswith("ref:"):
                found = self.estate.verbs.leg(kind, leg, cells, account)
                joined = found if joined is None else list(self.estate.verbs.both(joined, found))
                if not joined:
                    return []
        return joined or []

    def _to_selves(self, technique: Technique, party: Party, met: _Met, reach: Reach) -> Iterator[EdgeRow]:
        if technique.caller and self._kind(party) != technique.caller:
            return
        if "caller_bounded" in technique.cut_by and self._bounded(party.id):
            return
        for number in self._candidates(technique, party, reach.resources):
            resource = self.universe.owner[number]
            fits = None if resource is None else self._fits(technique, resource)
            if resource is None or fits is None:
                continue
            mine = frozenset(one for one in reach.statements if not _of_other_role(one, resource.id))
            both = _and(_and(met, _Met(reach.state, reach.conditions, mine)), fits)
            for target in self._ends(technique, party, resource):
                if both is not None and target != party.id:
                    yield from self._row(technique, party, target, both)

    def _candidates(self, technique: Technique, party: Party, resources: BitMap) -> Iterable[int]:
        """The resources that stand to the caller as asked."""
        who = technique.target.who if technique.target else ""
        own = self.universe.number.get(party.id)
        if who == "self":
            return BitMap() if own is None else resources & BitMap((own,))
        related = BitMap(
            number
            for name in self._related(party, who or "")
            if (number := self.universe.number.get(self.inventory.resolve(name))) is not None
        )
        if who in ("attached", "member"):
            return resources & related
        return resources - related - (BitMap() if own is None else BitMap((own,)))

    def _related(self, party: Party, who: str) -> Iterator[str]:
        resource = self.inventory.by_id.get(party.id)
        if resource is None or who == "":
            return
        groups = [one for one in map(self.inventory.get, resource.targets("member_of")) if one is not None]
        if who == "attached":
            yield from chain.from_iterable(one.targets("has_policy") for one in (resource, *groups))
        else:
            yield from (one.id for one in groups)

    def _kind(self, party: Party) -> str:
        resource = self.inventory.by_id.get(party.id)
        return resource.kind if resource is not None else ""

    def _bounded(self, name: str) -> bool:
        resource = self.inventory.by_id.get(name)
        return resource is not None and next(resource.targets("bounded_by"), None) is not None

    def _fits(self, technique: Technique, resource: Resource) -> _Met | None:
        """Whether the facts about a resource let the technique work on it; None: they do not."""
        target = technique.target
        open_: list[str] = []
        if self._is_cut(technique, resource):
            return None
        if target is None:
            return _SURE
        if target.bounded not in (None, self._bounded(resource.id)):
            return None
        if target.free_key_slot not in (None, self._keys[resource.id] < _KEYS_A_USER_MAY_HAVE):
            return None
        for name, wanted in target.where.items():
            value = resource.attrs.get(name)
            if value is None:
                open_.append(f"only if {name} of {resource.id} is {str(wanted).lower()}, which was not read")
            elif value != wanted:
                return None
        return _Met(State.POSSIBLE, tuple(open_), frozenset()) if open_ else _SURE

    def _is_cut(self, technique: Technique, resource: Resource) -> bool:
        if "self_bounded" in technique.cut_by and self._bounded(resource.id):
            return True
        return "code_signing" in technique.cut_by and resource.attrs.get("code_signing") == "enforce"

    def _ends(self, technique: Technique, party: Party, resource: Resource) -> Iterator[str]:
        if technique.leads_to == "self":
            yield resource.id
        elif technique.leads_to == "admin":
            yield ids.admin_sink(party.account)
        else:
            found: list[Resource | None] = [resource]
            for name in technique.leads_to.removeprefix("ref:").split("."):
                found = [
                    self.inventory.get(one) for at in found if at is not None for one in at.targets(name)
                ]
            yield from sorted({one.id for one in found if one is not None})

    def _row(
        self, technique: Technique, party: Party, target: str, met: _Met, *, restricted: bool | None = None
    ) -> Iterator[EdgeRow]:
        conditions = set(met.conditions)
        state = met.state
        if not technique.certain:
            conditions.add(UNPROVEN + technique.title.lower())
            state = min(state, State.POSSIBLE)
        attrs: dict[str, str | bool] = {"technique": technique.id, "yields": technique.yields}
        if restricted is not None:
            attrs["pass_restricted"] = restricted
        kinds = [technique.edge]
        if technique.yields == "credential":
            kinds.append(EdgeKind.CAN_ADD_CREDENTIAL)
        for kind in kinds:
            yield EdgeRow(
                source=party.id,
                target=target,
                kind=kind,
                state=state,
                attrs=tuple(sorted(attrs.items())),
                conditions=tuple(sorted(conditions)),
                evidence=evidence_of(met.statements),
            )


class _Names:
    """Answers about things that a party would make: it chooses name and region, so one allowed name is enough."""

    def __init__(self, estate: Estate, party: Party) -> None:
        self.estate = estate
        self.party = party
        self._answers: dict[tuple[str, str], _Met | None] = {}
        allowed = [
            (pattern, bits)
            for compiled in party.own
            for one, bits in compiled.statements
            if one.effect == "Allow"
            for pattern in (("*",) if one.not_resources else one.resources or ())
        ]
        self._bits = 0
        for _, bits in allowed:
            self._bits |= bits
        self._patterns = sorted({pattern for pattern, _ in allowed if pattern != "*" and "${" not in pattern})
        self._regions = sorted(
            {
                value
                for compiled in party.documents
                for one, _ in compiled.statements
                for condition in one.conditions
                if condition.key.lower() == "aws:requestedregion"
                for value in condition.values
                if not has_wildcard(value)
            }
        )

    def answer(self, leg: Leg) -> _Met | None:
        """How surely some name is allowed; None: none is."""
        number = self.estate.library.acts.number[leg.action.lower()]
        if not self._bits >> number & 1:
            return None
        key = (leg.action, leg.arn)
        if key not in self._answers:
            self._answers[key] = self._answer(leg)
        return self._answers[key]

    def _answer(self, leg: Leg) -> _Met | None:
        best: _Met | None = None
        act = self.estate.requests.act(leg.action, leg.context)
        for name in self._candidates(leg.arn):
            decision = self.estate.decider.single(self.party, act, name)
            state = decision.outcome.state
            if state is not State.FALSE and self.party.limits:
                state = State.POSSIBLE
            if state is not State.FALSE and (best is None or state > best.state):
                best = _Met(
                    state,
                    tuple(sorted({*decision.conditions, *self.party.limits})),
                    frozenset(one for one in decision.allowed if one.resource),
                )
            if best is not None and best.state is State.CONFIRMED:
                break
        return best

    def _candidates(self, template: str) -> list[str]:
        if template == "*":
            return ["*"]
        account = self.party.account
        values = {"account": account, "partition": "aws", "any": ANY}
        main = self.estate.universe.main_region(account)
        found = [template.format(**values, region=region) for region in (main, *self._regions)]
        wide = template.format(**{**values, "any": "*"}, region="*")
        for pattern in self._patterns:
            if overlaps(pattern, wide) and len(found) < _MOST_NAMES:
                found.append(_narrowed(wide, pattern, main))
        return found


def _narrowed(wide: str, pattern: str, region: str) -> str:
    """A name that both patterns match, field by field of the ARN where they have the same fields."""
    ours, theirs = wide.split(":", 5), pattern.split(":", 5)
    if len(theirs) != len(ours):
        theirs = [*theirs, *["*"] * (len(ours) - len(theirs))]
    fields = [mine if not has_wildcard(mine) else other for mine, other in zip(ours, theirs, strict=True)]
    if has_wildcard(fields[3]):
        fields[3] = region
    if fields[5] == "*":
        fields[5] = ours[5]
    return typical(":".join(fields))


def _and(left: _Met | None, right: _Met | None) -> _Met | None:
    if left is None or right is None:
        return None
    return _Met(
        min(left.state, right.state),
        tuple(sorted({*left.conditions, *right.conditions})),
        left.statements | right.statements,
    )


def _of_other_role(statement: StatementRef, role: str) -> bool:
    return statement.role.value in ("trust", "resource") and statement.resource != role
