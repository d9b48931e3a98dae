"""Nothing is collected that nobody reads."""

from pathlib import Path

import pytest

import aisposture
from aisposture.collect import registry
from aisposture.collect.declare import Kind
from aisposture.model.attributes import REFS
from aisposture.pipeline import bundled_rules
from aisposture.rules.compile import all_steps
from aisposture.rules.words import NodeWords

PACKAGE = Path(aisposture.__file__).parent
READERS = ("access", "classify", "exposure", "graph")
STEPS = [
    step
    for rule in bundled_rules()
    for path in (rule.path, *(branch.path for branch in rule.branches))
    for step in all_steps(path)
    if isinstance(step, NodeWords)
]
LABELS = {label for step in STEPS for label in step.labels}
NAMED = {kind for step in STEPS for kind in step.kinds}
SOURCES = "\n".join(
    file.read_text("utf-8")
    for reader in READERS
    for pattern in ("**/*.py", "**/*.yaml")
    for file in sorted((PACKAGE / reader).glob(pattern))
)
UNREAD = {
    "aws.ec2.settings": "whether new volumes are encrypted, told in the inventory only: most regions hold no volumes",
}
"""Kinds that only people read, with the reason."""


def readers(kind: Kind) -> list[str]:
    """Who reads resources of ``kind``."""
    found = []
    if LABELS & set(kind.labels) or LABELS & {when.label for when in kind.labels_when} or kind.name in NAMED:
        found.append("a rule")
    if any(REFS[ref.name].edge is not None or f'targets("{ref.name}")' in SOURCES for ref in kind.refs):
        found.append("an edge drawn from a ref, or whoever follows the ref")
    if kind.policies:
        found.append("access")
    if kind.net is not None:
        found.append("exposure")
    if f'"{kind.name}"' in SOURCES or f"\n{kind.name}:" in SOURCES:
        found.append("by name")
    return found


@pytest.mark.parametrize("kind", registry(), ids=lambda kind: kind.name)
def test_a_kind_is_read_by_something(kind: Kind) -> None:
    assert bool(readers(kind)) is not (kind.name in UNREAD)


def test_exceptions_exist() -> None:
    assert set(UNREAD) <= {kind.name for kind in registry()}
