"""Layers that were not read for a whole account: stated as assumptions, and weighed only where somebody asks for it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from aisposture.access.grants import made
from aisposture.access.organization import Membership, memberships
from aisposture.model import ids
from aisposture.model.access import AccessResult, Grant
from aisposture.model.graph import EdgeRow, State
from aisposture.model.inventory import Inventory

_NONE_READ = "service and resource control policies above it were not read; they are taken to deny nothing"
_SOME_UNREAD = (
    "some policies attached above it in its organisation were not read; they are taken to deny nothing"
)


def unread_layers(inventory: Inventory, members: Mapping[str, Membership]) -> dict[str, str]:
    """Account -> what is assumed of it, in words, for each account with a layer that was not read."""
    found = {}
    accounts = {one.account for one in inventory.of_kind("aws.account", "aws.iam.user", "aws.iam.role")}
    for account in sorted(accounts):
        member = members.get(account)
        if member is None and not _stands_alone(inventory, account):
            found[account] = f"account {account}: {_NONE_READ}"
        elif member is not None and member.unread:
            found[account] = f"account {account}: {_SOME_UNREAD}"
    return found


def assumptions(inventory: Inventory) -> dict[str, str]:
    """``unread_layers`` of an inventory alone."""
    return unread_layers(inventory, memberships(inventory))


def _stands_alone(inventory: Inventory, account: str) -> bool:
    """Whether the account was seen to be in no organisation: somebody asked, and nothing hides the answer."""
    asked = any(
        call.operation == "organizations:DescribeOrganization" and call.account == account
        for call in inventory.calls
    )
    hidden = any(
        gap.account == account and "aws.organizations.organization" in gap.hides for gap in inventory.gaps
    )
    return asked and not hidden


def lowered(access: AccessResult, inventory: Inventory) -> AccessResult:
    """``access`` in which nothing is certain that an unread layer above the principal or the resource could deny."""
    accounts = assumptions(inventory)
    if not accounts:
        return access

    def concerned(nodes: Iterable[str]) -> list[str]:
        return sorted({account for node in nodes if (account := _account(node, inventory)) in accounts})

    grants = {grant.id: grant for grant in access.grants}
    above = {
        grant.id: concerned(cover.target for cover in grant.covers)
        for grant in access.grants
        if grant.state is State.CONFIRMED
    }
    weaker: dict[tuple[str, tuple[str, ...]], Grant] = {}
    holders: dict[str, list[str]] = defaultdict(list)
    for holder, name in access.holds:
        if name in above:
            touched = tuple(sorted({*above[name], *concerned([holder])}))
            if touched:
                grant = weaker.setdefault((name, touched), _weaker(grants[name], touched))
                holders[grant.id].append(holder)
                grants[grant.id] = grant
                continue
        holders[name].append(holder)
    return replace(
        access,
        grants=tuple(grants[name] for name in sorted(grants) if name in holders),
        holds=tuple(sorted((holder, name) for name, all_ in holders.items() for holder in all_)),
        edges=tuple(sorted(_edge(row, concerned([row.source, row.target])) for row in access.edges)),
    )


def _account(node: str, inventory: Inventory) -> str:
    resource = inventory.by_id.get(node)
    return resource.account if resource is not None else ids.account_of(node) or ""


def _condition(account: str) -> str:
    return f"no deny stands in what was not read: the organisation's policies above account {account}"


def _weaker(grant: Grant, accounts: tuple[str, ...]) -> Grant:
    conditions = tuple(sorted({*grant.conditions, *map(_condition, accounts)}))
    return made(grant.verb, State.POSSIBLE, conditions, grant.statements, grant.covers, grant.excludes)


def _edge(row: EdgeRow, accounts: list[str]) -> EdgeRow:
    if not accounts or row.state is not State.CONFIRMED:
        return row
    conditions = tuple(sorted({*row.conditions, *map(_condition, accounts)}))
    return replace(row, state=State.POSSIBLE, conditions=conditions)
