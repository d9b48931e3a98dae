"""Edges that refs draw by the table ``REFS``, and what of them means more than the table says."""

from aisposture.graph.drafting import Draft, attr, ref
from aisposture.graph.holdings import Holdings
from aisposture.model import ids
from aisposture.model.attributes import REFS
from aisposture.model.graph import EdgeKind, EvidenceRef, Label, State
from aisposture.model.resource import Ref, Resource

ELSEWHERE = frozenset({"runs_as", "executed_by", "uses_tool", "gated_by", "authenticates_as"})
"""Refs whose edges depend on more than the ref: drawn by the builders of agents and of secrets."""

STARTED = frozenset({Label.WORKLOAD, Label.AGENT, Label.ORCHESTRATOR, Label.PIPELINE})

_STUBS = {
    "s3": Label.DATA_STORE,
    "dynamodb": Label.DATA_STORE,
    "rds": Label.DATA_STORE,
    "kinesis": Label.CHANNEL,
    "sqs": Label.CHANNEL,
    "sns": Label.CHANNEL,
    "events": Label.CHANNEL,
    "kafka": Label.CHANNEL,
    "mq": Label.CHANNEL,
    "scheduler": Label.CHANNEL,
}
"""What a source is that was named but not read, by the service of its ARN."""

BY_USE = {"logs_to": Label.LOG_SINK, "bounded_by": Label.BOUNDARY}
"""What a resource is as well, because such a ref points at it."""

UNSEEN_CONTROLS = {
    "guarded_by": Label.GUARDRAIL,
    "gated_by": Label.APPROVAL,
    "logs_to": Label.LOG_SINK,
    "bounded_by": Label.BOUNDARY,
    "encrypted_with": Label.KEY,
    "protected_by": Label.EGRESS_CONTROL,
}
"""Controls that may be there where a Gap hides the ref: an unseen edge to a node of this label keeps ``unless`` honest."""


def build(draft: Draft, holdings: Holdings) -> None:
    """Draws the edges of all refs but those of ``ELSEWHERE``."""
    suspects = {gap.resource for gap in draft.inventory.gaps if gap.resource is not None}
    suspects_by_kind = {kind for gap in draft.inventory.gaps for kind in gap.kinds}
    for resource in draft.inventory.resources:
        for one in resource.refs:
            if one.name in REFS and one.name not in ELSEWHERE:
                _draw(draft, holdings, resource, one)
        if resource.attrs.get("source_type") is not None:
            _content(draft, resource)
        if resource.id in suspects or resource.kind in suspects_by_kind:
            _unseen(draft, resource)


def _draw(draft: Draft, holdings: Holdings, resource: Resource, one: Ref) -> None:
    match one.name:
        case "configures":
            _configured(draft, holdings, resource, one)
        case "fed_by":
            _fed(draft, resource, one)
        case "triggered_by":
            _started(draft, _source(draft, one.target), resource, ref(resource, one.name))
        case "version_of":
            target = draft.node_of(one.target)
            if target is not None and resource.attrs.get("enabled") is not False:
                draft.add(resource.id, EdgeKind.FRONTS, target, ref(resource, one.name))
        case _:
            _plain(draft, resource, one)


def _plain(draft: Draft, resource: Resource, one: Ref) -> None:
    meaning, target = REFS[one.name], draft.node_of(one.target)
    if target is None and one.name == "uses_model":
        target = draft.stub(one.target, Label.MODEL, name=one.target.rpartition("/")[2])
    if target is None and one.name == "sends_to":
        target = _source(draft, one.target)
    if meaning.edge is None or target is None:
        return
    if one.name in BY_USE and target in draft.inventory.by_id:
        draft.roles.setdefault(target, set()).add(BY_USE[one.name])
    started = draft.inventory.by_id.get(target)
    if one.name == "sends_to" and started is not None and STARTED & draft.labels(started):
        _started(draft, resource.id, started, ref(resource, one.name))
    elif meaning.back:
        draft.add(target, meaning.edge, resource.id, ref(resource, one.name))
    else:
        draft.add(resource.id, meaning.edge, target, ref(resource, one.name))


def _source(draft: Draft, target: str) -> str | None:
    """A source of content or events; one that was named but not read is a node whose writers nobody knows."""
    found = draft.inventory.resolve(target)
    if found in draft.inventory.by_id or found in ids.CLASSES:
        return found
    parts = ids.parse_arn(found)
    label = _STUBS.get(parts.service) if parts is not None else None
    return draft.stub(found, label) if label is not None else None


def _started(draft: Draft, source: str | None, started: Resource, *evidence: EvidenceRef) -> None:
    """``source`` starts a workload; what starts an agent is also text that it reads."""
    if source is None:
        return
    draft.add(source, EdgeKind.TRIGGERS, started.id, *evidence)
    draft.add(
        source,
        EdgeKind.FEEDS,
        started.id,
        *evidence,
        state=draft.agent_state(started),
        attrs={"via": "trigger"},
        because="it is an agent",
    )


def _fed(draft: Draft, resource: Resource, one: Ref) -> None:
    """Content reaches an agent or a knowledge base; a data source stands for the knowledge base it is part of."""
    source = _source(draft, one.target)
    if source is None:
        return
    origin = draft.inventory.by_id.get(source)
    via = "retrieval" if origin is not None and Label.KNOWLEDGE in origin.labels else "knowledge"
    for target in _fed_things(draft, resource):
        draft.add(source, EdgeKind.FEEDS, target, ref(resource, one.name), attrs={"via": via})


def _fed_things(draft: Draft, resource: Resource) -> tuple[str, ...]:
    if Label.KNOWLEDGE in resource.labels or Label.AGENT in draft.labels(resource):
        return (resource.id,)
    parents = (draft.inventory.get(target) for target in resource.targets("part_of"))
    bases = tuple(parent.id for parent in parents if parent is not None and Label.KNOWLEDGE in parent.labels)
    return bases or (resource.id,)


def _content(draft: Draft, resource: Resource) -> None:
    """A content source that is no resource of the cloud: crawled pages, or a collaboration tool whose writers nobody knows."""
    word = str(resource.attrs["source_type"])
    if word in {"s3", "sql"} or any(resource.targets("fed_by")):
        return
    label = Label.WEB_CONTENT if word == "web" else Label.CHANNEL
    content = draft.stub(
        ids.child(resource.id, "content", word), label, name=f"{word} content of {resource.name}"
    )
    evidence = attr(resource, "source_type", word)
    for target in _fed_things(draft, resource):
        draft.add(content, EdgeKind.FEEDS, target, evidence, attrs={"via": "knowledge"})
    if word == "web":
        draft.add(
            ids.EXT_AUTHOR,
            EdgeKind.AUTHORS,
            content,
            evidence,
            state=State.POSSIBLE,
            because="outsiders can write on the crawled pages",
        )


def _configured(draft: Draft, holdings: Holdings, resource: Resource, one: Ref) -> None:
    """Configuration that names an agent: the workload passes its callers on; certain where it may also call the agent."""
    found = draft.inventory.get(one.target)
    if found is None:
        return
    agents = [found, *(agent for t in found.targets("version_of") if (agent := draft.inventory.get(t)))]
    for agent in agents:
        if Label.AGENT not in draft.labels(agent) or agent.id == resource.id:
            continue
        calls = max(
            (
                holdings.state(identity.id, EdgeKind.CAN_INVOKE, callee.id)
                for identity in draft.identities(resource)
                for callee in agents
            ),
            default=State.FALSE,
        )
        own = draft.agent_state(resource)
        draft.add(
            resource.id,
            EdgeKind.DELEGATES_TO if own is not State.FALSE else EdgeKind.FRONTS,
            agent.id,
            ref(resource, one.name, "its configuration names the agent"),
            state=State.CONFIRMED
            if calls is State.CONFIRMED and own is not State.POSSIBLE
            else State.POSSIBLE,
            because="it calls the agent that its configuration names",
        )
    if Label.KNOWLEDGE in found.labels:
        draft.add(
            found.id,
            EdgeKind.FEEDS,
            resource.id,
            ref(resource, one.name),
            state=min(draft.agent_state(resource), State.POSSIBLE),
            attrs={"via": "retrieval"},
            because="it retrieves from the knowledge base that its configuration names",
        )


def _unseen(draft: Draft, resource: Resource) -> None:
    for name, label in UNSEEN_CONTROLS.items():
        edge = REFS[name].edge
        if edge is not None and draft.hidden(resource, f"refs.{name}"):
            node = draft.stub(ids.child(resource.id, "unseen", name), label, name=f"unread {name}")
            draft.add(resource.id, edge, node, ref(resource, name, "not read"), state=State.UNSEEN)
