"""``paths``: how to get from one thing to another."""

from pathlib import Path

import click

from aisposture.cli import options
from aisposture.cli.exits import Exit


@click.command()
@options.snapshots
@click.option(
    "--from", "start", required=True, metavar="X", help="Where to start: an id, a name, or internet."
)
@click.option(
    "--to",
    "end",
    required=True,
    metavar="Y",
    help="Where to end: an id, a name, or a sink such as sink:admin@ACCOUNT.",
)
@click.option(
    "--limit",
    type=click.IntRange(1, 100),
    default=5,
    show_default=True,
    help="The most paths to show, likeliest first.",
)
@options.analysis
@options.as_json
def paths(
    *,
    snapshots: tuple[Path, ...],
    start: str,
    end: str,
    limit: int,
    analysis: options.Analysis,
    as_json: bool,
) -> int:
    """Show every way from X to Y, with the evidence of each hop.

    With --json: `paths` (empty where there is none), and under `unknown` those that could only stand in something unread.
    """
    from aisposture.cli.names import node_of
    from aisposture.graph.labels import Bounds
    from aisposture.graph.memory import MemoryStore
    from aisposture.graph.query import EdgeStep, Key, NodeStep, NodeTest, Operand, Query
    from aisposture.graph.search import search
    from aisposture.graph.weights import WALKABLE
    from aisposture.model.graph import EdgeKind, State
    from aisposture.pipeline import survey
    from aisposture.rank.findings import Findings

    estate = survey(options.load(snapshots), context=analysis.context(), strict=analysis.strict)
    ends = {"from": node_of(start, estate), "to": node_of(end, estate)}
    hops = tuple(kind for kind in EdgeKind if kind in WALKABLE and kind.value not in BOOKKEEPING)
    first, last = (NodeStep(test=NodeTest(ids=(node,)), name=name) for name, node in ends.items())
    query = Query(
        path=(first, EdgeStep(kinds=hops, low=1, high=None), last),
        keys=tuple(Key(name=name, operand=Operand(node=name)) for name in ends),
    )
    bounds = Bounds()
    maker = Findings(estate.graph, estate.inventory)
    found = [
        maker.walk(edges, match.state)
        for match in search(MemoryStore(estate.graph), query, k=limit, bounds=bounds)
        for edges in (match.walk, *match.others)
    ]
    nodes = {
        node: maker.node(node) for walk in found for hop in walk.hops for node in (hop.source, hop.target)
    }
    if as_json:
        sure = [walk for walk in found if walk.state > State.UNSEEN]
        unknown = [walk for walk in found if walk.state is State.UNSEEN]
        options.print_json({**ends, "paths": sure, "unknown": unknown, "nodes": nodes, "limits": bounds.bit})
        return Exit.OK
    from aisposture.report.terminal import walk as shown

    console = options.console()
    for number, each in enumerate(found, start=1):
        shown(f"Way {number}", each, nodes, estate.inventory.accounts, console)
    if not found:
        console.print(f"No way from {ends['from']} to {ends['to']} was found.", soft_wrap=True)
    for limited in bounds.bit:
        console.print(limited)
    return Exit.OK


BOOKKEEPING = {"holds", "covers", "excludes", "contains"}
"""Edge kinds that say how things are stored, not what anybody can do."""

COMMANDS = (paths,)
