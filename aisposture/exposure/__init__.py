"""Who can reach what over the network, and why not where not."""

from collections.abc import Iterator

from msgspec import Struct

from aisposture.exposure import endpoints, lateral
from aisposture.exposure.algebra import in_words
from aisposture.exposure.fabric import ATTACHABLE, Fabric, Interface
from aisposture.exposure.internet import Reach, inbound, outbound
from aisposture.model import ids
from aisposture.model.graph import EdgeKind, EdgeRow, EvidenceRef, Label, State
from aisposture.model.inventory import Inventory
from aisposture.model.resource import Resource

OUTSIDE = "external:internet"
"""Id of the node that stands for hosts on the internet as a place to send data to."""


class Exposure(Struct, frozen=True, kw_only=True):
    """The network's answers over a whole inventory.

    Attributes:
        edges: ``exposes``, ``network_reach`` and ``egress_to`` rows, sorted.
        explanations: resource id -> why it is exposed, or why not, layer by layer.
    """

    edges: tuple[EdgeRow, ...] = ()
    explanations: dict[str, tuple[str, ...]] = {}


def evaluate(inventory: Inventory) -> Exposure:
    """Who reaches what, judged on the neutral ``net`` facet and the ``auth`` and ``public`` attributes."""
    fabric = Fabric(inventory)
    rows: list[EdgeRow] = []
    explanations: dict[str, tuple[str, ...]] = {}
    interfaces: list[Interface] = []
    for resource in inventory.resources:
        if not ATTACHABLE.union(endpoints.CALLABLE) & set(resource.labels):
            continue
        mine = fabric.interfaces(resource)
        interfaces.extend(mine)
        if mine or fabric.unread(resource):
            found, why = _addressed(fabric, resource, mine)
            rows.extend(found)
            explanations[resource.id] = why
        elif _named(resource):
            verdict = endpoints.judge(inventory, resource)
            rows.extend(verdict.edges)
            explanations[resource.id] = verdict.reasons
        if Label.WORKLOAD in resource.labels:
            rows.extend(_outward(fabric, resource, mine))
    rows.extend(lateral.edges(fabric, interfaces))
    return Exposure(edges=tuple(sorted(set(rows))), explanations=explanations)


def _named(resource: Resource) -> bool:
    """Whether ``resource`` is met by name: an endpoint, or a service that says itself that it is public."""
    return Label.ENDPOINT in resource.labels or (
        "public" in resource.attrs and bool(endpoints.CALLABLE & set(resource.labels))
    )


def _addressed(
    fabric: Fabric, resource: Resource, mine: tuple[Interface, ...]
) -> tuple[tuple[EdgeRow, ...], tuple[str, ...]]:
    """The edge and the explanation of a resource that is met by address: its best interface counts."""
    reaches = [inbound(fabric, interface) for interface in mine]
    if not reaches:
        reaches = [Reach(state=State.UNSEEN, reasons=("its network settings were not read",))]
    best = max(reaches, key=lambda reach: (reach.state, not reach.restricted))
    if resource.attrs.get("public") is False:
        return (), ("not public by its own setting",)
    if best.state is State.FALSE:
        return (), ("not exposed: " + "; ".join(best.reasons),)
    auth = str(resource.attrs.get("auth") or ("none" if Label.ENDPOINT in resource.labels else "unknown"))
    row = EdgeRow(
        source=ids.INTERNET,
        target=resource.id,
        kind=EdgeKind.EXPOSES,
        state=best.state,
        attrs=(
            ("audience", str(resource.attrs.get("audience") or "anonymous")),
            ("auth", auth),
            ("ip_restricted", best.restricted),
            ("ports", in_words(best.ports)),
        ),
        conditions=best.conditions,
        evidence=best.evidence or (EvidenceRef(resource=resource.id, field="net", note="not read"),),
    )
    head = {State.CONFIRMED: "exposed", State.POSSIBLE: "exposed if", State.UNSEEN: "not known"}[best.state]
    text = f"{head}: {'; '.join((*best.conditions, *best.reasons))}"
    return (row,), (text,)


def _networked(resource: Resource) -> bool:
    """Whether ``resource`` sits in a network of its owner, of which nothing else was read."""
    return resource.attrs.get("network_mode") in {"vpc", "sandbox"} or any(resource.targets("in_subnet"))


def _outward(fabric: Fabric, resource: Resource, mine: tuple[Interface, ...]) -> Iterator[EdgeRow]:
    """The way out of a workload: through its interfaces, or, outside any network of its owner, always open."""
    if mine:
        best = max((outbound(fabric, interface) for interface in mine), key=lambda reach: reach.state)
    elif fabric.unread(resource) or _networked(resource):
        best = Reach(state=State.UNSEEN)
    else:
        best = Reach(
            state=State.CONFIRMED, evidence=(EvidenceRef(resource=resource.id, field="net", note="none"),)
        )
    if best.state is State.FALSE:
        return
    yield EdgeRow(
        source=resource.id,
        target=OUTSIDE,
        kind=EdgeKind.EGRESS_TO,
        state=best.state,
        attrs=(("ip_restricted", best.restricted), ("ports", in_words(best.ports) or "all")),
        conditions=best.conditions,
        evidence=best.evidence or (EvidenceRef(resource=resource.id, field="net", note="not read"),),
    )
