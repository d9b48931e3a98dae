"""Agents, their tools and whose power these spend: ``acts_as`` for who steers the model, ``runs_as`` for who runs code there."""

from collections.abc import Iterator
from typing import Any

from aisposture.graph.drafting import Draft, attr, ref
from aisposture.model import ids
from aisposture.model.graph import EdgeKind, EvidenceRef, Label, State
from aisposture.model.resource import Resource

_WHY = {
    "open": "it is an agent",
    "closed": "the tool's declared operations use what this identity may do",
    "unknown": "the tool lets the model use this identity",
}
"""The open condition of an ``acts_as`` edge, by openness."""

RUNNING = frozenset({Label.WORKLOAD, Label.ORCHESTRATOR, Label.PIPELINE, Label.TEMPLATE})
"""Where code runs, or is started from, with an identity: whoever puts code there has all of it."""


def build(draft: Draft) -> None:
    """Draws ``runs_as``, ``acts_as``, ``uses_tool``, ``hosted_on`` and the approvals and guardrails that may live in code."""
    for resource in draft.inventory.resources:
        labels = draft.labels(resource)
        if labels & RUNNING:
            for identity in draft.identities(resource):
                draft.add(resource.id, EdgeKind.RUNS_AS, identity.id, ref(resource, "runs_as"))
        if Label.AGENT in labels:
            _agent(draft, resource)
        if Label.TOOL in labels and resource.attrs.get("enabled") is not False:
            _tool(draft, resource)
        for target in resource.targets("executed_by"):
            found = draft.node_of(target)
            if found is not None:
                draft.add(resource.id, EdgeKind.HOSTED_ON, found, ref(resource, "executed_by"))
        for target in resource.targets("gated_by"):
            found = draft.node_of(target)
            if found is not None:
                draft.add(resource.id, EdgeKind.GATED_BY, found, ref(resource, "gated_by"))


def tools_of(draft: Draft, agent: Resource) -> Iterator[Resource]:
    """The tools of ``agent`` that are switched on."""
    for target in agent.targets("uses_tool"):
        found = draft.inventory.get(target)
        if found is not None and found.attrs.get("enabled") is not False:
            yield found


def _acts(draft: Draft, actor: Resource, identity: Resource, openness: str, evidence: EvidenceRef) -> None:
    certain = openness == "open" and draft.agent_state(actor) is not State.POSSIBLE
    draft.add(
        actor.id,
        EdgeKind.ACTS_AS,
        identity.id,
        evidence,
        state=State.CONFIRMED if certain else State.POSSIBLE,
        attrs={"openness": openness, "takeover": "behaviour"},
        because=_WHY[openness],
    )


def _openness(draft: Draft, resource: Resource) -> str:
    found = draft.classified(resource, "openness")
    return str(found[0]) if found is not None and found[0] is not None else "unknown"


def _agent(draft: Draft, agent: Resource) -> None:
    openness = "open" if agent.attrs.get("code_interpreter") is True else _openness(draft, agent)
    for identity in draft.identities(agent):
        _acts(draft, agent, identity, openness, ref(agent, "runs_as"))
    tools = list(tools_of(draft, agent))
    for tool in tools:
        draft.add(
            agent.id,
            EdgeKind.USES_TOOL,
            tool.id,
            ref(agent, "uses_tool"),
            attrs={"gate": "confirmation" if tool.attrs.get("confirmation") == "required" else "none"},
        )
    gates = [_gate(draft, tool) for tool in tools]
    if gates and min(gates) is not State.FALSE:
        approval = draft.stub(
            ids.child(agent.id, "approval", "tools"), Label.APPROVAL, name=f"confirmation of {agent.name}"
        )
        evidence = [attr(tool, "confirmation") for tool in tools]
        draft.add(agent.id, EdgeKind.GATED_BY, approval, *evidence, state=min(gates))
    if Label.WORKLOAD in draft.labels(agent):
        _in_code(draft, agent)


def _gate(draft: Draft, tool: Resource) -> State:
    """How surely a person confirms each use of ``tool``."""
    if draft.hidden(tool, "attrs.confirmation"):
        return State.UNSEEN
    return State.CONFIRMED if tool.attrs.get("confirmation") == "required" else State.FALSE


def _tool(draft: Draft, tool: Resource) -> None:
    openness = _openness(draft, tool)
    for identity, evidence in _spends(draft, tool):
        _acts(draft, tool, identity, openness, evidence)
    gate = _gate(draft, tool)
    if gate is not State.FALSE:
        approval = draft.stub(
            ids.child(tool.id, "approval", "confirmation"),
            Label.APPROVAL,
            name=f"confirmation of {tool.name}",
        )
        draft.add(tool.id, EdgeKind.GATED_BY, approval, attr(tool, "confirmation"), state=gate)


def _spends(draft: Draft, tool: Resource) -> Iterator[tuple[Resource, EvidenceRef]]:
    """The identities whose power ``tool`` spends, by its outbound credential; its own role where none is named."""
    match tool.attrs.get("outbound"):
        case "none" | "static_key" | "user_token":
            return
        case "gateway_role":
            bearers = [
                (found, "part_of") for t in tool.targets("part_of") if (found := draft.inventory.get(t))
            ]
        case "caller":
            bearers = [(agent, "uses_tool") for agent in _users(draft, tool)]
        case _:
            executors = ((draft.inventory.get(t), "executed_by") for t in tool.targets("executed_by"))
            bearers = [(found, name) for found, name in executors if found is not None]
            bearers.append((tool, "runs_as"))
    for bearer, name in bearers:
        for identity in draft.identities(bearer):
            yield identity, ref(bearer if name == "uses_tool" else tool, name)


def _users(draft: Draft, tool: Resource) -> Iterator[Resource]:
    for resource in draft.inventory.resources:
        if tool.id in {draft.inventory.resolve(target) for target in resource.targets("uses_tool")}:
            yield resource


def _in_code(draft: Draft, agent: Resource) -> None:
    """Approval and guardrail of a self-hosted agent may live in its code: possible, until an attestation settles them."""
    for control, kind, label in (
        ("approval", EdgeKind.GATED_BY, Label.APPROVAL),
        ("guardrail", EdgeKind.PROTECTED_BY, Label.GUARDRAIL),
    ):
        attested = attestation(draft, agent, control)
        if attested is False:
            continue
        node = draft.stub(
            ids.child(agent.id, "in_code", control), label, name=f"{control} in the code of {agent.name}"
        )
        draft.add(
            agent.id,
            kind,
            node,
            EvidenceRef(
                resource=agent.id, field="id", note="attested" if attested else "may live in its code"
            ),
            state=State.CONFIRMED if attested else State.POSSIBLE,
            because=f"its code has a {control}",
        )


def attestation(draft: Draft, resource: Resource, control: str) -> bool | None:
    """What the owners say about ``control`` of ``resource``; None where they say nothing that is still valid."""
    today = draft.inventory.taken_at[:10]
    for one in draft.params.get("attestations", ()):
        if _told(one, "resource") in {resource.id, resource.name} and _told(one, "control") == control:
            until = str(_told(one, "until") or "")
            if not until or until >= today:
                return bool(_told(one, "present"))
    return None


def _told(one: Any, name: str) -> Any:
    return one.get(name) if isinstance(one, dict) else getattr(one, name, None)
