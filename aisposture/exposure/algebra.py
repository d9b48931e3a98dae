"""Sets of addresses and ports as sorted disjoint ranges, exact under union, intersection and difference."""

import ipaddress
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

_V6 = 1 << 32
"""IPv6 addresses follow the IPv4 ones on one number line, so that one set holds both families."""

Range = tuple[int, int]


class Ranges(tuple[Range, ...]):
    """A set of whole numbers as inclusive ranges, sorted, disjoint and not adjacent. Made by ``of``."""

    __slots__ = ()

    @classmethod
    def of(cls, pairs: Iterable[Range]) -> "Ranges":
        """The union of ``pairs``; pairs whose end lies before their start are empty."""
        merged: list[Range] = []
        for low, high in sorted(pair for pair in pairs if pair[0] <= pair[1]):
            if merged and low <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(merged[-1][1], high))
            else:
                merged.append((low, high))
        return cls(merged)

    def __or__(self, other: "Ranges") -> "Ranges":
        return Ranges.of((*self, *other))

    def __and__(self, other: "Ranges") -> "Ranges":
        out: list[Range] = []
        mine, theirs = list(self), list(other)
        i = j = 0
        while i < len(mine) and j < len(theirs):
            low, high = max(mine[i][0], theirs[j][0]), min(mine[i][1], theirs[j][1])
            if low <= high:
                out.append((low, high))
            if mine[i][1] < theirs[j][1]:
                i += 1
            else:
                j += 1
        return Ranges(out)

    def __sub__(self, other: "Ranges") -> "Ranges":
        return self & other.inverse()

    def inverse(self) -> "Ranges":
        """Every number from 0 up that is not in the set."""
        out: list[Range] = []
        start = 0
        for low, high in self:
            if start < low:
                out.append((start, low - 1))
            start = high + 1
        out.append((start, _TOP))
        return Ranges.of(out)

    def holds(self, number: int) -> bool:
        """Whether ``number`` is in the set."""
        return any(low <= number <= high for low, high in self)

    @property
    def size(self) -> int:
        """How many numbers are in the set."""
        return sum(high - low + 1 for low, high in self)


_TOP = _V6 + (1 << 128) - 1

NONE = Ranges()
V4 = Ranges([(0, _V6 - 1)])
V6 = Ranges([(_V6, _TOP)])
EVERYWHERE = V4 | V6
ALL_PORTS = Ranges([(0, 65535)])


@cache
def prefix(text: str) -> Ranges | None:
    """The addresses of a CIDR or single address of either family, or None where ``text`` is neither."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    offset = _V6 if network.version == 6 else 0
    low, high = int(network.network_address), int(network.broadcast_address)
    return Ranges([(offset + low, offset + high)])


def prefixes(texts: Iterable[str]) -> Ranges:
    """The union of several CIDRs; what is none adds nothing."""
    return Ranges.of(pair for text in texts for pair in prefix(text) or ())


RESERVED = prefixes(
    (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "224.0.0.0/3",
    )
)
"""IPv4 ranges that are never a source on the public internet (RFC 6890). The documentation ranges count as public, so that
an allow-list written with them behaves like a real one."""

INTERNET_V4 = V4 - RESERVED
INTERNET_V6 = prefixes(("2000::/3",))
INTERNET = INTERNET_V4 | INTERNET_V6


def is_wide(sources: Ranges) -> bool:
    """Whether ``sources`` hold at least half of the public addresses of a family: open rather than an allow-list."""
    return any((sources & family).size * 2 >= family.size for family in (INTERNET_V4, INTERNET_V6))


class Fuzzy(NamedTuple):
    """A set known only in part.

    Attributes:
        sure: members for certain.
        maybe: ``sure`` and whatever could belong to it as well.
    """

    sure: Ranges
    maybe: Ranges

    @classmethod
    def known(cls, members: Ranges) -> "Fuzzy":
        """A set known exactly."""
        return cls(members, members)

    def __and__(self, other: "Fuzzy") -> "Fuzzy":
        return Fuzzy(self.sure & other.sure, self.maybe & other.maybe)

    def __or__(self, other: "Fuzzy") -> "Fuzzy":
        return Fuzzy(self.sure | other.sure, self.maybe | other.maybe)

    def __sub__(self, other: "Fuzzy") -> "Fuzzy":
        return Fuzzy(self.sure - other.maybe, self.maybe - other.sure)


UNKNOWN = Fuzzy(NONE, EVERYWHERE)
"""Nothing is certain, everything may be."""


def cut(ranges: Iterable[Range], within: Range = (0, 65535)) -> tuple[Range, ...]:
    """``within``, cut at every border of ``ranges``: on each piece a filter behaves the same for all ports."""
    low, high = within
    starts = {low}
    for start, end in ranges:
        starts.update(point for point in (start, end + 1) if low < point <= high)
    ordered = sorted(starts)
    return tuple((start, end - 1) for start, end in zip(ordered, [*ordered[1:], high + 1], strict=True))


def in_words(ports: Ranges) -> str:
    """Ports for people: ``22, 443, 8000-8080``; ``all`` for every port."""
    if ports == ALL_PORTS:
        return "all"
    return ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in ports)
