from collections.abc import Sequence

import pytest

from aisposture.fix.plan import Plan, Planner
from aisposture.model.finding import Finding
from aisposture.model.inventory import Inventory
from aisposture.pipeline import bundled_rules, judge


@pytest.fixture(scope="session")
def northwind_plan(northwind: Inventory) -> tuple[Planner, Sequence[Finding], Plan]:
    """The planner, what it started from, and the plan for what a real scan of the bundled company reads."""
    rules = bundled_rules()
    planner = Planner(northwind, rules, lambda inventory: judge(inventory, rules))
    found = judge(northwind, rules)
    return planner, found, planner.plan(found)
