"""``scan``: read the clouds of a scope, analyse them, write the reports."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from aisposture.cli import options, scoping

if TYPE_CHECKING:
    from aisposture.model.finding import Report

REPORTS = ("html", "sarif", "json")
"""What stands beside the snapshot after a scan."""


@click.command()
@scoping.target
@options.analysis
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    metavar="DIR",
    help="Folder for the snapshot and the reports.",
)
@options.gate
@options.quiet
@options.as_json
def scan(
    *,
    target: scoping.Target,
    out: Path,
    analysis: options.Analysis,
    gate: options.Gate,
    quiet: bool,
    as_json: bool,
) -> int:
    """Read the clouds and write DIR/snapshot, DIR/report.html, DIR/report.sarif and DIR/report.json.

    Nothing is ever written to a cloud. What cannot be read is listed as not assessed, never taken for clean.

    Exit codes: 0 clean and complete; 1 findings at or above --fail-on; 2 usage or configuration; 3 nothing found, but not
    everything at that level could be assessed; 4 the scan itself failed.
    """
    moment = analysis.moment()
    scope = target.scope(analysis.config)
    rules = analysis.rules()
    from aisposture import pipeline
    from aisposture.cli.progress import shown

    with shown(options.console(err=True), quiet=quiet or as_json) as progress:
        inventory = pipeline.scan(scope, out / "snapshot", progress=progress)
    report = pipeline.analyse(
        inventory, context=scope.context, rules=rules, as_of=moment, strict=analysis.strict
    )
    publish(report, out, quiet=quiet, as_json=as_json)
    return gate.verdict(report, scope.context)


def publish(report: "Report", out: Path, *, quiet: bool, as_json: bool) -> None:
    """Write the reports into ``out`` and say what was found."""
    from aisposture.report import write
    from aisposture.report.terminal import summary
    from aisposture.report.text import visible

    written = write(report, out, REPORTS)
    if as_json:
        options.print_json(report)
    elif not quiet:
        summary(report, options.console())
        click.echo(f"\nReport: {visible(str(written[0].resolve()), 4096)}")


COMMANDS = (scan,)
