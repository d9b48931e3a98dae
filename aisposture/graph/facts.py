"""Facts about nodes that need the whole graph: tier, entry, trust, bounded and environment, to a fixpoint."""

from collections.abc import Mapping
from typing import Any

from aisposture.graph import facts_bounds, facts_tier, facts_trust
from aisposture.graph.columns import Graph
from aisposture.graph.facts_values import Cells
from aisposture.model.inventory import Inventory

ROUNDS = 64
"""What an agent emits may feed the next agent, so each round carries trust one agent further; so long a chain is a mistake."""

BROAD_WRITERS = 25
"""Number of writers from which a source counts as untrusted, where the context names none."""


def derive(graph: Graph, inventory: Inventory, *, params: Mapping[str, Any]) -> Graph:
    """The graph with its facts; deriving twice changes nothing.

    Args:
        graph: as built, or with older facts, which are replaced.
        inventory: what the graph was built from.
        params: ``broad_writers`` (default 25): number of writers from which a source counts as untrusted.

    Raises:
        RuntimeError: the facts did not settle, which is a mistake in this module.
    """
    tiered = facts_tier.crowned(graph)
    cells = {**facts_tier.tiers(tiered), **facts_bounds.bounded(tiered, inventory)}
    cells.update(facts_bounds.environments(tiered, inventory))
    around = facts_trust.listeners(tiered, broad=int(params.get("broad_writers", BROAD_WRITERS)))
    agents: facts_trust.Trusts = {}
    before: Cells = {}
    for _ in range(ROUNDS):
        found, agents = facts_trust.entries_and_trust(tiered, around, agents)
        if found == before:
            return tiered.updated({**cells, **found})
        before = found
    raise RuntimeError("entry and trust did not settle")
