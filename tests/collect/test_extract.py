from datetime import UTC, datetime
from typing import Any

import pytest

from aisposture.collect.declare import call, computed, const, kind, path, template
from aisposture.collect.extract import Answer, Failure, Hidden, elements, filled, read
from aisposture.model.resource import CallRecord

RECORD = CallRecord(operation="x:List", parameters="{}", account="1", region="r", seen_at="t")
OTHER = CallRecord(operation="x:Get", parameters="{}", account="1", region="r", seen_at="t")
ITEM: dict[str, Any] = {
    "Name": "n",
    "Owner": {"ID": "o"},
    "Groups": [{"Id": "a"}, {"Id": "b"}, {"Other": 1}],
    "a/b~c": {"d.e": 1},
    "When": datetime(2026, 1, 1, tzinfo=UTC),
    "Map": {"z": {"v": 1}, "a": {"v": 2}},
}
FAILURE = Failure(call="x:Get", reason="denied", needs="x:Get", code="AccessDenied")
SOURCES = {
    "item": Answer(ITEM, RECORD, "/Items/3"),
    "scope": Answer({"account": "1", "region": "r", "partition": "aws", "id": "me"}, RECORD),
    "detail": Answer({"Deep": {"Er": 5}}, OTHER),
    "none": Answer(None, OTHER),
    "denied": Answer(None, OTHER, failure=FAILURE),
    "rows": Answer([{"A": 1}, {"A": 2}], OTHER, "", ("/Rows/4", "/Rows/9")),
    "no_rows": Answer([], OTHER, "", ()),
}


@pytest.mark.parametrize(
    ("text", "value", "pointer"),
    [
        ("Name", "n", "/Items/3/Name"),
        ("Owner.ID", "o", "/Items/3/Owner/ID"),
        ("Groups[1].Id", "b", "/Items/3/Groups/1/Id"),
        ("Groups[-1].Other", 1, "/Items/3/Groups/2/Other"),
        ("Groups[*].Id", ["a", "b"], "/Items/3/Groups"),
        ("Map[*].v", [2, 1], "/Items/3/Map"),
        ('"a/b~c"."d.e"', 1, "/Items/3/a~1b~0c/d.e"),
        ("@", ITEM, "/Items/3"),
        ("Nothing.Here", None, "/Items/3"),
        ("Name.Deeper", None, "/Items/3/Name"),
        ("Groups[7].Id", None, "/Items/3/Groups"),
        ("Nothing[*].Id", None, "/Items/3"),
        ("detail:Deep.Er", 5, "/Deep/Er"),
        ("none:Deep.Er", None, ""),
        ("rows:[1].A", 2, "/Rows/9/A"),
        ("rows:[*].A", [1, 2], "/Rows/4"),
        ("rows:[5].A", None, ""),
        ("no_rows:[0].A", None, ""),
        ("scope:account", "1", "/Items/3"),
    ],
)
def test_a_path_gives_the_value_and_its_pointer(text: str, value: Any, pointer: str) -> None:
    reading = read(path(text), SOURCES)
    assert reading.value == value
    assert reading.pointer == pointer


@pytest.mark.parametrize("text", ["", "a..b", "a[x]", "a[", "x:"])
def test_what_is_no_path_is_refused_when_declared(text: str) -> None:
    with pytest.raises(ValueError, match="path"):
        path(text)


def test_a_template_is_none_where_a_part_is() -> None:
    assert read(template("arn:{scope:partition}:s3:::{Name}"), SOURCES).value == "arn:aws:s3:::n"
    assert read(template("{Name}/{Nothing}"), SOURCES).value is None


def test_the_evidence_of_a_computed_value_is_the_first_thing_read() -> None:
    reading = read(
        computed(lambda *given: given, "Nothing", "scope:account", "detail:Deep.Er", "Name"), SOURCES
    )
    assert reading.value == (None, "1", 5, "n")
    assert (reading.record, reading.pointer) == (OTHER, "/Deep/Er")


def test_the_scope_is_no_evidence() -> None:
    reading = read(template("{scope:account}"), SOURCES)
    assert (reading.record, reading.pointer) == (RECORD, "/Items/3")


@pytest.mark.parametrize(
    "value", [path("denied:X"), template("{Name}{denied:X}"), computed(lambda *_: 1, "Name", "denied:X")]
)
def test_a_value_in_an_unread_answer_is_hidden(value: Any) -> None:
    with pytest.raises(Hidden) as caught:
        read(value, SOURCES)
    assert caught.value.failure == FAILURE


def test_a_function_that_meets_another_shape_hides_its_field() -> None:
    with pytest.raises(Hidden) as caught:
        read(computed(lambda given: given["not"]["there"], "Owner"), SOURCES)
    assert caught.value.failure.reason == "failed"
    assert caught.value.failure.call == "x:List"


def test_elements_are_items_with_pointers() -> None:
    answer = {"Reservations": [{"Instances": [1, 2]}, {}, {"Instances": [3]}], "One": {"a": 1}, "Nil": None}
    sources = {"item": Answer(answer, RECORD)}
    found = [(each.value, each.pointer) for each in elements(path("Reservations[*].Instances[*]"), sources)]
    assert found == [
        (1, "/Reservations/0/Instances/0"),
        (2, "/Reservations/0/Instances/1"),
        (3, "/Reservations/2/Instances/0"),
    ]
    assert [each.pointer for each in elements(path("One"), sources)] == ["/One"]
    assert list(elements(path("Nil"), sources)) == []
    assert list(elements(path("@"), {"item": Answer(None, RECORD)})) == []


def test_parameters_are_filled_to_any_depth() -> None:
    made = call("x", "List", {"A": path("Name"), "F": [{"N": "k", "V": [template("{Name}!")]}], "L": True})
    assert {name: filled(param, SOURCES) for name, param in made.params} == {
        "A": "n",
        "F": [{"N": "k", "V": ["n!"]}],
        "L": True,
    }


def test_equal_declarations_are_equal_and_hashable() -> None:
    one, two = (call("iam", "ListUsers", {"PathPrefix": "/x/"}, page_size=5) for _ in range(2))
    assert one == two
    assert hash(one) == hash(two)
    assert hash(
        kind("a.b.c", call=one, items="X[*]", id="Arn", attrs={"x": const("y")}, refs={"r": ["A", "B"]})
    )


def test_permissions_are_derived_and_overridden() -> None:
    assert call("bedrock-agent", "ListAgents").permission == "bedrock:ListAgents"
    assert call("s3", "ListBuckets", permission="s3:ListAllMyBuckets").permission == "s3:ListAllMyBuckets"
