"""The flow from a scope to a report; the only module that knows every stage.

    scope -> collect -> Inventory -> access, exposure, classify -> graph -> facts -> rules -> rank -> Report

Everything after ``collect`` is a pure function of the snapshot and the options: same bytes in, same bytes out.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from aisposture import __version__, access, classify, exposure
from aisposture.access.assumed import assumptions, lowered
from aisposture.bundled import bundled
from aisposture.classify import Classification
from aisposture.classify.agents import CANDIDATES
from aisposture.collect import labels_of_kind
from aisposture.collect.run import Progress, collect_aws
from aisposture.fix import hypothetical
from aisposture.fix.cover import Edge
from aisposture.graph.build import build
from aisposture.graph.columns import Graph
from aisposture.graph.facts import derive
from aisposture.graph.memory import MemoryStore
from aisposture.graph.vocabulary import DRAWN_LABELS, builders
from aisposture.model.access import AccessResult
from aisposture.model.finding import Band, Finding, Report, RuleResult, headlines
from aisposture.model.graph import EdgeKind, Label
from aisposture.model.inventory import Inventory, encode
from aisposture.rank import suppress
from aisposture.rank.findings import assumed, findings, shown_nodes
from aisposture.rules.run import RuleAnswer, run
from aisposture.rules.schema import load
from aisposture.rules.words import Rule
from aisposture.scope import Context, Scope


class Estate(NamedTuple):
    """An inventory with everything that was worked out about it, ready for questions.

    Attributes:
        graph: with facts derived.
    """

    inventory: Inventory
    access: AccessResult
    exposure: exposure.Exposure
    classification: Classification
    graph: Graph


def scan(scope: Scope, out: Path, *, progress: Progress | None = None) -> Inventory:
    """Collect what ``scope`` names, write it as a snapshot into the folder ``out`` and read it back.

    Raises:
        ScanError: nothing could be read at all. A partial scan is no error: what is missing stands in the inventory's Gaps.
    """
    collect_aws(scope, out=out, progress=progress)
    return Inventory.read(out)


def survey(
    inventory: Inventory,
    *,
    context: Context | None = None,
    cut: Collection[Edge] = (),
    strict: bool = False,
) -> Estate:
    """The estate behind an inventory: effective access, exposure, classes and the graph over all of them.

    Args:
        inventory: what was read.
        context: what its owners know about it.
        cut: hops to leave out, as if they were not there.
        strict: layers unread for a whole account make what they could deny possible, not certain.
    """
    params = (context or Context()).params
    reached = exposure.evaluate(inventory)
    allowed = hypothetical.barred(access.evaluate(inventory), cut)
    classes = classify.classify(inventory)

    def drawn(by: AccessResult) -> Graph:
        graph = hypothetical.cut(build(inventory, by, reached, classes, params=params), cut)
        return derive(graph, inventory, params=params)

    graph = drawn(allowed)
    if strict and (weaker := lowered(allowed, inventory)) is not allowed:
        # Who is powerful is not what is in doubt: only the hops are.
        graph = _told(drawn(weaker), graph)
        allowed = weaker
    return Estate(inventory, allowed, reached, classes, graph)


def _told(graph: Graph, facts: Graph) -> Graph:
    """``graph`` with the node properties that ``facts`` has for the same nodes."""
    return graph.updated(
        {
            name: {
                graph.number[facts.ids[node]]: (value, state)
                for node, value, state in cells.items()
                if facts.ids[node] in graph.number
            }
            for name, cells in facts.props.items()
        }
    )


def bundled_rules(extra: Iterable[Path] = ()) -> tuple[Rule, ...]:
    """The rules that ship with aisposture, and those in the folders ``extra``."""
    return load(bundled("rules"), *extra)


@cache
def emitted() -> frozenset[str]:
    """The labels and edge kinds that some collector or builder can draw today."""
    collected = (label for labels in possible_labels().values() for label in labels)
    return frozenset((*collected, *DRAWN_LABELS, *(kind for kind in EdgeKind if builders(kind))))


def possible_labels() -> dict[str, frozenset[Label]]:
    """Every label that a resource of a kind may end up with, classification included."""
    return {
        kind: labels | {Label.AGENT} if labels & CANDIDATES else labels
        for kind, labels in labels_of_kind().items()
    }


def answers(
    estate: Estate, rules: Sequence[Rule], *, context: Context | None = None
) -> tuple[RuleAnswer, ...]:
    """What every rule says of the estate."""
    return run(
        MemoryStore(estate.graph),
        rules,
        inventory=estate.inventory,
        labels_of_kind=possible_labels(),
        emitted=emitted(),
        params=(context or Context()).params,
    )


def judge(
    inventory: Inventory,
    rules: Sequence[Rule],
    *,
    context: Context | None = None,
    cut: Collection[Edge] = (),
    strict: bool = False,
) -> tuple[Finding, ...]:
    """The findings of an inventory, worst first: what fixes are tried on."""
    estate = survey(inventory, context=context, cut=cut, strict=strict)
    return findings(answers(estate, rules, context=context), estate.graph, inventory)


def analyse(
    inventory: Inventory,
    *,
    context: Context | None = None,
    rules: Sequence[Rule] | None = None,
    as_of: str | None = None,
    strict: bool = False,
) -> Report:
    """The report of an inventory: what every rule says, ranked and explained.

    Args:
        inventory: a snapshot, or the union of several.
        context: what its owners know about it, from ``aisposture.yaml``.
        rules: instead of the bundled ones.
        as_of: RFC 3339 time that stands for now; None: when the snapshot was taken.
        strict: see ``survey``.
    """
    known, used = context or Context(), bundled_rules() if rules is None else rules
    if as_of is not None:
        inventory = msgspec.structs.replace(inventory, taken_at=as_of)
    estate = survey(inventory, context=known, strict=strict)
    said = answers(estate, used, context=known)
    everything = findings(said, estate.graph, inventory)
    nodes = shown_nodes(everything, estate.graph, inventory)

    def without(hop: str) -> dict[str, Finding]:
        edge = hypothetical.parse(hop)
        edges = () if edge is None else (edge,)
        left = judge(inventory, used, context=known, cut=edges, strict=strict)
        return {one.fingerprint: one for one in left}

    day = inventory.taken_at[:10]
    chosen = suppress.sort(everything, known.suppressions, day=day, nodes=nodes, without=without)
    found = assumed(chosen.findings, assumptions(inventory))
    accepted, lapsed = suppress.accepted(inventory.gaps, known.accepted_gaps, day=day)
    return Report(
        version=__version__,
        taken_at=inventory.taken_at,
        snapshot=hashlib.sha256(encode((inventory.resources, inventory.gaps))).hexdigest(),
        accounts=inventory.accounts,
        resources=len(inventory.resources),
        findings=found,
        rules=tuple(_result(answer, found) for answer in said),
        nodes=nodes,
        agents=tuple(estate.graph.ids[node] for node in estate.graph.labelled(Label.AGENT)),
        counts=_counts(headlines(found)),
        gaps=inventory.gaps,
        accepted=accepted,
        suppressed=chosen.suppressed,
        expired=(*chosen.expired, *lapsed),
        assumptions=estate.access.assumptions,
        problems=estate.access.problems,
    )


def _result(answer: RuleAnswer, found: Sequence[Finding]) -> RuleResult:
    rule = answer.rule
    return RuleResult(
        rule=rule.id,
        title=rule.title,
        family=rule.family,
        ceiling=rule.severity,
        answer=answer.answer,
        findings=sum(finding.rule == rule.id for finding in found),
        checked=answer.checked,
        unknown=answer.unknown,
        because=answer.because,
        reason=answer.reason,
    )


def _counts(found: Sequence[Finding]) -> dict[str, dict[str, int]]:
    counted = Counter((finding.family, finding.band) for finding in found)
    return {family: {band.value: counted[family, band] for band in Band} for family in ("path", "posture")}
