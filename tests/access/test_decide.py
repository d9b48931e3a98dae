"""Sets of decisions mean what the single decisions mean: on random organisations, policies and resources."""

from random import Random

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from aisposture.access.estate import Estate
from aisposture.model.graph import State
from tests.access.worlds import World

WORLDS = 60
REQUESTS = 40
"""60 worlds with 40 requests each: 2,400 comparisons. ``benchmarks/access_equivalence.py`` makes 100,000."""


def compare(rng: Random, requests: int) -> tuple[list[tuple[object, ...]], int]:
    """The requests on which set and single request disagree, in a world grown from ``rng``; and how many were not refused."""
    estate = Estate(World(rng).inventory())
    wrong: list[tuple[object, ...]] = []
    allowed = 0
    classes = [*estate.classes(), *([one] for one in estate.outsiders())]
    for _ in range(requests // 20):
        members = rng.choice(classes)
        cells = estate.decider.answers(members[0])
        for _ in range(20):
            party = rng.choice(members)
            act = rng.choice(sorted(cells if cells and rng.random() < 0.5 else estate.act_items))
            item = rng.choice(list(estate.act_items[act]))
            expected = estate.decider.exact(party, act, item)
            found = next((one for one in cells.get(act, ()) if item in one.items), None)
            state = State.FALSE if found is None else found.state
            conditions = () if found is None else found.conditions
            allowed += expected.outcome.state is not State.FALSE
            if (state, conditions) != (expected.outcome.state, expected.conditions):
                wrong.append(
                    (party.caller.text, act, estate.universe.arns[item], expected, state, conditions)
                )
    return wrong, allowed


@seed(1)
@settings(max_examples=WORLDS, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(st.integers(0, 2**32))
def test_sets_agree_with_single_requests(number: int) -> None:
    wrong, _ = compare(Random(number), REQUESTS)
    assert not wrong, wrong[0]


def test_many_random_requests_are_not_refused() -> None:
    """The comparison would prove little if nearly everything were refused."""
    allowed = sum(compare(Random(number), REQUESTS)[1] for number in range(20))
    assert allowed > 20 * REQUESTS // 10
