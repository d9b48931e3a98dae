"""Where what models are told and answer is recorded: a setting of a region that holds for every agent in it."""

from aisposture.graph.drafting import Draft, attr
from aisposture.model.graph import EdgeKind, EvidenceRef, Label, State
from aisposture.model.resource import Resource

SETTINGS = ("aws.bedrock.settings",)
"""Kinds that hold a region's recording of model calls."""


def build(draft: Draft) -> None:
    """Draws ``logs_to`` from each agent on a managed model to the place where its region records model calls."""
    settings = {
        (resource.account, resource.region): resource
        for resource in draft.inventory.resources
        if "invocation_logging" in resource.attrs or resource.kind in SETTINGS
    }
    unread = {(gap.account, gap.region) for _, gap in draft.inventory.gaps_over(SETTINGS)}
    for agent in draft.inventory.resources:
        if Label.AGENT not in agent.labels or not agent.attrs.get("model"):
            continue
        found = settings.get((agent.account, agent.region))
        if found is not None:
            _logged(draft, agent, found)
        elif unread & {(agent.account, agent.region), (agent.account, "*")}:
            sink = draft.stub(
                f"unread:logging@{agent.account}/{agent.region}", Label.LOG_SINK, name="model call records"
            )
            evidence = EvidenceRef(
                resource=agent.id, field="id", note="whether its region records model calls was not read"
            )
            draft.add(agent.id, EdgeKind.LOGS_TO, sink, evidence, state=State.UNSEEN)


def _logged(draft: Draft, agent: Resource, settings: Resource) -> None:
    evidence = attr(settings, "invocation_logging")
    if draft.hidden(settings, "attrs.invocation_logging"):
        draft.add(agent.id, EdgeKind.LOGS_TO, settings.id, evidence, state=State.UNSEEN)
    elif settings.attrs.get("invocation_logging"):
        for target in settings.targets("logs_to"):
            sink = draft.node_of(target) or draft.stub(target, Label.LOG_SINK)
            draft.add(agent.id, EdgeKind.LOGS_TO, sink, evidence)
