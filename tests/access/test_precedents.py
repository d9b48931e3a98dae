"""Every precedent of ``fixtures/policy/aws`` is decided as the documentation it cites says."""

import json
from pathlib import Path
from typing import Any

import pytest

from aisposture.access.simulate import simulate

FOLDER = Path(__file__).parents[2] / "fixtures" / "policy" / "aws"
CASES: list[dict[str, Any]] = [
    case for path in sorted(FOLDER.glob("*.json")) for case in json.loads(path.read_bytes())
]


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_is_decided_as_documented(case: dict[str, Any]) -> None:
    decision = simulate(json.dumps(case).encode()).decision
    assert decision.outcome.value == case["expected"], case["why"]
    assert decision.layer == case["layer"]
    assert bool(decision.conditions) is (case["expected"] == "Conditional")


def test_there_are_enough_each_with_its_page_and_reason() -> None:
    assert len(CASES) >= 300
    assert len({case["id"] for case in CASES}) == len(CASES)
    for case in CASES:
        assert case["page"].startswith(("https://docs.aws.amazon.com/", "https://aws.amazon.com/blogs/")), (
            case["id"]
        )
        assert case["why"], case["id"]
