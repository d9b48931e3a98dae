"""How much the order of findings depends on weights that are asserted, not measured."""

from itertools import combinations
from math import prod
from random import Random

from aisposture import pipeline
from aisposture.model.finding import Band, Factor, Finding
from aisposture.model.inventory import Inventory
from aisposture.rank.score import Factors, score

ROUNDS = 200
SPREAD = 0.2


def shaken(finding: Finding, factors: dict[tuple[str, float], float]) -> float:
    return prod(
        min(1.0, factor.value * factors[factor.name, factor.value]) for factor in finding.score.factors
    )


def test_shaking_every_weight_by_a_fifth_seldom_swaps_two_findings(northwind: Inventory) -> None:
    paths = [finding for finding in pipeline.analyse(northwind).findings if finding.family == "path"]
    assert len(paths) >= 5
    weights = sorted({(factor.name, factor.value) for finding in paths for factor in finding.score.factors})
    dice = Random(20261122)
    swapped = compared = 0
    for _ in range(ROUNDS):
        factors = {weight: dice.uniform(1 - SPREAD, 1 + SPREAD) for weight in weights}
        now = {finding.fingerprint: shaken(finding, factors) for finding in paths}
        for left, right in combinations(paths, 2):
            before = left.score.likelihood - right.score.likelihood
            if abs(before) > 1e-9:
                compared += 1
                swapped += before * (now[left.fingerprint] - now[right.fingerprint]) < 0
    stability = 1 - swapped / compared
    print(f"rank stability under {SPREAD:.0%}: {stability:.1%} of {compared} ordered pairs keep their order")
    assert stability > 0.8


def test_no_weight_alone_moves_a_finding_by_more_than_one_band(northwind: Inventory) -> None:
    bands = list(Band)
    for finding in pipeline.analyse(northwind).findings:
        if finding.family != "path":
            continue
        for place, factor in enumerate(finding.score.factors):
            for scale in (1 - SPREAD, 1 + SPREAD):
                hops = list(finding.score.factors)
                hops[place] = Factor(name=factor.name, value=min(1.0, factor.value * scale))
                moved = score(Factors(hops=tuple(hops), impact=finding.score.impact_class)).band
                kept = score(Factors(hops=finding.score.factors, impact=finding.score.impact_class)).band
                assert abs(bands.index(moved) - bands.index(kept)) <= 1
