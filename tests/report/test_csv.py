import csv
import io

import pytest

from aisposture.report.csv import COLUMNS, cell, render
from tests.report.sample import report
from tests.report.sample_extremes import HOSTILE, hostile


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("  @SUM(A1)", "' @SUM(A1)"),
        ("\t-2", "' -2"),
        ("'=1", "''=1"),
        ("0.5", "0.5"),
        ("name", "name"),
        ("", ""),
    ],
)
def test_cell(raw: str, shown: str) -> None:
    assert cell(raw) == shown


def test_one_line_for_each_finding_with_all_columns() -> None:
    rows = list(csv.reader(io.StringIO(render(report()))))
    assert tuple(rows[0]) == COLUMNS
    assert [len(row) for row in rows] == [len(COLUMNS)] * (1 + len(report().findings))


def test_no_cell_of_a_hostile_report_is_a_formula() -> None:
    rows = list(csv.reader(io.StringIO(render(hostile()))))[1:]
    assert len(rows) == len(report().findings) + len(HOSTILE)
    assert not [
        value for row in rows for value in row if value.lstrip().startswith(("=", "+", "-", "@", "|", "%"))
    ]
