"""A rule as it was written: steps, branches and comparisons with their lines, before parameters are put in."""

from typing import Any

from msgspec import Struct

from aisposture.model.finding import Band
from aisposture.model.graph import EdgeKind, Label

DERIVED_KEYS = ("entry_class", "sink_class", "account")
"""Keys of ``group_by`` that are read off the first and last node of the path."""

RESOURCE = "resource"
"""The name of a posture rule's root node."""


class Param(Struct, frozen=True):
    """``param.<name>``: a value the user may set in ``aisposture.yaml``."""

    name: str


class Where(Struct, frozen=True, kw_only=True):
    """One test of one attribute; ``value`` may be or contain a ``Param``."""

    name: str
    op: str
    value: Any
    line: int


class NodeWords(Struct, frozen=True, kw_only=True, tag="node"):
    """``node``, ``kind``, ``as``, ``where``."""

    labels: tuple[Label, ...] = ()
    kinds: tuple[str, ...] = ()
    name: str = ""
    where: tuple[Where, ...] = ()
    line: int = 0


class EdgeWords(Struct, frozen=True, kw_only=True, tag="edge"):
    """``edge``, ``where``, ``times``, ``back``."""

    kinds: tuple[EdgeKind, ...]
    where: tuple[Where, ...] = ()
    low: int = 1
    high: int | None = 1
    back: bool = False
    line: int = 0


class ChoiceWords(Struct, frozen=True, kw_only=True, tag="any"):
    """``any``."""

    paths: tuple[tuple["NodeWords | EdgeWords | ChoiceWords", ...], ...]
    line: int = 0


StepWords = NodeWords | EdgeWords | ChoiceWords
PathWords = tuple[StepWords, ...]


class BranchWords(Struct, frozen=True, kw_only=True):
    """One entry of ``with`` or (negated) ``unless``."""

    source: str
    path: PathWords
    target: str = ""
    count: int | Param = 1
    negated: bool = False
    line: int = 0


class Side(Struct, frozen=True):
    """``name`` or ``name.attribute`` in a comparison."""

    node: str
    field: str = "id"


class CompareWords(Struct, frozen=True, kw_only=True):
    """One entry of ``compare``; ``right`` is a Side, a literal, a list of literals or a Param."""

    left: Side
    op: str
    right: Any
    line: int


class Fix(Struct, frozen=True, kw_only=True):
    """A way to break or weaken what the rule finds.

    Attributes:
        text: what to do, for people.
        hop: the kind of edge on the path that it changes, or None where it changes a node.
        node: name of the node that it changes, or "".
        action: word by which the fix planner knows how to patch, or "" where the hop decides.
        effect: ``cut`` or ``weaken``.
        cost: relative effort, 1 to 10; None: the cost table decides.
    """

    text: str
    hop: EdgeKind | None = None
    node: str = ""
    action: str = ""
    effect: str = "cut"
    cost: float | None = None


class Rule(Struct, frozen=True, kw_only=True):
    """One rule of one pack.

    Attributes:
        pack: name of the folder it stands in.
        family: ``path`` or ``posture``.
        severity: the worst band it may give.
        clouds: clouds it speaks of; empty for all.
        params: defaults of its parameters.
        fails: for a posture rule, tests of which any whole one makes a resource fail.
        group_by: what findings are grouped by.
        lines: line of each top field.
    """

    id: str
    file: str
    pack: str
    family: str
    title: str
    severity: Band
    why: str
    story: str = ""
    clouds: tuple[str, ...] = ()
    params: dict[str, Any] = {}
    path: PathWords = ()
    fails: tuple[tuple[Where, ...], ...] = ()
    branches: tuple[BranchWords, ...] = ()
    compare: tuple[CompareWords, ...] = ()
    group_by: tuple[str, ...] = ()
    frameworks: dict[str, tuple[str, ...]] = {}
    fixes: tuple[Fix, ...] = ()
    lines: dict[str, int] = {}
