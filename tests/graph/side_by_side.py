"""Several small graphs as one, so that a store loads them once."""

from collections.abc import Iterable

from msgspec.structs import replace

from aisposture.graph.columns import Graph, GraphBuilder


def renamed(node: str, place: int) -> str:
    """The id of a node of the graph at ``place``; a suffix, as the beginning of an id may mean something."""
    return f"{node}~{place}"


def side_by_side(graphs: Iterable[Graph]) -> Graph:
    """All ``graphs`` in one, without an edge between them."""
    all_of_them = GraphBuilder()
    for place, graph in enumerate(graphs):
        one = graph.thaw()
        all_of_them.described.update((renamed(node, place), row) for node, row in one.described.items())
        for name, cells in one.cells.items():
            column = all_of_them.cells.setdefault(name, {})
            column.update((renamed(node, place), cell) for node, cell in cells.items())
        all_of_them.rows += [
            replace(row, source=renamed(row.source, place), target=renamed(row.target, place))
            for row in one.rows
        ]
        all_of_them.weights += one.weights
    return all_of_them.freeze()
