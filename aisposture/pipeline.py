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
from aisposture.rank.findings import findings, shown_nodes
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


def survey(inventory: Inventory, *, context: Context | None = None, cut: Collection[Edge] = ()) -> Estate:
    """The estate behind an inventory: effective access, exposure, classes and the graph over all of them.

    Args:
        inventory: what was read.
        context: what its owners know about it.
        cut: hops to leave out, as if they were not there.
    """
    params = (context or Context()).params
    reached = exposure.evaluate(inventory)
    allowed = hypothetical.barred(access.evaluate(inventory), cut)
    classes = classify.classify(inventory)
    drawn = hypothetical.cut(build(inventory, allowed, reached, classes, params=params), cut)
    graph = derive(drawn, inventory, params=params)
    return Estate(inventory, allowed, reached, classes, graph)


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
) -> tuple[Finding, ...]:
    """The findings of an inventory, worst first: what fixes are tried on."""
    estate = survey(inventory, context=context, cut=cut)
    return findings(answers(estate, rules, context=context), estate.graph, inventory)


def analyse(
    inventory: Inventory,
    *,
    context: Context | None = None,
    rules: Sequence[Rule] | None = None,
    as_of: str | None = None,
) -> Report:
    """The report of an inventory: what every rule says, ranked and explained.

    Args:
        inventory: a snapshot, or the union of several.
        context: what its owners know about it, from ``aisposture.yaml``.
        rules: instead of the bundled ones.
        as_of: RFC 3339 time that stands for now; None: when the snapshot was taken.
    """
    if as_of is not None:
        inventory = msgspec.structs.replace(inventory, taken_at=as_of)
    estate = survey(inventory, context=context)
    said = answers(estate, bundled_rules() if rules is None else rules, context=context)
    found = findings(said, estate.graph, inventory)
    return Report(
        version=__version__,
        taken_at=inventory.taken_at,
        snapshot=hashlib.sha256(encode((inventory.resources, inventory.gaps))).hexdigest(),
        accounts=inventory.accounts,
        resources=len(inventory.resources),
        findings=found,
        rules=tuple(_result(answer, found) for answer in said),
        nodes=shown_nodes(found, estate.graph, inventory),
        agents=tuple(estate.graph.ids[node] for node in estate.graph.labelled(Label.AGENT)),
        counts=_counts(headlines(found)),
        gaps=inventory.gaps,
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
