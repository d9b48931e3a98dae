"""``whatif``: what would be found after some changes, or if a hop were not there."""

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aisposture.cli import options
from aisposture.cli.exits import Exit
from aisposture.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aisposture.fix.cover import Edge
    from aisposture.fix.plan import Planner
    from aisposture.model.finding import Finding, FixStep
    from aisposture.pipeline import Estate


@click.command()
@options.snapshots
@click.option(
    "--apply",
    "wanted",
    multiple=True,
    metavar="FIX_ID",
    help="A change by its id from 'aisposture fix --json'; repeatable. The start of an id will do.",
)
@click.option(
    "--cut",
    "cuts",
    multiple=True,
    metavar="EDGE",
    help="A hop to leave out, as 'source|kind|target' (ids or names); repeatable.",
)
@options.analysis
@options.as_json
def whatif(
    *,
    snapshots: tuple[Path, ...],
    wanted: tuple[str, ...],
    cuts: tuple[str, ...],
    analysis: options.Analysis,
    as_json: bool,
) -> int:
    """Count the attack paths before and after changes, by running everything again on a changed copy.

    --apply makes changes that could be made; --cut is hypothetical: it says nothing of how the hop could be taken away.
    """
    if not wanted and not cuts:
        raise UsageError("whatif needs --apply or --cut")
    from aisposture.cli.fix import before_and_after, opened, remaining, say
    from aisposture.fix.plan import Planner
    from aisposture.fix.prove import applied, compare
    from aisposture.pipeline import answers, judge, survey
    from aisposture.rank.findings import findings

    inventory, context, rules = analysis.inventory(snapshots), analysis.context(), analysis.rules()
    estate = survey(inventory, context=context, strict=analysis.strict)
    edges = [_edge(text, estate) for text in cuts]
    found = findings(answers(estate, rules, context=context), estate.graph, inventory)
    planner = Planner(
        inventory, rules, lambda each: judge(each, rules, context=context, strict=analysis.strict)
    )
    steps = _steps(wanted, planner, found)
    proof = compare(
        found, judge(applied(inventory, steps), rules, context=context, cut=edges, strict=analysis.strict)
    )
    if as_json:
        options.print_json(
            {
                "hypothetical": bool(edges),
                "applied": steps,
                "cut": ["|".join(edge) for edge in edges],
                "before": proof.before,
                "after": proof.after,
                "posture": {"before": proof.posture_before, "after": proof.posture_after},
                "closed": proof.closed,
                "lowered": proof.lowered,
                "opened": proof.opened,
                "residual": proof.residual,
            }
        )
        return Exit.OK
    console = options.console()
    for step in steps:
        say(console, f"Applied: {step.title} ({step.id})")
    for edge in edges:
        say(console, f"Hypothetical, without the hop: {' | '.join(edge)}")
    before_and_after(proof.before, proof.after, console)
    remaining(proof.residual, console)
    opened(proof.opened, console)
    return Exit.OK


def _steps(wanted: "Sequence[str]", planner: "Planner", found: "Sequence[Finding]") -> "list[FixStep]":
    if not wanted:
        return []
    known = planner.candidates(found)
    if any(not _meant(each, known) for each in wanted):
        # Later rounds of a plan know steps for paths that show up only after the first ones.
        planner.plan(found)
    return [_one(each, planner.steps) for each in wanted]


def _meant(word: str, known: "dict[str, FixStep]") -> list[str]:
    return [word] if word in known else [name for name in known if word and name.startswith(word)]


def _one(word: str, known: "dict[str, FixStep]") -> "FixStep":
    names = _meant(word, known)
    if len(names) == 1:
        return known[names[0]]
    if names:
        raise UsageError(f"{len(names)} changes have ids that start with '{word}'; give more of it")
    near = difflib.get_close_matches(word, known, n=3)
    hint = f"; did you mean {' or '.join(near)}?" if near else "; see 'aisposture fix --json'"
    raise UsageError(f"no change has the id '{word}'{hint}")


def _edge(text: str, estate: "Estate") -> "Edge":
    from aisposture.cli.names import node_of
    from aisposture.fix.hypothetical import parse
    from aisposture.graph.memory import MemoryStore
    from aisposture.graph.query import EdgeStep, Key, NodeStep, NodeTest, Operand, Query
    from aisposture.graph.search import search
    from aisposture.model.graph import EdgeKind

    parsed = parse(text)
    if parsed is None:
        raise UsageError(
            f"--cut: '{text}' is no 'source|kind|target' with a kind of edge (see docs/kinds.md)"
        )
    source, kind, target = node_of(parsed[0], estate), parsed[1], node_of(parsed[2], estate)
    first, last = (
        NodeStep(test=NodeTest(ids=(node,)), name=name) for name, node in (("a", source), ("b", target))
    )
    query = Query(
        path=(first, EdgeStep(kinds=(EdgeKind(kind),)), last),
        keys=(Key(name="a", operand=Operand(node="a")),),
    )
    if not search(MemoryStore(estate.graph), query):
        raise UsageError(f"--cut: there is no hop {kind} from {source} to {target}")
    return source, kind, target


COMMANDS = (whatif,)
