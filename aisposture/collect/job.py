"""Reading one account: lists, items and their details, in parallel; equal calls once; every failure a Gap."""

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from typing import Any, NamedTuple, Protocol

import msgspec

from aisposture.collect.declare import Call, Kind, Table, Value
from aisposture.collect.extract import (
    Answer,
    Failure,
    Hidden,
    Reading,
    Sources,
    depends,
    elements,
    filled,
    read,
    sources_of,
    unexpected,
)
from aisposture.collect.join import BackGap, ItemGap, back_gaps, gap_of, item_gaps, known, linked, merged
from aisposture.collect.resources import Builder, Draft, Reader, plain
from aisposture.model.ids import account_node
from aisposture.model.inventory import encode
from aisposture.model.resource import CallRecord, Gap
from aisposture.model.snapshot import ShardEntry, ShardWriter

GLOBAL = "global"


class Fetch(Protocol):
    """Makes a call in a region with filled-in parameters."""

    def __call__(self, region: str, call: Call, params: Mapping[str, Any], /) -> Any:
        """An answer with ``value``, ``record`` and ``failure`` (``wire.Fetched``)."""
        ...


class Family:
    """The Kinds of one cloud as a tree, and which of their calls are worth keeping."""

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self.kinds = tuple(kinds)
        self.roots = tuple(kind for kind in self.kinds if not kind.parents)
        self.children: dict[str, list[Kind]] = defaultdict(list)
        for kind in self.kinds:
            for parent in kind.parents:
                self.children[parent].append(kind)
        counts = Counter(_shape(call) for kind in self.kinds for call in set(kind.calls))
        self._shared = {shape for shape, count in counts.items() if count > 1}
        self.regional = tuple(
            sorted({name for root in self.roots if root.scope == "region" for name in self.below(root)})
        )
        self.everything = tuple(sorted({kind.name for kind in self.kinds}))

    def below(self, kind: Kind) -> tuple[str, ...]:
        """The names of ``kind`` and of all that can only be found through it."""
        found = {kind.name: None}
        waiting = [kind.name]
        while waiting:
            for child in self.children.get(waiting.pop(), ()):
                if child.name not in found:
                    found[child.name] = None
                    waiting.append(child.name)
        return tuple(sorted(found))

    def kept(self, call: Call) -> bool:
        """Whether the answer may be asked for again in the same account and region."""
        return _shape(call) in self._shared or not depends(call.params)


class Shard:
    """What is read into one shard; a table of calls that many threads may fill."""

    def __init__(self, region: str) -> None:
        self.region = region
        self.records: dict[CallRecord, int] = {}
        self.drafts: list[Draft] = []
        self.gaps: list[Gap] = []
        self.lock = threading.Lock()

    def call(self, record: CallRecord) -> int:
        """The index of ``record``."""
        with self.lock:
            return self.records.setdefault(record, len(self.records))


class Item(NamedTuple):
    """A resource whose parts are read next."""

    id: str
    sources: Sources


class Place(NamedTuple):
    """Where a call is made, and into which shard its items go."""

    shard: Shard
    region: str


class Finished(NamedTuple):
    """An account whose shards are written.

    Attributes:
        title: the account's name, or "".
    """

    shards: list[ShardEntry]
    gaps: list[Gap]
    title: str


class Job:
    """Reads one account. Threads enter through the tasks that it hands to ``go``."""

    def __init__(  # noqa: PLR0913 - everything that one account's reading hangs on
        self,
        account: str,
        *,
        partition: str,
        home_region: str,
        family: Family,
        fetch: Fetch,
        redactor: Reader,
        go: Callable[..., None],
        offered: Callable[[str, str], bool],
        others: frozenset[str],
    ) -> None:
        """``offered(service, region)``: the provider has it there; ``others``: the accounts that the same scan can read."""
        self.account = account
        self.partition = partition
        self.home_region = home_region
        self.family = family
        self.shards: dict[str, Shard] = {}
        self._fetch = fetch
        self._redactor = redactor
        self._go = go
        self._offered = offered
        self._others = others
        self._answers: dict[tuple[str, str, str, bytes], Future[Any]] = {}
        self._tables: dict[tuple[str, Table], Future[Any]] = {}
        self._lock = threading.Lock()
        self._item_gaps: list[ItemGap] = []
        self._back_gaps: list[BackGap] = []

    def start(self, regions: Iterable[str]) -> None:
        """Hand out the first tasks."""
        everywhere = Place(self.shard(GLOBAL), self.home_region)
        for kind in self.family.roots:
            if kind.scope != "region":
                self._go(self.list_items, everywhere, kind, None)
        for region in regions:
            self._go(self.open_region, Place(self.shard(region), region))

    def shard(self, region: str) -> Shard:
        """The shard of ``region``."""
        with self._lock:
            return self.shards.setdefault(region, Shard(region))

    def open_region(self, place: Place) -> None:
        """Read a region, unless the first answers of several services say that it is closed."""
        kinds = [
            kind
            for kind in self.family.roots
            if kind.call is not None
            and kind.scope == "region"
            and self._offered(kind.call.service, place.region)
        ]
        probes = {kind.call.service: kind.call for kind in reversed(kinds) if kind.call is not None}
        failures: list[Failure] = []
        for call in list(probes.values())[:3] if len(probes) > 1 else ():
            failure = self._made(place.region, call, self._around(place, None)).failure
            if failure is None or (
                failure.reason != "denied" and not failure.needs.startswith("a connection")
            ):
                failures.clear()
                break
            failures.append(failure)
        if failures:
            self._gap(
                place.shard,
                msgspec.structs.replace(
                    failures[0], needs=f"access to region {place.region}: all its services refuse"
                ),
                hides=self.family.regional,
            )
            return
        for kind in kinds:
            self._go(self.list_items, place, kind, None)

    def list_items(self, place: Place, kind: Kind, parent: Item | None) -> None:
        """Read the items of ``kind`` (under ``parent``), each with its details."""
        call = kind.call
        if call is not None and call.scope == "organization" and not self._reads_organization():
            return
        if call is not None and call.scope == "region" and not self._offered(call.service, place.region):
            return
        around = self._around(place, parent)
        if call is None:
            sources: Sources = around
        else:
            answer = self._made(self._region(place, call, None), call, around)
            if answer.failure is None:
                # An empty list leaves no resource, yet it was read.
                place.shard.call(answer.record)
            else:
                self._gap(
                    place.shard,
                    answer.failure,
                    hides=self.family.below(kind),
                    resource=None if parent is None else parent.id,
                )
            sources = {**around, "item": answer._replace(failure=None)}
        try:
            items = list(elements(kind.items, sources))
        except Hidden as hidden:
            self._gap(
                place.shard, hidden.failure, hides=self.family.below(kind), resource=parent and parent.id
            )
            return
        parallel = bool(kind.details) or any(child.call for child in self.family.children.get(kind.name, ()))
        for item in items:
            if parallel and len(items) > 1:
                self._go(self.read_item, place, kind, parent, item)
            else:
                self.read_item(place, kind, parent, item)

    def read_item(self, place: Place, kind: Kind, parent: Item | None, item: Reading) -> None:
        """Read one item: its details, the resource, and what hangs below it."""
        sources = self._around(place, parent)
        sources["item"] = Answer(item.value, item.record, item.pointer)
        try:
            if kind.where is not None and not read(kind.where, sources).value:
                return
            self._details(place, kind, sources)
            identity = read(kind.id, sources)
            account = read(kind.account, sources).value
        except Hidden as hidden:
            self._gap(
                place.shard, hidden.failure, hides=self.family.below(kind), resource=parent and parent.id
            )
            return
        if not identity.value or not account:
            failure = unexpected(item.record.operation, "no id")
            self._gap(place.shard, failure, hides=self.family.below(kind), resource=parent and parent.id)
            return
        name = str(plain(identity.value))
        scope = sources["scope"]
        sources["scope"] = scope._replace(value={**scope.value, "id": name})
        builder = Builder(kind, sources, place.shard, self._redactor)
        region, unread = self._own_region(place, kind, sources)
        draft = builder.draft(identity, str(account), region)
        if unread is not None:
            draft.hidden.setdefault(unread, set()).add("region")
        with place.shard.lock:
            place.shard.drafts.append(draft)
        self._item_failures(place.shard, kind, draft)
        below = Item(name, sources)
        for child in self.family.children.get(kind.name, ()):
            if child.call is None:
                self.list_items(place, child, below)
            else:
                self._go(self.list_items, place, child, below)

    def _details(self, place: Place, kind: Kind, sources: dict[str, Answer]) -> None:
        for table in kind.tables:
            if table.call.scope != "region" or self._offered(table.call.service, place.region):
                sources[table.name] = self._rows(place, kind, table, sources)
            else:
                sources[table.name] = sources["item"]._replace(value=[], rows=())
        for detail in kind.details:
            nothing = sources["item"]._replace(value=None)
            wanted = detail.when is None or self._wanted(detail.when, sources)
            region = self._region(place, detail.call, (kind, sources))
            sources[detail.name] = self._made(region, detail.call, sources) if wanted else nothing

    def _wanted(self, when: Value, sources: Sources) -> bool:
        try:
            return bool(read(when, sources).value)
        except Hidden:
            return True

    def _rows(self, place: Place, kind: Kind, table: Table, sources: Sources) -> Answer:
        region = self._region(place, table.call, (kind, sources))
        indexed: tuple[Answer, dict[Any, list[Reading]]] = self._once(
            self._tables, (region, table), lambda: self._indexed(region, table, sources)
        )
        answer, index = indexed
        if answer.failure is not None:
            return answer._replace(value=[], rows=(), failure=None) if table.optional else answer
        wanted = read(table.by, sources).value
        keys = wanted if isinstance(wanted, list | tuple | set | frozenset) else (wanted,)
        rows = [row for key in keys for row in index.get(key, ())]
        return answer._replace(
            value=[row.value for row in rows],
            rows=tuple(row.pointer for row in rows),
            pointer=answer.pointer,
        )

    def _indexed(
        self, region: str, table: Table, sources: Sources
    ) -> tuple[Answer, dict[Any, list[Reading]]]:
        answer = self._made(region, table.call, sources)
        index: dict[Any, list[Reading]] = defaultdict(list)
        if answer.failure is None and answer.value is not None:
            try:
                if table.parse is not None:
                    answer = answer._replace(value=table.parse(answer.value))
                rows = list(elements(table.rows, {"item": answer}))
                for row in rows:
                    here = Answer(row.value, row.record, row.pointer)
                    index[read(table.key, {"item": here}).value].append(row)
            except Hidden as hidden:
                return answer._replace(failure=hidden.failure), {}
            except (AttributeError, LookupError, TypeError, ValueError) as error:
                # A parse function met a body that is not what the provider documents, or a key that cannot be hashed.
                return answer._replace(failure=unexpected(answer.record.operation, type(error).__name__)), {}
        return answer, index

    def _around(self, place: Place, parent: Item | None) -> dict[str, Answer]:
        """The sources that stand around an item: the scope and everything about its parent."""
        values = {"account": self.account, "region": place.region, "partition": self.partition}
        record = CallRecord(
            operation="", parameters="{}", account=self.account, region=place.region, seen_at=""
        )
        if parent is None:
            return {"scope": Answer(values, record), "item": Answer(None, record)}
        values["parent"] = parent.id
        sources = {"scope": Answer(values, parent.sources["item"].record), "item": parent.sources["item"]}
        for name, answer in parent.sources.items():
            if name == "item":
                sources["parent"] = answer
            elif name != "scope":
                sources[f"parent.{name}"] = answer
        return sources

    def _region(self, place: Place, call: Call, of: tuple[Kind, Sources] | None) -> str:
        """Where ``call`` is made: at home, in the item's own region where that is known by now, or where the list was read."""
        if call.scope != "region":
            return self.home_region
        if of is not None and of[0].region is not None and sources_of(of[0].region) <= of[1].keys():
            try:
                return str(read(of[0].region, of[1]).value or place.region)
            except Hidden:
                # The Gap stands at the resource; the provider sends a call to the wrong region on, or refuses it.
                return place.region
        return place.region

    def _own_region(self, place: Place, kind: Kind, sources: Sources) -> tuple[str, Failure | None]:
        if kind.region is None:
            return place.shard.region, None
        try:
            return str(read(kind.region, sources).value or place.shard.region), None
        except Hidden as hidden:
            return place.shard.region, hidden.failure

    def _made(self, region: str, call: Call, sources: Sources) -> Answer:
        try:
            params = {name: filled(param, sources) for name, param in call.params}
        except Hidden as hidden:
            record = CallRecord(
                operation=call.name, parameters="{}", account=self.account, region=region, seen_at=""
            )
            return Answer(None, record, failure=hidden.failure)
        params = {name: param for name, param in params.items() if param is not None}
        if not self.family.kept(call):
            fetched = self._fetch(region, call, params)
        else:
            key = (region, call.service, call.operation, encode(params))
            fetched = self._once(self._answers, key, lambda: self._fetch(region, call, params))
        return Answer(fetched.value, fetched.record, failure=fetched.failure)

    def _once(self, made: dict[Any, Future[Any]], key: object, make: Callable[[], Any]) -> Any:
        with self._lock:
            future = made.get(key)
            first = future is None
            if future is None:
                future = made[key] = Future()
        if first:
            try:
                future.set_result(make())
            except BaseException as error:
                future.set_exception(error)
                raise
        return future.result()

    def _reads_organization(self) -> bool:
        """Whether this account is the one to ask about the organisation: its management account, unless that is not scanned."""
        call = next(
            (
                root.call
                for root in self.family.roots
                if root.call is not None and root.call.name == "organizations:DescribeOrganization"
            ),
            None,
        )
        if call is None:
            return True
        place = Place(self.shard(GLOBAL), self.home_region)
        value = self._made(self.home_region, call, self._around(place, None)).value
        management = ((value or {}).get("Organization") or {}).get("MasterAccountId")
        return management in {None, self.account} or management not in self._others

    def _gap(
        self, shard: Shard, failure: Failure, *, hides: Iterable[str], resource: str | None = None
    ) -> None:
        gap = gap_of(failure, account=self.account, region=shard.region, hides=hides, resource=resource)
        with shard.lock:
            shard.gaps.append(gap)

    def _item_failures(self, shard: Shard, kind: Kind, draft: Draft) -> None:
        for failure, fields in draft.hidden.items():
            back = [
                BackGap(shard.region, failure, f"refs.{declared.name}", declared.kinds)
                for declared in kind.back_refs
                if f"back.{declared.name}" in fields
            ]
            hides = tuple(sorted(field for field in fields if not field.startswith("back.")))
            with self._lock:
                self._back_gaps.extend(back)
                if hides:
                    self._item_gaps.append(
                        ItemGap(shard.region, kind.name, failure, hides, draft.resource.id)
                    )

    def finish(self, writer: Callable[[str], ShardWriter]) -> Finished:
        """Join what was read, and write every shard of the account."""
        drafts = {region: shard.drafts for region, shard in self.shards.items()}
        names = known(drafts)
        shared = [*item_gaps(self.account, self._item_gaps, drafts), *back_gaps(self._back_gaps, drafts)]
        entries: list[ShardEntry] = []
        gaps: list[Gap] = []
        title = ""
        for region, shard in sorted(self.shards.items()):
            out = writer(region)
            for record in shard.records:
                out.call(record)
            for resource in linked(shard.drafts, names):
                out.resource(resource)
                if resource.id == account_node(self.account):
                    title = resource.name
            own = merged([*shard.gaps, *(gap for gap in shared if gap.region == region)])
            for gap in own:
                out.gap(gap)
            gaps.extend(own)
            entries.append(out.close())
        return Finished(entries, gaps, title)


def _shape(call: Call) -> tuple[str, str, Any]:
    return call.service, call.operation, call.params
