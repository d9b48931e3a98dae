"""Plans are judged by what a fresh analysis of the patched inventory says, never by the planner's own estimate."""

import random
import re
from collections.abc import Callable, Sequence

import pytest

from aisposture.bundled import bundled
from aisposture.collect import labels_of_kind
from aisposture.fix.plan import Plan, Planner
from aisposture.fix.prove import applied, compare, counts
from aisposture.model.finding import Answer, Band, Finding
from aisposture.model.inventory import Inventory, encode
from aisposture.pipeline import bundled_rules, judge
from aisposture.rules.cases import load_cases
from aisposture.rules.schema import load_files

Planned = tuple[Planner, Sequence[Finding], Plan]


def test_northwind_has_no_critical_and_no_high_path_left(
    northwind: Inventory, northwind_plan: Planned
) -> None:
    _, found, plan = northwind_plan
    assert counts(found)["critical"] > 0
    again = judge(applied(northwind, plan.steps), bundled_rules())
    after = counts(again)
    assert after["critical"] == after["high"] == 0
    assert plan.proof.after == after
    assert not [one for one in plan.proof.opened if one.family == "path"]


def test_northwind_steps_carry_all_that_a_person_needs(northwind: Inventory, northwind_plan: Planned) -> None:
    _, found, plan = northwind_plan
    fingerprints = {one.fingerprint for one in found}
    for step in plan.steps:
        assert step.patches
        assert step.cli
        assert step.terraform
        assert step.disruption
        assert step.owner
        assert step.resource in northwind.by_id
        assert set(step.breaks) <= fingerprints
        assert re.fullmatch(r"[a-z0-9-]+", step.id)
    assert sum(step.cost for step in plan.steps) == pytest.approx(plan.cost)
    assert 0 < plan.lower_bound <= plan.cost
    assert plan.gap == pytest.approx(plan.cost - plan.lower_bound)
    assert {name for step in plan.steps for name in step.breaks} <= set(plan.proof.closed)
    for jewel in plan.jewels:
        assert jewel.lower_bound <= jewel.spent


def test_each_step_of_northwind_closes_what_the_ones_before_left(
    northwind: Inventory, northwind_plan: Planned
) -> None:
    _, found, plan = northwind_plan
    first, *rest = plan.steps
    assert set(compare(found, judge(applied(northwind, [first]), bundled_rules())).closed) == set(
        first.breaks
    )
    closed = [name for step in plan.steps for name in step.breaks]
    assert len(closed) == len(set(closed))
    assert all(step.breaks for step in rest)


def test_patched_northwind_does_not_depend_on_order(northwind: Inventory, northwind_plan: Planned) -> None:
    planner, _, plan = northwind_plan
    steps = list(planner.steps.values())
    whole = encode(applied(northwind, steps))
    for seed in range(5):
        random.Random(seed).shuffle(steps)
        assert encode(applied(northwind, steps)) == whole
    assert encode(applied(northwind, plan.steps)) != encode(northwind)


@pytest.mark.parametrize("seed", range(2))
def test_adding_controls_never_opens_a_path(northwind: Inventory, northwind_plan: Planned, seed: int) -> None:
    planner, found, _ = northwind_plan
    some = random.Random(seed).sample(sorted(planner.steps.values(), key=lambda one: one.id), 6)
    proof = compare(found, judge(applied(northwind, some), bundled_rules()))
    assert not [one for one in proof.opened if one.family == "path"]
    assert sum(proof.after.values()) <= sum(proof.before.values())


def test_quick_plan_is_the_same_but_for_what_steps_close(
    northwind: Inventory, northwind_plan: Planned
) -> None:
    _, found, plan = northwind_plan
    looks = 0

    def look(inventory: Inventory) -> Sequence[Finding]:
        nonlocal looks
        looks += 1
        return judge(inventory, bundled_rules())

    quick = Planner(northwind, bundled_rules(), look).plan(tuple(reversed(found)), quick=True)
    assert looks == quick.rounds == plan.rounds
    assert {step.id for step in plan.steps} <= {step.id for step in quick.steps}
    assert quick.proof.after["critical"] == quick.proof.after["high"] == 0
    assert {name for step in quick.steps for name in step.breaks} <= set(quick.proof.closed)


FIXABLE = ("AP-01", "AP-02", "AP-05", "AP-16", "AP-18", "AP-25", "AP-28")


@pytest.mark.parametrize("rule", FIXABLE)
def test_plan_breaks_the_path_of_a_rule(rule: str) -> None:
    file = bundled("rules") / "attack-paths" / f"{rule}.test.yaml"
    rules = load_files([file.with_name(f"{rule}.yaml")])
    case = next(one for one in load_cases(file, labels_of_kind()) if one.expect is Answer.FIRES)

    def look(inventory: Inventory) -> Sequence[Finding]:
        return judge(inventory, rules)

    found = look(case.inventory)
    assert found
    plan = Planner(case.inventory, rules, look).plan(found, down_to=Band.INFO)
    assert not plan.proof.residual
    assert plan.steps
    assert not look(applied(case.inventory, plan.steps))


def stubborn(change: Callable[[Inventory], bool]) -> Callable[[Inventory], Sequence[Finding]]:
    """An analysis that goes on finding what it found first, until ``change`` is there."""
    file = bundled("rules") / "attack-paths" / "AP-16.test.yaml"
    rules = load_files([file.with_name("AP-16.yaml")])
    case = next(one for one in load_cases(file, labels_of_kind()) if one.expect is Answer.FIRES)
    found = judge(case.inventory, rules)
    return lambda inventory: () if change(inventory) else found


def case_of(rule: str) -> Inventory:
    file = bundled("rules") / "attack-paths" / f"{rule}.test.yaml"
    return next(one for one in load_cases(file, labels_of_kind()) if one.expect is Answer.FIRES).inventory


def test_a_change_that_does_not_help_is_given_up_for_another() -> None:
    def denied(inventory: Inventory) -> bool:
        return b"aisposture-deny" in encode(inventory.resources)

    look = stubborn(denied)
    inventory = case_of("AP-16")
    plan = Planner(inventory, (), look).plan(look(inventory), down_to=Band.INFO)
    assert [step.action for step in plan.steps] == ["deny_on_identity"]
    assert plan.rounds > 1
    assert not plan.proof.residual


def test_what_nothing_breaks_stays_and_is_said() -> None:
    look = stubborn(lambda _: False)
    inventory = case_of("AP-16")
    rules = load_files([bundled("rules") / "attack-paths" / "AP-16.yaml"])
    plan = Planner(inventory, rules, look).plan(look(inventory), down_to=Band.INFO)
    assert plan.steps == ()
    assert plan.cost == plan.lower_bound == 0
    assert plan.proof.before == plan.proof.after
    assert plan.proof.residual
    assert plan.advice
    assert not any(step.patches or step.breaks for step in plan.advice)


def test_nothing_found_nothing_planned() -> None:
    plan = Planner(Inventory.of([]), (), lambda _: ()).plan(())
    assert not plan.steps
    assert not plan.jewels
    assert plan.cost == plan.lower_bound == plan.gap == 0


def test_an_effect_that_a_rule_gives_wins_for_that_rule() -> None:
    inventory = case_of("AP-16")
    (rule,) = load_files([bundled("rules") / "attack-paths" / "AP-16.yaml"])
    from msgspec.structs import replace

    from aisposture.rules.words import Fix

    cheap = replace(rule, fixes=(Fix(text="x", action="close_ingress", cost=0.5),))
    found = judge(inventory, (rule,))
    look = stubborn(lambda one: encode(one.resources) != encode(inventory.resources))
    plan = Planner(inventory, (cheap,), look).plan(found, down_to=Band.INFO)
    assert [step.action for step in plan.steps] == ["close_ingress"]
    weak = replace(cheap, fixes=(Fix(text="x", action="close_ingress", cost=0.5, effect="weaken"),))
    plan = Planner(inventory, (weak,), look).plan(found, down_to=Band.INFO)
    assert [step.action for step in plan.steps] != ["close_ingress"]
