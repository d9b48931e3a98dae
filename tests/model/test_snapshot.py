import hashlib
import json
import stat
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aisposture.errors import SnapshotError, UsageError
from aisposture.model import snapshot
from aisposture.model.graph import Label
from aisposture.model.inventory import Inventory, encode
from aisposture.model.resource import (
    CallRecord,
    Gap,
    Net,
    NetRule,
    Policy,
    PolicyRole,
    Ref,
    Resource,
    Sighting,
    Source,
)
from aisposture.model.snapshot import ShardWriter, begin, read, write, write_manifest

words = st.text(st.characters(codec="utf-8"), max_size=12)
names = st.sampled_from(["a", "b", "arn:aws:s3:::x", "é", "line\nbreak", "../up"])
regions = st.sampled_from(["eu-west-1", "global", "../../etc", "x y"])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def inventories(draw: st.DrawFn) -> Inventory:
    calls = draw(
        st.lists(
            st.builds(
                CallRecord, operation=words, parameters=words, account=names, region=regions, seen_at=words
            ),
            min_size=1,
            max_size=4,
        )
    )
    sources = st.builds(Source, call=st.integers(0, len(calls) - 1), pointer=words)
    policies = st.builds(
        Policy,
        role=st.sampled_from(list(PolicyRole)),
        id=words,
        document=json_values.map(lambda value: msgspec.Raw(encode(value))),
        source=sources,
    )
    nets = st.builds(
        Net,
        rules=st.lists(
            st.builds(
                NetRule,
                direction=st.sampled_from(["in", "out"]),
                allow=st.booleans(),
                protocol=words,
                ports=st.just((0, 65535)),
                peer=words,
            ),
            max_size=2,
        ).map(tuple),
    )
    resources = st.builds(
        Resource,
        id=words,
        kind=names,
        account=names,
        region=regions,
        name=words,
        labels=st.lists(st.sampled_from(list(Label)), max_size=2).map(tuple),
        tags=st.dictionaries(words, words, max_size=2),
        refs=st.lists(st.builds(Ref, name=names, target=words), max_size=2).map(tuple),
        policies=st.lists(policies, max_size=2).map(tuple),
        net=st.none() | nets,
        sightings=st.lists(
            st.builds(Sighting, detector=words, field=words, length=words, grade=st.just("entropy")),
            max_size=1,
        ).map(tuple),
        attrs=st.dictionaries(words, json_values, max_size=3),
        sources=st.dictionaries(words, sources, max_size=2),
    )
    gaps = st.builds(
        Gap,
        call=words,
        account=names,
        region=regions,
        resource=st.none() | words,
        reason=st.sampled_from(["denied", "failed"]),
        hides=st.lists(names, max_size=2).map(tuple),
        needs=words,
    )
    return Inventory.of(
        draw(st.lists(resources, max_size=5)),
        gaps=draw(st.lists(gaps, max_size=3)),
        calls=calls,
        taken_at="2026-11-22T10:00:00Z",
    )


def told(inventory: Inventory) -> list[Any]:
    """The inventory with calls in the place of their numbers, which a snapshot may change."""
    out: list[Any] = []
    for resource in inventory.resources:
        plain = json.loads(encode(resource))
        for source in (
            *plain.get("sources", {}).values(),
            *(each["source"] for each in plain.get("policies", ())),
        ):
            source["call"] = json.loads(encode(inventory.calls[source["call"]]))
        out.append(plain)
    return [out, json.loads(encode(inventory.gaps)), inventory.taken_at, dict(inventory.accounts)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(inventory=inventories())
def test_what_is_written_is_read(inventory: Inventory, tmp_path: Path) -> None:
    write(tmp_path / "one", inventory)
    again = read(tmp_path / "one")
    assert told(again) == told(inventory)
    write(tmp_path / "two", again)
    for file in (tmp_path / "one").glob("*.zst"):
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()


CALLS = [
    CallRecord(operation=name, parameters="{}", account="1", region="global", seen_at="t")
    for name in ("a:A", "b:B")
]


def resource(name: str, call: int = 0, **more: Any) -> Resource:
    given_ = {"kind": "aws.s3.bucket", "account": "1", "region": "global", "name": name, **more}
    return Resource(id=name, sources={"id": Source(call=call, pointer="/x")}, **given_)


def made(folder: Path, *resources: Resource, taken_at: str = "2026-01-01T00:00:00Z", **more: Any) -> Path:
    write(folder, Inventory.of(resources, calls=CALLS, taken_at=taken_at, **more))
    return folder


def test_the_order_of_reading_leaves_no_trace(tmp_path: Path) -> None:
    files = []
    for folder, order in ((tmp_path / "x", (0, 1)), (tmp_path / "y", (1, 0))):
        begin(folder)
        writer = ShardWriter(folder, account="1", region="global")
        for number in order:
            index = writer.call(CALLS[number])
            writer.resource(resource(f"r{number}", index))
            writer.gap(
                Gap(call=f"g{number}", account="1", region="global", reason="denied", hides=(), needs="")
            )
        writer.gap(Gap(call="g0", account="1", region="global", reason="denied", hides=(), needs=""))
        files.append((folder / writer.close().file).read_bytes())
    assert files[0] == files[1]


def test_only_the_owner_may_read(tmp_path: Path) -> None:
    folder = made(tmp_path / "s", resource("r"))
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    assert len(list(folder.iterdir())) == 2


def test_union_renumbers_calls_and_does_not_depend_on_order(tmp_path: Path) -> None:
    one = made(tmp_path / "one", resource("r1", 1))
    two = made(tmp_path / "two", resource("r2", 1, account="2"), accounts={"2": "two", "1": ""})
    union = read(one, two)
    assert encode(union) == encode(read(two, one))
    assert [union.calls[each.sources["id"].call].operation for each in union.resources] == ["b:B", "b:B"]
    assert union.accounts == {"1": "", "2": "two"}


def test_a_newer_shard_of_the_same_place_replaces_the_older(tmp_path: Path) -> None:
    old = made(tmp_path / "old", resource("gone"), resource("kept"))
    new = made(tmp_path / "new", resource("kept"), taken_at="2026-02-01T00:00:00Z")
    assert [each.id for each in read(new, old).resources] == ["kept"]
    assert read(new, old).taken_at == "2026-02-01T00:00:00Z"


def test_gaps_of_accounts_without_shards_are_read(tmp_path: Path) -> None:
    gap = Gap(
        call="sts:AssumeRole", account="9", region="*", reason="denied", hides=("aws.s3.bucket",), needs="x"
    )
    begin(tmp_path)
    write_manifest(tmp_path, taken_at="t", scope={}, accounts={"9": ""}, shards=(), gaps=[gap])
    assert read(tmp_path).gaps == (gap,)


def test_the_folder_of_a_scan_is_read_through_its_snapshot(tmp_path: Path) -> None:
    made(tmp_path / "snapshot", resource("r"))
    assert [each.id for each in Inventory.read(tmp_path).resources] == ["r"]


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-5])


def _flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))


@pytest.mark.parametrize("harm", [_cut, _flip, Path.unlink, lambda file: file.write_bytes(b"")])
@pytest.mark.parametrize("which", ["manifest.json", "1@global.jsonl.zst"])
def test_harmed_files_are_refused_in_one_line(harm: Any, which: str, tmp_path: Path) -> None:
    folder = made(tmp_path / "s", resource("r"))
    harm(folder / which)
    with pytest.raises(SnapshotError) as caught:
        read(folder)
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value)


def _remade(folder: Path, **changes: Any) -> None:
    """The manifest with changes and a seal that fits them, as only a liar makes it."""
    manifest = snapshot.read_manifest(folder)
    manifest = msgspec.structs.replace(manifest, **changes)
    manifest = msgspec.structs.replace(manifest, sha256=snapshot._seal(manifest))
    (folder / "manifest.json").write_bytes(encode(manifest))


def test_an_unknown_version_is_named(tmp_path: Path) -> None:
    folder = made(tmp_path / "s", resource("r"))
    _remade(folder, format=99)
    with pytest.raises(SnapshotError, match="format 99"):
        read(folder)


@pytest.mark.parametrize("file", ["../../etc/passwd", "/etc/passwd", ".hidden", "a/b"])
def test_a_manifest_cannot_reach_outside_its_folder(file: str, tmp_path: Path) -> None:
    folder = made(tmp_path / "s", resource("r"))
    entry = snapshot.read_manifest(folder).shards[0]
    _remade(folder, shards=(msgspec.structs.replace(entry, file=file),))
    with pytest.raises(SnapshotError, match="outside its folder"):
        read(folder)


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    folder = made(tmp_path / "s", resource("r"))
    file = folder / "1@global.jsonl.zst"
    file.write_bytes(zstandard.ZstdCompressor().compress(b"\0" * 50_000_000))
    entry = snapshot.read_manifest(folder).shards[0]
    _remade(
        folder,
        shards=(msgspec.structs.replace(entry, sha256=hashlib.sha256(file.read_bytes()).hexdigest()),),
    )
    with pytest.raises(SnapshotError, match="size is not the manifest's"):
        read(folder)


def test_a_source_must_name_a_call(tmp_path: Path) -> None:
    begin(tmp_path)
    writer = ShardWriter(tmp_path, account="1", region="global")
    writer.call(CALLS[0])
    writer.resource(resource("r", 0))
    entry = writer.close()
    file = tmp_path / entry.file
    text = zstandard.ZstdDecompressor().decompress(file.read_bytes(), max_output_size=10_000)
    lines = text.replace(b'"call":0', b'"call":7').split(b"\n")
    body = b"".join(line + b"\n" for line in lines[:2])
    footer = msgspec.json.decode(lines[2], type=snapshot.Footer)
    footer = msgspec.structs.replace(footer, sha256=hashlib.sha256(body).hexdigest())
    forged = body + encode(footer) + b"\n"
    packed = zstandard.ZstdCompressor().compress(forged)
    file.write_bytes(packed)
    entry = msgspec.structs.replace(entry, size=len(forged), sha256=hashlib.sha256(packed).hexdigest())
    write_manifest(tmp_path, taken_at="t", scope={}, accounts={}, shards=[entry], gaps=())
    with pytest.raises(SnapshotError, match="not in its table"):
        read(tmp_path)


def test_an_unfinished_scan_is_no_snapshot(tmp_path: Path) -> None:
    folder = made(tmp_path / "s", resource("r"))
    begin(folder)
    with pytest.raises(SnapshotError, match="no finished snapshot"):
        read(folder)


def test_a_folder_that_cannot_be_written_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="cannot write"):
        begin(tmp_path / "file" / "below")


def test_the_schema_accepts_what_is_written(tmp_path: Path) -> None:
    import jsonschema

    folder = made(tmp_path / "s", resource("r", policies=(), tags={"a": "b"}))
    schema = snapshot.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(json.loads((folder / "manifest.json").read_bytes()))
    text = zstandard.ZstdDecompressor().decompress(
        (folder / "1@global.jsonl.zst").read_bytes(), max_output_size=100_000
    )
    for line in text.splitlines():
        validator.validate(json.loads(line))
    assert not validator.is_valid({"id": 1})
