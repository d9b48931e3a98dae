"""The report for a terminal: at most ten findings and a count of the rest, readable at 80 columns, in a pipe, without colour."""

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING

from aisposture.model.finding import Band, Finding, Hop, Node, Report, Score, Walk, headlines
from aisposture.report import stakes
from aisposture.report.text import (
    account_words,
    block,
    edge_words,
    framework_words,
    headline,
    name_of,
    state_words,
    visible,
)
from aisposture.report.verify import checks
from aisposture.report.walks import steps

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

FORMAT = "text"
SUFFIX = "txt"

MOST = 10
"""Findings shown; the rest is counted."""

WIDTH = 80
"""Columns where the terminal does not say how many it has."""

STYLES = {
    Band.CRITICAL: "bold red",
    Band.HIGH: "dark_orange",
    Band.MEDIUM: "yellow",
    Band.LOW: "blue",
    Band.INFO: "dim",
}


def _say(console: "Console", words: str, style: str = "", *, indent: int = 0, limit: int = 400) -> None:
    """Print one paragraph of foreign words, wrapped lines indented like the first."""
    from rich.padding import Padding

    console.print(Padding(_text(words, style, limit), (0, 0, 0, indent), expand=False))


def _text(words: str, style: str = "", limit: int = 400) -> "Text":
    from rich.text import Text

    return Text(visible(words, limit), style=style, overflow="fold")


def _what(finding: Finding, report: Report) -> "Text":
    from rich.text import Text

    parts = [finding.rule]
    if finding.likely:
        parts.append("likely")
    if finding.agent:
        parts.append(visible(name_of(finding.agent, report.nodes), 40))
    parts += [
        visible(report.accounts.get(finding.account) or finding.account, 40),
        visible(finding.owner, 40),
    ]
    parts.append(finding.fingerprint[:12])
    what = _text(headline(finding), limit=300)
    return Text.assemble(what, "\n", _text(", ".join(parts), "dim"))


def table(findings: tuple[Finding, ...], report: Report) -> "RenderableType":
    """``findings`` as a table, one sentence and one line of facts each."""
    from rich.table import Table

    made = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1, 1, 0), expand=False)
    made.add_column(no_wrap=True)
    made.add_column(no_wrap=True)
    made.add_column(ratio=1, overflow="fold")
    for number, finding in enumerate(findings, start=1):
        band = _text(finding.band.value, STYLES[finding.band])
        made.add_row(_text(f"{number:>2}", "dim"), band, _what(finding, report))
    return made


def summary(report: Report, console: "Console") -> None:
    """Print what is at stake, the findings of highest rank, and what was not assessed."""
    at_stake = stakes.stakes(report)
    paths = tuple(finding for finding in headlines(report.findings) if finding.family == "path")
    console.print(_text(stakes.in_words(report, at_stake), "bold"))
    console.print()
    if paths:
        console.print(table(paths[:MOST], report))
    if len(paths) > MOST:
        console.print(_text(f"{stakes.plural(len(paths) - MOST, 'more attack path')}"))
    if any(at_stake.posture.values()):
        counts = ", ".join(f"{count:,} {band.value}" for band, count in at_stake.posture.items() if count)
        console.print(_text(f"Posture findings: {counts}"))
    _unsettled(report, at_stake, console)


def _unsettled(report: Report, at_stake: stakes.Stakes, console: "Console") -> None:
    """Print what was not assessed, and what somebody decided not to count."""
    unknown, gaps = len(at_stake.unknown), len(report.gaps)
    if unknown or gaps:
        left = f"Not assessed: {stakes.plural(unknown, 'rule')}, because of {stakes.plural(gaps, 'gap')} in what was read"
        console.print(_text(left, "yellow"))
        for number, gap in enumerate(report.gaps[:5]):
            where = f"{account_words(gap.account, report)}, {gap.region}"
            taken = "accepted: " if number in report.accepted else ""
            _say(console, f"{taken}{gap.call} {gap.reason} in {where}: needs {gap.needs}", "dim", indent=2)
        if gaps > 5:
            _say(console, f"and {gaps - 5:,} more", "dim", indent=2)
    elif report.resources:
        console.print(_text("Not assessed: nothing; all that was in scope could be read"))
    if report.suppressed:
        console.print(
            _text(f"Suppressed: {stakes.plural(len(report.suppressed), 'finding')}, not counted above")
        )
    for words in report.expired:
        _say(console, f"No longer suppressed: {words}", "yellow")
    for words in report.assumptions:
        _say(console, f"Assumed: {words}", "dim")


def explain(finding: Finding, report: Report, console: "Console") -> None:
    """Print one finding whole: each hop with its evidence, the score with every factor, fixes and frameworks."""
    score = finding.score
    likely = ", likely" if finding.likely else ""
    console.print(_text(f"{finding.band.value}{likely}: {headline(finding)}", STYLES[finding.band], 1000))
    console.print(_text(f"{finding.rule}: {finding.title}. {finding.why}", limit=2000))
    number = 0
    for each in finding.walks:
        role = {"with": "Needed as well", "unless": "Control"}.get(each.role, "Path")
        console.print()
        number = walk(role, each, report.nodes, report.accounts, console, number)
    _checks(finding, report, console)
    if score.likelihood_class:
        _score(score, console)
    if others := stakes.along(finding, report):
        told = ", ".join(f"{other.rule} {other.title}" for other in others)
        _say(console, f"The same path answers: {told}")
    if finding.fixes:
        console.print()
        console.print(_text("What to change, in order", "bold"))
        for at, fix in enumerate(finding.fixes, start=1):
            _say(console, f"{at}. {fix}", indent=2)
    console.print()
    for words in finding.assumptions:
        console.print(_text(f"Assumed: {words}", "dim"))
    if tags := framework_words(finding):
        console.print(_text(", ".join(f"{name} {tag}" for name, tag in tags), "dim"))
    why = f" (by {finding.owner_why})" if finding.owner_why else ""
    console.print(
        _text(f"Owner: {finding.owner}{why}. Account: {account_words(finding.account, report)}.", "dim")
    )
    console.print(_text(f"Fingerprint {finding.fingerprint}", "dim"))


def _checks(finding: Finding, report: Report, console: "Console") -> None:
    """Print how each hop is checked by hand; commands are not wrapped, so that they can be copied."""
    found = checks(finding)
    if not found:
        return
    console.print()
    console.print(_text("To check each hop by hand (read-only)", "bold"))
    for one in found:
        if not one.checks:
            _say(console, f"{one.hop}. follows from the others", indent=2)
        for first in one.checks[:1]:
            where = f"in {account_words(first.account, report)}: " if first.account else ""
            _say(console, f"{one.hop}. {where}look at {first.look or 'the answer'}", indent=2)
            console.print(f"     {visible(first.command, 4000)}", soft_wrap=True)
            if first.statement:
                _say(console, "the statement shown above must stand there", indent=5)
        _say(console, f"disproved if: {one.disproof}", "dim", indent=5)


def _score(score: Score, console: "Console") -> None:
    console.print()
    value = f"Likelihood {score.likelihood:.2f} ({score.likelihood_class}), impact {score.impact_class}"
    console.print(_text(f"{value}, grade {score.grade}, blast radius {score.blast_radius}", "bold"))
    for factor in score.factors:
        why = f": {factor.why}" if factor.why else ""
        _say(console, f"{factor.value:.2f} {factor.name.replace('_', ' ')}{why}", indent=2)
    for words in (*score.impact_why, *(f"capped: {cap}" for cap in score.caps), *score.counterfactuals):
        _say(console, words, indent=2)


def walk(
    title: str,
    shown: Walk,
    nodes: Mapping[str, Node],
    accounts: Mapping[str, str],
    console: "Console",
    number: int = 0,
) -> int:
    """Print a walk hop by hop with its evidence; the number of its last hop, counted on from ``number``."""
    console.print(_text(f"{title} ({state_words(shown.state)})", "bold"))
    for place, step in enumerate(steps(shown), start=number + 1):
        _hop(place, step.hop, nodes, accounts, console)
    return number + len(shown.hops)


def _hop(
    number: int, hop: Hop, nodes: Mapping[str, Node], accounts: Mapping[str, str], console: "Console"
) -> None:
    ends = (name_of(hop.source, nodes), name_of(hop.target, nodes))
    facts = [state_words(hop.state), *([f"x{hop.weight:.2f}"] if hop.weight != 1.0 else [])]
    _say(console, f"{number}. {ends[0]} {edge_words(hop.kind)} {ends[1]} ({', '.join(facts)})", indent=2)
    for condition in hop.conditions:
        _say(console, f"open: {condition}", indent=5)
    for evidence in hop.evidence:
        note = f"{evidence.note}: " if evidence.note else ""
        where = accounts.get(evidence.account) or evidence.account
        place = f" in {where}, {evidence.region}" if where else ""
        _say(console, f"{note}{evidence.operation} {evidence.pointer}{place}", "dim", indent=5)
        if evidence.statement:
            console.print(_indented(block(evidence.statement)))


def _indented(words: str) -> "RenderableType":
    from rich.padding import Padding
    from rich.text import Text

    return Padding(Text(words, style="dim", overflow="fold"), (0, 0, 0, 7), expand=False)


def render(report: Report) -> str:
    """The summary as plain text, 80 columns wide."""
    from rich.console import Console

    out = io.StringIO()
    summary(
        report,
        Console(
            file=out,
            width=WIDTH,
            color_system=None,
            highlight=False,
            markup=False,
            emoji=False,
            legacy_windows=False,
        ),
    )
    return "\n".join(line.rstrip() for line in out.getvalue().split("\n"))
