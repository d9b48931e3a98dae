"""From decided cells to Grants: legs joined into verbs, and covered sets in their shortest honest form."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator

from msgspec import Struct
from pyroaring import BitMap

from aisposture.access.decide import Cell
from aisposture.access.legs import AllOf, Capability, Leg
from aisposture.access.requests import Requests
from aisposture.access.universe import Universe
from aisposture.model import ids
from aisposture.model.access import Cover, Grant, StatementRef
from aisposture.model.graph import EdgeKind, State
from aisposture.model.inventory import encode

SCOPED = 8
"""From this many resources of a kind on, an account is covered as a scope instead of one by one."""

_MOST_EXCLUDED = 4
"""A scope is used where at most one in this many of its resources is excluded."""


class Reach(Struct, frozen=True, kw_only=True, eq=False):
    """Resources on which something may be done, under one set of conditions; ``parts`` are items smaller than a resource."""

    resources: BitMap
    parts: BitMap
    state: State
    conditions: tuple[str, ...]
    statements: frozenset[StatementRef]

    def within(self, resources: BitMap, parts: BitMap) -> "Reach":
        """The same, on fewer resources."""
        return Reach(
            resources=self.resources & resources,
            parts=self.parts & parts,
            state=self.state,
            conditions=self.conditions,
            statements=self.statements,
        )

    def __bool__(self) -> bool:
        return bool(self.resources or self.parts)


class RefIndex:
    """Where refs of one name lead from the resources of one kind."""

    def __init__(self, universe: Universe, kind: str, name: str) -> None:
        self.by_target: dict[int, BitMap] = defaultdict(BitMap)
        self.free = BitMap()
        self.unknown = BitMap()
        inventory = universe.inventory
        for resource in inventory.of_kind(kind):
            number = universe.number.get(resource.id)
            if number is None:
                continue
            targets = list(resource.targets(name))
            if inventory.hidden(resource, f"refs.{name}") is not None:
                self.unknown.add(number)
            elif not targets or all(map(_is_providers_own, targets)):
                self.free.add(number)
            for target in targets:
                found = inventory.get(target)
                if found is not None and found.attrs.get("key_manager") == "aws":
                    self.free.add(number)
                elif found is not None and found.id in universe.number:
                    self.by_target[universe.number[found.id]].add(number)
                elif not _is_providers_own(target):
                    self.unknown.add(number)
        self.targets = BitMap(self.by_target)


def _is_providers_own(target: str) -> bool:
    return "alias/aws/" in target


class Verbs:
    """Joins the cells of a party's acts into what it can do."""

    def __init__(self, universe: Universe, requests: Requests, capabilities: Iterable[Capability]) -> None:
        self.universe = universe
        self.requests = requests
        self.capabilities = tuple(capabilities)
        self._acts: dict[Leg, str] = {}
        self._needing: dict[str, list[int]] = defaultdict(list)
        for index, one in enumerate(self.capabilities):
            for act in {self.act(option[0]) for option in one.any_of}:
                self._needing[act].append(index)
        self._refs: dict[tuple[str, str], RefIndex] = {}

    def act(self, leg: Leg) -> str:
        """The act of a leg."""
        known = self._acts.get(leg)
        if known is None:
            known = self._acts[leg] = self.requests.act(leg.action, leg.context)
        return known

    def within(self, cells: dict[str, list[Cell]]) -> list[Capability]:
        """The capabilities of which some alternative may be met by the acts that ``cells`` answer."""
        found = {index for act in cells for index in self._needing.get(act, ())}
        return [self.capabilities[index] for index in sorted(found)]

    def refs(self, kind: str, name: str) -> RefIndex:
        """The index of one ref of one kind."""
        if (kind, name) not in self._refs:
            self._refs[kind, name] = RefIndex(self.universe, kind, name)
        return self._refs[kind, name]

    def items(self, kind: str, leg: Leg) -> BitMap:
        """The items that a leg asks about."""
        if leg.on.startswith("ref:"):
            return self.refs(kind, leg.on[4:]).targets
        return self.universe.items(kind, leg.arn)

    def reaches(self, capability: Capability, cells: dict[str, list[Cell]], account: str) -> list[Reach]:
        """Where the verb holds, disjoint: what is certain first."""
        options = [
            one
            for option in capability.any_of
            for one in self._all_of(capability.kind, option, cells, account)
        ]
        return disjoint(options)

    def _all_of(self, kind: str, legs: AllOf, cells: dict[str, list[Cell]], account: str) -> list[Reach]:
        joined: list[Reach] | None = None
        for leg in legs:
            found = self.leg(kind, leg, cells, account)
            if not found:
                return []
            joined = found if joined is None else list(self.both(joined, found))
        return joined or []

    def leg(self, kind: str, leg: Leg, cells: dict[str, list[Cell]], account: str) -> list[Reach]:
        """Where one leg is met."""
        act = self.act(leg)
        if leg.on.startswith("ref:"):
            return self._ref_leg(kind, leg, cells.get(act, []))
        if act not in cells:
            return []
        found = []
        own = self.universe.of_kind.get((account, kind), BitMap())
        if kind == "aws.account" and account in self.universe.of_account:
            own = own | BitMap((self.universe.number[ids.account_node(account)],))
        spread = self.universe.spreads.get((kind, leg.arn))
        if spread is None:
            return []
        for cell in cells.get(act, ()):
            resources = spread.resources(cell.items)
            if not leg.of_one:
                resources = resources & own
            parts = cell.items & self.universe.parts if "{object}" in leg.arn else BitMap()
            reach = _reach(cell, resources, parts)
            if reach:
                found.append(reach)
        return found

    def _ref_leg(self, kind: str, leg: Leg, cells: list[Cell]) -> list[Reach]:
        index = self.refs(kind, leg.on[4:])
        found = []
        for cell in cells:
            resources = BitMap()
            for target in cell.items & index.targets:
                resources |= index.by_target[target]
            if resources:
                found.append(_reach(cell, resources, self._parts_of(resources)))
        if leg.optional:
            for resources, state, conditions in (
                (index.free, State.CONFIRMED, ()),
                (index.unknown, State.POSSIBLE, ("the policy of the key it is encrypted with was not read",)),
            ):
                if resources:
                    found.append(
                        Reach(
                            resources=resources,
                            parts=self._parts_of(resources),
                            state=state,
                            conditions=conditions,
                            statements=frozenset(),
                        )
                    )
        return found

    def _parts_of(self, resources: BitMap) -> BitMap:
        if not self.universe.parts:
            return self.universe.parts
        return BitMap(part for part in self.universe.parts if self.universe.whole_of(part) in resources)

    def both(self, left: Iterable[Reach], right: list[Reach]) -> Iterator[Reach]:
        """Where two legs are met together."""
        for one in left:
            for other in right:
                both = one.within(other.resources, other.parts)
                if both:
                    yield Reach(
                        resources=both.resources,
                        parts=both.parts,
                        state=min(one.state, other.state),
                        conditions=tuple(sorted({*one.conditions, *other.conditions})),
                        statements=one.statements | other.statements,
                    )


def _reach(cell: Cell, resources: BitMap, parts: BitMap) -> Reach:
    return Reach(
        resources=resources,
        parts=parts,
        state=cell.state,
        conditions=cell.conditions,
        statements=frozenset(cell.statements),
    )


def disjoint(options: Iterable[Reach]) -> list[Reach]:
    """Alternatives without overlap: each resource where it is surest, then under the fewest conditions."""
    groups: dict[tuple[State, tuple[str, ...]], Reach] = {}
    for one in options:
        key = (one.state, one.conditions)
        known = groups.get(key)
        groups[key] = (
            one
            if known is None
            else Reach(
                resources=known.resources | one.resources,
                parts=known.parts | one.parts,
                state=one.state,
                conditions=one.conditions,
                statements=known.statements | one.statements,
            )
        )
    found = []
    resources, parts = BitMap(), BitMap()
    for key in sorted(groups, key=lambda one: (-one[0], len(one[1]), one[1])):
        one = groups[key]
        rest = Reach(
            resources=one.resources - resources,
            parts=one.parts - parts,
            state=one.state,
            conditions=one.conditions,
            statements=one.statements,
        )
        if rest:
            found.append(rest)
        resources |= one.resources
        parts |= one.parts
    return found


class Draft:
    """Grants of one party in the making: per verb, state and conditions, what is covered."""

    def __init__(self, universe: Universe) -> None:
        self.universe = universe
        self.covered: dict[tuple[EdgeKind, State, tuple[str, ...]], BitMap] = defaultdict(BitMap)
        self.parts: dict[tuple[EdgeKind, State, tuple[str, ...]], BitMap] = defaultdict(BitMap)
        self.patterns: dict[tuple[EdgeKind, State, tuple[str, ...]], set[Cover]] = defaultdict(set)
        self.sinks: dict[tuple[EdgeKind, State, tuple[str, ...]], set[str]] = defaultdict(set)
        self.statements: dict[tuple[EdgeKind, State, tuple[str, ...]], set[StatementRef]] = defaultdict(set)
        self._whole: dict[EdgeKind, BitMap] = defaultdict(BitMap)

    def add(self, verb: EdgeKind, reach: Reach) -> None:
        """The verb on what ``reach`` holds; parts of a resource that is covered in whole say nothing new."""
        key = (verb, reach.state, reach.conditions)
        self.covered[key] |= reach.resources
        self._whole[verb] |= reach.resources
        if reach.parts:
            self.parts[key] |= reach.parts
        self.statements[key] |= reach.statements

    def add_sink(self, verb: EdgeKind, sink: str, reach: Reach) -> None:
        """The verb on a virtual sink."""
        key = (verb, reach.state, reach.conditions)
        self.sinks[key].add(sink)
        self.statements[key] |= reach.statements

    def add_pattern(self, verb: EdgeKind, cover: Cover, cell: Cell) -> None:
        """The verb on a part of a resource that only this party's policies name."""
        key = (verb, cell.state, cell.conditions)
        self.patterns[key].add(cover)
        self.statements[key].update(cell.statements)

    def grants(self) -> Iterator[Grant]:
        """The Grants, in order of verb and state."""
        keys = {*self.covered, *self.parts, *self.sinks, *self.patterns}
        for key in sorted(keys):
            verb, state, conditions = key
            covers, excludes = self._covers(self.covered.get(key, BitMap()))
            for sink in self.sinks.get(key, ()):
                covers.append(Cover(target=sink))
            covers += self.patterns.get(key, ())
            for part in self.parts.get(key, BitMap()):
                whole = self.universe.whole_of(part)
                if whole not in self._whole[verb]:
                    covers.append(Cover(target=self.universe.arns[whole], prefix=self.universe.prefix[part]))
            if covers:
                yield made(verb, state, conditions, tuple(sorted(self.statements[key])), covers, excludes)

    def _covers(self, resources: BitMap) -> tuple[list[Cover], list[str]]:
        covers: list[Cover] = []
        excludes: list[str] = []
        by_kind: dict[tuple[str, str], list[int]] = defaultdict(list)
        for number in resources:
            owner = self.universe.owner[number]
            if owner is not None:
                by_kind[owner.account, owner.kind].append(number)
        whole: dict[str, list[str]] = defaultdict(list)
        for (account, kind), numbers in by_kind.items():
            total = self.universe.of_kind[account, kind]
            missing = total - BitMap(numbers)
            if len(numbers) >= SCOPED and len(missing) * _MOST_EXCLUDED <= len(total):
                whole[account].append(kind)
                excludes += [self.universe.arns[one] for one in missing]
            else:
                covers += [Cover(target=self.universe.arns[one]) for one in numbers]
        covers += [
            Cover(target=ids.account_node(account), kinds=tuple(sorted(kinds)))
            for account, kinds in whole.items()
        ]
        return covers, excludes


def made(
    verb: EdgeKind,
    state: State,
    conditions: tuple[str, ...],
    statements: tuple[StatementRef, ...],
    covers: Iterable[Cover],
    excludes: Iterable[str],
) -> Grant:
    """A Grant under the hash of its content."""
    draft = Grant(
        id="",
        verb=verb,
        state=state,
        conditions=conditions,
        statements=statements,
        covers=tuple(sorted(set(covers))),
        excludes=tuple(sorted(set(excludes))),
    )
    digest = hashlib.blake2b(encode(draft), digest_size=12).hexdigest()
    return Grant(
        id=f"grant:{digest}",
        verb=draft.verb,
        state=draft.state,
        conditions=draft.conditions,
        statements=draft.statements,
        covers=draft.covers,
        excludes=draft.excludes,
    )
