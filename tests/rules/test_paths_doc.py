"""The page of attack-path rules: up to date, complete, and honest about what waits."""

import pytest

from aisposture.pipeline import bundled_rules, emitted
from aisposture.rules.paths_doc import APART, CAVEATS, PACK, WHY, answers_today, render, waits
from aisposture.rules.words import Rule

RULES = {rule.id: rule for rule in bundled_rules() if rule.pack == PACK}


def test_the_page_has_a_line_for_each_rule_and_counts_those_that_answer() -> None:
    page = render(bundled_rules(), emitted())
    assert all(page.count(f"| {name} |") == 1 for name in RULES)
    ready = sum(answers_today(rule, emitted()) for rule in RULES.values())
    assert f"{ready} of {len(RULES)} rules answer today." in page
    assert ready == sum(line.split(" | ")[-1].startswith("implemented") for line in page.splitlines())


def test_all_sixty_six_rules_are_written() -> None:
    assert sorted(RULES) == [f"AP-{number:02}" for number in range(1, 67)]


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_a_rule_that_waits_says_why(rule: Rule) -> None:
    missing = waits(rule, emitted())
    assert all(any(word in WHY for word in one.split(" or ")) for one in missing)
    assert not (missing and rule.id in {*APART, *CAVEATS})
    assert answers_today(rule, emitted()) is (not missing and rule.id not in APART)


def test_reasons_speak_of_rules_and_words_that_are_there() -> None:
    assert {*APART, *CAVEATS} <= set(RULES)
    assert not set(WHY) & emitted()


def test_alternatives_and_optional_steps_need_not_be_drawn() -> None:
    tools = RULES["AP-52"]
    assert waits(tools, emitted()) == ()  # a Tool, or an McpServer that nothing draws
    assert waits(tools, emitted() - {"Tool"}) == ("Tool or McpServer",)
    assert waits(RULES["AP-16"], emitted() - {"can_assume", "can_escalate"}) == ()
