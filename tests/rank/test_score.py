"""The worked examples of the ranking model, and its laws."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisposture.model.finding import Band, Factor
from aisposture.rank.score import GRADE_CAPS, IMPACTS, Blast, Factors, likelihood_class, noisy_or, score

EXAMPLES = [
    # name, factors (by name), impact, ceiling, expected likelihood, class, band
    (
        "AP-01 base",
        {"entry": 1, "exposes": 0.95, "steer": 0.6, "uses_tool": 0.9, "can_read": 0.95},
        "I4",
        "critical",
        0.487,
        "L4",
        "critical",
    ),
    (
        "AP-01 gated",
        {"entry": 1, "exposes": 0.95, "steer": 0.6, "uses_tool": 0.27, "can_read": 0.95},
        "I4",
        "critical",
        0.146,
        "L3",
        "high",
    ),
    (
        "AP-01 gated and filtered",
        {"entry": 1, "exposes": 0.95, "steer": 0.3, "uses_tool": 0.27, "can_read": 0.95},
        "I4",
        "critical",
        0.073,
        "L2",
        "medium",
    ),
    (
        "AP-01 pinned and gated",
        {"entry": 1, "exposes": 0.25, "steer": 0.6, "uses_tool": 0.27, "can_read": 0.95},
        "I4",
        "critical",
        0.038,
        "L2",
        "medium",
    ),
    (
        "AP-05 T2 writers",
        {"writer": 0.5, "feeds": 0.8, "steer": 0.6, "uses_tool": 0.9, "can_read": 0.95},
        "I3",
        "critical",
        0.205,
        "L3",
        "medium",
    ),
    (
        "AP-05 scanned",
        {"writer": 0.5, "feeds": 0.48, "steer": 0.6, "uses_tool": 0.9, "can_read": 0.95},
        "I3",
        "critical",
        0.123,
        "L3",
        "medium",
    ),
    (
        "AP-05 owner",
        {"writer": 0.05, "feeds": 0.8, "steer": 0.6, "uses_tool": 0.9, "can_read": 0.95},
        "I3",
        "critical",
        0.021,
        "L1",
        "info",
    ),
    (
        "AP-07 ticket",
        {"author": 0.9, "feeds": 0.8, "steer": 0.6, "uses_tool": 0.9, "can_change_access": 0.95},
        "I4",
        "critical",
        0.369,
        "L4",
        "critical",
    ),
    (
        "AP-16 IMDSv1",
        {"entry": 1, "exposes": 0.95, "steals_via_imds": 0.6, "can_read": 0.95},
        "I4",
        "critical",
        0.541,
        "L4",
        "critical",
    ),
    (
        "IMDSv2",
        {"entry": 1, "exposes": 0.95, "steals_via_imds": 0.05, "can_read": 0.95},
        "I4",
        "critical",
        0.045,
        "L2",
        "medium",
    ),
    (
        "AP-18 key in env",
        {"reader": 0.5, "contains_secret": 0.9, "authenticates_as": 0.95, "can_read": 0.95},
        "I3",
        "critical",
        0.406,
        "L4",
        "high",
    ),
    (
        "AP-30 wildcard",
        {"author": 0.75, "federates": 0.85, "can_modify": 0.85},
        "I3",
        "critical",
        0.542,
        "L4",
        "high",
    ),
    ("AP-48 tag", {"pusher": 0.5, "can_push": 0.85, "loads": 0.9}, "I3", "high", 0.383, "L4", "high"),
    ("AP-48 digest", {"pusher": 0.5, "can_push": 0.85, "loads": 0.05}, "I3", "high", 0.021, "L1", "info"),
    (
        "AP-38 assumed breach",
        {"assumed breach": 0.4, "can_read": 0.95, "egress_to": 0.95},
        "I3",
        "high",
        0.361,
        "L4",
        "medium",
    ),
]


@pytest.mark.parametrize(
    ("name", "hops", "impact", "ceiling", "likelihood", "klass", "band"),
    EXAMPLES,
    ids=[e[0] for e in EXAMPLES],
)
def test_worked_examples(
    name: str, hops: dict[str, float], impact: str, ceiling: str, likelihood: float, klass: str, band: str
) -> None:
    result = score(
        Factors(
            hops=tuple(Factor(name=key, value=value) for key, value in hops.items()),
            impact=impact,
            ceiling=Band(ceiling),
            internet="entry" in hops,
            entered="assumed breach" not in hops,
        )
    )
    assert round(result.likelihood, 3) == likelihood
    assert (result.likelihood_class, result.impact_class, result.band) == (klass, impact, Band(band))


def test_internet_path_without_steering_is_critical_at_i3() -> None:
    hops = (Factor(name="entry", value=1.0), Factor(name="exposes", value=0.95))
    assert score(Factors(hops=hops, impact="I3", internet=True)).band is Band.CRITICAL
    assert (
        score(Factors(hops=(*hops, Factor(name="steer", value=0.6)), impact="I3", internet=True)).band
        is Band.HIGH
    )


def test_counterfactuals_name_the_change_that_lowers_the_band() -> None:
    hops = {"entry": 1, "exposes": 0.95, "steer": 0.6, "uses_tool": 0.9, "can_read": 0.95}
    result = score(
        Factors(
            hops=tuple(Factor(name=key, value=value) for key, value in hops.items()),
            impact="I4",
            internet=True,
        )
    )
    assert result.counterfactuals[0] == "a pinned audience on the entry: high (likelihood 0.13, L3)"
    assert any("confirmation" in line and "high" in line for line in result.counterfactuals)


def test_many_paths_lift_the_class_by_at_most_one() -> None:
    hop = (Factor(name="entry", value=0.04),)
    assert score(Factors(hops=hop, impact="I4", lifted=0.99)).likelihood_class == "L3"


factors = st.builds(
    Factors,
    hops=st.lists(
        st.builds(
            Factor,
            name=st.sampled_from(["entry", "exposes", "steer", "uses_tool", "can_read"]),
            value=st.floats(0.02, 1),
        ),
        min_size=1,
        max_size=8,
    ).map(tuple),
    impact=st.sampled_from(IMPACTS),
    ceiling=st.sampled_from(list(Band)),
    grade=st.sampled_from(sorted(GRADE_CAPS)),
    internet=st.booleans(),
    entered=st.booleans(),
    blast=st.builds(Blast, stores=st.integers(0, 20), accounts=st.integers(0, 5), agents=st.integers(0, 8)),
)


@given(factors, st.floats(0.02, 1))
def test_one_more_hop_or_control_never_raises_a_score(path: Factors, control: float) -> None:
    longer = Factors(
        **{name: getattr(path, name) for name in path.__struct_fields__}
        | {"hops": (*path.hops, Factor(name="can_read", value=control))}
    )
    before, after = score(path), score(longer)
    assert after.band.rank <= before.band.rank
    assert after.likelihood <= before.likelihood + 1e-9


@given(factors)
def test_ceiling_grade_and_missing_entry_are_upper_bounds(path: Factors) -> None:
    band = score(path).band
    assert band.rank <= path.ceiling.rank
    assert band.rank <= GRADE_CAPS[path.grade].rank
    assert path.entered or band.rank <= Band.MEDIUM.rank


@given(st.lists(st.floats(0, 1), max_size=6), st.floats(0, 1))
def test_noisy_or_grows_with_paths_and_stays_a_likelihood(values: list[float], more: float) -> None:
    single, both = noisy_or(tuple(values)), noisy_or((*values, more))
    assert -1e-9 <= single <= both + 1e-9 <= 1 + 1e-8
    assert likelihood_class(both) >= likelihood_class(single)
