"""``graph export``: the graph as a file for other tools."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aisposture.cli import options
from aisposture.cli.exits import Exit
from aisposture.cli.graph import graph
from aisposture.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

FORMATS = ("graphml", "cypher", "json", "opengraph")


@graph.command()
@options.snapshots
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    required=True,
    help="GraphML, a Cypher dump, JSON, or OpenGraph for BloodHound.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="File to write; without it, standard output.",
)
@options.analysis
def export(*, snapshots: tuple[Path, ...], form: str, out: Path | None, analysis: options.Analysis) -> int:
    """Write the whole graph, with what is known and what is unseen, in the format of another tool."""
    from aisposture.graph.export import WRITERS
    from aisposture.pipeline import survey

    estate = survey(options.load(snapshots), context=analysis.context(), strict=analysis.strict)
    if out is None:
        WRITERS[form](estate.graph, sys.stdout)
        return Exit.OK
    part = out.with_name(f"{out.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="\n") as file:
            WRITERS[form](estate.graph, file)
        part.replace(out)
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}") from None
    return Exit.OK


COMMANDS: "Sequence[click.Command]" = ()
