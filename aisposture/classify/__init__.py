"""What things are: data sensitivity, agents and tools, environment and owner."""

from collections import defaultdict
from typing import Any

from aisposture.classify import agents, ownership, stores, tools
from aisposture.classify.sensitivity import HOLDS_DATA, purposes, sensitivity
from aisposture.classify.verdict import GRADE_STATE, Classification, Verdict
from aisposture.model.graph import EvidenceRef, Label
from aisposture.model.inventory import Inventory
from aisposture.model.resource import Resource

__all__ = ["GRADE_STATE", "Classification", "classify"]

_CLASS_GRADE = {"declared_agent": "E3", "probable_agent": "E2"}


def classify(inventory: Inventory) -> Classification:
    """Labels and derived attributes of everything in ``inventory``, each with its grade and evidence."""
    labels: dict[str, tuple[Label, ...]] = {}
    attrs: dict[str, dict[str, Any]] = defaultdict(dict)
    grades: dict[tuple[str, str], str] = {}
    evidence: dict[tuple[str, str], tuple[EvidenceRef, ...]] = {}
    used_for = purposes(inventory)
    around = agents.setting(inventory)

    def say(resource: Resource, name: str, verdict: Verdict | None) -> None:
        if verdict is not None:
            attrs[resource.id][name] = verdict.value
            grades[resource.id, name] = verdict.grade
            evidence[resource.id, name] = verdict.evidence

    for resource in inventory.resources:
        has = set(resource.labels)
        say(resource, "owner", ownership.owner(inventory, resource))
        say(resource, "environment", ownership.environment(inventory, resource))
        if has & HOLDS_DATA:
            say(resource, "sensitivity", sensitivity(inventory, resource, used_for.get(resource.id)))
        say(resource, "tls_only", stores.tls_only(inventory, resource))
        say(resource, "credential_name", stores.credential_name(resource))
        if Label.TOOL in has:
            say(resource, "openness", tools.openness(inventory, resource))
            say(resource, "impact", tools.impact(inventory, resource))
        if has & agents.CANDIDATES or Label.AGENT in has:
            found = agents.recognise(inventory, resource, around)
            say(resource, "agent_class", _agent_class(resource, found))
            if found.agent_class == "probable_agent":
                labels[resource.id] = (Label.AGENT,)
                say(resource, "openness", Verdict(value="unknown", grade="E2"))
    return Classification(labels=labels, attrs=dict(attrs), grades=grades, evidence=evidence)


def _agent_class(resource: Resource, found: agents.Recognition) -> Verdict | None:
    if found.agent_class is None:
        return None
    refs = tuple(signal.evidence for signal in found.signals)
    own = EvidenceRef(resource=resource.id, field="id", note=found.agent_class)
    return Verdict(
        value=found.agent_class, grade=_CLASS_GRADE.get(found.agent_class, "E1"), evidence=refs or (own,)
    )
