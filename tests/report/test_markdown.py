import pytest
from markdown_it import MarkdownIt

from aisposture.report.markdown import code, plain, render
from tests.report.sample import report
from tests.report.sample_extremes import HOSTILE, hostile, many

ALLOWED = {"h2", "h3", "p", "ul", "ol", "li", "code", "table", "thead", "tbody", "tr", "th", "td"}


def test_hostile_report_gives_only_our_own_markup() -> None:
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(render(hostile()))
    inline = [child for token in tokens for child in token.children or ()]
    assert {token.tag for token in [*tokens, *inline] if token.tag} <= ALLOWED
    assert not [token for token in inline if token.type in {"html_inline", "link_open", "image", "em_open"}]
    assert not [token for token in tokens if token.type == "html_block"]


@pytest.mark.parametrize("name", HOSTILE)
def test_mentions_and_links_only_inside_code(name: str) -> None:
    (token,) = [
        each
        for each in MarkdownIt("gfm-like", {"linkify": False}).parse(f"x {plain(name)}")
        if each.type == "inline"
    ]
    outside = "".join(child.content for child in token.children or () if child.type == "text")
    assert "@" not in outside
    assert "://" not in outside


def test_code_fence_is_longer_than_what_it_holds() -> None:
    assert code("a``b`c") == "```a``b`c```"
    assert code("`") == "`` ` ``"


def test_more_than_twenty_paths_are_counted() -> None:
    made = render(many(25))
    assert made.count("\n### ") == 20 + 1
    assert "5 more paths in the full report." in made


def test_says_what_was_not_assessed() -> None:
    assert "### Not assessed: 2 rules, 3 gaps" in render(report())
