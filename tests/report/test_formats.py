"""What every format owes: a golden output, the same bytes twice, and nothing hostile getting through."""

import re
from pathlib import Path

import pytest

from aisposture.errors import UsageError
from aisposture.report import file_name, formats, render, write
from tests.report import golden
from tests.report.sample import empty, report
from tests.report.sample_extremes import hostile

UNSAFE = re.compile(
    "[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e0fff]"
)


def test_every_file_of_the_package_that_renders_is_a_format() -> None:
    assert {"json", "sarif", "html", "text", "csv", "markdown"} <= set(formats())
    assert len({file_name(name) for name in formats()}) == len(formats())


@pytest.mark.parametrize("case", golden.CASES)
@pytest.mark.parametrize("name", golden.FORMATS)
def test_golden(case: str, name: str) -> None:
    assert render(golden.CASES[case](), name).decode() == golden.path(case, name).read_bytes().decode()


@pytest.mark.parametrize("name", formats())
def test_same_report_gives_same_bytes(name: str) -> None:
    assert render(report(), name) == render(report(), name)


@pytest.mark.parametrize("name", formats())
def test_no_character_that_hides_or_reorders_others_gets_through(name: str) -> None:
    assert not UNSAFE.findall(render(hostile(), name).decode())


@pytest.mark.parametrize("name", formats())
def test_empty_report_renders(name: str) -> None:
    assert render(empty(), name)


def test_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"no report format 'pdf'; there are csv, html"):
        render(empty(), "pdf")


def test_write_makes_the_folder_and_one_file_for_each_format(tmp_path: Path) -> None:
    written = write(empty(), tmp_path / "deep" / "er", ["json", "csv", "json"])
    assert [path.name for path in written] == ["report.json", "report.csv"]
    assert sorted(path.name for path in (tmp_path / "deep" / "er").iterdir()) == ["report.csv", "report.json"]


def test_write_to_a_place_that_is_no_folder_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here")
    with pytest.raises(UsageError, match="cannot write to"):
        write(empty(), tmp_path / "file" / "below", ["json"])


def test_unknown_format_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        write(empty(), tmp_path / "out", ["json", "pdf"])
    assert not (tmp_path / "out").exists()
