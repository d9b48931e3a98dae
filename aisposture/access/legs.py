"""Capabilities as data: which actions of a provider on which kinds of resources amount to which verb.

One schema serves capabilities and escalation techniques: ``any_of`` a list of ``all_of`` legs.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any

import msgspec
import yaml
from msgspec import Struct

from aisposture.model.graph import VERBS, EdgeKind

ANY = "~any~"
"""Stands in a request for a name that no policy singles out."""

_TARGET = re.compile(r"self|scope|new|role|principal|ref:[a-z_]+|any:[a-z0-9_.]+")
_PLACEHOLDERS = frozenset({"id", "partition", "region", "account", "name", "tail", "parent", "any", "object"})
_FIELD = re.compile(r"\{([a-z]+)\}")
OWN_PLACEHOLDERS = frozenset({"id", "name", "tail", "parent"})
"""Placeholders that make a template differ from resource to resource."""


class Leg(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One permission that is needed.

    Attributes:
        on: what the action is asked on: ``self`` (the resource in question), ``ref:<name>`` (what its ref names), ``scope``
            (the account as such), ``new`` (something the caller makes, whose name it chooses), ``any:<kind>`` (any existing
            resource of that kind), ``role`` (the role that is passed), ``principal`` (the caller itself).
        arn: template of the ARN that is asked, over the resource that ``on`` names.
        context: context keys that the way of use fixes; values may hold ``{region}`` and ``{account}``.
        optional: met where the resource has no such ref, or where the ref names a provider's own key.
        service: for ``iam:PassRole``, the service the role is passed to.
    """

    action: str
    on: str = "self"
    arn: str = "{id}"
    context: dict[str, str] = {}
    optional: bool = False
    service: str = ""

    def __post_init__(self) -> None:
        """Refuse targets and placeholders that the engine does not have.

        Raises:
            ValueError: a typo in the data.
        """
        if not _TARGET.fullmatch(self.on):
            raise ValueError(f"unknown target {self.on!r}")
        if unknown := set(_FIELD.findall(self.arn)) - _PLACEHOLDERS:
            raise ValueError(f"unknown placeholder {unknown} in {self.arn!r}")
        if ":" not in self.action:
            raise ValueError(f"{self.action!r} is not service:Action")

    def __hash__(self) -> int:
        return hash((self.action, self.on, self.arn, self.service, self.optional))

    @property
    def of_one(self) -> bool:
        """Whether the ARN asked differs from resource to resource."""
        return bool(OWN_PLACEHOLDERS.intersection(_FIELD.findall(self.arn)))


AllOf = tuple[Leg, ...]


class Capability(Struct, frozen=True, kw_only=True):
    """What amounts to ``verb`` on resources of ``kind``: one of ``any_of``, all legs of it."""

    kind: str
    verb: EdgeKind
    any_of: tuple[AllOf, ...]


@cache
def capabilities() -> tuple[Capability, ...]:
    """Every capability of the data files, sorted by kind and verb."""
    found: dict[tuple[str, str], Capability] = {}
    for name, tree in documents("capabilities"):
        for kind, verbs in tree.items():
            for verb, alternatives in verbs.items():
                if (kind, verb) in found:
                    raise ValueError(f"{name}: {kind} {verb} is defined twice")
                if EdgeKind(verb) not in VERBS:
                    raise ValueError(f"{name}: {verb} is no verb")
                found[kind, verb] = Capability(
                    kind=kind, verb=EdgeKind(verb), any_of=tuple(all_of(one) for one in alternatives)
                )
    return tuple(found[key] for key in sorted(found))


def all_of(value: Any) -> AllOf:
    """One alternative: a leg, or a list of legs."""
    return tuple(msgspec.convert(one, Leg) for one in (value if isinstance(value, list) else [value]))


def documents(folder: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Names and parsed trees of the YAML files in one folder of the AWS data, in order of name."""
    root = resources.files("aisposture.access") / "data" / "aws" / folder
    for entry in sorted(root.iterdir(), key=lambda one: one.name):
        if entry.name.endswith(".yaml"):
            yield entry.name, yaml.load(entry.read_text("utf-8"), _Loader) or {}  # noqa: S506 - safe


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML in which only ``true`` and ``false`` are booleans, so that ``on`` is a plain key."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own shape
        first: [
            (tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool" or first in "tTfF"
        ]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
