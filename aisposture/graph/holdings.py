"""Which Grants a principal holds, and whether one of them reaches a resource."""

from collections import defaultdict

from aisposture.model import ids
from aisposture.model.access import AccessResult, Grant
from aisposture.model.graph import EdgeKind, State
from aisposture.model.inventory import Inventory


class Holdings:
    """An index over the Grants of an ``AccessResult``."""

    def __init__(self, inventory: Inventory, access: AccessResult) -> None:
        self._inventory = inventory
        grants = {grant.id: grant for grant in access.grants}
        self._held: dict[tuple[str, EdgeKind], list[Grant]] = defaultdict(list)
        for principal, grant in access.holds:
            if grant in grants:
                self._held[principal, grants[grant].verb].append(grants[grant])

    def state(self, principal: str, verb: EdgeKind, target: str) -> State:
        """How surely ``principal`` may do ``verb`` to the resource ``target``."""
        found = self._inventory.by_id.get(target)
        scope = ids.account_node(found.account) if found is not None else ""
        best = State.FALSE
        for grant in self._held.get((principal, verb), ()):
            if target in grant.excludes:
                continue
            for cover in grant.covers:
                inside = (
                    cover.target == scope and found is not None and found.kind in cover.kinds
                    if cover.kinds
                    else self._inventory.resolve(cover.target) == target
                )
                if inside:
                    best = max(best, grant.state)
        return best
