"""The factors of a walk: who can start it, what each hop multiplies, and where text has to turn into an action."""

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

from aisposture.graph.columns import Graph
from aisposture.graph.query import Match, WalkEdge
from aisposture.graph.weights import ENTRY, STEER, TRUST
from aisposture.model.finding import Factor
from aisposture.model.graph import EdgeKind, Label, State

CONTENT = frozenset(
    {
        EdgeKind.CAN_WRITE,
        EdgeKind.CAN_SEND,
        EdgeKind.CAN_INGEST,
        EdgeKind.AUTHORS,
        EdgeKind.CAN_READ_CONFIG,
        EdgeKind.CAN_READ,
    }
)
"""First hops whose weight the trust of the writer, author or reader replaces."""

STEERED = frozenset({EdgeKind.USES_TOOL, EdgeKind.ACTS_AS, EdgeKind.DELEGATES_TO})
"""Hops that an agent makes because a text told it to."""

OUTSIDE = frozenset({Label.INTERNET, Label.ANONYMOUS})


class Likelihood(NamedTuple):
    """How likely a walk is, factor by factor.

    Attributes:
        internet: it starts with somebody who needs no account anywhere.
        entered: an attacker can start it, or can take the agent it starts from.
    """

    factors: tuple[Factor, ...]
    internet: bool
    entered: bool


class Likelihoods:
    """Likelihoods over one graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def of(self, match: Match) -> Likelihood:
        """The likelihood of a match's main walk."""
        walk = match.walk
        if walk:
            start = self.graph.number[walk[0].source if walk[0].forward else walk[0].target]
        else:
            start = next(
                self.graph.number[node] for node in match.bindings.values() if node in self.graph.number
            )
        start_factors, internet, entered, replaces = self._start(start, walk)
        factors = list(start_factors)
        steered = any(factor.name.startswith("steer") for factor in factors)
        for position, edge in enumerate(walk):
            if edge.kind in STEERED and not steered and self._is(edge.source, Label.AGENT):
                factors.append(self._steer(edge.source))
                steered = True
            if edge.weight < 1.0 and not (position == 0 and replaces):
                factors.append(Factor(name=edge.kind.value, value=round(edge.weight, 6), why=self._why(edge)))
        weakest = min(
            (prod(edge.weight for edge in leg.walk) for leg in match.branches if leg.role == "with"),
            default=1.0,
        )
        whole = prod(factor.value for factor in factors)
        if weakest < whole:
            factors.append(
                Factor(name="weakest leg", value=round(weakest / whole, 6), why="all legs are needed")
            )
        return Likelihood(tuple(factors), internet, entered)

    def _start(self, start: int, walk: Sequence[WalkEdge]) -> tuple[list[Factor], bool, bool, bool]:
        """Factors of the start; whether it is the internet; whether it is an entry; whether it replaces the first hop."""
        labels = self.graph.labels_of(start)
        name = self.graph.nodes[start].name or self.graph.ids[start]
        if OUTSIDE.intersection(labels):
            return (
                [Factor(name="entry", value=ENTRY["internet"], why=name)],
                True,
                True,
                walk[0].kind in CONTENT,
            )
        trust = self._value(start, "trust")
        if (
            not walk
            or Label.AGENT in labels
            or trust is None
            or (Label.IDENTITY in labels and trust in {"T3", "T4"})
        ):
            return self._breach(start, walk)
        replaces = walk[0].kind in CONTENT
        word = (
            "reader"
            if walk[0].kind in {EdgeKind.CAN_READ, EdgeKind.CAN_READ_CONFIG}
            else "writer"
            if replaces
            else "actor"
        )
        return (
            [Factor(name=word, value=TRUST[trust], why=f"{name}, trust {trust}")],
            trust == "T0",
            True,
            replaces,
        )

    def _breach(self, start: int, walk: Sequence[WalkEdge]) -> tuple[list[Factor], bool, bool, bool]:
        """A walk that starts inside: the way in to its agent where one is known, else an assumed breach."""
        entry = self._value(start, "entry")
        name = self.graph.nodes[start].name or self.graph.ids[start]
        if entry is None or entry in {"none", "internal"} or Label.AGENT not in self.graph.labels_of(start):
            return (
                [
                    Factor(
                        name="assumed breach",
                        value=ENTRY["assumed_breach"],
                        why=f"no way in to {name} is known",
                    )
                ],
                False,
                False,
                False,
            )
        factors = [Factor(name=f"entry: {entry}", value=ENTRY[entry], why=f"the best way in to {name}")]
        trust = self._value(start, "trust")
        if entry == "content" and trust is not None:
            factors.append(
                Factor(name="writer", value=TRUST[trust], why=f"its least trusted writer has trust {trust}")
            )
        if (not walk or walk[0].kind not in STEERED) and entry != "credential":
            factors.append(self._steer(self.graph.ids[start]))
        return factors, entry == "internet", True, False

    def _steer(self, agent: str) -> Factor:
        """Text turns into a call of the attacker's choice, unless a filter stands before the model."""
        number = self.graph.number[agent]
        value, why = STEER["base"], "no filter against prompt attack"
        for edge in self.graph.edges_of(number, EdgeKind.PROTECTED_BY).tolist():
            guardrail = int(self.graph.target[edge])
            strength = self._value(guardrail, "prompt_attack_filter") or "none"
            if self.graph.state[edge] == State.CONFIRMED and strength in STEER:
                factor = STEER[strength]
                if STEER["base"] * factor < value:
                    value, why = STEER["base"] * factor, f"prompt-attack filter {strength}: weakened"
        return Factor(name="steer", value=round(value, 6), why=why)

    def _why(self, edge: WalkEdge) -> str:
        attrs = dict(self.graph.rows[edge.edge].attrs) if edge.edge is not None else {}
        told = ", ".join(f"{name} {value}" for name, value in attrs.items() if name != "kinds")
        open_condition = "open condition" if edge.state is State.POSSIBLE else ""
        return "; ".join(filter(None, [told, open_condition]))

    def _is(self, node: str, label: Label) -> bool:
        return label in self.graph.labels_of(self.graph.number[node])

    def _value(self, node: int, name: str) -> str | None:
        cell = self.graph.prop(node, name)
        return None if cell is None or cell[1] is State.UNSEEN or cell[0] is None else str(cell[0])
