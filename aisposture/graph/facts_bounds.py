"""Whether a layer above an identity's policies keeps it from IAM and keys, and the environment things belong to."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from aisposture.graph.columns import Graph
from aisposture.graph.facts_values import Cells, targets
from aisposture.model.graph import EdgeKind, Label, State
from aisposture.model.inventory import Inventory
from aisposture.model.resource import Policy, PolicyRole, Resource

FORBIDDEN = (
    "iam:putrolepolicy",
    "iam:attachrolepolicy",
    "iam:putuserpolicy",
    "iam:attachuserpolicy",
    "iam:createaccesskey",
    "iam:createpolicyversion",
    "iam:updateassumerolepolicy",
    "kms:putkeypolicy",
    "kms:schedulekeydeletion",
)
"""What a bounded identity cannot do, whatever its own policies say."""


def bounded(graph: Graph, inventory: Inventory) -> Cells:
    """``bounded`` of every identity that was read."""
    cells: dict[int, tuple[Any, State]] = {}
    organisational = {account: _denied_above(inventory, account) for account in inventory.accounts}
    for node in graph.labelled(Label.IDENTITY).tolist():
        identity = inventory.by_id.get(graph.ids[node])
        if identity is None:
            continue
        denied = organisational.get(identity.account, frozenset())
        left, read = _inside_boundary(inventory, identity)
        if left <= denied:
            cells[node] = (True, State.CONFIRMED)
        elif read:
            cells[node] = (False, State.CONFIRMED)
        else:
            cells[node] = (None, State.UNSEEN)
    return {"bounded": cells}


def _inside_boundary(inventory: Inventory, identity: Resource) -> tuple[set[str], bool]:
    """Actions of ``FORBIDDEN`` that the boundary of ``identity`` leaves open, and whether it was read."""
    left = set(FORBIDDEN)
    read = inventory.hidden(identity, "refs.bounded_by") is None
    for target in identity.targets("bounded_by"):
        boundary = inventory.get(target)
        documents = list(boundary.documents(PolicyRole.IDENTITY)) if boundary is not None else []
        if not documents:
            read = False
        else:
            left = {action for action in left if any(_allows(document, action) for document in documents)}
    return left, read


def _denied_above(inventory: Inventory, account: str) -> frozenset[str]:
    """Actions of ``FORBIDDEN`` that an organisation's policies deny to everyone in ``account``."""
    denied: set[str] = set()
    seen: set[str] = set()
    pending = [
        one.id
        for one in inventory.resources
        if one.account == account and one.kind.endswith(".account") and any(one.targets("parent"))
    ]
    while pending:
        current = pending.pop()
        found = inventory.get(current)
        if found is None or found.id in seen:
            continue
        seen.add(found.id)
        pending.extend(found.targets("parent"))
        for target in found.targets("has_policy"):
            policy = inventory.get(target)
            for document in policy.documents(PolicyRole.SCP) if policy is not None else ():
                denied.update(action for action in FORBIDDEN if _denies(document, action))
    return frozenset(denied)


def _allows(policy: Policy, action: str) -> bool:
    allowed = any(_names(one, action) for one in _statements(policy, "Allow"))
    return allowed and not _denies(policy, action)


def _denies(policy: Policy, action: str) -> bool:
    return any(
        _names(one, action) and not one.get("Condition") and "*" in _listed(one.get("Resource", "*"))
        for one in _statements(policy, "Deny")
    )


def _names(statement: dict[str, Any], action: str) -> bool:
    key = "NotAction" if "NotAction" in statement else "Action"
    hit = any(
        fnmatchcase(action, str(pattern).lower().replace("[", "[[]"))
        for pattern in _listed(statement.get(key))
    )
    return hit != (key == "NotAction")


def _statements(policy: Policy, effect: str) -> Iterator[dict[str, Any]]:
    try:
        parsed = msgspec.json.decode(policy.document)
    except (msgspec.DecodeError, RecursionError):
        return
    for one in _listed(parsed.get("Statement") if isinstance(parsed, dict) else None):
        if isinstance(one, dict) and one.get("Effect") == effect:
            yield one


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


UNKNOWN = "unknown"

_NEIGHBOURS = (
    (EdgeKind.FRONTS, False),
    (EdgeKind.USES_TOOL, True),
    (EdgeKind.FEEDS, False),
    (EdgeKind.RUNS_AS, True),
    (EdgeKind.ACTS_AS, True),
    (EdgeKind.CONTAINS, True),
)
"""From whom a node without an environment takes one, in this order."""


def environments(graph: Graph, inventory: Inventory) -> Cells:
    """``environment`` of resources that say nothing themselves: that of what they serve, at any distance, else unknown."""
    given = graph.props.get("environment")
    said = {node: value for node, value, _ in given.items() if value} if given is not None else {}
    said = {node: value for node, value in said.items() if value != UNKNOWN}
    silent = [
        node for name in inventory.by_id if (node := graph.number.get(name)) is not None and node not in said
    ]
    cells: dict[int, tuple[Any, State]] = {}
    while True:
        found = {node: value for node in silent if (value := _around(graph, node, said)) is not None}
        if not found:
            break
        said.update(found)
        cells.update({node: (value, State.POSSIBLE) for node, value in found.items()})
        silent = [node for node in silent if node not in found]
    cells.update(dict.fromkeys(silent, (UNKNOWN, State.CONFIRMED)))
    return {"environment": cells}


def _around(graph: Graph, node: int, said: dict[int, Any]) -> Any | None:
    """The environment that the nearest neighbours agree on, or None."""
    for kind, back in _NEIGHBOURS:
        found = {said[other] for other, _ in targets(graph, node, kind, back=back) if other in said}
        if len(found) == 1:
            return found.pop()
    return None
