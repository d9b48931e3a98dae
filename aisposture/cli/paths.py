"""``paths``: how to get from one thing to another."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from aisposture.cli import options
from aisposture.cli.exits import Exit

if TYPE_CHECKING:
    from aisposture.graph.columns import Graph
    from aisposture.model.finding import Node, Walk
    from aisposture.rank.frontier import Frontier, Stop


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
    "--k",
    "limit",
    type=click.IntRange(1, 100),
    default=5,
    show_default=True,
    metavar="N",
    help="The most paths to show, likeliest first.",
)
@click.option("--avoid", "avoided", multiple=True, metavar="Z", help="Never by way of this; repeatable.")
@options.analysis
@options.as_json
def paths(
    *,
    snapshots: tuple[Path, ...],
    start: str,
    end: str,
    limit: int,
    avoided: tuple[str, ...],
    analysis: options.Analysis,
    as_json: bool,
) -> int:
    """Show every way from X to Y, with the evidence of each hop; where there is none, how far one gets and what stops it.

    With --json: `paths` (empty where there is none), under `unknown` those that could only stand in something unread, and
    under `frontiers` the furthest prefixes with their stops.
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
    from aisposture.rank.frontier import frontiers
    from aisposture.report.text import visible

    estate = survey(options.load(snapshots), context=analysis.context(), strict=analysis.strict)
    ends = {"from": node_of(start, estate), "to": node_of(end, estate)}
    graph = _without(estate.graph, {node_of(each, estate) for each in avoided})
    hops = tuple(kind for kind in EdgeKind if kind in WALKABLE and kind.value not in BOOKKEEPING)
    first, last = (NodeStep(test=NodeTest(ids=(node,)), name=name) for name, node in ends.items())
    query = Query(
        path=(first, EdgeStep(kinds=hops, low=1, high=None), last),
        keys=tuple(Key(name=name, operand=Operand(node=name)) for name in ends),
    )
    bounds = Bounds()
    maker = Findings(graph, estate.inventory)
    found = [
        maker.walk(edges, match.state)
        for match in search(MemoryStore(graph), query, k=limit, bounds=bounds)
        for edges in (match.walk, *match.others)
    ]
    stopped: tuple[Frontier, ...] = ()
    if not any(walk.state > State.UNSEEN for walk in found) and ends["from"] != ends["to"]:
        explained = estate.exposure.explanations
        stopped = frontiers(graph, estate.inventory, explained, (ends["from"], ends["to"]), hops)[
            :MOST_FRONTIERS
        ]
    prefixes = [
        maker.walk(one.match.walk, one.match.state) if one.match is not None else None for one in stopped
    ]
    named = {node for one in stopped for node in (one.reached, *(stop.toward for stop in one.stops))}
    for walk in (*found, *filter(None, prefixes)):
        named.update(end for hop in walk.hops for end in (hop.source, hop.target))
    nodes = {node: maker.node(node) for node in sorted(named)}
    if as_json:
        options.print_json(
            {
                **ends,
                "paths": [walk for walk in found if walk.state > State.UNSEEN],
                "unknown": [walk for walk in found if walk.state is State.UNSEEN],
                "frontiers": [
                    {"reached": one.reached, "walk": prefix, "stops": one.stops}
                    for one, prefix in zip(stopped, prefixes, strict=True)
                ],
                "nodes": nodes,
                "limits": bounds.bit,
            }
        )
        return Exit.OK
    from aisposture.report.terminal import walk as shown

    console = options.console()
    for number, each in enumerate(found, start=1):
        shown(f"Way {number}", each, nodes, estate.inventory.accounts, console)
    if not found:
        click.echo(visible(f"No way from {ends['from']} to {ends['to']} was found.", 4000))
    for one, prefix in zip(stopped, prefixes, strict=True):
        click.echo(visible(f"As far as {_chain(one.reached, prefix, nodes)}", 4000))
        for stop in one.stops[:MOST_STOPS]:
            _say(one.reached, stop, nodes)
    for limited in bounds.bit:
        console.print(limited)
    return Exit.OK


def _without(graph: "Graph", nodes: set[str]) -> "Graph":
    """``graph`` without the edges at ``nodes``."""
    if not nodes:
        return graph
    return graph.without(number for number, row in enumerate(graph.rows) if {row.source, row.target} & nodes)


def _chain(reached: str, prefix: "Walk | None", nodes: "dict[str, Node]") -> str:
    """The nodes of a prefix with the hops between them, in one line."""
    from aisposture.report.text import edge_words, name_of

    if prefix is None:
        return name_of(reached, nodes)
    words = [name_of(prefix.hops[0].source, nodes)]
    words += [f"{edge_words(hop.kind)} {name_of(hop.target, nodes)}" for hop in prefix.hops]
    return ", ".join(words)


def _say(reached: str, stop: "Stop", nodes: "dict[str, Node]") -> None:
    from aisposture.report.text import name_of, visible

    place, goal = name_of(reached, nodes), name_of(stop.toward, nodes)
    if stop.action:
        how = "denies" if stop.decision == "ExplicitlyDenied" else "does not allow"
        click.echo(visible(f"  {place} stops before {goal}: layer {stop.layer} {how} {stop.action}", 1000))
    else:
        click.echo(visible(f"  {place} stops before {goal} ({stop.layer}):", 1000))
    for ref in stop.statements:
        sid = f" '{ref.sid}'" if ref.sid else ""
        where = f"statement {ref.index}{sid} of {ref.role.value} policy {ref.policy} at {ref.resource}"
        click.echo("    " + visible(f"denied by {where}", 1000))
    for words in stop.reasons:
        click.echo("    " + visible(words, 1000))


MOST_FRONTIERS = 5
"""Furthest prefixes that are shown."""

MOST_STOPS = 3
"""Stops that are shown in the terminal at each of them."""

BOOKKEEPING = {"holds", "covers", "excludes", "contains", "hosted_on"}
"""Edge kinds that say how things are stored, or where an agent's tool runs: steering a model is not running code there."""

COMMANDS = (paths,)
