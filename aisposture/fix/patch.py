"""Patches of an inventory: RFC 6902 on the canonical JSON of resources, in any order and any combination.

The pointers of all patches that are applied together speak of the resources as they were before any of them. Applied is
first what sets a value, then what removes one (later entries of a list first), then what appends: so the order in which
patches are given does not matter, and two that would set one value differently are refused.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from aisposture.model.finding import Patch
from aisposture.model.inventory import Inventory, encode
from aisposture.model.resource import Resource
from aisposture.rules.patch import PatchError, apply

LISTS = ("labels", "policies", "refs", "sightings")
"""Fields that stand in the canonical JSON of a resource even where they are empty, so that patches can append to them."""

MAPPINGS = ("attrs", "sources", "tags")
"""The same for fields with keys."""


def canonical(resource: Resource) -> dict[str, Any]:
    """The JSON that patches of ``resource`` speak of."""
    plain: dict[str, Any] = msgspec.json.decode(encode(resource))
    for name in LISTS:
        plain.setdefault(name, [])
    for name in MAPPINGS:
        plain.setdefault(name, {})
    return plain


def restored(plain: Mapping[str, Any]) -> Resource:
    """The resource that ``plain`` is the JSON of, its refs in order again.

    Raises:
        PatchError: it is none.
    """
    try:
        # Keys keep their order, so that statements read as they did before.
        found = msgspec.json.decode(msgspec.json.encode(plain), type=Resource)
    except msgspec.ValidationError as error:
        raise PatchError(f"the patched value is no resource: {error}") from None
    return msgspec.structs.replace(found, refs=tuple(sorted(set(found.refs))))


def patched(inventory: Inventory, patches: Iterable[Patch]) -> Inventory:
    """``inventory`` with all of ``patches``; the one given stays as it was.

    A patch of a resource that is not there must begin by adding the whole of it (``path`` "").

    Raises:
        PatchError: a patch does not fit, or two contradict each other.
    """
    wanted: dict[str, list[dict[str, Any]]] = {}
    for patch in patches:
        wanted.setdefault(patch.resource, []).extend(patch.operations)
    resources = dict(inventory.by_id)
    for name in sorted(wanted):
        old = resources.get(name)
        before = canonical(old) if old is not None else None
        after = restored(apply(before, joined(wanted[name])))
        if after.id != name:
            raise PatchError(f"a patch must not change an id ({name})")
        resources[name] = after
    return Inventory.of(
        resources.values(),
        gaps=inventory.gaps,
        calls=inventory.calls,
        taken_at=inventory.taken_at,
        accounts=inventory.accounts,
    )


def joined(operations: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Operations on one value, given in any order, as one sequence that means all of them.

    Raises:
        PatchError: two set one value differently.
    """
    distinct = {encode(one): dict(one) for one in operations}
    removed = {_parts(one["path"]) for one in distinct.values() if one["op"] == "remove"}
    kept = [one for one in distinct.values() if not _inside(_parts(one["path"]), removed)]
    places: dict[tuple[str | int, ...], bytes] = {}
    for one in kept:
        place = _parts(one["path"])
        if one["op"] in {"add", "replace"} and place[-1:] != ("-",):
            if places.setdefault(place, encode(one["value"])) != encode(one["value"]):
                raise PatchError(f"two changes of {one['path']} contradict each other")
            if place in removed:
                raise PatchError(f"{one['path']} is both set and removed")
    setting = [one for one in kept if one["op"] != "remove" and not one["path"].endswith("/-")]
    removing = [one for one in kept if one["op"] == "remove"]
    appending = [one for one in kept if one["path"].endswith("/-")]
    return [
        *sorted(setting, key=lambda one: (one["path"], encode(one))),
        *sorted(removing, key=lambda one: _order(one["path"]), reverse=True),
        *sorted(appending, key=encode),
    ]


def inverse(value: Any, operations: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], ...]:
    """The operations that lead back to ``value`` from what ``operations``, in this order, make of it.

    Raises:
        PatchError: they do not fit, or make something of nothing.
    """
    if value is None:
        raise PatchError("what was not there cannot be restored by a patch")
    back: list[dict[str, Any]] = []
    for one in operations:
        back.append(_undo(value, one))
        value = apply(value, [one])
    return tuple(reversed(back))


def pointer(*parts: str | int) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def _undo(value: Any, one: Mapping[str, Any]) -> dict[str, Any]:
    path, op = one["path"], one["op"]
    if op == "test":
        return dict(one)
    *above, last = _words(path) or ("",)
    if path == "":
        return {"op": "replace", "path": "", "value": value}
    parent = value
    for part in above:
        parent = parent[int(part)] if isinstance(parent, list) else parent[part]
    if isinstance(parent, list):
        if op == "add":
            return {"op": "remove", "path": pointer(*above, len(parent) if last == "-" else last)}
        return {"op": "add" if op == "remove" else "replace", "path": path, "value": parent[int(last)]}
    if last not in parent:
        return {"op": "remove", "path": path}
    return {"op": "add" if op == "remove" else "replace", "path": path, "value": parent[last]}


def _words(path: str) -> tuple[str, ...]:
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:])


def _parts(path: str) -> tuple[str | int, ...]:
    return tuple(int(part) if part.isdigit() else part for part in _words(path))


def _order(path: str) -> tuple[tuple[int, str], ...]:
    return tuple((part, "") if isinstance(part, int) else (-1, part) for part in _parts(path))


def _inside(place: tuple[str | int, ...], removed: set[tuple[str | int, ...]]) -> bool:
    return any(place[:length] in removed for length in range(len(place)))
