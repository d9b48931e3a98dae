"""The classes by which findings are grouped: where a walk comes in, and what it ends at."""

from collections.abc import Callable, Sequence
from typing import Any

from aisposture.model import ids
from aisposture.model.graph import Label

ACTORS: dict[Label, str] = {
    Label.INTERNET: "internet",
    Label.ANONYMOUS: "anonymous",
    Label.ANY_ACCOUNT: "any-account",
    Label.ANY_AUTHENTICATED: "any-authenticated",
    Label.EXT_AUTHOR: "ext-author",
    Label.EXT_ACCOUNT: "ext-account",
    Label.VENDOR: "vendor",
    Label.PUBLISHER: "publisher",
    Label.INSIDER: "insider",
}
"""Entry class of each actor label."""

_GRADED = ("sensitivity", "tier", "impact")
"""Attributes that grade a sink, the first that is present counts."""


CLASSIFYING = (*_GRADED, "trust")
"""Attributes that, beside labels (and for a sink its id), decide a node's classes."""


def entry_class(labels: Sequence[Label], prop: Callable[[str], Any]) -> str:
    """Who starts a walk at such a node: an actor class, else ``trust-T2`` and the like, else ``internal``."""
    for label in labels:
        if label in ACTORS:
            return ACTORS[label]
    trust = prop("trust")
    return f"trust-{trust}" if trust else "internal"


def sink_class(node: str, labels: Sequence[Label], prop: Callable[[str], Any]) -> str:
    """What a walk that ends at such a node has won: ``sink:admin``, ``DataStore:D3``, ``Identity:P1``, ``Secret`` ..."""
    parsed = ids.parse_sink(node)
    if parsed is not None:
        return f"sink:{parsed[0]}"
    label = str(labels[0]) if labels else "node"
    for name in _GRADED:
        grade = prop(name)
        if grade:
            return f"{label}:{grade}"
    return label
