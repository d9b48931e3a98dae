"""``agents``: the AI agents of an estate."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aisposture.cli import options
from aisposture.cli.exits import Exit

if TYPE_CHECKING:
    from aisposture.graph.columns import Graph
    from aisposture.model.finding import Report

FACTS = {
    "agent_class": "class",
    "entry": "entry",
    "acts_as": "acts as",
    "owner": "owner",
    "findings": "findings",
}
PROPS = ("agent_class", "entry", "trust", "environment", "owner")


@click.command()
@options.snapshots
@options.analysis
@options.as_json
def agents(*, snapshots: tuple[Path, ...], analysis: options.Analysis, as_json: bool) -> int:
    """List every AI agent: how sure we are that it is one, who gets at it, what it acts as, what was found."""
    report = analysis.report(snapshots)
    from aisposture.pipeline import survey

    graph = survey(options.load(snapshots), context=analysis.context(), strict=analysis.strict).graph
    found = [_agent(agent, graph, report) for agent in report.agents]
    if as_json:
        options.print_json({"agents": found})
        return Exit.OK
    from rich.padding import Padding

    from aisposture.report.text import visible

    console = options.console()
    for one in found:
        console.print(visible(f"{one['name']} ({one['account']}, {one['region']})"), style="bold")
        facts = "; ".join(f"{words} {_shown(one[key])}" for key, words in FACTS.items())
        console.print(Padding(visible(facts), (0, 0, 0, 2), expand=False))
    if not found:
        console.print("No agent was found.")
    return Exit.OK


def _agent(agent: str, graph: "Graph", report: "Report") -> dict[str, Any]:
    from aisposture.model.finding import Band
    from aisposture.model.graph import EdgeKind

    number = graph.number[agent]
    row = graph.nodes[number]
    own = [finding for finding in report.findings if finding.agent == agent]
    held = {
        graph.ids[graph.target[edge]]
        for kind in (EdgeKind.ACTS_AS, EdgeKind.RUNS_AS)
        for edge in graph.edges_of(number, kind)
    }
    props = graph.props_of(number)
    return {
        "id": agent,
        "name": row.name or agent,
        "kind": row.kind,
        "account": report.accounts.get(row.account) or row.account,
        "region": row.region,
        "acts_as": sorted(held),
        **{name: props.get(name) for name in PROPS},
        "findings": {band.value: count for band in Band if (count := sum(one.band is band for one in own))},
    }


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{count} {band}" for band, count in value.items()) or "none"
    if isinstance(value, list):
        from aisposture.report.text import short_id

        return ", ".join(short_id(one) for one in value) or "-"
    return "-" if value is None else str(value)


COMMANDS = (agents,)
