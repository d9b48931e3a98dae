"""Queries as values: what a rule means, before any store sees it.

A path is a regular expression over hops, with tests on the nodes between them. Its **walks** may repeat nodes.

* The **state** of a walk is the least of all its hops, node tests and branches.
* The **answer** is the set of bindings of the query's key nodes; each has the best state over its walks, the cheapest walk among
  those of that state (cost: sum of -ln weight; ties: fewer hops, then lower ids read back from the end) and the number of
  distinct last nodes of such walks.
* A branch without ``target`` is a test of the node it starts from; one with ``target`` is a join of two key nodes.
"""

from collections.abc import Iterator
from enum import StrEnum
from math import log
from typing import Any

from msgspec import Struct

from aisposture.model.graph import VERBS, EdgeKind, Label, State

COST_UNIT = 1_000_000_000
"""Costs are integers (-ln weight in billionths), so that sums do not depend on their order."""


def cost_of(weight: float) -> int:
    """The cost of a hop with this likelihood factor."""
    return round(-log(weight) * COST_UNIT)


class Op(StrEnum):
    """What a store has to understand; the rule language's other operators compile to these."""

    IN = "in"
    NOT_IN = "not_in"
    GTE = "gte"
    LTE = "lte"
    EXISTS = "exists"


class AttrTest(Struct, frozen=True, kw_only=True):
    """A test of one attribute of a node or an edge.

    Attributes:
        name: attribute, ``tag.<key>``, or ``id``, ``name``, ``kind``, ``account``, ``region``, ``cloud``.
        value: a tuple for ``in`` and ``not_in``, a number for ``gte`` and ``lte``, a bool for ``exists``.
        maybe: values that stand for "could not be told": they make the test POSSIBLE.
    """

    name: str
    op: Op
    value: Any
    maybe: tuple[str, ...] = ()

    def of(self, value: Any, state: State = State.CONFIRMED) -> State:
        """How sure it is that the test holds of ``value``, which is itself as sure as ``state``; None: not set, or no such attribute."""
        if state is State.UNSEEN:
            return State.UNSEEN
        if isinstance(value, str) and value in self.maybe:
            return min(state, State.POSSIBLE)
        return state if self._holds(value) else State.FALSE

    def _holds(self, value: Any) -> bool:
        match self.op:
            case Op.EXISTS:
                return (value is not None) is self.value
            case Op.IN | Op.NOT_IN:
                values = value if isinstance(value, list | tuple) else (value,)
                return any(_same(one, other) for one in values for other in self.value) is (self.op is Op.IN)
            case _:
                if isinstance(value, bool) or not isinstance(value, int | float):
                    return False
                return bool(value >= self.value if self.op is Op.GTE else value <= self.value)


def _same(one: Any, other: Any) -> bool:
    return one == other and isinstance(one, bool) is isinstance(other, bool)


class NodeTest(Struct, frozen=True, kw_only=True):
    """A test of one node: all parts must hold; an empty part holds of every node.

    Attributes:
        labels: any of these.
        kinds: any of these; ``aws.s3.*`` stands for all kinds that begin so.
        ids: any of these, or None for every id.
    """

    labels: tuple[Label, ...] = ()
    kinds: tuple[str, ...] = ()
    ids: tuple[str, ...] | None = None
    where: tuple[AttrTest, ...] = ()

    def fits_kind(self, kind: str) -> bool:
        """Whether a node of ``kind`` passes ``kinds``."""
        return not self.kinds or any(
            kind.startswith(wanted[:-1]) if wanted.endswith("*") else kind == wanted for wanted in self.kinds
        )


class Stage(StrEnum):
    """The part of a hop that a store is asked for.

    ``EDGE`` is the edges of the hop's own kinds. A verb is also answered through Grants: ``HOLDS`` (principal to Grants of the hop's
    verbs), then either ``COVERS`` (Grant to a resource it names) or ``JOINS`` (Grant to a group) and ``GATHERS`` (group to
    resource). A group is a store's own shorthand for (scope, kinds, exclusions), so that Grants which say the same share it;
    a store without groups lets COVERS reach through the scope, minus ``excludes``, and answers the last two with nothing.
    """

    EDGE = "edge"
    HOLDS = "holds"
    COVERS = "covers"
    JOINS = "joins"
    GATHERS = "gathers"


class Hop(Struct, frozen=True, kw_only=True):
    """What ``expand`` follows from a set of nodes.

    Attributes:
        back: against the arrow.
        where: tests of the edge; through Grants, of the ``covers`` edge.
        arrive: tests of the node at the other end, all of which must hold; empty on the way into Grants and groups.
    """

    kinds: tuple[EdgeKind, ...]
    back: bool = False
    where: tuple[AttrTest, ...] = ()
    stage: Stage = Stage.EDGE
    arrive: tuple[NodeTest, ...] = ()

    @property
    def verbs(self) -> tuple[EdgeKind, ...]:
        """Those of its kinds that Grants answer."""
        return tuple(kind for kind in self.kinds if kind in VERBS)


class NodeStep(Struct, frozen=True, kw_only=True, tag="node"):
    """The walk is at a node that passes ``test``; ``name`` binds it."""

    test: NodeTest = NodeTest()
    name: str = ""


class EdgeStep(Struct, frozen=True, kw_only=True, tag="edge"):
    """``low`` to ``high`` hops, each of any of ``kinds`` and passing ``where``; ``high`` None is no limit."""

    kinds: tuple[EdgeKind, ...]
    where: tuple[AttrTest, ...] = ()
    back: bool = False
    low: int = 1
    high: int | None = 1


class ChoiceStep(Struct, frozen=True, kw_only=True, tag="choice"):
    """Any of several sub-paths."""

    paths: tuple[tuple["NodeStep | EdgeStep | ChoiceStep", ...], ...]


Step = NodeStep | EdgeStep | ChoiceStep
Path = tuple[Step, ...]


def steps(path: Path) -> Iterator[NodeStep | EdgeStep]:
    """All node and edge steps of ``path``, those of choices included, in order."""
    for step in path:
        if isinstance(step, ChoiceStep):
            for choice in step.paths:
                yield from steps(choice)
        else:
            yield step


def names(path: Path) -> tuple[str, ...]:
    """The names that ``path`` binds, in order of first use."""
    return tuple(dict.fromkeys(step.name for step in steps(path) if isinstance(step, NodeStep) and step.name))


class Branch(Struct, frozen=True, kw_only=True):
    """A side walk that must (or, negated, must not) exist.

    Attributes:
        source: name of the node of the main path at which it starts.
        target: name of the node of the main path at which it must end, or "" for any.
        count: so many distinct ends are needed.
        blind: ids of source nodes at which a Gap hides the branch's first edges: its absence there is UNSEEN, not FALSE.
    """

    source: str
    path: Path
    target: str = ""
    count: int = 1
    negated: bool = False
    blind: tuple[str, ...] = ()


FIRST, LAST = "^", "$"
"""Stand-ins for the first and last node of the main path."""


class Operand(Struct, frozen=True, kw_only=True):
    """A node of the main path (a name, ``FIRST`` or ``LAST``), or one of its attributes."""

    node: str
    field: str = "id"


class Compare(Struct, frozen=True, kw_only=True):
    """A comparison between two nodes, or a node and literals.

    Attributes:
        op: ``eq``, ``differs``, ``in``, ``not_in``, ``gte``, ``lte`` or ``stronger_than``.
        right: the other side; a tuple of literals where it is no node.
        order: for ordered classes, the values, weakest first.
    """

    left: Operand
    op: str
    right: Operand | tuple[Any, ...]
    order: tuple[str, ...] = ()

    def of(self, left: Any, right: Any) -> bool:
        """Whether it holds of two seen values; a right side that is not set is weaker than anything."""
        match self.op:
            case "eq":
                return left is not None and _same(left, right)
            case "differs":
                return not _same(left, right)
            case "in" | "not_in":
                return any(_same(left, one) for one in right) is (self.op == "in")
            case _:
                return self._ordered(left, right)

    def _ordered(self, left: Any, right: Any) -> bool:
        if self.order:
            a = self.order.index(left) if left in self.order else -1
            b = self.order.index(right) if right in self.order else -1
            if a < 0 or (b < 0 and self.op == "lte"):
                return False
        elif left is None or right is None:
            return self.op == "stronger_than" and left is not None
        else:
            a, b = left, right
        return {"gte": a >= b, "lte": a <= b, "stronger_than": a > b}[self.op]


class Key(Struct, frozen=True, kw_only=True):
    """One part of a binding: the node called ``operand.node``, or an attribute of it, under ``name``.

    Fields beside attributes: ``id``, ``account``, ``entry_class`` and ``sink_class`` (see ``graph/classes.py``).
    """

    name: str
    operand: Operand


class Query(Struct, frozen=True, kw_only=True):
    """All that a search needs.

    Attributes:
        keys: what the answer is grouped by; nodes of comparisons and joins are key nodes as well.
    """

    path: Path
    keys: tuple[Key, ...] = ()
    branches: tuple[Branch, ...] = ()
    compare: tuple[Compare, ...] = ()


class WalkEdge(Struct, frozen=True, kw_only=True, gc=False):
    """One hop of a reported walk.

    Attributes:
        source, target: node ids in the direction of the arrow.
        forward: False where the walk goes against the arrow.
        edge: index into the graph's rows (of the ``covers`` edge where the hop goes through a Grant).
        via: ids of the Grant and the scope folded into the hop.
    """

    source: str
    target: str
    kind: EdgeKind
    state: State
    weight: float
    forward: bool = True
    edge: int | None = None
    via: tuple[str, ...] = ()


class Leg(Struct, frozen=True, kw_only=True, gc=False):
    """A branch as it was found.

    Attributes:
        role: ``with`` or ``unless``.
        walk: its cheapest walk of the best state; empty where there is none (an ``unless`` that holds).
        state: of the branch's condition (after negation).
    """

    role: str
    source: str
    state: State
    walk: tuple[WalkEdge, ...] = ()


class Match(Struct, frozen=True, kw_only=True, gc=False):
    """One binding.

    Attributes:
        bindings: every name on the walk -> node id; derived keys (``entry_class`` ...) -> value.
        cost: -ln of the product of the walk's weights.
        sinks: number of distinct last nodes over the walks of this state.
        others: on request, the next cheapest walks of the same binding and state.
    """

    bindings: dict[str, str]
    state: State
    cost: float
    walk: tuple[WalkEdge, ...]
    branches: tuple[Leg, ...] = ()
    sinks: int = 1
    others: tuple[tuple[WalkEdge, ...], ...] = ()
