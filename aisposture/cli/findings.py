"""``findings`` and ``explain``: what was found, in the terminal."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aisposture.cli import options
from aisposture.cli.exits import BANDS, Exit

if TYPE_CHECKING:
    from aisposture.model.finding import Finding, Report


@click.command()
@options.snapshots
@click.option("--band", "bands", multiple=True, type=click.Choice(BANDS), help="Only this band; repeatable.")
@click.option("--family", type=click.Choice(("path", "posture")), help="Only attack paths, or only posture.")
@click.option("--rule", "rules", multiple=True, metavar="ID", help="Only this rule; repeatable.")
@click.option(
    "--account", "accounts", multiple=True, help="Only this account, by number or name; repeatable."
)
@click.option("--agent", "agents", multiple=True, help="Only this agent, by id or name; repeatable.")
@click.option(
    "--limit", type=click.IntRange(0), default=10, show_default=True, help="How many are shown; 0: all."
)
@options.analysis
@options.as_json
def findings(
    *, snapshots: tuple[Path, ...], limit: int, analysis: options.Analysis, as_json: bool, **only: Any
) -> int:
    """List findings, worst first. With --json all of them, under `findings`."""
    report = analysis.report(snapshots)
    chosen = tuple(finding for finding in report.findings if _fits(finding, report, only))
    if as_json:
        options.print_json({"findings": chosen})
        return Exit.OK
    from aisposture.report.stakes import plural
    from aisposture.report.terminal import table

    console = options.console()
    shown = chosen[:limit] if limit else chosen
    if shown:
        console.print(table(shown, report))
    console.print(f"{plural(len(chosen), 'finding')}, {len(shown):,} shown" if chosen else "No finding.")
    return Exit.OK


def _fits(finding: "Finding", report: "Report", only: dict[str, Any]) -> bool:
    from aisposture.report.text import name_of

    return (
        (not only["bands"] or finding.band.value in only["bands"])
        and only["family"] in (None, finding.family)
        and (not only["rules"] or finding.rule in only["rules"])
        and (
            not only["accounts"]
            or not {finding.account, report.accounts.get(finding.account)}.isdisjoint(only["accounts"])
        )
        and (
            not only["agents"]
            or not {finding.agent, name_of(finding.agent, report.nodes)}.isdisjoint(only["agents"])
        )
    )


@click.command()
@options.snapshots
@click.argument("fingerprint")
@options.analysis
@options.as_json
def explain(
    *, snapshots: tuple[Path, ...], fingerprint: str, analysis: options.Analysis, as_json: bool
) -> int:
    """Show one finding whole: each hop with its evidence and how to check it, the score, what to change.

    FINGERPRINT may be cut after as many characters as tell it apart.
    """
    report = analysis.report(snapshots)
    finding = options.one_finding(report, fingerprint)
    from aisposture.report.verify import checks

    if as_json:
        ends = {end for walk in finding.walks for hop in walk.hops for end in (hop.source, hop.target)}
        nodes = {end: report.nodes[end] for end in sorted(ends) if end in report.nodes}
        options.print_json({"finding": finding, "nodes": nodes, "checks": checks(finding)})
    else:
        from aisposture.report.terminal import explain as explained

        explained(finding, report, options.console())
    return Exit.OK


COMMANDS = (findings, explain)
