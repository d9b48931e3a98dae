"""The statements of a policy document, read tolerantly: what does not parse has none."""

from collections.abc import Iterator
from typing import Any

import msgspec

from aisposture.model.resource import Policy


def statements(policy: Policy) -> Iterator[tuple[int, dict[str, Any]]]:
    """The statements of ``policy`` with their places."""
    try:
        parsed = msgspec.json.decode(policy.document)
    except (msgspec.DecodeError, RecursionError):
        return
    found = parsed.get("Statement") if isinstance(parsed, dict) else None
    for index, statement in enumerate(listed(found)):
        if isinstance(statement, dict):
            yield index, statement


def listed(value: Any) -> list[Any]:
    """``value`` as a list: nothing is none, one is one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
