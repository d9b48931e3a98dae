"""``diff``: what changed between two snapshots."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from aisposture.cli import options

if TYPE_CHECKING:
    from aisposture.diff import Difference
    from aisposture.model.finding import Finding, Report


@click.command()
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@options.analysis
@options.gate
@click.option("--all-open", is_flag=True, help="Every open finding counts for --fail-on, not only new ones.")
@options.as_json
def diff(
    *,
    old: Path,
    new: Path,
    analysis: options.Analysis,
    gate: options.Gate,
    all_open: bool,
    as_json: bool,
) -> int:
    """Compare the snapshots OLD and NEW, both analysed with the rules of today.

    A finding that is gone is fixed only where what it rests on was read again; else it is not re-assessed and stays open.

    Exit codes: 1 where a finding at or above --fail-on is new, or reached that band; 3 where there is none, but not
    everything at that level could be assessed.
    """
    import msgspec

    from aisposture.diff import compare
    from aisposture.pipeline import analyse

    moment, context, rules = analysis.moment(), analysis.context(), analysis.rules()
    before, after = options.load((old,)), options.load((new,))
    then, now = (
        analyse(each, context=context, rules=rules, as_of=moment, strict=analysis.strict)
        for each in (before, after)
    )
    found = compare(then, now, before, after)
    if as_json:
        options.print_json(found)
    else:
        _say(found, now)
    counted = (
        (*now.findings, *(one.finding for one in found.not_reassessed)) if all_open else _grown(found, then)
    )
    return gate.verdict(msgspec.structs.replace(now, findings=counted), context)


def _grown(found: "Difference", old: "Report") -> "tuple[Finding, ...]":
    """The findings that are new, and those that are worse than they were."""
    was = {one.fingerprint: one.band.rank for one in old.findings}
    worse = (one.finding for one in found.changed if one.finding.band.rank > was[one.finding.fingerprint])
    return (*found.new, *worse)


def _say(found: "Difference", report: "Report") -> None:
    from aisposture.report.stakes import plural

    _line(f"From {found.old_taken_at} to {found.new_taken_at}")
    _line(
        f"{len(found.new):,} new, {len(found.changed):,} changed, {len(found.fixed):,} fixed, "
        f"{len(found.not_reassessed):,} not re-assessed, {plural(found.same, 'finding')} as before"
    )
    for finding in found.new:
        _told("new", finding)
    for moved in found.changed:
        _told("changed", moved.finding, moved.differs)
    for closed in found.fixed:
        _told("fixed", closed.finding, closed.because or ("by what was added beside it",))
    for closed in found.not_reassessed:
        _told("not re-assessed", closed.finding, closed.because)
    for label, things in found.things.items():
        words = {"added": things.added, "removed": things.removed, "not looked for again": things.unseen}
        for word, names in {**words, "weakened": things.weakened}.items():
            for name in names:
                _line(f"{label} {word}: {name}")
    for each in report.expired:
        _line(f"no longer suppressed: {each}")


def _line(words: str, indent: int = 0) -> None:
    from aisposture.report.text import visible

    click.echo(" " * indent + visible(words, 2000))


def _told(word: str, finding: "Finding", why: tuple[str, ...] = ()) -> None:
    from aisposture.report.text import headline

    _line(f"{word}: {finding.band.value} {finding.rule} {finding.fingerprint[:12]}: {headline(finding)}")
    for words in why[:5]:
        _line(words, 2)


COMMANDS = (diff,)
