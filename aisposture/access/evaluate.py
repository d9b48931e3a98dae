"""Effective access over a whole inventory: Grants, identity edges, problems and assumptions.

Everything that costs is done once for each class of principals that the policies cannot tell apart, and per account; what
crosses accounts goes through the index of resource policies that let outsiders in.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from pyroaring import BitMap

from aisposture.access.assumed import unread_layers
from aisposture.access.decide import Cell
from aisposture.access.edges import assume_edges
from aisposture.access.estate import ADMIN_LEGS, ASSUME, Estate
from aisposture.access.federation import federation_edges
from aisposture.access.grants import Draft, Reach, disjoint, made
from aisposture.access.legs import Capability
from aisposture.access.lists import acl_grants
from aisposture.access.parties import Party
from aisposture.access.techniques import Escalation, technique_legs
from aisposture.model import ids
from aisposture.model.access import AccessResult, Cover, Grant
from aisposture.model.graph import EdgeKind, EdgeRow, State
from aisposture.model.inventory import Inventory


class Evaluation:
    """Collects the result while class after class is answered."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self.grants: dict[str, Grant] = {}
        self.holds: set[tuple[str, str]] = set()
        self.edges: set[EdgeRow] = set()

    def hold(self, party: str, grants: Iterable[Grant]) -> None:
        """``party`` holds ``grants``."""
        for grant in grants:
            self.grants[grant.id] = grant
            self.holds.add((party, grant.id))

    def add(self, parties: list[Party]) -> dict[str, list[Cell]]:
        """Answer for a class of principals; what its first member can do, all can."""
        first = parties[0]
        # What is open to all is said once, of the classes of actors.
        named_only = not first.inside and first.id not in ids.CLASSES
        cells = self.estate.decider.answers(first, named_only=named_only)
        grants = tuple(self._draft(first, cells).grants())
        roles = self._assumable(cells)
        for party in parties:
            self.hold(party.id, grants)
            self.edges.update(assume_edges(self.estate, party, roles))
            if party.unread:
                self.hold(party.id, self._unseen(party))
        return cells

    def _draft(self, party: Party, cells: dict[str, list[Cell]]) -> Draft:
        estate = self.estate
        draft = Draft(estate.universe)
        for capability in estate.verbs.within(cells):
            if capability.kind == "aws.account" and not party.inside:
                continue
            for reach in estate.verbs.reaches(capability, cells, party.account):
                if capability.kind == "aws.account":
                    draft.add_sink(capability.verb, ids.sink(capability.verb, party.account), reach)
                else:
                    draft.add(capability.verb, reach)
        if party.inside:
            for reach in self.full_control(party, cells):
                draft.add_sink(EdgeKind.CAN_CHANGE_ACCESS, ids.admin_sink(party.account), reach)
        self._private(party, draft)
        return draft

    def full_control(self, party: Party, cells: dict[str, list[Cell]]) -> list[Reach]:
        """How surely a party controls its whole account: not at all, possibly, or for certain."""
        verbs = self.estate.verbs
        first, second = (verbs.leg("aws.account", leg, cells, party.account) for leg in ADMIN_LEGS)
        return disjoint(
            Reach(
                resources=one.resources,
                parts=BitMap(),
                state=min(one.state, other.state),
                conditions=tuple(sorted({*one.conditions, *other.conditions})),
                statements=one.statements | other.statements,
            )
            for one in first
            for other in second
        )

    def _private(self, party: Party, draft: Draft) -> None:
        """Key patterns that hold a variable: a part of the bucket that is this principal's own."""
        decider, universe = self.estate.decider, self.estate.universe
        for bucket, key in sorted(set(decider.private(party))):
            for capability in self.estate.capabilities:
                if capability.kind != "aws.s3.bucket":
                    continue
                for option in capability.any_of:
                    leg = option[0]
                    if "{object}" not in leg.arn:
                        continue
                    found = decider.private_part(
                        party, self.estate.requests.act(leg.action, leg.context), bucket, key
                    )
                    if found is not None:
                        cover = Cover(target=universe.arns[bucket], prefix=found[0])
                        draft.add_pattern(capability.verb, cover, found[1])

    def _assumable(self, cells: dict[str, list[Cell]]) -> list[Cell]:
        return cells.get(self.estate.requests.act(ASSUME, {}), [])

    def _unseen(self, party: Party) -> Iterator[Grant]:
        """What a principal with unread policies may hold: every verb over its account."""
        kinds: dict[EdgeKind, set[str]] = defaultdict(set)
        for one in self.estate.capabilities:
            kinds[one.verb].add(one.kind)
        for verb, found in sorted(kinds.items()):
            covers = [
                Cover(target=ids.account_node(party.account), kinds=tuple(sorted(found - {"aws.account"})))
            ]
            if "aws.account" in found:
                covers.append(Cover(target=ids.sink(verb, party.account)))
            if verb is EdgeKind.CAN_CHANGE_ACCESS:
                covers.append(Cover(target=ids.admin_sink(party.account)))
            yield made(verb, State.UNSEEN, party.unread, (), covers, ())

    def unread_resources(self) -> None:
        """A resource whose policy was not read may let in the classes of actors, never everyone."""
        estate = self.estate
        by_kind: dict[str, list[Capability]] = defaultdict(list)
        for one in estate.capabilities:
            by_kind[one.kind].append(one)
        for name, side in estate.sides.of_resource.items():
            resource = estate.inventory.by_id[name]
            if not side.unread or resource.kind == "aws.iam.role":
                continue
            for capability in by_kind.get(resource.kind, ()):
                grant = made(capability.verb, State.UNSEEN, side.unread, (), [Cover(target=name)], ())
                self.hold(ids.ANONYMOUS, [grant])
                self.hold(ids.ANY_ACCOUNT, [grant])


def evaluate(inventory: Inventory) -> AccessResult:
    """Who can do what, over every AWS account of the inventory."""
    estate = Estate(inventory, actions=technique_legs())
    evaluation = Evaluation(estate)
    escalation = Escalation(estate)
    for parties in estate.classes():
        cells = evaluation.add(parties)
        rows = list(escalation.rows(parties, cells, evaluation.full_control(parties[0], cells)))
        evaluation.edges.update(rows)
    for party in estate.outsiders():
        evaluation.add([party])
    evaluation.unread_resources()
    for holder, grant in acl_grants(inventory):
        evaluation.hold(holder, [grant])
    evaluation.edges.update(federation_edges(estate))
    return AccessResult(
        grants=tuple(evaluation.grants[key] for key in sorted(evaluation.grants)),
        holds=tuple(sorted(evaluation.holds)),
        edges=tuple(sorted(evaluation.edges)),
        problems=tuple(sorted(estate.library.problems)),
        assumptions=tuple(unread_layers(inventory, estate.members).values()),
    )
