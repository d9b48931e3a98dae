import msgspec
from hypothesis import given
from hypothesis import strategies as st

from aisposture.model.inventory import Inventory, encode
from aisposture.model.resource import Gap, Ref, Resource, Source


def bucket(name: str, *, region: str = "eu-west-1", **fields: object) -> Resource:
    return msgspec.convert(
        {
            "id": f"arn:aws:s3:::{name}",
            "kind": "aws.s3.bucket",
            "account": "111122223333",
            "region": region,
            "name": name,
        }
        | fields,
        Resource,
    )


def gap(**fields: object) -> Gap:
    return msgspec.convert(
        {
            "call": "s3:GetBucketPolicy",
            "account": "111122223333",
            "region": "eu-west-1",
            "reason": "denied",
            "hides": ["policies.resource"],
            "needs": "s3:GetBucketPolicy",
        }
        | fields,
        Gap,
    )


@given(st.permutations(["a", "b", "c", "d"]))
def test_order_of_input_does_not_matter(names: list[str]) -> None:
    assert encode(Inventory.of([bucket(name) for name in names])) == encode(
        Inventory.of([bucket(name) for name in "abcd"])
    )


def test_of_two_sightings_the_one_that_read_more_is_kept() -> None:
    rich = bucket("a", sources={"tags": {"call": 0, "pointer": "/TagSet"}})
    assert Inventory.of([bucket("a"), rich]).resources == (rich,)
    assert Inventory.of([rich, bucket("a")]).resources == (rich,)


def test_refs_resolve_through_aliases_unless_two_claim_one() -> None:
    one = bucket("one", attrs={"aliases": ["nick", "shared"]}, refs=[{"name": "logs_to", "target": "nick"}])
    two = bucket("two", attrs={"aliases": ["shared"]})
    inventory = Inventory.of([one, two])
    assert inventory.resolve("nick") == one.id
    assert inventory.resolve("shared") == "shared"
    assert inventory.get("nowhere") is None
    assert [ref.target for ref in one.refs] == list(one.targets("logs_to")) == ["nick"]


def test_a_gap_hides_the_field_of_one_resource_only() -> None:
    one, two = bucket("one"), bucket("two")
    inventory = Inventory.of([one, two], gaps=[gap(resource=one.id)])
    assert inventory.hidden(one, "policies.resource") is not None
    assert inventory.hidden(one, "attrs.versioning") is None
    assert inventory.hidden(two, "policies.resource") is None


def test_a_gap_without_resource_hides_the_field_of_its_kinds_in_its_region() -> None:
    here, there = bucket("here"), bucket("there", region="us-east-1")
    inventory = Inventory.of([here, there], gaps=[gap(kinds=["aws.s3.bucket"], hides=["policies"])])
    assert inventory.hidden(here, "policies.resource") is not None
    assert inventory.hidden(there, "policies.resource") is None


def test_a_gap_over_a_kind_says_that_more_may_exist() -> None:
    inventory = Inventory.of([bucket("a")], gaps=[gap(hides=["aws.s3.bucket"])])
    assert [index for index, _ in inventory.gaps_over(["aws.s3.bucket"])] == [0]
    assert list(inventory.gaps_over(["aws.iam.role"])) == []


def test_canonical_json_sorts_keys_and_keeps_refs() -> None:
    resource = bucket(
        "a",
        tags={"b": "2", "a": "1"},
        refs=[{"name": "logs_to", "target": "x"}],
        sources={"id": {"call": 1, "pointer": "/Name"}},
    )
    decoded = msgspec.json.decode(encode(resource), type=Resource)
    assert decoded == resource
    assert decoded.refs == (Ref(name="logs_to", target="x"),)
    assert decoded.sources["id"] == Source(call=1, pointer="/Name")
    assert encode(resource).index(b'"a":"1"') < encode(resource).index(b'"b":"2"')
