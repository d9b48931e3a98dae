"""``graph``: the graph itself, for those who want to ask it their own questions."""

from pathlib import Path

import click

from aisposture.cli import options
from aisposture.cli.exits import Exit


@click.group()
def graph() -> None:
    """Hand the graph of an estate to other tools."""


@graph.command()
@options.snapshots
@click.option(
    "--neo4j",
    "uri",
    envvar="NEO4J_URI",
    show_envvar=True,
    required=True,
    metavar="URI",
    help="The server, such as neo4j+s://graph.example.com; bolt:// and neo4j:// are without TLS.",
)
@options.analysis
@options.quiet
@options.as_json
def load(
    *, snapshots: tuple[Path, ...], uri: str, analysis: options.Analysis, quiet: bool, as_json: bool
) -> int:
    """Load the graph into Neo4j 5, in place of the scan that is there.

    The login comes from NEO4J_USERNAME and NEO4J_PASSWORD, the database from NEO4J_DATABASE. A load that breaks off leaves the
    earlier scan as it was; what is not aisposture's is never touched.
    """
    from aisposture.graph.neo4j import Neo4jStore
    from aisposture.pipeline import survey
    from aisposture.report.stakes import plural

    inventory = options.load(snapshots)
    context = analysis.context()
    with Neo4jStore.connect(uri) as store:
        estate = survey(inventory, context=context)
        store.load(estate.graph, inventory.taken_at)
        loaded = store.loaded
    if as_json:
        options.print_json(
            {"scan": loaded.scan, "name": loaded.name, "nodes": loaded.nodes, "edges": loaded.edges}
        )
    elif not quiet:
        click.echo(
            f"Loaded {plural(loaded.nodes, 'node')} and {plural(loaded.edges, 'edge')} of the scan of {loaded.name}"
        )
    return Exit.OK


COMMANDS = (graph,)
