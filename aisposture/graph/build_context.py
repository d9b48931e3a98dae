"""Who answers for workloads and agents, which agents are registered, and which packet filters stand before what."""

from aisposture.classify.data_files import load
from aisposture.classify.ownership import tagged
from aisposture.graph.drafting import Draft
from aisposture.model.graph import EdgeKind, EvidenceRef, Label, State
from aisposture.model.resource import Resource

REGISTER = "register:agents"
"""Node of the register that tags and ``approved_agents`` keep."""

KEPT = frozenset({Label.WORKLOAD, Label.AGENT})
FILTERED = frozenset({Label.WORKLOAD, Label.DATA_STORE, Label.AGENT})


def build(draft: Draft) -> None:
    """Draws ``owned_by``, ``registered_in`` and ``protected_by`` from what security groups filter."""
    for resource in draft.inventory.resources:
        labels = draft.labels(resource)
        if labels & KEPT:
            _owned(draft, resource)
            _registered(draft, resource)
        if labels & FILTERED and resource.net is not None:
            _filtered(draft, resource)


def _owned(draft: Draft, resource: Resource) -> None:
    told = draft.params.get("owners") or {}
    tags = EvidenceRef(resource=resource.id, field="tags", note="owner")
    found = draft.classified(resource, "owner")
    tagged_owner = str(found[0]) if found is not None and found[0] else ""
    given = next((told[key] for key in (resource.id, tagged_owner, resource.account) if key in told), "")
    if given and tagged_owner not in told:
        tags = EvidenceRef(resource=resource.id, field="id", note="named in the scope file")
    name = str(given or tagged_owner)
    if name:
        owner = draft.stub(f"insider:{name}", Label.INSIDER, name=name)
        draft.add(resource.id, EdgeKind.OWNED_BY, owner, tags)
    elif draft.hidden(resource, "tags"):
        owner = draft.stub("insider:unread", Label.INSIDER, name="unread owner")
        draft.add(resource.id, EdgeKind.OWNED_BY, owner, tags, state=State.UNSEEN)


def _registered(draft: Draft, resource: Resource) -> None:
    known = {resource.id, resource.name} & set(draft.params.get("approved_agents") or ())
    tag = tagged(resource, tuple(load("tags")["approved"]["keys"]))
    state = (
        State.CONFIRMED if known or tag else State.UNSEEN if draft.hidden(resource, "tags") else State.FALSE
    )
    if state is not State.FALSE:
        register = draft.stub(REGISTER, name="register of agents")
        evidence = EvidenceRef(
            resource=resource.id,
            field="id" if known else "tags",
            note="approved in the scope file" if known else f"tag {tag[0]}" if tag else "not read",
        )
        draft.add(resource.id, EdgeKind.REGISTERED_IN, register, evidence, state=state)


def _filtered(draft: Draft, resource: Resource) -> None:
    """Without a public address something else may keep connections out as well."""
    evidence = EvidenceRef(resource=resource.id, field="net", note="its packet filters")
    for group in resource.net.groups if resource.net is not None else ():
        found = draft.inventory.get(group)
        if found is not None:
            draft.add(
                resource.id,
                EdgeKind.PROTECTED_BY,
                found.id,
                evidence,
                state=State.CONFIRMED if resource.net and resource.net.public_ips else State.POSSIBLE,
                because="no other filter or route keeps connections out",
            )
