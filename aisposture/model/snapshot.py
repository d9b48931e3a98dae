"""Snapshots on disk: one compressed shard per account and region, and a manifest written last.

A shard is JSON lines under zstandard: resources, then calls, then one line that counts and hashes what stands before it
and holds the Gaps. Files appear under their names only when whole. Nothing in a shard depends on the machine or process
that wrote it, so shards may be made anywhere and joined later.
"""

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import zstandard
from msgspec import Struct

from aisposture.errors import SnapshotError, UsageError
from aisposture.model.inventory import Inventory, encode, renumbered
from aisposture.model.resource import CallRecord, Gap, Resource

FORMAT = 1
"""Version of the format; a reader refuses any other."""

MANIFEST = "manifest.json"
_SUFFIX = ".jsonl.zst"
_SAFE = re.compile(r"[A-Za-z0-9._@-]+")
_LEVEL = 3
_T = TypeVar("_T")


class Footer(Struct, frozen=True, kw_only=True):
    """The last line of a shard.

    Attributes:
        resources, calls: number of lines of each before this one.
        sha256: of the bytes of those lines, uncompressed.
    """

    account: str
    region: str
    resources: int
    calls: int
    sha256: str
    gaps: tuple[Gap, ...]


class ShardEntry(Struct, frozen=True, kw_only=True):
    """A shard as the manifest knows it.

    Attributes:
        file: name inside the folder.
        size: bytes, uncompressed.
        sha256: of the file as it stands on disk.
    """

    file: str
    account: str
    region: str
    resources: int
    calls: int
    gaps: int
    size: int
    sha256: str


class Manifest(Struct, frozen=True, kw_only=True):
    """What a snapshot folder holds.

    Attributes:
        taken_at: when the scan began, RFC 3339 in UTC.
        scope: what the scan was asked to read, without credentials.
        accounts: every account of the scope, read or not, with its name or "".
        gaps: all Gaps: those of the shards, and those of accounts that have none.
        sha256: of the canonical encoding of all the other fields.
    """

    format: int
    taken_at: str
    scope: dict[str, Any]
    accounts: dict[str, str]
    shards: tuple[ShardEntry, ...]
    gaps: tuple[Gap, ...]
    sha256: str = ""


class ShardWriter:
    """Gathers what was read in one account and region, and writes it in canonical order when closed.

    Equal contents give equal bytes, in whatever order they were added.
    """

    def __init__(self, folder: Path, *, account: str, region: str) -> None:
        self.folder = folder
        self.account = account
        self.region = region
        self._calls: list[CallRecord] = []
        self._resources: list[Resource] = []
        self._gaps: list[Gap] = []

    def call(self, record: CallRecord) -> int:
        """The index under which sources of this shard refer to ``record``."""
        self._calls.append(record)
        return len(self._calls) - 1

    def resource(self, resource: Resource) -> None:
        """Add a resource whose sources hold indices given by ``call``."""
        self._resources.append(resource)

    def gap(self, gap: Gap) -> None:
        """Add a Gap."""
        self._gaps.append(gap)

    def close(self) -> ShardEntry:
        """Write the shard under its name, whole.

        Raises:
            UsageError: the folder cannot be written.
        """
        order = sorted(set(self._calls), key=encode)
        place = {record: number for number, record in enumerate(order)}
        numbers = [place[record] for record in self._calls]
        lines = [_line(renumbered(each, numbers)) for each in self._resources]
        lines = [line for _, line in sorted(zip((each.id for each in self._resources), lines, strict=True))]
        body = b"".join([*lines, *(_line(record) for record in order)])
        gaps = tuple(sorted(set(self._gaps), key=encode))
        footer = Footer(
            account=self.account,
            region=self.region,
            resources=len(lines),
            calls=len(order),
            sha256=hashlib.sha256(body).hexdigest(),
            gaps=gaps,
        )
        text = body + _line(footer)
        packed = zstandard.ZstdCompressor(level=_LEVEL).compress(text)
        file = shard_file(self.account, self.region)
        _replace(self.folder / file, packed)
        return ShardEntry(
            file=file,
            account=self.account,
            region=self.region,
            resources=len(lines),
            calls=len(order),
            gaps=len(gaps),
            size=len(text),
            sha256=hashlib.sha256(packed).hexdigest(),
        )


def shard_file(account: str, region: str) -> str:
    """The file name of the shard of ``account`` and ``region``."""
    return f"{_plain(account)}@{_plain(region)}{_SUFFIX}"


def begin(folder: Path) -> None:
    """Make ``folder`` ready for a new snapshot: from here on, and until the manifest is written, it holds none.

    Raises:
        UsageError: the folder cannot be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / MANIFEST).unlink(missing_ok=True)
        for stale in folder.glob(f"*{_SUFFIX}"):
            stale.unlink()
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UsageError(f"cannot write to {folder}: {error.strerror}") from None


def write_manifest(
    folder: Path,
    *,
    taken_at: str,
    scope: dict[str, Any],
    accounts: dict[str, str],
    shards: Iterable[ShardEntry],
    gaps: Iterable[Gap],
) -> Manifest:
    """Write the manifest, which makes the folder a snapshot.

    Raises:
        UsageError: the folder cannot be written.
    """
    manifest = Manifest(
        format=FORMAT,
        taken_at=taken_at,
        scope=scope,
        accounts=accounts,
        shards=tuple(sorted(shards, key=lambda entry: entry.file)),
        gaps=tuple(sorted(set(gaps), key=encode)),
    )
    manifest = msgspec.structs.replace(manifest, sha256=_seal(manifest))
    _replace(folder / MANIFEST, msgspec.json.format(encode(manifest), indent=1) + b"\n")
    return manifest


def write(folder: Path, inventory: Inventory, *, scope: dict[str, Any] | None = None) -> Manifest:
    """Write ``inventory`` as a snapshot (for inventories that no scan made).

    Raises:
        UsageError: the folder cannot be written.
    """
    begin(folder)
    writers: dict[tuple[str, str], ShardWriter] = {}
    places: dict[tuple[ShardWriter, int], int] = {}

    def writer(account: str, region: str) -> ShardWriter:
        return writers.setdefault((account, region), ShardWriter(folder, account=account, region=region))

    for resource in inventory.resources:
        shard = writer(resource.account, resource.region)
        for number in sources_of(resource):
            if (shard, number) not in places:
                places[shard, number] = shard.call(inventory.calls[number])
        shard.resource(renumbered(resource, {n: places[shard, n] for n in sources_of(resource)}))
    for gap in inventory.gaps:
        writer(gap.account, gap.region).gap(gap)
    return write_manifest(
        folder,
        taken_at=inventory.taken_at,
        scope=scope or {},
        accounts=inventory.accounts,
        shards=[each.close() for each in writers.values()],
        gaps=inventory.gaps,
    )


def read_manifest(folder: Path) -> Manifest:
    """The manifest of ``folder``, or of its sub-folder ``snapshot``, checked.

    Raises:
        SnapshotError: there is none, or it is of an unknown version, truncated or changed.
    """
    file = home(folder) / MANIFEST
    try:
        text = file.read_bytes()
    except FileNotFoundError:
        raise SnapshotError(f"{folder} holds no finished snapshot (no {MANIFEST})") from None
    except OSError as error:
        raise SnapshotError(f"cannot read {file}: {error.strerror}") from None
    try:
        version = msgspec.json.decode(text, type=_Versioned).format
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise SnapshotError(f"{file} is no manifest of a snapshot: truncated or changed") from None
    if version != FORMAT:
        raise SnapshotError(f"{file} has format {version}; this version of aisposture reads format {FORMAT}")
    try:
        manifest = msgspec.json.decode(text, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SnapshotError(f"{file} was truncated or changed: {error}") from None
    if _seal(manifest) != manifest.sha256:
        raise SnapshotError(f"{file} was changed after it was written")
    return manifest


def home(folder: Path) -> Path:
    """The folder that holds the manifest: ``folder`` itself, or ``folder/snapshot`` (what ``scan --out`` writes)."""
    inner = folder / "snapshot"
    return inner if not (folder / MANIFEST).exists() and (inner / MANIFEST).exists() else folder


def read(*folders: Path) -> Inventory:
    """The union of the snapshots in ``folders``; their order does not matter.

    Where several hold a shard of one account and region, the newest is taken.

    Raises:
        SnapshotError: a folder holds no snapshot, one of an unknown version, or one that was truncated or changed.
    """
    manifests = [(folder, read_manifest(folder)) for folder in folders]
    if not manifests:
        raise SnapshotError("no snapshot was given")
    chosen: dict[tuple[str, str], tuple[str, str, Path, ShardEntry]] = {}
    for folder, manifest in manifests:
        for entry in manifest.shards:
            place = (entry.account, entry.region)
            candidate = (manifest.taken_at, entry.sha256, folder, entry)
            if place not in chosen or candidate[:2] > chosen[place][:2]:
                chosen[place] = candidate
    resources: list[Resource] = []
    calls: list[CallRecord] = []
    gaps: list[Gap] = []
    for _, (_, _, folder, entry) in sorted(chosen.items(), key=lambda each: each[0]):
        footer, own, records = read_shard(home(folder) / entry.file, entry)
        numbers = list(range(len(calls), len(calls) + len(records)))
        calls.extend(records)
        resources.extend(renumbered(each, numbers) for each in own)
        gaps.extend(footer.gaps)
    accounts: dict[str, str] = {}
    for _, manifest in sorted(manifests, key=lambda each: (each[1].taken_at, each[1].sha256)):
        gaps.extend(gap for gap in manifest.gaps if (gap.account, gap.region) not in chosen)
        accounts.update(
            (account, name) for account, name in manifest.accounts.items() if name or account not in accounts
        )
    taken_at = max(manifest.taken_at for _, manifest in manifests)
    return Inventory.of(resources, gaps=gaps, calls=calls, taken_at=taken_at, accounts=accounts)


def read_shard(file: Path, entry: ShardEntry) -> tuple[Footer, list[Resource], list[CallRecord]]:
    """The contents of one shard, checked against its manifest entry and its own last line.

    Raises:
        SnapshotError: the file is missing, truncated or changed.
    """
    if not _SAFE.fullmatch(entry.file) or entry.file.startswith("."):
        raise SnapshotError(f"{file.parent}: the manifest names a shard outside its folder")
    try:
        packed = file.read_bytes()
    except FileNotFoundError:
        raise SnapshotError(f"{file} is missing from its snapshot") from None
    except OSError as error:
        raise SnapshotError(f"cannot read {file}: {error.strerror}") from None
    if hashlib.sha256(packed).hexdigest() != entry.sha256:
        raise SnapshotError(f"{file} was truncated or changed after it was written")
    text = _unpacked(file, packed, entry.size)
    lines = text.split(b"\n")
    try:
        footer = msgspec.json.decode(lines[-2] if len(lines) > 1 else b"", type=Footer)
        own = lines[: footer.resources]
        records = lines[footer.resources : footer.resources + footer.calls]
        body = b"".join(line + b"\n" for line in (*own, *records))
        whole = len(lines) == footer.resources + footer.calls + 2 and lines[-1] == b""
        if not whole or hashlib.sha256(body).hexdigest() != footer.sha256:
            raise SnapshotError(f"{file} was truncated or changed")
        resources = list(_decoded(own, Resource))
        table = list(_decoded(records, CallRecord))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SnapshotError(f"{file} was truncated or changed: {error}") from None
    _check_sources(file, resources, len(table))
    return footer, resources, table


def schema() -> dict[str, Any]:
    """The JSON Schema of a snapshot: the manifest, and the lines of its shards."""
    (manifest, footer, resource, call), components = msgspec.json.schema_components(
        [Manifest, Footer, Resource, CallRecord], ref_template="#/$defs/{name}"
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "aisposture snapshot",
        "description": "manifest.json, or one line of a shard.",
        "anyOf": [manifest, footer, resource, call],
        "$defs": components,
    }


def sources_of(resource: Resource) -> set[int]:
    """The calls that ``resource`` was read from."""
    sources = (*resource.sources.values(), *(each.source for each in resource.policies))
    return {source.call for source in sources}


class _Versioned(Struct):
    format: int


def _decoded(lines: list[bytes], type_: type[_T]) -> Iterator[_T]:
    decoder = msgspec.json.Decoder(type_)
    return (decoder.decode(line) for line in lines)


def _check_sources(file: Path, resources: list[Resource], calls: int) -> None:
    for resource in resources:
        if any(not 0 <= number < calls for number in sources_of(resource)):
            raise SnapshotError(f"{file} was changed: {resource.id} names a call that is not in its table")


def _unpacked(file: Path, packed: bytes, size: int) -> bytes:
    try:
        with zstandard.ZstdDecompressor().stream_reader(packed) as stream:
            text = stream.read(size + 1)
    except zstandard.ZstdError as error:
        raise SnapshotError(f"{file} was truncated or changed: {error}") from None
    if len(text) != size:
        raise SnapshotError(f"{file} was truncated or changed: its size is not the manifest's")
    return text


def _line(value: object) -> bytes:
    line = encode(value)
    if b"\n" in line:
        line = msgspec.json.format(line, indent=-1)
    return line + b"\n"


def _seal(manifest: Manifest) -> str:
    return hashlib.sha256(encode(msgspec.structs.replace(manifest, sha256=""))).hexdigest()


def _plain(text: str) -> str:
    if _SAFE.fullmatch(text) and not text.startswith("."):
        return text
    return "x" + hashlib.sha256(text.encode()).hexdigest()[:16]


def _replace(file: Path, content: bytes) -> None:
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=".", suffix=".part", dir=file.parent)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
            Path(temporary).replace(file)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UsageError(f"cannot write {file}: {error.strerror}") from None


def dump_schema() -> str:
    """``schema()`` as text, as it stands in the documentation."""
    return json.dumps(schema(), indent=2, sort_keys=True) + "\n"
