"""What all builders of the graph share: the inventory with its classes, edges gathered once each, evidence that names fields."""

from collections.abc import Mapping
from typing import Any

from aisposture.classify import GRADE_STATE, Classification
from aisposture.model import ids
from aisposture.model.graph import EdgeKind, EdgeRow, EvidenceRef, Label, State
from aisposture.model.inventory import Inventory
from aisposture.model.resource import Resource

Value = str | int | float | bool


class Draft:
    """A graph in the making: edges by source, target and kind; of equal ones the surest is kept, evidence of the others added.

    Attributes:
        stubs: nodes that no resource describes: id -> labels.
        names: their names for people, where the id is not enough.
        roles: labels that a resource has by what others use it for: id -> labels.
    """

    def __init__(
        self, inventory: Inventory, classification: Classification, params: Mapping[str, Any]
    ) -> None:
        self.inventory = inventory
        self.classification = classification
        self.params = params
        self.stubs: dict[str, tuple[Label, ...]] = {}
        self.names: dict[str, str] = {}
        self.roles: dict[str, set[Label]] = {}
        self.edges: dict[tuple[str, str, EdgeKind, tuple[tuple[str, Value], ...]], EdgeRow] = {}

    def labels(self, resource: Resource) -> frozenset[Label]:
        """Labels of the collector and of the classifier, and those by use."""
        return frozenset(
            (
                *resource.labels,
                *self.classification.labels.get(resource.id, ()),
                *self.roles.get(resource.id, ()),
            )
        )

    def classified(self, resource: Resource, name: str) -> tuple[Any, State] | None:
        """A derived attribute with its state, or None where none was derived."""
        values = self.classification.attrs.get(resource.id, {})
        if name not in values:
            return None
        return values[name], GRADE_STATE[self.classification.grades[resource.id, name]]

    def agent_state(self, resource: Resource) -> State:
        """How sure it is that ``resource`` is an agent."""
        if Label.AGENT in resource.labels:
            return State.CONFIRMED
        return State.POSSIBLE if Label.AGENT in self.labels(resource) else State.FALSE

    def hidden(self, resource: Resource, field: str) -> bool:
        """Whether a Gap hides ``field``."""
        return self.inventory.hidden(resource, field) is not None

    def external(self, account: str | None) -> bool:
        """Whether ``account`` is a real account outside the scope of the scan."""
        return bool(account) and account not in self.inventory.accounts and account != "aws"

    def node_of(self, target: str) -> str | None:
        """The node a ref or cover means: a resource, a class, scope or sink node, an outside account's node; None for the unknown."""
        found = self.inventory.resolve(target)
        if found in self.inventory.by_id or found in ids.CLASSES or ids.parse_sink(found) is not None:
            return found
        account = ids.account_of(found)
        if found.startswith(("account:", "org:", "region:")):
            if found.startswith("account:") and self.external(account):
                self.stub(found, Label.EXT_ACCOUNT)
            return found
        if account is not None and self.external(account):
            node = ids.account_node(account)
            self.stub(node, Label.EXT_ACCOUNT)
            return node
        return None

    def actor(self, principal: str) -> str:
        """The node of a principal of a policy: as ``node_of``, and a node of its own where nothing is known of it."""
        found = self.inventory.resolve(principal)
        account = ids.account_of(found)
        parts = ids.parse_arn(found)
        if found in self.inventory.by_id or found in ids.CLASSES or found.startswith(("account:", "org:")):
            return self.node_of(found) or found
        if ids.parse_sink(found) is not None:
            return self.stub(found, Label.SINK)
        if parts is not None and parts.resource == "root" and account is not None:
            return self.node_of(ids.account_node(account)) or found
        if parts is not None and self.external(account):
            return self.stub(found, Label.EXT_ACCOUNT)
        return self.stub(found, Label.IDENTITY) if not found.startswith("service:") else self.stub(found)

    def stub(self, node: str, *labels: Label, name: str = "") -> str:
        """Describes a node that no resource stands for; returns its id."""
        self.stubs[node] = tuple(sorted({*self.stubs.get(node, ()), *labels}))
        if name:
            self.names[node] = name
        return node

    def identities(self, resource: Resource) -> tuple[Resource, ...]:
        """The identities that ``resource`` runs as, as far as they were read."""
        found = (self.inventory.get(target) for target in resource.targets("runs_as"))
        return tuple(one for one in found if one is not None and Label.IDENTITY in one.labels)

    def add(
        self,
        source: str,
        kind: EdgeKind,
        target: str,
        *evidence: EvidenceRef,
        state: State = State.CONFIRMED,
        attrs: Mapping[str, Value] | None = None,
        because: str = "",
    ) -> None:
        """Adds an edge.

        Args:
            source: id of its source.
            kind: of the edge.
            target: id of its target.
            evidence: what shows it.
            state: FALSE adds nothing.
            attrs: edge attributes.
            because: the open condition, where the state is POSSIBLE.
        """
        self.row(
            EdgeRow(
                source=source,
                target=target,
                kind=kind,
                state=state,
                attrs=tuple(sorted((attrs or {}).items())),
                conditions=(because,) if because and state is State.POSSIBLE else (),
                evidence=evidence,
            )
        )

    def row(self, edge: EdgeRow) -> None:
        """Adds an edge as its producer described it."""
        if edge.state is State.FALSE or edge.source == edge.target:
            return
        key = (edge.source, edge.target, edge.kind, edge.attrs)
        old = self.edges.get(key)
        if old is None:
            self.edges[key] = edge
        elif old.state == edge.state:
            merged = tuple(dict.fromkeys((*old.evidence, *edge.evidence)))
            self.edges[key] = EdgeRow(
                source=old.source,
                target=old.target,
                kind=old.kind,
                state=old.state,
                attrs=old.attrs,
                conditions=old.conditions if len(old.conditions) <= len(edge.conditions) else edge.conditions,
                evidence=merged,
            )
        elif old.state < edge.state:
            self.edges[key] = edge


def ref(resource: Resource, name: str, note: str = "") -> EvidenceRef:
    """Evidence: the ref ``name`` of ``resource``."""
    return EvidenceRef(resource=resource.id, field=f"refs.{name}", note=note)


def attr(resource: Resource, name: str, note: str = "") -> EvidenceRef:
    """Evidence: the attribute ``name`` of ``resource``."""
    return EvidenceRef(resource=resource.id, field=f"attrs.{name}", note=note)
