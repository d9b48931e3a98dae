"""Policy documents as patches see them: where a statement stands, and what to take out of it."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from aisposture.access.aws.match import has_wildcard, matches_action, matches_resource
from aisposture.access.legs import capabilities
from aisposture.fix.patch import pointer
from aisposture.model import ids
from aisposture.model.finding import Evidence
from aisposture.model.graph import EdgeKind
from aisposture.model.inventory import Inventory
from aisposture.model.resource import Policy, Resource

Operation = dict[str, Any]

_PLACEHOLDER = re.compile(r"\{[a-z]+\}")

SHOWN = 4_000
"""Characters of a statement that evidence carries."""


class Place(NamedTuple):
    """A statement and where it stands.

    Attributes:
        number: place of the policy among those of the resource.
        at: place of the statement in the document; None where the document has a single one outside a list.
        alone: it is the only statement of its document.
    """

    resource: Resource
    policy: Policy
    number: int
    at: int | None
    statement: dict[str, Any]
    alone: bool

    def path(self, *parts: str | int) -> str:
        """Pointer to a part of the statement."""
        own = () if self.at is None else (self.at,)
        return pointer("policies", self.number, "document", "Statement", *own, *parts)

    def removal(self) -> Operation:
        """The operation that takes the statement out."""
        if self.at is None:
            return {"op": "replace", "path": self.path(), "value": []}
        return {"op": "remove", "path": self.path()}

    def denial(self) -> Operation:
        """The operation that turns what it allows into what it denies."""
        return {"op": "replace", "path": self.path("Effect"), "value": "Deny"}

    @property
    def allows(self) -> bool:
        """Whether it is a statement that allows."""
        return self.statement.get("Effect") == "Allow"


def places(resource: Resource) -> Iterator[Place]:
    """Every statement of every document of ``resource``."""
    for number, policy in enumerate(resource.policies):
        try:
            document = msgspec.json.decode(bytes(policy.document))
        except msgspec.DecodeError:
            continue
        found = document.get("Statement") if isinstance(document, dict) else None
        if isinstance(found, dict):
            yield Place(resource, policy, number, None, found, alone=True)
        elif isinstance(found, list):
            for index, statement in enumerate(found):
                if isinstance(statement, dict):
                    yield Place(resource, policy, number, index, statement, alone=len(found) == 1)


def named_by(inventory: Inventory, evidence: Evidence) -> list[Place]:
    """The statements that ``evidence`` shows; none where the inventory holds them no more."""
    resource = inventory.by_id.get(evidence.resource)
    if resource is None or not evidence.statement:
        return []
    return [
        place
        for place in places(resource)
        if f"policies.{place.policy.id}" == evidence.field
        and json.dumps(place.statement, indent=2, ensure_ascii=False)[:SHOWN] == evidence.statement[:SHOWN]
    ]


def listed(value: Any) -> list[str]:
    """What a policy element that is one string or a list of them holds."""
    if isinstance(value, str):
        return [value]
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def asked(kind: str, verb: EdgeKind, target: str) -> tuple[list[str], list[str]]:
    """Actions that amount to ``verb`` on a resource of ``kind``, and the ARNs they are asked on; empty where none is known.

    A sink stands for the verb on anything in its account.
    """
    anything = ids.parse_sink(target) is not None
    legs = [
        leg
        for one in capabilities()
        if one.verb is verb and (anything or one.kind == kind)
        for alternative in one.any_of
        for leg in alternative
        if leg.on == "self" or (anything and leg.on in {"scope", "new"})
    ]
    arns = sorted({_filled(leg.arn, target) for leg in legs})
    return sorted({leg.action for leg in legs}), ["*"] if anything or "*" in arns else arns


def denying(actions: Sequence[str], resources: Sequence[str], **more: Any) -> dict[str, Any]:
    """A statement that denies."""
    return {"Effect": "Deny", "Action": list(actions), "Resource": list(resources), **more}


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def about(place: Place, actions: Iterable[str]) -> bool:
    """Whether a statement allows one of ``actions``."""
    patterns = listed(place.statement.get("Action"))
    return any(matches_action(pattern, action) for pattern in patterns for action in actions)


def narrowed(place: Place, actions: Sequence[str], target: str) -> list[Operation] | None:
    """Operations after which a statement no longer allows ``actions`` on ``target``, and allows all else that it did.

    None where that cannot be had by taking something out: wildcards mean the target among others.
    """
    resources = listed(place.statement.get("Resource"))
    mine = [_within(each, target) for each in resources]
    if not resources or any(
        not inside and _may_mean(each, target) for each, inside in zip(resources, mine, strict=True)
    ):
        return None
    if all(mine):
        patterns = listed(place.statement.get("Action"))
        gone = [
            index
            for index, pattern in enumerate(patterns)
            if any(matches_action(pattern, one) for one in actions)
        ]
        if any(has_wildcard(patterns[index]) for index in gone) or not gone:
            return None
        return [place.removal()] if len(gone) == len(patterns) else _without(place, "Action", gone)
    gone = [index for index, inside in enumerate(mine) if inside]
    return _without(place, "Resource", gone) if gone else None


def without_principal(place: Place, principal: str) -> list[Operation] | None:
    """Operations after which a statement no longer names ``principal``; None where it does not name it.

    The principal may be a class of actors, an account (``account:<id>``), an ARN or a federation.
    """
    named = place.statement.get("Principal")
    if named == "*":
        return [_emptied(place)] if not _single(principal) else None
    if not isinstance(named, dict):
        return None
    hit: list[tuple[str, int]] = []
    left = 0
    for key, value in named.items():
        for index, each in enumerate(listed(value)):
            if _means(each, principal):
                hit.append((key, index))
            else:
                left += 1
    if not hit:
        return None
    if not left:
        return [_emptied(place)]
    found: list[Operation] = []
    for key, value in named.items():
        gone = [index for name, index in hit if name == key]
        if gone and len(gone) == len(listed(value)):
            found.append({"op": "remove", "path": place.path("Principal", key)})
        else:
            found += [{"op": "remove", "path": place.path("Principal", key, index)} for index in gone]
    return found


def _emptied(place: Place) -> Operation:
    # A trust policy must keep a statement, so its last one is turned round instead of removed.
    return place.denial() if place.policy.role == "trust" and place.alone else place.removal()


def _means(named: str, principal: str) -> bool:
    if named == "*":
        return not _single(principal)
    if principal.startswith("account:"):
        account = principal.removeprefix("account:")
        parts = ids.parse_arn(named)
        return named == account or (parts is not None and parts.account == account)
    return named == principal or principal.startswith((f"oidc:{_issuer(named)}#", f"saml:{named}#"))


def _issuer(named: str) -> str:
    return named.partition(":oidc-provider/")[2] or named


def _single(principal: str) -> bool:
    return principal not in ids.CLASSES


def _without(place: Place, element: str, gone: Sequence[int]) -> list[Operation]:
    return [{"op": "remove", "path": place.path(element, index)} for index in gone]


def _within(pattern: str, target: str) -> bool:
    return pattern == target or pattern.startswith((f"{target}/", f"{target}:"))


def _may_mean(pattern: str, target: str) -> bool:
    return has_wildcard(pattern) and (
        matches_resource(pattern, target) or matches_resource(pattern, f"{target}/some")
    )


def _filled(template: str, target: str) -> str:
    return _PLACEHOLDER.sub(lambda found: target if found[0] == "{id}" else "*", template)
