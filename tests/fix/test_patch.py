import itertools
import random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisposture.fix.patch import canonical, inverse, joined, patched, pointer, restored
from aisposture.model.finding import Patch
from aisposture.model.inventory import Inventory
from aisposture.model.resource import Policy, PolicyRole, Ref, Resource, Source
from aisposture.rules.patch import PatchError, apply

HERE = Source(call=0, pointer="")


def role(statements: int = 3) -> Resource:
    document = {"Statement": [{"Effect": "Allow", "Action": f"s3:{n}"} for n in range(statements)]}
    return Resource(
        id="arn:aws:iam::1:role/r",
        kind="aws.iam.role",
        account="1",
        region="global",
        name="r",
        refs=(Ref(name="has_policy", target="z"),),
        policies=(
            Policy(
                role=PolicyRole.INLINE,
                id="p",
                document=msgspec.Raw(msgspec.json.encode(document)),
                source=HERE,
            ),
        ),
        attrs={"mfa": False, "a/b~c": None},
    )


def changed(*operations: dict[str, Any]) -> Resource:
    inventory = patched(
        Inventory.of([role()]), [Patch(resource=role().id, operations=(one,)) for one in operations]
    )
    return inventory.by_id[role().id]


def removal(index: int) -> dict[str, Any]:
    return {"op": "remove", "path": pointer("policies", 0, "document", "Statement", index)}


def test_pointers_of_all_patches_mean_the_resource_as_it_was() -> None:
    for order in itertools.permutations([removal(0), removal(1)]):
        left = msgspec.json.decode(changed(*order).policies[0].document)
        assert [one["Action"] for one in left["Statement"]] == ["s3:2"]


def test_change_inside_something_removed_is_moot() -> None:
    inner = {"op": "replace", "path": removal(1)["path"] + "/Effect", "value": "Deny"}
    assert changed(inner, removal(1)) == changed(removal(1))


def test_same_change_twice_is_one() -> None:
    assert changed(removal(1), removal(1)) == changed(removal(1))


def test_contradictions_are_refused() -> None:
    one, other = ({"op": "replace", "path": "/attrs/mfa", "value": value} for value in (True, "yes"))
    with pytest.raises(PatchError, match="contradict"):
        changed(one, other)
    with pytest.raises(PatchError, match="both set and removed"):
        changed(one, {"op": "remove", "path": "/attrs/mfa"})


def test_id_stays() -> None:
    with pytest.raises(PatchError, match="must not change an id"):
        changed({"op": "replace", "path": "/id", "value": "other"})


def test_result_must_be_a_resource() -> None:
    with pytest.raises(PatchError, match="no resource"):
        changed({"op": "replace", "path": "/refs", "value": 7})


def test_appends_even_where_a_list_was_empty_and_refs_stay_sorted() -> None:
    ref = {"name": "bounded_by", "target": "b"}
    assert changed({"op": "add", "path": "/refs/-", "value": ref}).refs[0].name == "bounded_by"
    sighting = {"detector": "d", "field": "f", "length": "<20", "grade": "entropy"}
    assert changed({"op": "add", "path": "/sightings/-", "value": sighting}).sightings[0].detector == "d"


def test_resource_that_is_not_there_can_be_added_whole() -> None:
    value = {"id": "new", "kind": "aws.iam.policy", "account": "1", "region": "global", "name": "n"}
    add = Patch(resource="new", operations=({"op": "add", "path": "", "value": value},))
    after = patched(Inventory.of([role()]), [add, add])
    assert [one.id for one in after.resources] == [role().id, "new"]
    with pytest.raises(PatchError):
        patched(Inventory.of([]), [Patch(resource="gone", operations=(removal(0),))])


def test_the_inventory_given_stays_as_it_was() -> None:
    inventory = Inventory.of([role()])
    patched(inventory, [Patch(resource=role().id, operations=(removal(0),))])
    assert inventory == Inventory.of([role()])


OPERATIONS = st.lists(
    st.one_of(
        st.builds(removal, st.integers(0, 2)),
        st.builds(
            lambda value: {"op": "add", "path": pointer("attrs", "confirmation"), "value": value},
            st.just("required"),
        ),
        st.just({"op": "replace", "path": pointer("attrs", "a/b~c"), "value": {"x": [1]}}),
        st.just({"op": "remove", "path": "/refs/0"}),
        st.builds(
            lambda name: {"op": "add", "path": "/refs/-", "value": {"name": "fed_by", "target": name}},
            st.sampled_from("abc"),
        ),
        st.just({"op": "replace", "path": "/policies/0/document/Statement/2/Effect", "value": "Deny"}),
    ),
    max_size=8,
)


@given(operations=OPERATIONS, seed=st.integers(0, 1000))
def test_order_plays_no_role(operations: list[dict[str, Any]], seed: int) -> None:
    shuffled = list(operations)
    random.Random(seed).shuffle(shuffled)
    assert changed(*shuffled) == changed(*operations)


@given(operations=OPERATIONS)
def test_inverse_leads_back(operations: list[dict[str, Any]]) -> None:
    before = canonical(role())
    order = joined(operations)
    after = apply(before, order)
    assert apply(after, inverse(before, order)) == before
    assert restored(before) == role()
    assert restored(apply(after, inverse(before, order))).id == role().id


def test_inverse_of_whole_and_of_nothing() -> None:
    before = {"a": 1}
    back = inverse(
        before, [{"op": "replace", "path": "", "value": {"b": 2}}, {"op": "test", "path": "/b", "value": 2}]
    )
    assert apply({"b": 2}, back) == before
    with pytest.raises(PatchError):
        inverse(None, [{"op": "add", "path": "", "value": {}}])
