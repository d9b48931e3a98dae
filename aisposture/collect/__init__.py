"""What reaches the wire: declarations of kinds and calls, and the runner that executes them."""

import importlib
import importlib.util
import pkgutil
from collections.abc import Mapping
from functools import cache

from aisposture.collect.declare import Call, Kind
from aisposture.model.graph import Label

CLOUDS = ("aws", "azure", "gcp")


@cache
def registry() -> tuple[Kind, ...]:
    """Every Kind bound to a name in a module under ``collect/<cloud>/``, sorted by name.

    Two declarations may share a name (one type read through two lists); they must carry the same static labels.

    Raises:
        ValueError: a parent that no declaration names.
    """
    found: dict[Kind, None] = {}
    for cloud in CLOUDS:
        if importlib.util.find_spec(f"{__name__}.{cloud}") is None:
            continue
        package = importlib.import_module(f"{__name__}.{cloud}")
        for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda each: each.name):
            members = vars(importlib.import_module(f"{package.__name__}.{module.name}"))
            found.update((each, None) for each in members.values() if isinstance(each, Kind))
    kinds = tuple(sorted(found, key=lambda each: each.name))
    names = {each.name for each in kinds}
    for each in kinds:
        if lost := set(each.parents) - names:
            raise ValueError(f"{each.name} has an unknown parent: {', '.join(sorted(lost))}")
    return kinds


def kinds_of(cloud: str) -> tuple[Kind, ...]:
    """The registered Kinds of one cloud."""
    return tuple(each for each in registry() if each.cloud == cloud)


def calls_of(cloud: str) -> tuple[Call, ...]:
    """Every call that a scan of ``cloud`` may make, each once, sorted by name."""
    return tuple(
        sorted(
            {made for each in kinds_of(cloud) for made in each.calls},
            key=lambda made: (made.name, repr(made)),
        )
    )


def labels_of_kind() -> Mapping[str, frozenset[Label]]:
    """The labels that resources of each kind carry or may carry."""
    labels: dict[str, frozenset[Label]] = {}
    for each in registry():
        possible = frozenset(each.labels) | {when.label for when in each.labels_when}
        labels[each.name] = labels.get(each.name, frozenset()) | possible
    return labels
