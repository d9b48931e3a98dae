"""Resources made from a Kind and the answers about one item; what was not read becomes the hidden fields of Gaps."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol
from urllib.parse import unquote

import msgspec

from aisposture.collect.declare import Kind, PolicySource, Value
from aisposture.collect.extract import Failure, Hidden, Reading, Sources, elements, read, unexpected
from aisposture.errors import ScanError
from aisposture.model.inventory import encode
from aisposture.model.resource import CallRecord, Net, Policy, Ref, Resource, Sighting, Source

_NEST = 32
"""Levels of a configuration value that are searched."""

_TOKEN = re.compile(r"[^\s\"'`,;|<>(){}\[\]=]+")
_TOKENS = 2000


class Reader(Protocol):
    """What finds secrets in text (``redact.Redactor``)."""

    def sightings(self, field: str, name: str, text: str) -> list[Sighting]:
        """The sightings in ``text``, never the text."""
        ...


class Table(Protocol):
    """A table of calls (``snapshot.ShardWriter``)."""

    def call(self, record: CallRecord) -> int:
        """The index of ``record``."""
        ...


class Draft(NamedTuple):
    """A Resource before the pointers from other resources are known.

    Attributes:
        hidden: failed call -> fields that it hides.
        names: words of its configuration that may name other resources.
        names_from: where those words were read.
        back: (ref name, bearer, target, origin) that other resources get.
    """

    resource: Resource
    hidden: dict[Failure, set[str]]
    names: frozenset[str]
    names_from: Source | None
    back: tuple[tuple[str, str, str, Source], ...]


class Builder:
    """Makes the Resource of one item."""

    def __init__(self, kind: Kind, sources: Sources, table: Table, redactor: Reader) -> None:
        self.kind = kind
        self.sources = sources
        self.table = table
        self.redactor = redactor
        self.hidden: dict[Failure, set[str]] = {}
        self.origins: dict[str, Source] = {}

    def draft(self, identity: Reading, account: str, region: str) -> Draft:
        """The resource with the id ``identity``, its hidden fields, and what it says of others."""
        kind = self.kind
        self.origins["id"] = self._origin(identity)
        attrs = {
            field.name: plain(reading.value)
            for field in kind.attrs
            if (reading := self._field(f"attrs.{field.name}", field.value)) is not None
        }
        refs = {
            Ref(name=field.name, target=target)
            for field in kind.refs
            if (reading := self._field(f"refs.{field.name}", field.value)) is not None
            for target in _texts(reading.value)
        }
        labels = set(kind.labels)
        for when in kind.labels_when:
            seen = self._read(kind.name, when.value)
            if seen is not None and seen.value:
                labels.add(when.label)
        net = self._field("net", kind.net) if kind.net is not None else None
        tags = self._field("tags", kind.tags) if kind.tags is not None else None
        title = self._read("name", kind.title)
        names, names_from = self._names()
        resource = Resource(
            id=str(plain(identity.value)),
            kind=kind.name,
            account=account,
            region=region,
            name=str(plain(title.value)) if title is not None and title.value is not None else "",
            labels=tuple(sorted(labels)),
            tags=_tags(tags.value) if tags is not None else {},
            refs=tuple(sorted(refs)),
            policies=tuple(self._policies()),
            net=net.value if net is not None and isinstance(net.value, Net) else None,
            sightings=tuple(sorted(self._sightings(), key=encode)),
            attrs=attrs,
            sources={},
        )
        back = tuple(self._back(resource.id))
        resource = msgspec.structs.replace(resource, sources=dict(sorted(self.origins.items())))
        return Draft(resource, self.hidden, names, names_from, back)

    def _origin(self, reading: Reading) -> Source:
        return Source(call=self.table.call(reading.record), pointer=reading.pointer)

    def _read(self, hides: str, wanted: Value) -> Reading | None:
        try:
            return read(wanted, self.sources)
        except Hidden as hidden:
            self.hidden.setdefault(hidden.failure, set()).add(hides)
            return None

    def _field(self, name: str, wanted: Value) -> Reading | None:
        reading = self._read(name, wanted)
        if reading is not None:
            self.origins.setdefault(name, self._origin(reading))
        return reading

    def _policies(self) -> Iterator[Policy]:
        found: dict[tuple[str, str], Policy] = {}
        for declared in self.kind.policies:
            try:
                for policy in self._documents(declared):
                    found.setdefault((policy.role, policy.id), policy)
            except Hidden as hidden:
                self.hidden.setdefault(hidden.failure, set()).add(f"policies.{declared.role}")
        for _, policy in sorted(found.items()):
            self.origins[f"policies.{policy.id}"] = policy.source
            yield policy

    def _documents(self, declared: PolicySource) -> Iterator[Policy]:
        places: list[Sources] = [self.sources]
        if declared.each is not None:
            places = [
                {
                    **self.sources,
                    "item": self.sources["item"]._replace(
                        value=each.value, record=each.record, pointer=each.pointer
                    ),
                }
                for each in elements(declared.each, self.sources)
            ]
        for place in places:
            reading = read(declared.document, place)
            raw = document(reading.value)
            if raw is None:
                # The absence was read; evidence for "there is none" points at the answer.
                self.origins.setdefault(f"policies.{declared.role}", self._origin(reading))
                continue
            name = read(declared.id, place).value
            yield Policy(role=declared.role, id=str(plain(name)), document=raw, source=self._origin(reading))

    def _sightings(self) -> Iterator[Sighting]:
        for field in self.kind.secret_bearing:
            reading = self._read("sightings", field.value)
            if reading is None:
                continue
            self.origins.setdefault("sightings", self._origin(reading))
            try:
                for place, name, text in _strings(field.name, field.name, reading.value):
                    yield from self.redactor.sightings(place, name, text)
            except ScanError:
                failure = unexpected(reading.record.operation, "not searchable")
                self.hidden.setdefault(failure, set()).add("sightings")

    def _names(self) -> tuple[frozenset[str], Source | None]:
        words: set[str] = set()
        origin: Source | None = None
        for wanted in self.kind.config:
            reading = self._read("refs.configures", wanted)
            if reading is None:
                continue
            origin = origin or self._origin(reading)
            for _, _, text in _strings("", "", reading.value):
                words.update(_words(text))
        return frozenset(words), origin

    def _back(self, own: str) -> Iterator[tuple[str, str, str, Source]]:
        for declared in self.kind.back_refs:
            field = f"back.{declared.name}"
            reading = self._read(field, declared.bearers)
            aim = None if declared.target is None else self._read(field, declared.target)
            if reading is None or (aim is None and declared.target is not None):
                continue
            origin = self._origin(aim or reading)
            for target in (own,) if aim is None else _texts(aim.value):
                yield from ((declared.name, bearer, target, origin) for bearer in _texts(reading.value))


def plain(value: Any) -> Any:
    """``value`` in the words of JSON: times as RFC 3339 in UTC, no lone surrogates, tuples as lists."""
    if isinstance(value, Mapping):
        return {plain(str(name)): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def document(value: Any) -> msgspec.Raw | None:
    """A policy document as compact JSON text: an object, or a JSON string where the cloud's text was no JSON object."""
    if value is None or value in ("", {}):
        return None
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str):
        text = str(plain(value)).strip()
        for candidate in (text, unquote(text)) if text.startswith("%7B") else (text,):
            if (raw := _object(candidate)) is not None:
                return raw
        return msgspec.Raw(msgspec.json.encode(text))
    return msgspec.Raw(encode(plain(value)))


def _object(text: str) -> msgspec.Raw | None:
    try:
        if isinstance(msgspec.json.decode(text), dict):
            return msgspec.Raw(msgspec.json.format(text.encode(), indent=-1))
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        pass
    return None


def _texts(value: Any) -> Iterator[str]:
    for each in value if isinstance(value, list | tuple | set | frozenset) else (value,):
        if each is not None and each != "":
            yield str(plain(each))


def _tags(value: Any) -> dict[str, str]:
    if isinstance(value, Mapping):
        return {str(plain(name)): str(plain(each)) for name, each in sorted(value.items())}
    found: dict[str, str] = {}
    for each in value or ():
        if isinstance(each, Mapping):
            lower = {str(name).lower().removeprefix("tag"): content for name, content in each.items()}
            if lower.get("key") is not None:
                found[str(plain(lower["key"]))] = str(plain(lower.get("value") or ""))
    return dict(sorted(found.items()))


def _strings(field: str, name: str, value: Any, depth: int = 0) -> Iterator[tuple[str, str, str]]:
    if isinstance(value, str | bytes):
        yield field, name, value if isinstance(value, str) else value.decode("utf-8", "replace")
    elif depth > _NEST:
        raise ScanError(f"{field} is nested too deeply to be searched")
    elif isinstance(value, Mapping):
        for key, each in sorted(value.items()):
            inner = str(plain(key))
            yield from _strings(f"{field}.{inner}", inner, each, depth + 1)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _strings(field, name, each, depth + 1)


def _words(text: str) -> Iterator[str]:
    """Parts of a configuration value that may name a resource: the whole, ARNs and other words in it, hosts of URLs."""
    whole = text.strip()
    if 3 <= len(whole) <= 2048:
        yield whole
    for number, found in enumerate(_TOKEN.finditer(text)):
        if number >= _TOKENS:
            return
        word = found[0]
        yield word
        scheme, mark, rest = word.partition("://")
        if mark:
            yield word
            authority, _, path = rest.partition("/")
            host = authority.rpartition("@")[2].partition(":")[0]
            yield host
            if scheme == "s3":
                yield f"arn:aws:s3:::{host}"
            yield path.partition("/")[0].partition("?")[0]
