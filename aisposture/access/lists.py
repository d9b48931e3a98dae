"""Access control lists of S3: what they give to everyone, whatever policies say.

Source: Amazon S3 User Guide, "Access control list (ACL) overview".
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from aisposture.access.grants import made
from aisposture.model import ids
from aisposture.model.access import Cover, Grant, StatementRef
from aisposture.model.graph import EdgeKind, State
from aisposture.model.inventory import Inventory
from aisposture.model.resource import PolicyRole, Resource

_GROUPS = {
    "http://acs.amazonaws.com/groups/global/AllUsers": ids.ANONYMOUS,
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers": ids.ANY_ACCOUNT,
}
_ALL = (EdgeKind.CAN_LIST, EdgeKind.CAN_WRITE, EdgeKind.CAN_DELETE, EdgeKind.CAN_REPUBLISH)
_VERBS: Mapping[str, tuple[EdgeKind, ...]] = {
    "READ": (EdgeKind.CAN_LIST,),
    "WRITE": (EdgeKind.CAN_WRITE, EdgeKind.CAN_DELETE),
    "WRITE_ACP": (EdgeKind.CAN_REPUBLISH,),
    "FULL_CONTROL": _ALL,
}


def acl_grants(inventory: Inventory) -> Iterator[tuple[str, Grant]]:
    """(class node, Grant) for every list of a bucket that serves a class of actors."""
    accounts = {one.account: one for one in inventory.of_kind("aws.account")}
    for bucket in inventory.of_kind("aws.s3.bucket"):
        ignored = _ignored(inventory, bucket, accounts.get(bucket.account))
        if ignored is State.CONFIRMED:
            continue
        state = State.CONFIRMED if ignored is State.FALSE else State.POSSIBLE
        conditions = () if ignored is State.FALSE else ("only if no unread setting ignores public ACLs",)
        for policy in bucket.documents(PolicyRole.ACL):
            for index, holder, permission in _entries(msgspec.json.decode(policy.document)):
                ref = StatementRef(resource=bucket.id, policy=policy.id, role=PolicyRole.ACL, index=index)
                for verb in _VERBS.get(permission, ()):
                    yield holder, made(verb, state, conditions, (ref,), [Cover(target=bucket.id)], ())


def _entries(document: Any) -> Iterator[tuple[int, str, str]]:
    listed = document.get("Grants") if isinstance(document, dict) else None
    for index, entry in enumerate(listed if isinstance(listed, list) else ()):
        grantee = entry.get("Grantee") if isinstance(entry, dict) else None
        holder = _GROUPS.get(str(grantee.get("URI"))) if isinstance(grantee, dict) else None
        if holder is not None:
            yield index, holder, str(entry.get("Permission"))


def _ignored(inventory: Inventory, bucket: Resource, account: Resource | None) -> State:
    """Whether public lists have no effect; UNSEEN where a setting that could say so was not read."""
    flags = [one.attrs.get("ignore_public_acls") for one in (bucket, account) if one is not None]
    if any(flags):
        return State.CONFIRMED
    unread = any(
        one is not None and inventory.hidden(one, "attrs.ignore_public_acls") is not None
        for one in (bucket, account)
    )
    return State.UNSEEN if unread else State.FALSE
