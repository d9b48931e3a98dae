"""Decisions for whole sets of items: one request stands for every item that no policy tells apart.

For one party, actions about which the same statements speak are taken together; items are taken apart only where a resource
pattern, a tested property of the item, or the resource's side differs. Each remaining cell is decided by ``authorize``
itself, on one typical item, so a set means exactly what the single decisions mean.
"""

from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace
from pyroaring import BitMap

from aisposture.access.aws.authorize import RCP_SERVICES, TRUST_ACTIONS, Policies, authorize
from aisposture.access.aws.document import Document, Statement
from aisposture.access.aws.match import matches_resource, readable
from aisposture.access.aws.variables import keys_of, resolve
from aisposture.access.documents import Compiled, merged
from aisposture.access.parties import Party
from aisposture.access.requests import Requests
from aisposture.access.sides import Effect, Sides
from aisposture.access.universe import Universe, typical
from aisposture.model.access import Decision, StatementRef
from aisposture.model.graph import State
from aisposture.model.resource import PolicyRole

_TWO_ACTIONS = "lambda:invokefunctionurl"
_ABROAD = "abroad"
_TO_BE: Effect = frozenset({("to be",)})
_RESOURCE_ROLES = frozenset({PolicyRole.RESOURCE, PolicyRole.TRUST})


class Cell(Struct, frozen=True, kw_only=True, eq=False):
    """Items on which one act has one answer (never FALSE)."""

    items: BitMap
    state: State
    conditions: tuple[str, ...]
    statements: tuple[StatementRef, ...]


class _Bound(Struct, frozen=True, kw_only=True, eq=False):
    """The statements of a party that speak on some set of acts."""

    own: tuple[Statement, ...]
    boundary: tuple[Statement, ...] | None
    scps: tuple[tuple[Statement, ...], ...]

    def statements(self) -> Iterator[Statement]:
        yield from self.own
        yield from self.boundary or ()
        for level in self.scps:
            yield from level


class Decider:
    """Answers every act for one party after the other."""

    def __init__(
        self,
        universe: Universe,
        requests: Requests,
        sides: Sides,
        act_items: dict[str, BitMap],
        rcps: dict[str, tuple[tuple[Compiled, ...], ...]],
    ) -> None:
        self.universe = universe
        self.requests = requests
        self.sides = sides
        self.act_items = act_items
        self.acts = sides.library.acts
        self.rcps = rcps
        self._rcp_statements = tuple(
            {
                id(one): (one, mask)
                for levels in rcps.values()
                for level in levels
                for compiled in level
                for one, mask in compiled.statements
            }.values()
        )
        self._rcp_keys = frozenset(key for one, _ in self._rcp_statements for key in one.context_keys())
        self._shared: dict[tuple[object, ...], dict[str, list[Cell]]] = {}
        self._of_action: dict[int, list[str]] = {}
        for act in act_items:
            number = self.acts.number[requests.action(act).lower()]
            self._of_action.setdefault(number, []).append(act)

    def answers(self, party: Party, *, named_only: bool = False) -> dict[str, list[Cell]]:
        """For every act with an answer that is not no: its cells; ``named_only`` leaves out what is open to all abroad."""
        if not self.act_items:  # nothing was collected that could be acted on
            return {}
        special = self.sides.special(party)
        abroad = self.sides.abroad(party, special)
        if named_only:
            abroad -= self.sides.star - special
        elsewhere = self._elsewhere(abroad, party.account)
        at_home = self._at_home(special, party.account)
        own = [pair for compiled in party.own for pair in compiled.statements]
        wanted = 0
        for one, mask in own:
            if one.effect == "Allow":
                wanted |= mask
        for act in (*elsewhere, *at_home):
            wanted |= 1 << self.acts.number[self.requests.action(act).lower()]
        found: dict[str, list[Cell]] = {}
        for bits in self._alike(party, own, wanted):
            bound = self._bound(party, bits)
            key = None if special else self._shared_key(party, bits, bound)
            cells = None if key is None else self._shared.get(key)
            if cells is None:
                cells = self._answer(party, special, bits, bound, (elsewhere, at_home))
                if key is not None:
                    self._shared[key] = cells
            found.update(cells)
        return found

    def _shared_key(self, party: Party, bits: int, bound: _Bound) -> tuple[object, ...] | None:
        """What an answer depends on where no resource policy singles the party out; None where nobody can share it."""
        if any(one.ref.resource == party.id for one in bound.own):
            return None
        keys = {key for one in bound.statements() for key in one.context_keys()} | self._rcp_keys
        lookup = self.requests.build(party, next(iter(self.act_items)), 0).lookup
        return (
            bits,
            party.account,
            party.caller.type,
            party.caller.is_service_linked,
            party.limits,
            tuple(map(id, bound.own)),
            None if bound.boundary is None else tuple(map(id, bound.boundary)),
            tuple(tuple(map(id, level)) for level in bound.scps),
            tuple((key, lookup(key)) for key in sorted(keys) if not self.requests.of_item(key)),
        )

    def _elsewhere(self, numbers: Iterable[int], account: str) -> dict[str, list[tuple[int, str]]]:
        found: dict[str, list[tuple[int, str]]] = {}
        for number in sorted(numbers):
            for act, owner in self.sides.acts_of[number]:
                if owner != account:
                    found.setdefault(act, []).append((number, owner))
        return found

    def _at_home(self, special: set[int], account: str) -> dict[str, BitMap]:
        """Items of the own account whose side may grant by itself."""
        found: dict[str, BitMap] = {}
        for number in special | self.sides.star:
            for act, owner in self.sides.acts_of[number]:
                if owner == account:
                    found[act] = found.get(act, BitMap()) | self.sides.table[act, owner][number]
        return found

    def _alike(self, party: Party, own: list[tuple[Statement, int]], wanted: int) -> list[int]:
        """The wanted actions in groups about which the same statements speak."""
        masks = {mask for _, mask in own}
        for compiled in party.boundary or ():
            masks.update(mask for _, mask in compiled.statements)
        for level in party.scps:
            masks.update(mask for compiled in level for _, mask in compiled.statements)
        masks.update(mask for _, mask in self._rcp_statements)
        groups = [wanted] if wanted else []
        for mask in masks:
            groups = [part for group in groups for part in (group & mask, group & ~mask) if part]
        return groups

    def _bound(self, party: Party, bits: int) -> _Bound:
        def speaking(documents: Iterable[Compiled]) -> tuple[Statement, ...]:
            return tuple(one for compiled in documents for one, mask in compiled.statements if mask & bits)

        return _Bound(
            own=speaking(party.own),
            boundary=None if party.boundary is None else speaking(party.boundary),
            scps=tuple(speaking(level) for level in party.scps),
        )

    def _answer(
        self,
        party: Party,
        special: set[int],
        bits: int,
        bound: _Bound,
        sided: tuple[dict[str, list[tuple[int, str]]], dict[str, BitMap]],
    ) -> dict[str, list[Cell]]:
        found: dict[str, list[Cell]] = {}
        elsewhere, at_home = sided
        acts = [act for number in _numbers(bits) for act in self._of_action.get(number, ())]
        if not acts:
            return found
        reach = self._reached(party, acts, self._allowed(party, bound, acts), elsewhere, at_home)
        if not reach:
            return found
        everything = BitMap()
        for _, items in reach:
            everything |= items
        parts = self._parts(everything, bound, bits, party)
        memo: dict[tuple[object, ...], Decision] = {}
        for act, items in reach:
            cells: list[Cell] = []
            for index, part in enumerate(parts):
                here = part & items
                if here:
                    groups = self._groups(party, special, act, here, elsewhere.get(act, ()))
                    cells += self._cells(party, act, bound, groups, index, memo)
            if cells:
                found[act] = cells
        return found

    def _allowed(self, party: Party, bound: _Bound, acts: list[str]) -> BitMap:
        """The items that its identity policies may allow something on."""
        allowed = BitMap()
        for one in bound.own:
            if one.effect == "Allow":
                allowed |= self.universe.matching("*") if one.not_resources else self._reach(one, party, acts)
        return allowed

    def _reached(
        self,
        party: Party,
        acts: list[str],
        allowed: BitMap,
        elsewhere: dict[str, list[tuple[int, str]]],
        at_home: dict[str, BitMap],
    ) -> list[tuple[str, BitMap]]:
        """For each act the items that are worth a decision; all others are refused for want of an allow."""
        of_account = self.universe.of_account
        home = BitMap()
        if party.account:
            home = of_account.get(party.account, BitMap()) | of_account.get("", BitMap())
        reach = []
        for act in acts:
            items = self.act_items[act]
            mine = ((items & allowed) | (items & at_home.get(act, BitMap()))) & home
            for number, account in elsewhere.get(act, ()):
                # A grant of KMS serves another account's principal without any policy of its own.
                alone = not party.account or self.sides.shapes[number].grants
                mine |= self.sides.table[act, account][number] & (items if alone else allowed)
            if mine:
                reach.append((act, mine))
        return reach

    def _reach(self, statement: Statement, party: Party, acts: list[str]) -> BitMap:
        """The items that a statement's resource patterns match, or may match."""
        if statement.resources is None:
            return self.universe.matching("*")
        found = BitMap()
        for pattern in statement.resources:
            if statement.variables and "${" in pattern:
                found |= self._matching_variable(pattern, party, acts)
            else:
                found |= self.universe.matching(pattern)
        return found

    def _matching_variable(self, pattern: str, party: Party, acts: list[str]) -> BitMap:
        if any(map(self.requests.of_item, keys_of(pattern))):
            return BitMap(
                item
                for item in self.universe.matching("*")
                if self._matches_item(pattern, party, acts[0], item)
            )
        probe = self.requests.build(party, acts[0], 0)
        context = {key: value for key, value in probe.context.items() if not self.requests.of_item(key)}
        resolved = resolve(pattern, replace(probe, context=context, resource="*", resource_account="").lookup)
        return BitMap() if resolved.pattern is None else self.universe.matching(resolved.pattern)

    def _matches_item(self, pattern: str, party: Party, act: str, item: int) -> bool:
        resolved = resolve(pattern, self.requests.build(party, act, item).lookup)
        return resolved.pattern is not None and matches_resource(resolved.pattern, self.universe.arns[item])

    def _parts(self, items: BitMap, bound: _Bound, bits: int, party: Party) -> list[BitMap]:
        """``items`` taken apart wherever a statement can tell one from another."""
        acts = [act for number in _numbers(bits) for act in self._of_action.get(number, ())]
        parts = [items]
        rcps = [one for one, mask in self._rcp_statements if mask & bits]
        seen: set[object] = set()
        for statement in (*bound.statements(), *rcps):
            for patterns in _apart(statement):
                if patterns not in seen:
                    seen.add(patterns)
                    sole = (
                        statement
                        if patterns == statement.resources
                        else replace(statement, resources=patterns)
                    )
                    parts = list(_split(parts, self._reach(sole, party, acts)))
            for key in statement.context_keys():
                if key not in seen and self.requests.of_item(key):
                    seen.add(key)
                    parts = [
                        both
                        for part in parts
                        for group in self.requests.groups(key)
                        if (both := part & group)
                    ]
        return parts

    def _groups(
        self,
        party: Party,
        special: set[int],
        act: str,
        here: BitMap,
        elsewhere: Iterable[tuple[int, str]],
    ) -> Iterator[tuple[str, Effect, BitMap]]:
        """The items of one part by owner and by what their side says."""
        rest = here
        for said, items in self.sides.groups(party, special, act):
            both = here & items
            if both:
                rest = rest - both
                yield party.account, said, both
        abroad: dict[tuple[str, Effect], BitMap] = {}
        for number, account in elsewhere:
            both = here & self.sides.table[act, account][number]
            if both:
                rest = rest - both
                # Where no resource control policy applies, one foreign account is like another.
                key = (account if self.rcps.get(account) else _ABROAD, self.sides.effect_of(party, number))
                abroad[key] = abroad.get(key, BitMap()) | both
        for (account, said), items in abroad.items():
            if said:
                yield account, said, items
        yield from self._silent(party, rest)

    def _silent(self, party: Party, rest: BitMap) -> Iterator[tuple[str, Effect, BitMap]]:
        """Items of the own account whose side says nothing to the party."""
        if not party.account:
            return
        own = rest & self.universe.of_account.get(party.account, BitMap())
        # A key that does not exist yet has the default policy, one that exists and is silent has none. What has no owner
        # is the caller's own, but its ARN names no account, which a policy may test.
        nobody = rest & self.universe.of_account.get("", BitMap())
        for account, said, items in (
            (party.account, frozenset(), own - self.universe.unowned),
            (party.account, _TO_BE, own & self.universe.unowned),
            ("", frozenset(), nobody),
        ):
            if items:
                yield account, said, items

    def _cells(
        self,
        party: Party,
        act: str,
        bound: _Bound,
        groups: Iterable[tuple[str, Effect, BitMap]],
        part: int,
        memo: dict[tuple[object, ...], Decision],
    ) -> Iterator[Cell]:
        law = self._law(act)
        for account, said, items in groups:
            key = (part, account, said, law)
            decision = memo.get(key)
            if decision is None:
                decision = memo[key] = self._decide(party, act, bound, items.min())
            cell = self._cell(party, act, decision, items, said)
            if cell is not None:
                yield cell

    def _law(self, act: str) -> tuple[object, ...]:
        """What of an act the law looks at beside the statements that match it."""
        action = self.requests.action(act).lower()
        if action in TRUST_ACTIONS or action == _TWO_ACTIONS:
            return (act,)
        return (action.partition(":")[0], self.requests.context(act))

    def _decide(self, party: Party, act: str, bound: _Bound, item: int) -> Decision:
        request = self.requests.build(party, act, item)
        owner = self.universe.account[item] or party.account
        side = self.universe.owner[item]
        facts = self.sides.of_resource.get(side.id) if side is not None else None
        if self.requests.action(act).lower() == _TWO_ACTIONS:
            bound = self._bound(party, self.acts.all)
        governed = request.service in RCP_SERVICES
        policies = Policies(
            identity=(merged(PolicyRole.IDENTITY, bound.own),),
            boundary=None if bound.boundary is None else (merged(PolicyRole.BOUNDARY, bound.boundary),),
            resource=self.sides.document(act, item),
            scps=_documents(PolicyRole.SCP, bound.scps),
            rcps=tuple(tuple(compiled.document for compiled in level) for level in self.rcps.get(owner, ()))
            if governed
            else (),
            grants=facts.grants if facts is not None else (),
            block_public_access=facts.blocked if facts is not None else False,
        )
        return authorize(request, policies)

    def _cell(self, party: Party, act: str, decision: Decision, items: BitMap, said: Effect) -> Cell | None:
        state = decision.outcome.state
        if state is State.FALSE:
            return None
        conditions = list(decision.conditions)
        unread = sorted(
            str(why) for one in said if one[0] == "unread" and isinstance(one[1], tuple) for why in one[1]
        )
        if unread:
            conditions += ["no deny stands in what was not read: a resource policy"]
        conditions += party.limits
        if conditions and state is State.CONFIRMED:
            state = State.POSSIBLE
        statements = {one for one in decision.allowed if one.resource}
        if any(one.role in _RESOURCE_ROLES for one in statements):
            statements = {one for one in statements if one.role not in _RESOURCE_ROLES}
            statements |= self.sides.references(act, items)
        return Cell(
            items=items,
            state=state,
            conditions=tuple(sorted(set(conditions))),
            statements=tuple(sorted(statements)),
        )

    def exact(self, party: Party, act: str, item: int) -> Decision:
        """The decision on one request, every document heard in full: what a set of items has to agree with."""
        owner = self.universe.owner[item]
        facts = self.sides.of_resource.get(owner.id) if owner is not None else None
        policies = Policies(
            identity=tuple(one.document for one in party.own),
            boundary=None if party.boundary is None else tuple(one.document for one in party.boundary),
            resource=self.sides.document(act, item),
            scps=tuple(tuple(one.document for one in level) for level in party.scps),
            rcps=tuple(
                tuple(one.document for one in level)
                for level in self.rcps.get(self.universe.account[item] or party.account, ())
            ),
            grants=facts.grants if facts is not None else (),
            block_public_access=facts.blocked if facts is not None else False,
        )
        return authorize(self.requests.build(party, act, item), policies)

    def single(self, party: Party, act: str, resource: str, item: int | None = None) -> Decision:
        """The decision on an ARN that is no item; where it is a part of ``item``, that one's side speaks."""
        bound = self._bound(party, self.acts.all)
        request = self.requests.build(party, act, 0 if item is None else item)
        context = request.context
        if item is None:
            context = {key: value for key, value in context.items() if not self.requests.of_item(key)}
        account = "" if item is None else self.universe.account[item]
        owner = None if item is None else self.universe.owner[item]
        facts = self.sides.of_resource.get(owner.id) if owner is not None else None
        request = replace(request, resource=resource, resource_account=account, context=context)
        policies = Policies(
            identity=(merged(PolicyRole.IDENTITY, bound.own),),
            boundary=None if bound.boundary is None else (merged(PolicyRole.BOUNDARY, bound.boundary),),
            resource=None if item is None else self.sides.document(act, item),
            scps=_documents(PolicyRole.SCP, bound.scps),
            rcps=tuple(
                tuple(compiled.document for compiled in level)
                for level in self.rcps.get(account or party.account, ())
            ),
            block_public_access=facts.blocked if facts is not None else False,
        )
        return authorize(request, policies)

    def private(self, party: Party) -> Iterator[tuple[int, str]]:
        """(bucket item, key pattern) of the object patterns of a party that hold a variable in their key."""
        for compiled in party.own:
            for one, _ in compiled.statements:
                if one.effect != "Allow" or not one.variables:
                    continue
                for pattern in one.resources or ():
                    head, slash, key = pattern.partition("/")
                    if slash and "${" in key and head in self.universe.number:
                        yield self.universe.number[head], key

    def private_part(self, party: Party, act: str, bucket: int, key: str) -> tuple[str, Cell] | None:
        """The key pattern with its variables replaced and the answer for a typical name in it, unless that is no."""
        probe = self.requests.build(party, act, bucket)
        resolved = resolve(key, probe.lookup)
        if resolved.pattern is None or resolved.unknown:
            return None
        arn = f"{self.universe.arns[bucket]}/{typical(resolved.pattern)}"
        decision = self.single(party, act, arn, bucket)
        cell = self._cell(party, act, decision, BitMap((bucket,)), frozenset())
        return None if cell is None else (readable(resolved.pattern), cell)


def _documents(role: PolicyRole, levels: Iterable[tuple[Statement, ...]]) -> tuple[tuple[Document, ...], ...]:
    return tuple((merged(role, level),) for level in levels)


def _numbers(bits: int) -> Iterator[int]:
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low


def _is_templated(statement: Statement) -> bool:
    """Whether the resources of a statement hold policy variables."""
    return statement.variables and any("${" in one for one in statement.resources or ())


def _apart(statement: Statement) -> Iterator[tuple[str, ...]]:
    """The resource patterns of a statement that may answer differently: those with a variable, and the rest together."""
    patterns = statement.resources or ()
    if not _is_templated(statement):
        if patterns and patterns != ("*",):
            yield patterns
        return
    for one in patterns:
        yield (one,)


def _split(parts: Iterable[BitMap], mark: BitMap) -> Iterator[BitMap]:
    for part in parts:
        inside = part & mark
        if inside:
            yield inside
        outside = part - mark
        if outside:
            yield outside
