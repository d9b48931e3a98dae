"""Openness and impact of a tool, from its kind and the names of its operations."""

from itertools import pairwise

from aisposture.classify.data_files import load
from aisposture.classify.verdict import Verdict
from aisposture.classify.words import words
from aisposture.model.graph import EvidenceRef
from aisposture.model.inventory import Inventory
from aisposture.model.resource import Resource

_ORDER = ("low", "medium", "high")


def operation_impact(operation: str) -> str:
    """What one operation can do at worst, by its first verb; a change to a delicate object is high, no verb at all medium.

    ``DELETE /orders/{id}`` counts by its method.
    """
    table = load("tools")
    spelled = words(operation)
    method = operation.split(" ", 1)[0].lower()
    if "/" in operation and method in table["methods"]:
        level = str(table["methods"][method])
    else:
        by_verb = {verb: level for level, verbs in table["verbs"].items() for verb in verbs}
        level = next((by_verb[word] for word in spelled if word in by_verb), "medium")
    joined = {*spelled, *("".join(pair) for pair in pairwise(spelled))}
    if level == "medium" and joined.intersection(table["high_objects"]):
        return "high"
    return level


def is_open_operation(operation: str) -> bool:
    """Whether the name says that the model chooses code, query or address."""
    spelled = set(words(operation))
    return any(spelled.issuperset(entry) for entry in load("tools")["open_operations"])


def openness(inventory: Inventory, tool: Resource) -> Verdict:
    """Whether the model chooses what the tool does, or only among declared operations."""
    table = load("tools")
    kind = tool.attrs.get("tool_kind")
    if kind in table["open_kinds"]:
        return Verdict(value="open", grade="E3", evidence=_own(tool, "attrs.tool_kind", str(kind)))
    if kind in table["closed_kinds"]:
        return Verdict(value="closed", grade="E3", evidence=_own(tool, "attrs.tool_kind", str(kind)))
    operations = [str(name) for name in tool.attrs.get("operations") or ()]
    if inventory.hidden(tool, "attrs.operations") is not None or not operations:
        return Verdict(value="unknown", grade="E3", evidence=_own(tool, "attrs.operations", "not known"))
    opened = next((name for name in operations if is_open_operation(name)), None)
    if opened is not None:
        return Verdict(value="open", grade="E1", evidence=_own(tool, "attrs.operations", opened))
    return Verdict(value="closed", grade="E3", evidence=_own(tool, "attrs.operations", "declared"))


def impact(inventory: Inventory, tool: Resource) -> Verdict:
    """The worst that any operation can do."""
    kind = str(tool.attrs.get("tool_kind"))
    by_kind: dict[str, str] = load("tools")["kind_impact"]
    operations = [str(name) for name in tool.attrs.get("operations") or ()]
    if kind in by_kind and not operations:
        return Verdict(value=by_kind[kind], grade="E3", evidence=_own(tool, "attrs.tool_kind", kind))
    if inventory.hidden(tool, "attrs.operations") is not None:
        return Verdict(value=None, grade="E0")
    if not operations:
        return Verdict(
            value="medium", grade="E1", evidence=_own(tool, "attrs.operations", "operations not known")
        )
    worst = max(operations, key=lambda name: (_ORDER.index(operation_impact(name)), name))
    if is_open_operation(worst) or any(is_open_operation(name) for name in operations):
        return Verdict(value="high", grade="E1", evidence=_own(tool, "attrs.operations", "open operation"))
    return Verdict(value=operation_impact(worst), grade="E2", evidence=_own(tool, "attrs.operations", worst))


def _own(tool: Resource, field: str, note: str) -> tuple[EvidenceRef, ...]:
    return (EvidenceRef(resource=tool.id, field=field, note=note),)
