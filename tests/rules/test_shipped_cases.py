"""Every case that stands beside a shipped rule, through the whole pipeline; and which cases a rule must have."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aisposture.bundled import bundled
from aisposture.collect import labels_of_kind
from aisposture.errors import FileError
from aisposture.pipeline import answers, bundled_rules, emitted, survey
from aisposture.rules.cases import EXPECTED, Case, case_file, disagreements, load_cases
from aisposture.rules.paths_doc import answers_today
from aisposture.rules.words import Rule
from aisposture.scope import Context

RULES = {rule.id: rule for rule in bundled_rules()}
READY = [rule for rule in RULES.values() if answers_today(rule, emitted())]


def loaded() -> Iterator[Any]:
    """The cases of all files; a file that breaks the grammar stands for itself and fails its own test."""
    for file in sorted(bundled("rules").glob("*/*.test.yaml")):
        try:
            for case in load_cases(file, labels_of_kind()):
                yield pytest.param(case, id=f"{case.rule}: {case.name}")
        except FileError as error:
            yield pytest.param(error, id=file.name)


@pytest.mark.parametrize("case", list(loaded()))
def test_a_shipped_rule_answers_as_its_case_expects(case: Case | FileError) -> None:
    if isinstance(case, FileError):
        raise case
    context = Context.of(case.params)
    said = answers(survey(case.inventory, context=context), [RULES[case.rule]], context=context)
    assert disagreements(case, said) == ()


@pytest.mark.parametrize("rule", READY, ids=lambda rule: rule.id)
def test_a_rule_that_can_answer_has_a_case_of_each_answer(rule: Rule) -> None:
    file = case_file(Path(rule.file))
    assert file.exists(), f"{file} is missing"
    assert {case.expect for case in load_cases(file, labels_of_kind())} >= set(EXPECTED)


def test_cases_stand_beside_rules_that_can_answer() -> None:
    ready = {case_file(Path(rule.file)).name for rule in READY}
    assert {file.name for file in bundled("rules").glob("*/*.test.yaml")} <= ready
