"""What a person can read again to check a hop: references into the inventory, resolved to calls and statements."""

import json
from collections.abc import Iterable
from functools import cached_property

from aisposture.model.finding import Evidence
from aisposture.model.graph import EvidenceRef
from aisposture.model.inventory import Inventory
from aisposture.model.resource import CallRecord, Policy, Source

MAX_STATEMENT = 4_000
"""Characters of a policy statement that are shown; longer ones end in an ellipsis."""


class EvidenceBook:
    """Resolves references of one inventory."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory

    @cached_property
    def _no_call(self) -> CallRecord:
        return CallRecord(operation="", parameters="", account="", region="", seen_at="")

    def resolve(self, refs: Iterable[EvidenceRef]) -> tuple[Evidence, ...]:
        """The evidence that ``refs`` point at, in their order, each once."""
        return tuple(dict.fromkeys(self._one(ref) for ref in refs))

    def _one(self, ref: EvidenceRef) -> Evidence:
        resource = self.inventory.get(ref.resource)
        if resource is None:
            return Evidence(resource=ref.resource, field=ref.field, note=ref.note)
        policy = next((found for found in resource.policies if f"policies.{found.id}" == ref.field), None)
        group = ref.field.partition(".")[0]
        source = (
            policy.source
            if policy is not None
            else resource.sources.get(ref.field, resource.sources.get(group))
        )
        call = self._call(source)
        return Evidence(
            resource=resource.id,
            field=ref.field,
            operation=call.operation,
            parameters=call.parameters,
            account=call.account or resource.account,
            region=call.region or resource.region,
            seen_at=call.seen_at,
            pointer=source.pointer if source is not None else "",
            statement=_statement(policy, ref.statement),
            note=ref.note,
        )

    def _call(self, source: Source | None) -> CallRecord:
        calls = self.inventory.calls
        return calls[source.call] if source is not None and source.call < len(calls) else self._no_call


def _statement(policy: Policy | None, index: int | None) -> str:
    """Statement ``index`` of a document as indented JSON, "" where there is none."""
    if policy is None or index is None:
        return ""
    try:
        document = json.loads(bytes(policy.document))
    except ValueError:
        return ""
    statements = document.get("Statement", []) if isinstance(document, dict) else []
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not 0 <= index < len(statements):
        return ""
    text = json.dumps(statements[index], indent=2, ensure_ascii=False)
    return text if len(text) <= MAX_STATEMENT else text[:MAX_STATEMENT] + " …"
