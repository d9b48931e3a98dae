"""Recognises AI agents among workloads: noisy-or over independent groups of signals, each counted once."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from math import prod
from typing import Any

from msgspec import Struct

from aisposture.classify.data_files import load
from aisposture.classify.powers import Powers, powers
from aisposture.classify.words import contains
from aisposture.model.graph import EvidenceRef, Label
from aisposture.model.inventory import Inventory
from aisposture.model.resource import PolicyRole, Resource

CANDIDATES = frozenset({Label.WORKLOAD, Label.ORCHESTRATOR})


class Signal(Struct, frozen=True, kw_only=True):
    """One thing that speaks for an agent.

    Attributes:
        group: ``credential``, ``package``, ``permission``, ``network``, ``platform`` or ``naming``; one signal per group counts.
    """

    group: str
    weight: float
    note: str
    evidence: EvidenceRef


class Recognition(Struct, frozen=True, kw_only=True):
    """The verdict on one workload.

    Attributes:
        agent_class: one of the seven classes, or None where nothing points to an agent.
        score: in [0, 1].
        signals: what spoke for it, strongest of each group first.
    """

    agent_class: str | None
    score: float = 0.0
    signals: tuple[Signal, ...] = ()


class Setting(Struct, frozen=True, kw_only=True):
    """What surrounds the workloads of an inventory: who triggers, fronts and uses them."""

    started: dict[str, EvidenceRef]
    tools_of: dict[str, EvidenceRef]


def setting(inventory: Inventory) -> Setting:
    """Workloads that something starts, and workloads that carry out an agent's tool calls."""
    started: dict[str, EvidenceRef] = {}
    tools_of: dict[str, EvidenceRef] = {}
    for resource in inventory.resources:
        for ref in resource.refs:
            evidence = EvidenceRef(resource=resource.id, field=f"refs.{ref.name}", note=ref.name)
            target = inventory.resolve(ref.target)
            if ref.name == "triggered_by":
                started.setdefault(resource.id, evidence)
            elif ref.name == "fronts" or (ref.name == "sends_to" and Label.DATA_STORE in resource.labels):
                started.setdefault(target, evidence)
            elif ref.name == "executed_by" and Label.TOOL in resource.labels:
                tools_of.setdefault(target, evidence)
    return Setting(started=started, tools_of=tools_of)


def recognise(inventory: Inventory, workload: Resource, around: Setting) -> Recognition:
    """The class of ``workload``, with the signals that led to it."""
    if Label.AGENT in workload.labels:
        return Recognition(agent_class="declared_agent", score=1.0)
    if contains(workload.name, load("agents")["false_friends"]) is not None:
        return Recognition(agent_class="false_friend")
    can = Powers()
    for identity in _identities(inventory, workload):
        can = can.joined(powers(inventory, identity))
    signals = [
        *_settings(workload),
        *_packages(workload),
        *_permissions(can),
        *_platform(workload, around, can),
    ]
    named = contains(workload.name, load("agents")["naming"]["words"])
    if named is not None:
        signals.append(
            _signal(workload, "naming", load("agents")["naming"]["weight"], f"'{named}' in its name", "id")
        )
    best = _strongest(signals)
    score = 1.0 - prod(1.0 - signal.weight for signal in best)
    return Recognition(
        agent_class=_class(workload, best, score, can, around), score=round(score, 3), signals=best
    )


def _identities(inventory: Inventory, workload: Resource) -> Iterator[Resource]:
    """Its own identity, then those whose keys stand in its configuration."""
    targets = list(workload.targets("runs_as"))
    for sighting in workload.sightings:
        key = inventory.get(sighting.public_id) if sighting.public_id is not None else None
        if key is not None:
            targets.extend(key.targets("authenticates_as"))
    for target in dict.fromkeys(targets):
        found = inventory.get(target)
        if found is not None:
            yield found


def _class(
    workload: Resource, signals: tuple[Signal, ...], score: float, can: Powers, around: Setting
) -> str | None:
    notes = {signal.group: signal for signal in signals}
    if _image_hit(workload, "model_host") is not None:
        return "model_host"
    if workload.id in around.tools_of or _image_hit(workload, "tool_host") is not None:
        return "tool_host"
    model_permission = can.models is not None
    credential = notes.get("credential")
    calls_models = model_permission or "package" in notes or credential is not None
    loops = _image_hit(workload, "agent") is not None or _framework(workload) is not None
    driven = workload.id in around.started or loops or can.delegates is not None or _invocable(workload)
    thresholds = load("agents")["thresholds"]
    if not calls_models:
        return None
    acts = can.writes is not None
    if acts and driven and score >= thresholds["probable"] and len(signals) >= 2:
        return "probable_agent"
    if score < thresholds["possible"]:
        return None
    return "possible_agent" if acts or loops else "llm_client"


def _strongest(signals: Iterable[Signal]) -> tuple[Signal, ...]:
    groups: dict[str, list[Signal]] = defaultdict(list)
    for signal in signals:
        groups[signal.group].append(signal)
    best = [max(group, key=lambda signal: (signal.weight, signal.note)) for group in groups.values()]
    return tuple(sorted(best, key=lambda signal: (-signal.weight, signal.group)))


def _signal(workload: Resource, group: str, weight: float, note: str, field: str) -> Signal:
    return Signal(
        group=group,
        weight=weight,
        note=note,
        evidence=EvidenceRef(resource=workload.id, field=field, note=note),
    )


def _named(name: str, patterns: list[str]) -> bool:
    return any(
        name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern for pattern in patterns
    )


def _variables(workload: Resource) -> list[str]:
    return [str(name).upper() for name in workload.attrs.get("environment_names") or ()]


def _framework(workload: Resource) -> str | None:
    table = load("agents")["environment"]["framework"]
    return next((name for name in _variables(workload) if _named(name, table["names"])), None)


def _settings(workload: Resource) -> Iterator[Signal]:
    for title, table in load("agents")["environment"].items():
        group = {"framework": "package", "retrieval": "network"}.get(title, "credential")
        for name in _variables(workload):
            if _named(name, table["names"]):
                yield _signal(workload, group, table["weight"], f"setting {name}", "attrs.environment_names")
    for sighting in workload.sightings:
        if any(
            word in sighting.detector for word in ("openai", "anthropic", "huggingface", "bedrock", "gemini")
        ):
            yield _signal(
                workload, "credential", 0.75, f"a {sighting.detector}", f"sightings.{sighting.field}"
            )


def _texts(workload: Resource) -> Iterator[tuple[str, str]]:
    for field in ("image", "handler"):
        value: Any = workload.attrs.get(field)
        if isinstance(value, str):
            yield f"attrs.{field}", value
    for layer in (*(workload.attrs.get("layers") or ()), *workload.targets("loads")):
        yield "attrs.layers", str(layer)


def _image_hit(workload: Resource, title: str) -> tuple[str, str] | None:
    table = load("agents")["images"][title]
    for field, text in _texts(workload):
        found = contains(text, table["words"])
        if found is not None:
            return field, found
    return None


def _packages(workload: Resource) -> Iterator[Signal]:
    for title, table in load("agents")["images"].items():
        found = _image_hit(workload, title)
        if found is not None:
            yield _signal(workload, "package", table["weight"], f"'{found[1]}' in its code", found[0])


def _permissions(can: Powers) -> Iterator[Signal]:
    weights = load("agents")["permissions"]["weights"]
    if can.models is not None:
        word = "models_and_writes" if can.writes is not None else "models"
        note = "its identity may call models" + (" and change things" if can.writes else "")
        yield Signal(group="permission", weight=weights[word], note=note, evidence=can.models)
    elif can.writes is not None:
        note = "its identity may change things"
        yield Signal(group="permission", weight=weights["writes"], note=note, evidence=can.writes)


def _platform(workload: Resource, around: Setting, can: Powers) -> Iterator[Signal]:
    weights = load("agents")["platform"]
    if can.trusted_by_agents is not None:
        yield Signal(
            group="platform",
            weight=weights["trusted_by_agents"],
            note="agent services may assume its identity",
            evidence=can.trusted_by_agents,
        )
    if workload.id in around.tools_of:
        yield Signal(
            group="platform",
            weight=weights["executes_tools"],
            note="carries out tool calls",
            evidence=around.tools_of[workload.id],
        )
    if workload.id in around.started:
        yield Signal(
            group="platform",
            weight=weights["triggered"],
            note="started by events or callers",
            evidence=around.started[workload.id],
        )


def _invocable(workload: Resource) -> bool:
    return any(workload.documents(PolicyRole.RESOURCE))
