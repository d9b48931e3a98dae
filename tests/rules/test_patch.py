"""JSON Patch, as RFC 6902 says."""

from typing import Any

import pytest

from aisposture.rules.patch import PatchError, apply


@pytest.mark.parametrize(
    ("value", "operation", "expected"),
    [
        ({"a": 1}, {"op": "replace", "path": "/a", "value": 2}, {"a": 2}),
        ({"a": 1}, {"op": "add", "path": "/b", "value": 2}, {"a": 1, "b": 2}),
        ({"a": [1, 3]}, {"op": "add", "path": "/a/1", "value": 2}, {"a": [1, 2, 3]}),
        ({"a": [1]}, {"op": "add", "path": "/a/-", "value": 2}, {"a": [1, 2]}),
        ({"a": [1, 2]}, {"op": "remove", "path": "/a/0"}, {"a": [2]}),
        ({"a": [{"b": 1}]}, {"op": "replace", "path": "/a/0/b", "value": 2}, {"a": [{"b": 2}]}),
        ({"x/y": {"~": 1}}, {"op": "remove", "path": "/x~1y/~0"}, {"x/y": {}}),
        ({"a": 1}, {"op": "test", "path": "/a", "value": 1}, {"a": 1}),
        ({"a": 1}, {"op": "replace", "path": "", "value": 2}, 2),
    ],
)
def test_operations(value: Any, operation: dict[str, Any], expected: Any) -> None:
    before = repr(value)
    assert apply(value, [operation]) == expected
    assert repr(value) == before


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "/b", "value": 2},
        {"op": "remove", "path": "/b"},
        {"op": "add", "path": "/a/b", "value": 2},
        {"op": "add", "path": "/l/7", "value": 2},
        {"op": "replace", "path": "/l/1", "value": 2},
        {"op": "remove", "path": "/l/-"},
        {"op": "remove", "path": "/x/y"},
        {"op": "test", "path": "/a", "value": 2},
        {"op": "test", "path": "", "value": 2},
        {"op": "remove", "path": ""},
        {"op": "add", "path": "/a"},
        {"op": "move", "path": "/a"},
        {"op": "add", "path": "a", "value": 1},
        {"path": "/a"},
        {},
    ],
)
def test_what_does_not_fit_is_refused(operation: dict[str, Any]) -> None:
    with pytest.raises(PatchError):
        apply({"a": 1, "l": [1]}, [operation])
