"""One inventory prepared for questions: compiled policies, items, requests, the resource's side."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from pyroaring import BitMap

from aisposture.access.decide import Decider
from aisposture.access.documents import Acts, Library
from aisposture.access.grants import Verbs
from aisposture.access.legs import Capability, Leg, capabilities
from aisposture.access.organization import Membership, memberships
from aisposture.access.parties import Parties, Party, completed
from aisposture.access.requests import Requests
from aisposture.access.sides import Sides
from aisposture.access.universe import Universe
from aisposture.model.inventory import Inventory
from aisposture.model.resource import PolicyRole

ASSUME = "sts:AssumeRole"
_ANYTHING = "~any~:~any~"
ADMIN_LEGS = (
    Leg(action=_ANYTHING, on="scope", arn="*"),
    Leg(action="iam:AttachRolePolicy", on="scope", arn="arn:{partition}:iam::{account}:role/{any}"),
)
"""Full control of an account: whatever there is to do, changing access among it."""


class Estate:
    """One inventory prepared for questions: compiled policies, items, requests, the resource's side."""

    def __init__(self, inventory: Inventory, *, actions: Iterable[tuple[str, Leg]] = ()) -> None:
        self.inventory = inventory
        self.members: dict[str, Membership] = memberships(inventory)
        self.capabilities: tuple[Capability, ...] = capabilities()
        self.extra = (
            *actions,
            *(("aws.account", leg) for leg in ADMIN_LEGS),
            ("aws.iam.role", Leg(action=ASSUME)),
        )
        names = {leg.action.lower() for _, leg in self.extra}
        for one in self.capabilities:
            names.update(leg.action.lower() for option in one.any_of for leg in option)
        self.library = Library(Acts(names))
        self.parties = Parties(inventory, self.library, self.members, inventory.taken_at)
        self.inside = self.parties.inside()
        self._compile_sides()
        mentioned = frozenset(key for one in self.library.compiled.values() for key in one.keys)
        self.inside = [completed(one, mentioned) for one in self.inside]
        patterns = (
            pattern
            for one in self.library.compiled.values()
            for statement, _ in one.statements
            for pattern in statement.resources or ()
        )
        self.universe = Universe(inventory, self.capabilities, self.extra, patterns)
        self.requests = Requests(self.universe, self.members, mentioned)
        self.verbs = Verbs(self.universe, self.requests, self.capabilities)
        self.act_items = self._act_items()
        self.rcps = {
            account: tuple(
                tuple(one for policy in level for one in self.library.all(policy, (PolicyRole.RCP,)))
                for level in member.rcps
            )
            for account, member in self.members.items()
        }
        self.sides = Sides(inventory, self.universe, self.library, self.requests, self.act_items)
        self.decider = Decider(self.universe, self.requests, self.sides, self.act_items, self.rcps)
        self._rcp_keys = frozenset(
            key for levels in self.rcps.values() for level in levels for one in level for key in one.keys
        )

    def _compile_sides(self) -> None:
        """Compile every other document, so that the keys and patterns it mentions are known."""
        for resource in self.inventory.resources:
            if resource.cloud == "aws" and resource.policies:
                self.library.all(
                    resource, (PolicyRole.RESOURCE, PolicyRole.TRUST, PolicyRole.SCP, PolicyRole.RCP)
                )

    def _act_items(self) -> dict[str, BitMap]:
        found: dict[str, BitMap] = {}

        def ask(kind: str, leg: Leg) -> None:
            act = self.verbs.act(leg)
            found[act] = found.get(act, BitMap()) | self.verbs.items(kind, leg)

        for one in self.capabilities:
            for option in one.any_of:
                for leg in option:
                    ask(one.kind, leg)
        for kind, leg in self.extra:
            if leg.on == "new":
                self.requests.act(leg.action, leg.context)
            else:
                ask(kind, leg)
        return {act: items for act, items in found.items() if items}

    def outsiders(self) -> list[Party]:
        """The classes of actors, and everybody outside that resource policies name."""
        return [
            self.parties.anonymous(),
            self.parties.any_account(),
            *self.parties.named(sorted(self.sides.named)),
        ]

    def classes(self) -> Iterator[list[Party]]:
        """Principals that no policy tells apart, together."""
        found: dict[tuple[object, ...], list[Party]] = defaultdict(list)
        for party in self.inside:
            found[self._class_key(party)].append(party)
        yield from found.values()

    def _class_key(self, party: Party) -> tuple[object, ...]:
        keys = set(self._rcp_keys)
        for compiled in party.documents:
            keys |= compiled.keys
        request = self.requests.build(party, next(iter(self.act_items)), 0) if self.act_items else None
        values = tuple(
            (key, request.lookup(key) if request is not None else None)
            for key in sorted(keys)
            if not self.requests.of_item(key)
        )
        special = self.sides.special(party)
        said = tuple((number, self.sides.effect_of(party, number)) for number in sorted(special))
        inline = sum(
            1 for one in party.own if one.statements and one.statements[0][0].ref.resource == party.id
        )
        return (
            party.account,
            party.caller.type,
            party.caller.is_service_linked,
            tuple(one.number for one in party.own),
            None if party.boundary is None else tuple(one.number for one in party.boundary),
            party.limits,
            values,
            said,
            party.id if inline else "",
        )
