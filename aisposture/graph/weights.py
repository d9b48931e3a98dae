"""Weights of hops, entries and writers, from ``weights.yaml``: they order paths and measure nothing."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from msgspec import Struct, convert

from aisposture.model.graph import CONTEXT, EdgeKind, EdgeRow, State

WALKABLE: frozenset[EdgeKind] = frozenset(EdgeKind) - CONTEXT
"""Kinds of edges that a path may use; each has a weight."""

Value = str | int | float | bool


class Choice(Struct, frozen=True, forbid_unknown_fields=True):
    """The weight of edges whose attributes all have these values."""

    where: dict[str, Value]
    weight: float


class Modifier(Struct, frozen=True, forbid_unknown_fields=True):
    """What multiplies the weight of edges whose attributes all have these values."""

    where: dict[str, Value]
    times: float


class KindWeight(Struct, frozen=True, forbid_unknown_fields=True):
    """The weights of one kind.

    Attributes:
        open_condition: in place of the table's own factor for hops that are not confirmed.
    """

    base: float
    choose: tuple[Choice, ...] = ()
    modifiers: tuple[Modifier, ...] = ()
    open_condition: float | None = None


class Weights(Struct, frozen=True, forbid_unknown_fields=True):
    """The whole data file."""

    clamp: tuple[float, float]
    open_condition: float
    edges: dict[EdgeKind, KindWeight]
    entry: dict[str, float]
    trust: dict[str, float]
    steer: dict[str, float]

    def of(self, edge: EdgeRow, verb: EdgeKind | None = None) -> float:
        """The weight of ``edge`` in (0, 1].

        Args:
            edge: any edge; context kinds, which nobody walks, weigh 1.
            verb: of the Grant, where ``edge`` is one of its ``covers``.
        """
        entry = self.edges.get(verb or edge.kind)
        if entry is None:
            return 1.0
        attrs = dict(edge.attrs)
        value = next((one.weight for one in entry.choose if _fits(one.where, attrs)), entry.base)
        factors = [one.times for one in entry.modifiers if _fits(one.where, attrs)]
        if edge.state is not State.CONFIRMED:
            factors.append(self.open_condition if entry.open_condition is None else entry.open_condition)
        if value == 1.0 and all(factor == 1.0 for factor in factors):
            return 1.0
        for factor in factors:
            value *= factor
        low, high = self.clamp
        return min(max(value, low), high)


def _fits(where: dict[str, Value], attrs: dict[str, Value]) -> bool:
    return all(name in attrs and attrs[name] == value for name, value in where.items())


@cache
def weights() -> Weights:
    """The weights that ship with aisposture."""
    text = Path(__file__).with_name("weights.yaml").read_text(encoding="utf-8")
    given: Any = yaml.safe_load(text)
    return convert(given, Weights)


def weight_of(edge: EdgeRow, verb: EdgeKind | None = None) -> float:
    """The weight of ``edge``; for ``covers`` edges that of the Grant's ``verb``."""
    return weights().of(edge, verb)


ENTRY = weights().entry
"""Prior of a way in, by entry class."""
TRUST = weights().trust
"""Weight of a writer, author or reader, by trust."""
STEER = weights().steer
"""``base``: how readily text turns into an action; by strength of the prompt-attack filter, what multiplies it."""
