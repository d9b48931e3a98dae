"""The algebra equals the one of Python's sets."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from aisposture.exposure.algebra import INTERNET_V4, Fuzzy, Ranges, cut, in_words, is_wide, prefix, prefixes

small = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=6)


def members(ranges: Ranges) -> set[int]:
    return {number for low, high in ranges for number in range(low, min(high, 60) + 1)}


def plain(pairs: list[tuple[int, int]]) -> set[int]:
    return {number for low, high in pairs for number in range(low, high + 1)}


@given(small, small)
def test_operations(left: list[tuple[int, int]], right: list[tuple[int, int]]) -> None:
    mine, theirs = Ranges.of(left), Ranges.of(right)
    assert members(mine) == plain(left)
    assert members(mine | theirs) == plain(left) | plain(right)
    assert members(mine & theirs) == plain(left) & plain(right)
    assert members(mine - theirs) == plain(left) - plain(right)
    assert mine.size == len(plain(left))
    assert mine.inverse().inverse() == mine
    assert all(after[0] > before[1] + 1 for before, after in itertools.pairwise(mine))


@given(small)
def test_cut_covers_everything_once(pairs: list[tuple[int, int]]) -> None:
    pieces = cut([pair for pair in pairs if pair[0] <= pair[1]], (0, 50))
    assert Ranges.of(pieces) == Ranges([(0, 50)])
    assert sum(high - low + 1 for low, high in pieces) == 51


def test_prefixes() -> None:
    assert prefix("10.0.0.0/8") == Ranges([(10 << 24, (11 << 24) - 1)])
    assert prefix("sg-1") is None
    assert prefixes(("10.0.0.0/9", "10.128.0.0/9")) == prefix("10.0.0.0/8")
    assert not prefixes(("0.0.0.0/0",)) & prefixes(("::/0",))
    assert is_wide(INTERNET_V4)
    assert not is_wide(prefixes(("203.0.113.0/24",)))


def test_fuzzy_difference_is_careful() -> None:
    known, unsure = Fuzzy.known(Ranges([(0, 9)])), Fuzzy(Ranges(), Ranges([(5, 20)]))
    assert known - unsure == Fuzzy(Ranges([(0, 4)]), Ranges([(0, 9)]))


def test_words() -> None:
    assert in_words(Ranges([(22, 22), (8000, 8080)])) == "22, 8000-8080"
    assert in_words(Ranges([(0, 65535)])) == "all"
