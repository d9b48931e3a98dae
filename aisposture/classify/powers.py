"""What the policies of an identity allow, read coarsely: enough to tell an agent from a client, never enough for a path.

Denies, boundaries and conditions are left to ``access``; here an action that some statement allows counts.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from msgspec import Struct

from aisposture.classify.data_files import load
from aisposture.classify.statements import listed, statements
from aisposture.model.graph import EvidenceRef
from aisposture.model.inventory import Inventory
from aisposture.model.resource import Policy, PolicyRole, Resource


class Powers(Struct, frozen=True, kw_only=True):
    """Three facts about an identity.

    Attributes:
        models: it may call models or agents; the field that says so.
        delegates: it may call agents.
        writes: it may change something beyond logs, metrics and models.
        trusted_by_agents: an agent service may assume it.
    """

    models: EvidenceRef | None = None
    delegates: EvidenceRef | None = None
    writes: EvidenceRef | None = None
    trusted_by_agents: EvidenceRef | None = None

    def joined(self, other: "Powers") -> "Powers":
        """What either identity may do."""
        return Powers(
            models=self.models or other.models,
            delegates=self.delegates or other.delegates,
            writes=self.writes or other.writes,
            trusted_by_agents=self.trusted_by_agents or other.trusted_by_agents,
        )


def powers(inventory: Inventory, identity: Resource) -> Powers:
    """What the own and attached policies of ``identity`` allow."""
    table = load("agents")["permissions"]
    models = delegates = writes = None
    for bearer, policy in _documents(inventory, identity):
        for index, statement in statements(policy):
            if statement.get("Effect") != "Allow":
                continue
            ref = EvidenceRef(
                resource=bearer.id, field=f"policies.{policy.id}", statement=index, note="allows"
            )
            patterns = [str(item).lower() for item in listed(statement.get("Action"))]
            named = [pattern for pattern in patterns if pattern != "*"]
            models = models or (ref if _any_matches(named, table["models"]) else None)
            delegates = delegates or (ref if _any_matches(named, table["delegates"]) else None)
            if "NotAction" in statement or any(_writes(pattern, table) for pattern in patterns):
                writes = writes or ref
    return Powers(models=models, delegates=delegates, writes=writes, trusted_by_agents=_trusted(identity))


def _documents(inventory: Inventory, identity: Resource) -> Iterator[tuple[Resource, Policy]]:
    for policy in identity.documents(PolicyRole.INLINE, PolicyRole.IDENTITY):
        yield identity, policy
    for target in identity.targets("has_policy"):
        attached = inventory.get(target)
        if attached is not None:
            for policy in attached.documents(PolicyRole.IDENTITY):
                yield attached, policy


def _trusted(identity: Resource) -> EvidenceRef | None:
    services = set(load("agents")["agent_services"])
    for policy in identity.documents(PolicyRole.TRUST):
        for index, statement in statements(policy):
            principal = statement.get("Principal")
            if isinstance(principal, dict) and services.intersection(
                str(item) for item in listed(principal.get("Service"))
            ):
                return EvidenceRef(
                    resource=identity.id, field=f"policies.{policy.id}", statement=index, note="trusts agents"
                )
    return None


def _any_matches(patterns: list[str], actions: list[str]) -> bool:
    return any(fnmatchcase(action, pattern.replace("[", "[[]")) for pattern in patterns for action in actions)


def _writes(pattern: str, table: dict[str, Any]) -> bool:
    if pattern == "*":
        return True
    service, _, verb = pattern.partition(":")
    if service in table["plumbing_services"] or pattern in table["plumbing_actions"]:
        return False
    return bool(verb) and not any(verb.startswith(read) for read in table["read_verbs"])
