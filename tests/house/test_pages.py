"""Generated pages are up to date."""

import pytest

from tests.house.generate import DOCS, PAGES, forgotten


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_up_to_date(name: str) -> None:
    assert (DOCS / name).read_text("utf-8") == PAGES[name](), "run: make docs"


def test_no_page_outlives_its_rule() -> None:
    assert forgotten() == []
