"""``report``: a snapshot in the formats of others."""

from pathlib import Path

import click

from aisposture.cli import options
from aisposture.cli.exits import Exit
from aisposture.errors import UsageError


@click.command()
@click.argument("snapshots", nargs=-1, metavar="[SNAPSHOT]...", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "names",
    default="html,sarif,json",
    show_default=True,
    metavar="A,B",
    help="Formats, separated by commas; an unknown one lists them all.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder to write to; a single format goes to standard output without it.",
)
@click.option("--schema", is_flag=True, help="Print the JSON Schema of the JSON report, and stop.")
@options.analysis
@options.gate
def report(
    *,
    snapshots: tuple[Path, ...],
    names: str,
    out: Path | None,
    schema: bool,
    analysis: options.Analysis,
    gate: options.Gate,
) -> int:
    """Analyse a snapshot and write it as html, sarif, json, csv, markdown or text.

    Exit codes are those of `scan`.
    """
    if schema:
        from aisposture.report.json import schema as made

        click.echo(made(), nl=False)
        return Exit.OK
    if not snapshots:
        raise UsageError("report needs a SNAPSHOT, or --schema")
    from aisposture.report import file_name, render, write

    wanted = [name.strip() for name in names.split(",") if name.strip()]
    for name in wanted:
        file_name(name)
    if not wanted:
        raise UsageError("--format names no format")
    if out is None and len(wanted) > 1:
        raise UsageError("several formats need --out DIR")
    made_of = analysis.report(snapshots)
    if out is None:
        click.echo(render(made_of, wanted[0]), nl=False)
    else:
        from aisposture.report.text import visible

        for path in write(made_of, out, wanted):
            click.echo(visible(str(path)), err=True)
    return gate.verdict(made_of, analysis.context())


COMMANDS = (report,)
