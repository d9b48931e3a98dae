"""JSON Patch (RFC 6902) over plain values: ``add``, ``replace``, ``remove`` and ``test``."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any


class PatchError(ValueError):
    """A patch does not fit the value it is for."""


def apply(value: Any, operations: Iterable[Mapping[str, Any]]) -> Any:
    """``value`` changed by ``operations`` in order; the value given stays as it was.

    Raises:
        PatchError: an operation is malformed, points to nothing, or a ``test`` fails.
    """
    value = deepcopy(value)
    for one in operations:
        value = _applied(value, one)
    return value


def _applied(value: Any, one: Mapping[str, Any]) -> Any:
    op, pointer = one.get("op"), one.get("path")
    if op not in {"add", "replace", "remove", "test"} or not isinstance(pointer, str):
        raise PatchError(
            f"an operation has 'op' (add, replace, remove or test) and 'path', found {dict(one)!r}"
        )
    if op != "remove" and "value" not in one:
        raise PatchError(f"{op} {pointer} needs a 'value'")
    new = deepcopy(one.get("value"))
    if pointer == "":
        return _whole(value, op, new)
    if not pointer.startswith("/"):
        raise PatchError(f"a path begins with '/', found {pointer!r}")
    *above, last = (part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/"))
    parent = value
    for part in above:
        parent = _child(parent, part, pointer)
    if op == "test":
        if _child(parent, last, pointer) != new:
            raise PatchError(f"the test of {pointer} fails")
    elif isinstance(parent, dict):
        _change_key(parent, last, op, new, pointer)
    elif isinstance(parent, list):
        _change_item(parent, last, op, new, pointer)
    else:
        raise PatchError(f"{pointer} points into a value that has no parts")
    return value


def _whole(value: Any, op: str, new: Any) -> Any:
    if op == "remove":
        raise PatchError("the whole value cannot be removed")
    if op == "test" and value != new:
        raise PatchError("the test of the whole value fails")
    return value if op == "test" else new


def _child(parent: Any, part: str, pointer: str) -> Any:
    if isinstance(parent, dict) and part in parent:
        return parent[part]
    if isinstance(parent, list) and part.isdigit() and int(part) < len(parent):
        return parent[int(part)]
    raise PatchError(f"{pointer} points to nothing: there is no {part!r}")


def _change_key(parent: dict[str, Any], key: str, op: str, new: Any, pointer: str) -> None:
    if op != "add" and key not in parent:
        raise PatchError(f"{pointer} points to nothing: there is no {key!r}")
    if op == "remove":
        del parent[key]
    else:
        parent[key] = new


def _change_item(parent: list[Any], part: str, op: str, new: Any, pointer: str) -> None:
    if op == "add" and part == "-":
        parent.append(new)
        return
    last = len(parent) if op == "add" else len(parent) - 1
    if not part.isdigit() or int(part) > last:
        raise PatchError(f"{pointer} points to nothing: there is no entry {part!r}")
    if op == "add":
        parent.insert(int(part), new)
    elif op == "remove":
        del parent[int(part)]
    else:
        parent[int(part)] = new
