"""Findings from whole inventories: one for every firing case of every shipped attack path."""

from typing import Any

import pytest

from aisposture import pipeline
from aisposture.bundled import bundled
from aisposture.collect import labels_of_kind
from aisposture.model.finding import headlines
from aisposture.model.inventory import Inventory
from aisposture.rules.cases import load_cases
from aisposture.scope import Context


def firing() -> list[Any]:
    files = sorted((bundled("rules") / "attack-paths").glob("*.test.yaml"))
    cases = (case for file in files for case in load_cases(file, labels_of_kind()))
    return [pytest.param(case, id=f"{case.rule}: {case.name}") for case in cases if case.expect == "fires"]


@pytest.mark.parametrize("case", firing())
def test_every_firing_case_becomes_a_finding_that_explains_itself(case: Any) -> None:
    rules = [rule for rule in pipeline.bundled_rules() if rule.id == case.rule]
    found = pipeline.analyse(case.inventory, context=Context.of(case.params), rules=rules).findings
    assert found
    for finding in found:
        assert finding.story.endswith(".")
        assert finding.score.factors
        assert 0 < finding.score.likelihood <= 1
        assert finding.score.band.rank <= rules[0].severity.rank
        assert finding.account


def test_findings_are_sorted_and_those_on_one_path_are_told_together(northwind: Inventory) -> None:
    found = pipeline.analyse(northwind).findings
    paths = [finding for finding in found if finding.family == "path"]
    ranks = [finding.score.band.rank for finding in paths]
    assert ranks == sorted(ranks, reverse=True)
    assert {finding.rule for finding in paths} >= {
        "AP-01",
        "AP-02",
        "AP-05",
        "AP-16",
        "AP-18",
        "AP-25",
        "AP-28",
    }
    assert "AP-02" not in {finding.rule for finding in headlines(found)}
    assert len({finding.fingerprint for finding in found}) == len(found)
