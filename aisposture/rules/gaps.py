"""What unread things do to a rule: where it would be quiet, or where a control's absence is not known."""

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from aisposture.graph.query import Branch, EdgeStep, NodeStep, NodeTest, Path, Query, steps
from aisposture.model.attributes import REFS
from aisposture.model.graph import EdgeKind, Label
from aisposture.model.ids import account_node
from aisposture.model.inventory import Inventory
from aisposture.model.resource import Gap, Resource

_EVERYWHERE = {"*", "global"}


class Gaps:
    """The Gaps of an inventory, as rules meet them."""

    def __init__(self, inventory: Inventory, labels_of_kind: Mapping[str, frozenset[Label]]) -> None:
        self._inventory = inventory
        self._labels = labels_of_kind
        self._kinds: list[tuple[int, Gap, frozenset[str]]] = []
        self._edges: list[tuple[int, Gap, frozenset[tuple[EdgeKind, bool]]]] = []
        for index, gap in enumerate(inventory.gaps):
            kinds = frozenset(one for one in gap.hides if one in labels_of_kind)
            if kinds:
                self._kinds.append((index, gap, kinds))
            edges = frozenset(_edges(gap))
            if edges:
                self._edges.append((index, gap, edges))

    def _kinds_of(self, gap: Gap) -> frozenset[str]:
        """The kinds of resource whose fields ``gap`` hides."""
        if gap.resource is not None:
            found = self._inventory.get(gap.resource)
            return frozenset({found.kind}) if found is not None else frozenset()
        return frozenset(gap.kinds)

    def _may_be(self, test: NodeTest, kind: str) -> bool:
        """Whether a resource of ``kind`` could pass ``test``, as far as labels and kinds say."""
        labels = self._labels.get(kind, frozenset())
        asked = bool(test.labels or test.kinds)
        return asked and test.fits_kind(kind) and (not test.labels or bool(labels & set(test.labels)))

    def hiding(self, query: Query) -> tuple[int, ...]:
        """The Gaps because of which ``query`` could have more answers than were found."""
        paths = [query.path, *(branch.path for branch in query.branches if not branch.negated)]
        parts = [step for path in paths for step in steps(path)]
        tests = [step.test for step in parts if isinstance(step, NodeStep)]
        hops = {(kind, step.back) for step in parts if isinstance(step, EdgeStep) for kind in step.kinds}
        wanted = {kind for kind, _ in hops}
        found = {
            index
            for index, _, kinds in self._kinds
            if any(self._may_be(test, kind) for test in tests for kind in kinds)
        }
        for index, gap, edges in self._edges:
            meant = self._kinds_of(gap)
            near = any(self._may_be(test, kind) for test in tests for kind in meant)
            if near and wanted & {kind for kind, _ in edges}:
                found.add(index)
        return tuple(sorted(found))

    def blinded(self, query: Query) -> Query:
        """``query`` with each negated branch told at which nodes a Gap keeps its absence from being known."""
        if not (self._kinds or self._edges):
            return query
        branches = tuple(
            replace(branch, blind=tuple(sorted(set(self._blind(branch))))) if branch.negated else branch
            for branch in query.branches
        )
        return replace(query, branches=branches)

    def _blind(self, branch: Branch) -> Iterator[str]:
        first = _first_hops(branch.path)
        tests = [step.test for step in steps(branch.path) if isinstance(step, NodeStep)]
        for _, gap, edges in self._edges:
            if first & edges:
                yield from self._concerned(gap)
        if first <= _BY_REF:
            return  # the node itself says to whom it points
        for _, gap, kinds in self._kinds:
            if any(self._may_be(test, kind) for test in tests for kind in kinds):
                yield account_node(gap.account)
                yield from (one.id for one in self._inventory.resources if _inside(one, gap))

    def _concerned(self, gap: Gap) -> Iterator[str]:
        if gap.resource is not None:
            yield self._inventory.resolve(gap.resource)
            return
        yield from (
            one.id for one in self._inventory.resources if one.kind in gap.kinds and _inside(one, gap)
        )

    def about(self, resources: set[str]) -> tuple[int, ...]:
        """The Gaps that hide a field of one of ``resources``."""
        found = []
        for index, gap in enumerate(self._inventory.gaps):
            if gap.resource is not None:
                concerned = self._inventory.resolve(gap.resource) in resources
            else:
                kinds = set(gap.kinds)
                some = (self._inventory.get(one) for one in sorted(resources))
                concerned = any(one is not None and one.kind in kinds and _inside(one, gap) for one in some)
            if concerned:
                found.append(index)
        return tuple(found)

    def places(self, indexes: tuple[int, ...]) -> set[str]:
        """Where these Gaps are: the resource each concerns, else the node of its account."""
        gaps = (self._inventory.gaps[index] for index in indexes)
        return {
            self._inventory.resolve(gap.resource) if gap.resource else account_node(gap.account)
            for gap in gaps
        }


_BY_REF = frozenset((ref.edge, ref.back) for ref in REFS.values() if ref.edge is not None)
"""Hops that a resource's own refs tell, in the direction in which they leave it."""


_FIELDS: dict[str, tuple[tuple[EdgeKind, bool], ...]] = {
    "refs.runs_as": ((EdgeKind.ACTS_AS, False), (EdgeKind.STEALS_VIA_IMDS, False)),
    "refs.executed_by": ((EdgeKind.ACTS_AS, False),),
    "refs.version_of": ((EdgeKind.FRONTS, False),),
    "refs.configures": ((EdgeKind.FRONTS, False), (EdgeKind.DELEGATES_TO, False), (EdgeKind.FEEDS, True)),
    "refs.sends_to": ((EdgeKind.TRIGGERS, False), (EdgeKind.FEEDS, False)),
    "refs.triggered_by": ((EdgeKind.FEEDS, True),),
    "sightings": ((EdgeKind.CONTAINS_SECRET, False),),
    "policies.trust": ((EdgeKind.CAN_ASSUME, True), (EdgeKind.FEDERATES, True)),
}
"""Hops that builders draw from a field beyond what the table of refs says, as seen from the resource that has the field."""


def _edges(gap: Gap) -> Iterator[tuple[EdgeKind, bool]]:
    """The hops that a Gap hides, as seen from the resource whose fields are unread."""
    for hidden in gap.hides:
        for name, ref in REFS.items():
            if ref.edge is not None and hidden in {"refs", f"refs.{name}"}:
                yield ref.edge, ref.back
        for field, hops in _FIELDS.items():
            if field == hidden or field.startswith(f"{hidden}."):
                yield from hops


def _first_hops(path: Path) -> frozenset[tuple[EdgeKind, bool]]:
    for step in steps(path):
        if isinstance(step, EdgeStep):
            return frozenset((kind, step.back) for kind in step.kinds)
    return frozenset()


def _inside(resource: Resource, gap: Gap) -> bool:
    return resource.account == gap.account and (gap.region in _EVERYWHERE or resource.region == gap.region)
