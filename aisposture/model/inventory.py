"""The inventory: everything a scan read, joined over accounts and regions, with an index over ids and aliases."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import msgspec
from msgspec import Struct

from aisposture.model.graph import Label
from aisposture.model.resource import CallRecord, Gap, Resource, Source

_encoder = msgspec.json.Encoder(order="sorted")


def encode(value: object) -> bytes:
    """Canonical JSON: keys sorted, no white space; equal values give equal bytes."""
    return _encoder.encode(value)


class Inventory(Struct, frozen=True, kw_only=True, dict=True):
    """What was read, and what was not. Made by ``of``; never changed.

    Attributes:
        resources: sorted by id, one per id.
        gaps: sorted.
        calls: the table that ``Source.call`` points into.
        taken_at: RFC 3339 in UTC; ``now`` for everything after collection.
        accounts: every account in the scope of the scan, whether it could be read or not, with its name or "".
    """

    resources: tuple[Resource, ...] = ()
    gaps: tuple[Gap, ...] = ()
    calls: tuple[CallRecord, ...] = ()
    taken_at: str = "1970-01-01T00:00:00Z"
    accounts: dict[str, str] = {}

    @classmethod
    def of(
        cls,
        resources: Iterable[Resource],
        *,
        gaps: Iterable[Gap] = (),
        calls: Iterable[CallRecord] = (),
        taken_at: str = "1970-01-01T00:00:00Z",
        accounts: dict[str, str] | None = None,
    ) -> "Inventory":
        """An inventory in canonical order; of several sightings of one id the one with the most sources is kept."""
        best: dict[str, Resource] = {}
        for resource in resources:
            other = best.get(resource.id)
            if other is None or _weight(resource) > _weight(other):
                best[resource.id] = resource
        named = (
            dict(accounts) if accounts is not None else {resource.account: "" for resource in best.values()}
        )
        return cls(
            resources=tuple(best[key] for key in sorted(best)),
            gaps=tuple(sorted(set(gaps), key=encode)),
            calls=tuple(calls),
            taken_at=taken_at,
            accounts=dict(sorted(named.items())),
        )

    @classmethod
    def read(cls, *folders: Path | str) -> "Inventory":
        """The union of the snapshots in ``folders``.

        Raises:
            SnapshotError: a folder holds no snapshot, one of an unknown version, or one that was truncated or changed.
        """
        from aisposture.model.snapshot import read

        return read(*(Path(folder) for folder in folders))

    @cached_property
    def by_id(self) -> dict[str, Resource]:
        """Resources by id."""
        return {resource.id: resource for resource in self.resources}

    @cached_property
    def by_alias(self) -> dict[str, str]:
        """Alias -> id; an alias that two resources claim is left out."""
        claims: dict[str, set[str]] = {}
        for resource in self.resources:
            for alias in resource.attrs.get("aliases") or ():
                claims.setdefault(alias, set()).add(resource.id)
        return {alias: min(ids) for alias, ids in claims.items() if len(ids) == 1 and alias not in self.by_id}

    def resolve(self, target: str) -> str:
        """The id that ``target`` (id or alias) stands for; ``target`` itself where nothing is known of it."""
        return target if target in self.by_id else self.by_alias.get(target, target)

    def get(self, target: str) -> Resource | None:
        """The resource with this id or alias."""
        return self.by_id.get(self.resolve(target))

    def of_kind(self, *kinds: str) -> Iterator[Resource]:
        """Resources of one of ``kinds``, in order of id."""
        return (resource for resource in self.resources if resource.kind in kinds)

    def labelled(self, label: Label) -> Iterator[Resource]:
        """Resources that their collector gave ``label``, in order of id."""
        return (resource for resource in self.resources if label in resource.labels)

    @cached_property
    def _hiding(self) -> tuple[dict[str, list[Gap]], dict[tuple[str, str], list[Gap]]]:
        single: dict[str, list[Gap]] = {}
        wide: dict[tuple[str, str], list[Gap]] = {}
        for gap in self.gaps:
            if gap.resource is not None:
                single.setdefault(gap.resource, []).append(gap)
            else:
                for kind in gap.kinds or gap.hides:
                    wide.setdefault((gap.account, kind), []).append(gap)
        return single, wide

    def hidden(self, resource: Resource, field: str) -> Gap | None:
        """The Gap that hides ``field`` of ``resource``, or None where it was read.

        A Gap that hides ``policies`` hides ``policies.resource`` as well; one that hides ``net`` hides all of it.
        """
        single: dict[str, list[Gap]]
        wide: dict[tuple[str, str], list[Gap]]
        single, wide = self._hiding
        own: list[Gap] = single.get(resource.id, [])
        for gap in (*own, *wide.get((resource.account, resource.kind), [])):
            if gap.resource is None and gap.region not in {"*", "global", resource.region}:
                continue
            if any(field == hidden or field.startswith(hidden + ".") for hidden in gap.hides):
                return gap
        return None

    def gaps_over(self, kinds: Iterable[str]) -> Iterator[tuple[int, Gap]]:
        """Gaps (with index) because of which more resources of ``kinds`` may exist than were read."""
        wanted = set(kinds)
        return ((index, gap) for index, gap in enumerate(self.gaps) if wanted.intersection(gap.hides))


def _weight(resource: Resource) -> tuple[int, bytes]:
    return len(resource.sources), encode(resource)


def renumbered(resource: Resource, numbers: Sequence[int] | Mapping[int, int]) -> Resource:
    """``resource`` with every ``Source.call`` replaced by ``numbers[call]``."""

    def moved(source: Source) -> Source:
        return Source(call=numbers[source.call], pointer=source.pointer)

    return msgspec.structs.replace(
        resource,
        sources={field: moved(source) for field, source in resource.sources.items()},
        policies=tuple(
            msgspec.structs.replace(policy, source=moved(policy.source)) for policy in resource.policies
        ),
    )
