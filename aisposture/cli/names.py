"""From what a person types to a node of the graph."""

import difflib
from typing import TYPE_CHECKING

from aisposture.errors import UsageError

if TYPE_CHECKING:
    from aisposture.pipeline import Estate


def node_of(word: str, estate: "Estate") -> str:
    """The id of the node that ``word`` names: an id, an alias, a class such as ``internet``, or a name that only one node has.

    Raises:
        UsageError: nothing is called so, or several nodes are.
    """
    graph, inventory = estate.graph, estate.inventory
    for candidate in (word, inventory.resolve(word), f"class:{word.lower()}", f"account:{word}"):
        if candidate in graph.number:
            return candidate
    names = [row.name for row in graph.nodes]
    named = [node for node, name in zip(graph.ids, names, strict=True) if name == word]
    named = named or [
        node for node, name in zip(graph.ids, names, strict=True) if name.lower() == word.lower()
    ]
    if len(named) == 1:
        return named[0]
    if named:
        some = ", ".join(named[:5])
        raise UsageError(
            f"{len(named)} things are called '{word}'; give one of the ids: {some}{' ...' if named[5:] else ''}"
        )
    near = difflib.get_close_matches(word, [*filter(None, names), *graph.ids], n=3, cutoff=0.6)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    raise UsageError(f"the snapshot holds nothing called '{word}'{hint}")
