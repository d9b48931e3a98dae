"""The committed sample is what today's rules and renderers make of its snapshot."""

from pathlib import Path

import pytest

from aisposture import pipeline
from aisposture.model.finding import Report
from aisposture.model.inventory import Inventory
from aisposture.report import file_name, render

SAMPLE = Path(__file__).parents[2] / "reports" / "sample"


@pytest.fixture(scope="module")
def report() -> Report:
    return pipeline.analyse(Inventory.read(SAMPLE / "snapshot"))


@pytest.mark.parametrize("name", ["html", "json", "sarif"])
def test_the_sample_is_up_to_date(report: Report, name: str) -> None:
    made = render(report, name)
    assert (SAMPLE / file_name(name)).read_bytes() == made, "run `make sample`"


def test_the_same_snapshot_gives_the_same_bytes(report: Report) -> None:
    again = pipeline.analyse(Inventory.read(SAMPLE / "snapshot"))
    assert render(again, "json") == render(report, "json")
