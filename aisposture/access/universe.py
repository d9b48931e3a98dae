"""Everything that can be asked about, numbered in order of ARN, and sets of it as bitmaps.

An *item* is one ARN that requests name: a resource, the objects in a bucket, or a name that stands for what does not exist
yet. Objects are taken apart at the key patterns that some policy mentions, so that ``bucket/reports/*`` is an item beside
``bucket/*`` and each item is decided by one request for a typical name in it.
"""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import islice, takewhile

from pyroaring import BitMap, FrozenBitMap

from aisposture.access.aws.match import has_wildcard, matches_resource, readable
from aisposture.access.legs import ANY, OWN_PLACEHOLDERS, Capability, Leg
from aisposture.model import ids
from aisposture.model.inventory import Inventory
from aisposture.model.resource import Resource

_FIELD = re.compile(r"\{([a-z]+)\}")
_WILD = re.compile(r"[*?]")
_OBJECT = "{object}"
_LAST_FIELD = 5
"""Index of the resource part among the fields of an ARN."""


class Spread:
    """How the items of one (kind, template) stand for resources."""

    def __init__(self) -> None:
        self.by_item: dict[int, list[int]] = defaultdict(list)
        self.items = BitMap()
        self.identity = True
        self._memo: dict[FrozenBitMap, BitMap] = {}

    def add(self, item: int, resource: int) -> None:
        """Item ``item`` stands for resource ``resource``."""
        self.by_item[item].append(resource)
        self.identity = self.identity and item == resource

    def freeze(self) -> None:
        """Take the set of items once all were added."""
        self.items = BitMap(self.by_item)

    def resources(self, items: BitMap) -> BitMap:
        """The resources that ``items`` stand for in whole."""
        mine = items & self.items
        if self.identity:
            return mine
        key = FrozenBitMap(mine)
        known = self._memo.get(key)
        if known is None:
            known = self._memo[key] = BitMap(resource for item in mine for resource in self.by_item[item])
        return known


class Universe:
    """The items of one inventory.

    Attributes:
        arns: sorted.
        owner: for each item the resource it belongs to; None for names that stand for what does not exist yet.
        account: owning account of each item; "" where it is the account of whoever asks (``*``, buckets to be).
        prefix: the key pattern of an item that is a part of its resource, else "".
    """

    def __init__(
        self,
        inventory: Inventory,
        capabilities: Iterable[Capability],
        extra: Iterable[tuple[str, Leg]],
        patterns: Iterable[str],
    ) -> None:
        self.inventory = inventory
        self.accounts = sorted(
            {one.account for one in inventory.resources if one.cloud == "aws" and one.account.isdigit()}
        )
        self._templates: dict[str, set[str]] = defaultdict(set)
        for kind, leg in extra:
            self._templates[kind].add(leg.arn)
        for one in capabilities:
            legs = (leg for option in one.any_of for leg in option if leg.on in ("self", "scope"))
            self._templates[one.kind].update(leg.arn for leg in legs)
        entries: dict[str, tuple[Resource | None, str, str]] = {}
        spreads = [*self._of_resources(entries), *self._of_accounts(entries)]
        parts = self._parts(entries, patterns)
        entries.update(parts)
        self.arns = sorted(entries)
        self.number = {arn: index for index, arn in enumerate(self.arns)}
        self.owner = [entries[arn][0] for arn in self.arns]
        self.account = [entries[arn][1] for arn in self.arns]
        self.prefix = [entries[arn][2] for arn in self.arns]
        self.parts = BitMap(self.number[arn] for arn in parts)
        self.spreads: dict[tuple[str, str], Spread] = defaultdict(Spread)
        for key, arn, resource_id in spreads:
            if resource_id in self.number:
                self.spreads[key].add(self.number[arn], self.number[resource_id])
        for spread in self.spreads.values():
            spread.freeze()
        self._by_pattern: dict[str, BitMap] = {}

    def _of_resources(
        self, entries: dict[str, tuple[Resource | None, str, str]]
    ) -> Iterator[tuple[tuple[str, str], str, str]]:
        """((kind, template), ARN asked, resource) for every resource, its items entered into ``entries``."""
        for resource in self.inventory.resources:
            if resource.cloud != "aws":
                continue
            entries[resource.id] = (resource, resource.account, "")
            templates = self._templates.get(resource.kind, ()) if resource.kind != "aws.account" else ()
            for template in templates:
                arn = self.asked(template, resource)
                own = resource if OWN_PLACEHOLDERS.intersection(_FIELD.findall(template)) else None
                entries.setdefault(arn, (own, resource.account if own else _account_of(arn), ""))
                yield (resource.kind, template), arn, resource.id

    def _of_accounts(
        self, entries: dict[str, tuple[Resource | None, str, str]]
    ) -> Iterator[tuple[tuple[str, str], str, str]]:
        """The same for the accounts as such."""
        for account in self.accounts:
            entries.setdefault(ids.account_node(account), (None, account, ""))
            for template in self._templates.get("aws.account", ()):
                arn = self.scope_arn(template, account)
                entries.setdefault(arn, (None, _account_of(arn), ""))
                yield ("aws.account", template), arn, ids.account_node(account)

    def asked(self, template: str, resource: Resource) -> str:
        """The ARN that a request about ``resource`` names, by a leg's template."""
        if template == "{id}":
            return resource.id
        parts = ids.parse_arn(resource.id)
        values = {
            "id": resource.id,
            "partition": parts.partition if parts else "aws",
            "region": resource.region,
            "account": resource.account,
            "name": resource.name,
            "tail": resource.id.rpartition("/")[2],
            "parent": resource.id.partition("#")[0],
            "any": ANY,
            "object": ANY,
        }
        return _FIELD.sub(lambda found: values[found[1]], template)

    def scope_arn(self, template: str, account: str) -> str:
        """The ARN of a name in ``account`` that no policy singles out."""
        values = {"account": account, "partition": "aws", "region": self.main_region(account)}
        return _FIELD.sub(lambda found: values.get(found[1], ANY), template)

    def main_region(self, account: str) -> str:
        """The region with the most resources of an account."""
        return self._regions.get(account, "us-east-1")

    @cached_property
    def _regions(self) -> dict[str, str]:
        counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for resource in self.inventory.resources:
            if resource.region not in ("", "global"):
                counts[resource.account][resource.region] += 1
        return {account: min(found, key=lambda one: (-found[one], one)) for account, found in counts.items()}

    def _parts(
        self, entries: Mapping[str, tuple[Resource | None, str, str]], patterns: Iterable[str]
    ) -> dict[str, tuple[Resource | None, str, str]]:
        """Items for the key patterns of objects that policies mention."""
        stores = sorted(
            arn.removesuffix(f"/{ANY}")
            for arn, (owner, _, _) in entries.items()
            if owner is not None and owner.kind == "aws.s3.bucket" and arn == f"{owner.id}/{ANY}"
        )
        found: dict[str, tuple[Resource | None, str, str]] = {}
        for pattern in sorted(set(patterns)):
            head, slash, key = pattern.partition("/")
            if not slash or not key.strip("*") or "${" in pattern or ":s3:" not in head:
                continue
            low = bisect_left(stores, _WILD.split(head)[0])
            for store in stores[low:]:
                if not store.startswith(_WILD.split(head)[0]):
                    break
                if matches_resource(head, store):
                    owner, account, _ = entries[store]
                    found.setdefault(f"{store}/{typical(key)}", (owner, account, readable(key)))
        return {arn: value for arn, value in found.items() if arn not in entries}

    def items(self, kind: str, template: str) -> BitMap:
        """The items that a leg with ``template`` asks about for resources of ``kind``, parts included."""
        spread = self.spreads.get((kind, template))
        if spread is None:
            return BitMap()
        if _OBJECT not in template:
            return spread.items
        return spread.items | self._parts_of_kind.get(kind, BitMap())

    @cached_property
    def _parts_of_kind(self) -> dict[str, BitMap]:
        found: dict[str, BitMap] = defaultdict(BitMap)
        for item in self.parts:
            owner = self.owner[item]
            if owner is not None:
                found[owner.kind].add(item)
        return found

    def whole_of(self, part: int) -> int:
        """The resource of which an item is a part."""
        owner = self.owner[part]
        return part if owner is None else self.number[owner.id]

    @cached_property
    def unowned(self) -> BitMap:
        """Items that stand for what does not exist yet."""
        return BitMap(item for item, owner in enumerate(self.owner) if owner is None)

    @cached_property
    def of_account(self) -> dict[str, BitMap]:
        """Items by owning account; items of no account under ""."""
        found: dict[str, list[int]] = defaultdict(list)
        for item, account in enumerate(self.account):
            found[account].append(item)
        return {account: BitMap(items) for account, items in found.items()}

    @cached_property
    def of_kind(self) -> dict[tuple[str, str], BitMap]:
        """Resources by (account, kind)."""
        found: dict[tuple[str, str], list[int]] = defaultdict(list)
        for resource in self.inventory.resources:
            if resource.id in self.number:
                found[resource.account, resource.kind].append(self.number[resource.id])
        return {key: BitMap(items) for key, items in found.items()}

    def matching(self, pattern: str) -> BitMap:
        """The items that a resource pattern (variables replaced) matches; cost follows the size of its fixed beginning."""
        known = self._by_pattern.get(pattern)
        if known is None:
            known = self._by_pattern[pattern] = self._match(pattern)
        return known

    def _match(self, pattern: str) -> BitMap:
        if pattern == "*":
            return BitMap(range(len(self.arns)))
        if not has_wildcard(pattern) and pattern.count(":") >= 5:
            number = self.number.get(readable(pattern))
            return BitMap() if number is None else BitMap((number,))
        return BitMap(one for one in self._candidates(pattern) if matches_resource(pattern, self.arns[one]))

    def _candidates(self, pattern: str) -> Iterable[int]:
        """Items that ``pattern`` may match, by its fixed beginning and by the fixed beginning of its last field."""
        fields = pattern.split(":", _LAST_FIELD)
        if len(fields) > _LAST_FIELD and not has_wildcard("".join(fields[:3])):
            tail = readable(_WILD.split(fields[_LAST_FIELD])[0])
            head = readable(_WILD.split(pattern)[0])
            if tail and len(head) < len(pattern) - len(fields[_LAST_FIELD]):
                suffixes = self._suffixes.get(fields[2], [])
                low = bisect_left(suffixes, (tail, 0))
                return {
                    number
                    for text, number in takewhile(
                        lambda one: one[0].startswith(tail), islice(suffixes, low, None)
                    )
                }
        start = "" if pattern.startswith("execute-api:/") else readable(_WILD.split(pattern)[0])
        low = bisect_left(self.arns, start)
        return takewhile(lambda one: self.arns[one].startswith(start), range(low, len(self.arns)))

    @cached_property
    def _suffixes(self) -> dict[str, list[tuple[str, int]]]:
        """Per service, what follows the fifth or any later colon of each ARN, sorted: a star may swallow colons."""
        found: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for number, arn in enumerate(self.arns):
            fields = arn.split(":", _LAST_FIELD)
            if len(fields) > _LAST_FIELD:
                parts = fields[_LAST_FIELD].split(":")
                found[fields[2]] += [(":".join(parts[at:]), number) for at in range(len(parts))]
        for suffixes in found.values():
            suffixes.sort()
        return found

    def grouped(self, value_of: Callable[[int], object]) -> list[BitMap]:
        """The items in groups of equal value."""
        found: dict[object, list[int]] = defaultdict(list)
        for item in range(len(self.arns)):
            found[value_of(item)].append(item)
        return [BitMap(items) for items in found.values()]


def _account_of(arn: str) -> str:
    return ids.account_of(arn) or ""


def typical(pattern: str) -> str:
    """A name that ``pattern`` matches and that no other pattern singles out."""
    return readable(re.sub(r"\*+", ANY, pattern).replace("?", "~"))
