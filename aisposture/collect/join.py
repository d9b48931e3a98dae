"""What one account's shards say of each other: refs by configuration and listing, and Gaps that several items share."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from aisposture.collect.extract import Failure
from aisposture.collect.resources import Draft
from aisposture.model.graph import Label
from aisposture.model.ids import parse_arn
from aisposture.model.resource import Gap, Ref, Resource, Source

_LONGEST_NAME = 512


class ItemGap(NamedTuple):
    """Fields of one resource that a failure hides."""

    region: str
    kind: str
    failure: Failure
    hides: tuple[str, ...]
    resource: str


class BackGap(NamedTuple):
    """A failure that hides refs which other resources of the shard would have got."""

    region: str
    failure: Failure
    field: str
    kinds: tuple[str, ...]


def gap_of(
    failure: Failure,
    *,
    account: str,
    region: str,
    hides: Iterable[str],
    resource: str | None = None,
    kinds: tuple[str, ...] = (),
) -> Gap:
    """The Gap that ``failure`` leaves."""
    return Gap(
        call=failure.call,
        account=account,
        region=region,
        resource=resource,
        reason=failure.reason,
        hides=tuple(sorted(hides)),
        kinds=kinds,
        needs=failure.needs,
        detail=failure.code,
    )


def item_gaps(account: str, found: Iterable[ItemGap], shards: Mapping[str, list[Draft]]) -> Iterator[Gap]:
    """Gaps of single resources; one for all of a kind where all of them lack the same fields for the same reason."""
    counts = Counter(
        (region, draft.resource.kind)
        for region, drafts in shards.items()
        for draft in drafts
        if draft.resource.account == account
    )
    alike: dict[ItemGap, set[str]] = defaultdict(set)
    for each in found:
        alike[each._replace(resource="")].add(each.resource)
    for each, ids in alike.items():
        fields_only = not any(hidden.startswith("aws.") for hidden in each.hides)
        if len(ids) > 1 and len(ids) == counts[each.region, each.kind] and fields_only:
            yield gap_of(
                each.failure, account=account, region=each.region, hides=each.hides, kinds=(each.kind,)
            )
        else:
            for resource in sorted(ids):
                yield gap_of(
                    each.failure, account=account, region=each.region, hides=each.hides, resource=resource
                )


def back_gaps(found: Iterable[BackGap], shards: Mapping[str, list[Draft]]) -> Iterator[Gap]:
    """Gaps over all resources that an unread listing may have named."""
    for each in set(found):
        bearers = {
            draft.resource.account for draft in shards[each.region] if draft.resource.kind in each.kinds
        }
        for account in sorted(bearers):
            yield gap_of(
                each.failure, account=account, region=each.region, hides=(each.field,), kinds=each.kinds
            )


def merged(gaps: Iterable[Gap]) -> list[Gap]:
    """Gaps of one failure in one place as one, hiding all that any of them hides."""
    hides: dict[Gap, set[str]] = defaultdict(set)
    for gap in gaps:
        hides[msgspec.structs.replace(gap, hides=())].update(gap.hides)
    return [msgspec.structs.replace(gap, hides=tuple(sorted(fields))) for gap, fields in hides.items()]


Known = Mapping[str, tuple[str, bool]]
"""Id or alias -> (id, whether it is a secret)."""


def known(shards: Mapping[str, list[Draft]]) -> Known:
    """The names of an account's resources; an alias of two resources is left out."""
    resources = [draft.resource for drafts in shards.values() for draft in drafts]
    ids = {resource.id: (resource.id, Label.SECRET in resource.labels) for resource in resources}
    claims: dict[str, set[tuple[str, bool]]] = defaultdict(set)
    for resource in resources:
        for alias in resource.attrs.get("aliases") or ():
            claims[alias].add(ids[resource.id])
    aliases = {alias: min(told) for alias, told in claims.items() if len(told) == 1}
    return {**aliases, **ids}


def linked(drafts: list[Draft], names: Known) -> Iterator[Resource]:
    """The resources of one shard, with the refs that other resources and configuration values give them."""
    here = {draft.resource.id for draft in drafts}
    back: dict[str, dict[Ref, Source]] = defaultdict(dict)
    for draft in drafts:
        for name, bearer, target, origin in draft.back:
            known_bearer = names.get(bearer, (bearer, False))[0]
            if known_bearer in here:
                back[known_bearer].setdefault(Ref(name=name, target=target), origin)
    for draft in drafts:
        resource = draft.resource
        added = {**back[resource.id]}
        if draft.names_from is not None:
            for ref in _named(draft, names):
                added.setdefault(ref, draft.names_from)
        if added:
            origins = {f"refs.{ref.name}": added[ref] for ref in sorted(added, reverse=True)}
            resource = msgspec.structs.replace(
                resource,
                refs=tuple(sorted({*resource.refs, *added})),
                sources=dict(sorted({**origins, **resource.sources}.items())),
            )
        yield resource


def _named(draft: Draft, names: Known) -> Iterator[Ref]:
    """Refs for the words of a configuration that name a resource; all other words end here."""
    for word in draft.names:
        found = names.get(word)
        if found is None and len(word) < _LONGEST_NAME and word.isprintable():
            arn = parse_arn(word)
            if arn is not None:
                secret = arn.service == "secretsmanager" or (
                    arn.service == "ssm" and arn.resource.startswith("parameter/")
                )
                found = (word, secret)
        if found is not None and found[0] != draft.resource.id:
            yield Ref(name="uses_secret" if found[1] else "configures", target=found[0])
