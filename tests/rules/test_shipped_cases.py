"""Every case that stands beside a shipped rule, through the whole pipeline; and which cases a rule must have."""

import msgspec
import pytest

from aisposture.bundled import bundled
from aisposture.collect import labels_of_kind
from aisposture.pipeline import answers, bundled_rules, emitted, survey
from aisposture.rules.cases import Case, case_file, disagreements, load_cases
from aisposture.rules.words import Rule
from aisposture.scope import Context

RULES = {rule.id: rule for rule in bundled_rules()}
FILES = sorted(bundled("rules").glob("*/*.test.yaml"))
CASES = [case for file in FILES for case in load_cases(file, labels_of_kind())]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}: {case.name}")
def test_a_shipped_rule_answers_as_its_case_expects(case: Case) -> None:
    context = msgspec.convert(case.params, Context)
    said = answers(survey(case.inventory, context=context), [RULES[case.rule]], context=context)
    assert disagreements(case, said) == ()
