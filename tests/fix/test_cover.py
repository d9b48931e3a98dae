from itertools import chain, combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from aisposture.fix.cover import Edge, Option, bound, cover, packed

PATHS = 5


@st.composite
def choices(draw: st.DrawFn) -> list[Option]:
    count = draw(st.integers(1, 6))
    return [
        Option(
            id=f"o{number}",
            cost=draw(st.sampled_from([1.0, 2.0, 3.0, 5.0])),
            hits=frozenset(draw(st.sets(st.integers(0, PATHS - 1), min_size=1))),
        )
        for number in range(count)
    ]


def best(options: list[Option]) -> float:
    """The least cost that hits all that can be hit, by trying everything."""
    reach = {path for one in options for path in one.hits}
    every = chain.from_iterable(combinations(options, size) for size in range(len(options) + 1))
    return min(
        sum(one.cost for one in some)
        for some in every
        if {path for one in some for path in one.hits} == reach
    )


@given(options=choices())
def test_cover_hits_all_that_can_be_hit_and_holds_nothing_idle(options: list[Option]) -> None:
    chosen = cover(options, dict.fromkeys(range(PATHS), 4.0))
    hit = {path for one in chosen for path in one.hits}
    assert hit == {path for one in options for path in one.hits}
    for one in chosen:
        assert not one.hits <= {path for other in chosen if other is not one for path in other.hits}


@given(options=choices())
def test_packing_never_exceeds_the_optimum(options: list[Option]) -> None:
    lowest = best(options)
    assert packed(options) <= lowest + 1e-9
    assert sum(one.cost for one in cover(options, dict.fromkeys(range(PATHS), 1.0))) >= lowest - 1e-9


@given(
    walks=st.lists(
        st.lists(st.sampled_from("abcd"), min_size=1, max_size=4, unique=True), min_size=1, max_size=4
    ),
    data=st.data(),
)
@settings(deadline=None)
def test_minimum_cut_never_exceeds_the_optimum(walks: list[list[str]], data: st.DataObject) -> None:
    edges: dict[int, list[Edge]] = {
        number: [(name, "feeds", "next") for name in walk] for number, walk in enumerate(walks)
    }
    options, touched = [], {}
    for number in range(data.draw(st.integers(1, 5))):
        names = data.draw(st.sets(st.sampled_from("abcd"), min_size=1))
        mine = {
            path: {edge for edge in walk if edge[0] in names}
            for path, walk in edges.items()
            if any(edge[0] in names for edge in walk)
        }
        options.append(Option(id=f"o{number}", cost=float(number + 1), hits=frozenset(mine)))
        touched[f"o{number}"] = mine
    whole = {path: walk for path, walk in edges.items() if any(path in one.hits for one in options)}
    found = bound(whole, touched, {one.id: one.cost for one in options})
    assert found <= best(options) + 1e-9


def test_minimum_cut_of_one_choke_point() -> None:
    choke: Edge = ("role", "can_read", "jewel")
    walks: dict[int, list[Edge]] = {number: [(f"e{number}", "exposes", "role"), choke] for number in range(4)}
    touched = {"deny": {number: {choke} for number in walks}, "one": {0: {walks[0][0]}}}
    assert bound(walks, touched, {"deny": 3.0, "one": 1.0}) == 3.0
    assert bound({}, {}, {}) == 0.0


def test_shared_change_beats_single_ones() -> None:
    options = [
        Option(id="all", cost=3, hits=frozenset({0, 1, 2})),
        *(Option(id=f"only{n}", cost=2, hits=frozenset({n})) for n in range(3)),
    ]
    assert [one.id for one in cover(options, dict.fromkeys(range(3), 4.0))] == ["all"]


def test_one_takes_the_place_of_two() -> None:
    # Greed takes the two cheap ones first; together they cost more than the one that does both.
    options = [
        Option(id="a", cost=2.0, hits=frozenset({0, 1, 2})),
        Option(id="b", cost=2.0, hits=frozenset({3, 4})),
        Option(id="both", cost=3.5, hits=frozenset({0, 1, 2, 3, 4})),
    ]
    assert [one.id for one in cover(options, dict.fromkeys(range(5), 1.0))] == ["both"]


def test_weakening_breaks_ties_but_never_covers() -> None:
    options = [
        Option(id="a", cost=1, hits=frozenset({0}), weakens=frozenset({1})),
        Option(id="b", cost=1, hits=frozenset({0})),
    ]
    assert [one.id for one in cover(options, {0: 1.0, 1: 1.0})] == ["a"]
    assert cover([Option(id="w", cost=1, weakens=frozenset({0}))], {0: 1.0}) == []
