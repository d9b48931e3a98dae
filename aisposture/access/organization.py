"""Organisations: the chain of levels above each account, with the policies attached to every level."""

from typing import NamedTuple

from aisposture.model.inventory import Inventory
from aisposture.model.resource import PolicyRole, Resource

_MOST_LEVELS = 16


class Membership(NamedTuple):
    """Where an account stands.

    Attributes:
        organization: its immutable id (``o-...``).
        path: value of ``aws:PrincipalOrgPaths``.
        management: id of the management account.
        chain: organisation root first, the account last.
        scps, rcps: per level, the policy resources attached; no levels where none was read at any of them.
        unread: whether some level's policies were not read.
    """

    organization: str
    path: str
    management: str
    chain: tuple[Resource, ...]
    scps: tuple[tuple[Resource, ...], ...]
    rcps: tuple[tuple[Resource, ...], ...]
    unread: bool


def memberships(inventory: Inventory) -> dict[str, Membership]:
    """The membership of every account whose organisation was read."""
    found = {}
    for account in inventory.of_kind("aws.organizations.account"):
        chain = _chain(inventory, account)
        top = chain[0] if chain else account
        organization = next(
            (one for one in map(inventory.get, top.targets("parent")) if one is not None), None
        ) or next(iter(inventory.of_kind("aws.organizations.organization")), None)
        name = str(organization.attrs.get("unique_id") or _tail(organization.id)) if organization else ""
        levels = [_attached(inventory, one) for one in chain]
        found[account.account] = Membership(
            organization=name,
            path="/".join([name, *(_tail(one.id) for one in chain[:-1])]) + "/",
            management=organization.account if organization else "",
            chain=chain,
            scps=_levels(levels, PolicyRole.SCP),
            rcps=_levels(levels, PolicyRole.RCP),
            unread=any(inventory.hidden(one, "refs.has_policy") is not None for one in chain)
            or any(None in level for level in levels),
        )
    return found


def _chain(inventory: Inventory, account: Resource) -> tuple[Resource, ...]:
    """The levels from the organisation's root down to ``account``."""
    chain = [account]
    while len(chain) < _MOST_LEVELS:
        above = next(
            (one for one in map(inventory.get, chain[-1].targets("parent")) if one is not None), None
        )
        if above is None or above.kind == "aws.organizations.organization" or above in chain:
            break
        chain.append(above)
    return tuple(reversed(chain))


def _attached(inventory: Inventory, level: Resource) -> list[Resource | None]:
    return [inventory.get(target) for target in level.targets("has_policy")]


def _levels(levels: list[list[Resource | None]], role: PolicyRole) -> tuple[tuple[Resource, ...], ...]:
    """The levels of one type of policy; a level without any was not read, since AWS keeps at least one on each."""
    found = [
        tuple(one for one in level if one is not None and next(one.documents(role), None) is not None)
        for level in levels
    ]
    return tuple(level for level in found if level)


def _tail(name: str) -> str:
    return name.rpartition("/")[2]
