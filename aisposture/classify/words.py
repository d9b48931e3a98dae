"""Names cut into words, and tags compared without regard to spelling habits."""

import re
from collections.abc import Iterable

_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_NOISE = re.compile(r"[\s\-_./:]+")


def words(name: str) -> tuple[str, ...]:
    """The words of a name in any case style, in lower case: ``GetOrderStatus`` -> get, order, status."""
    return tuple(part.lower() for part in _PARTS.findall(name))


def plain(text: str) -> str:
    """``text`` in lower case without separators, for comparing tag keys and values."""
    return _NOISE.sub("", text).lower()


def contains(name: str, phrases: Iterable[str]) -> str | None:
    """The first of ``phrases`` (``-`` or ``_`` between words) that stands in ``name`` as whole words, or None."""
    spelled = f" {' '.join(words(name))} "
    return next((phrase for phrase in phrases if f" {' '.join(words(phrase))} " in spelled), None)
