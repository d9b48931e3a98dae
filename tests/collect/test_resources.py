import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from aisposture.collect.declare import Kind, const, kind, policy
from aisposture.collect.extract import Answer, Failure, read
from aisposture.collect.resources import Builder, Draft, document, plain
from aisposture.errors import ScanError
from aisposture.model.inventory import encode
from aisposture.model.resource import CallRecord, PolicyRole, Sighting
from aisposture.redact import Redactor

RECORD = CallRecord(operation="x:List", parameters="{}", account="1", region="r", seen_at="t")
SECRET = "sk-proj-" + "aB3dE5gH7j" * 6


class Calls:
    def __init__(self) -> None:
        self.records: list[CallRecord] = []

    def call(self, record: CallRecord) -> int:
        self.records.append(record)
        return 0


def built(declared: Kind, item: Any, redactor: Any = None, **details: Answer) -> Draft:
    sources = {
        "item": Answer(item, RECORD, "/Items/0"),
        "scope": Answer({"account": "1", "region": "r", "partition": "aws", "id": "me"}, RECORD),
        **details,
    }
    builder = Builder(declared, sources, Calls(), redactor or Redactor(b"k" * 32))
    return builder.draft(read(declared.id, sources), "1", "r")


def of(**more: Any) -> Kind:
    return kind("aws.x.y", call=None, items="@", id="Arn", **more)


def test_times_become_utc_and_surrogates_harmless() -> None:
    east = datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    assert plain(east) == "2026-01-01T00:00:00Z"
    assert plain(datetime(2026, 1, 1)) == "2026-01-01T00:00:00Z"  # noqa: DTZ001 - some services tell no zone
    hostile = {"\ud800": ["\udfff", b"\xff", datetime(2026, 1, 1, tzinfo=UTC)]}
    assert json.loads(encode(plain(hostile))) == {"?": ["?", "\ufffd", "2026-01-01T00:00:00Z"]}


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"b": 1, "a": [2]}, '{"a":[2],"b":1}'),
        ('{"b": 1,\n "a": 2}', '{"b":1,"a":2}'),
        ('{"a": 1, "a": 2}', '{"a":1,"a":2}'),
        ("%7B%22a%22%3A1%7D", '{"a":1}'),
        ("no json {", '"no json {"'),
        ("[1]", '"[1]"'),
        ("[" * 100_000, None),
        ('{"x": "\ud800"}', '{"x":"?"}'),
        (b'{"a":1}', '{"a":1}'),
    ],
)
def test_documents_are_kept_as_one_line_of_json(given: Any, text: str | None) -> None:
    raw = document(given)
    assert raw is not None
    assert b"\n" not in bytes(raw)
    assert text is None or bytes(raw).decode() == text
    assert isinstance(json.loads(bytes(raw)), dict | str)


@pytest.mark.parametrize("given", [None, "", {}])
def test_no_document_is_none(given: Any) -> None:
    assert document(given) is None


def test_absent_is_none_and_hidden_is_missing() -> None:
    failure = Failure(call="x:Get", reason="denied", needs="x:Get", code="AccessDenied")
    declared = of(
        attrs={"seen": "Seen", "unset": "Unset", "lost": "bad:X"},
        refs={"r": ["Seen", "Many[*]", "bad:Y"]},
        tags="bad:Tags",
        policies=(policy(PolicyRole.RESOURCE, "bad:Policy", id=const("p")),),
        secret_bearing={"environment": "bad:Env"},
    )
    draft = built(
        declared,
        {"Arn": "a", "Seen": "s", "Many": ["t", "", None]},
        bad=Answer(None, RECORD, failure=failure),
    )
    assert draft.resource.attrs == {"seen": "s", "unset": None}
    assert [ref.target for ref in draft.resource.refs] == ["s", "t"]
    assert draft.hidden == {failure: {"attrs.lost", "refs.r", "tags", "policies.resource", "sightings"}}
    assert draft.resource.sources["attrs.seen"].pointer == "/Items/0/Seen"
    assert "attrs.lost" not in draft.resource.sources


def test_tags_of_every_shape() -> None:
    for tags in (
        [{"Key": "a", "Value": "1"}, {"Key": "b"}],
        [{"key": "a", "value": "1"}, {"key": "b", "value": ""}],
        [{"TagKey": "a", "TagValue": "1"}, {"TagKey": "b", "TagValue": None}],
        {"a": "1", "b": ""},
    ):
        assert built(of(tags="Tags"), {"Arn": "a", "Tags": tags}).resource.tags == {"a": "1", "b": ""}


def test_a_secret_is_seen_and_never_kept() -> None:
    declared = of(
        secret_bearing={"environment": "Env"},
        config=("Env",),
        attrs={"description": "Note"},
    )
    draft = built(declared, {"Arn": "a", "Env": {"KEY": SECRET, "DEEP": {"X": [SECRET]}}, "Note": "fine"})
    assert {each.field for each in draft.resource.sightings} == {"environment.KEY", "environment.DEEP.X"}
    assert len({each.mark for each in draft.resource.sightings}) == 1
    assert SECRET.encode() not in encode(draft.resource)


def test_a_search_that_fails_hides_its_sightings() -> None:
    class Broken:
        def sightings(self, field: str, name: str, text: str) -> list[Sighting]:
            raise ScanError(f"{field} {name} could not be searched ({len(text)})")

    draft = built(of(secret_bearing={"user_data": "Data"}), {"Arn": "a", "Data": "x"}, Broken())
    assert list(draft.hidden.values()) == [{"sightings"}]


def test_configuration_is_cut_into_words_that_may_name_something() -> None:
    text = "s3://lake/in,https://u:p@abc.lambda-url.eu-west-1.on.aws:443/x?y postgres://h1:5432/db"
    draft = built(of(config=("Env",)), {"Arn": "a", "Env": {"X": text, "Y": "plain-bucket", "Z": 7}})
    assert {
        "arn:aws:s3:::lake",
        "abc.lambda-url.eu-west-1.on.aws",
        "h1",
        "plain-bucket",
    } <= draft.names


def test_documents_are_found_in_lists() -> None:
    declared = of(policies=(policy(PolicyRole.INLINE, "Doc", id="Name", each="List[*]"),))
    item = {"Arn": "a", "List": [{"Name": "b", "Doc": {"x": 1}}, {"Name": "a", "Doc": "{}"}, {"Name": "c"}]}
    draft = built(declared, item)
    assert [(each.id, each.source.pointer) for each in draft.resource.policies] == [
        ("a", "/Items/0/List/1/Doc"),
        ("b", "/Items/0/List/0/Doc"),
    ]
