"""Every word is explained, and every builder that the page names draws what it says."""

import re
from pathlib import Path

import pytest

import aisposture
from aisposture.graph.vocabulary import DRAWN_LABELS, EDGES, builders, granted
from aisposture.graph.vocabulary_doc import NOT_YET, render
from aisposture.model.attributes import EDGE_ATTRIBUTES
from aisposture.model.graph import VERBS, EdgeKind, Label

PACKAGE = Path(aisposture.__file__).parent


def source_of(module: str) -> str:
    path = PACKAGE.joinpath(*module.split("."))
    file = path.with_suffix(".py")
    return (file if file.is_file() else path / "__init__.py").read_text("utf-8")


def test_every_edge_is_explained() -> None:
    assert set(EDGES) == set(EdgeKind)
    assert all(name in EDGE_ATTRIBUTES for meaning in EDGES.values() for name in meaning.attrs)


@pytest.mark.parametrize("kind", list(EdgeKind))
def test_named_builders_draw_the_edge(kind: EdgeKind) -> None:
    for module in builders(kind):
        if re.fullmatch(r"[a-z_.]+", module):
            assert f"EdgeKind.{kind.name}" in source_of(module), module


@pytest.mark.parametrize("label", sorted(DRAWN_LABELS))
def test_named_modules_draw_the_label(label: Label) -> None:
    assert f"Label.{label.name}" in source_of(DRAWN_LABELS[label])


def test_grants_are_of_verbs_only() -> None:
    assert granted() <= VERBS
    assert EdgeKind.CAN_READ in granted()


def test_the_page_lists_every_word_and_says_what_nothing_emits() -> None:
    page = render()
    for word in (*EdgeKind, *Label):
        assert f"| `{word}` |" in page
    line = next(line for line in page.splitlines() if line.startswith("| `publishes` |"))
    assert NOT_YET in line
    line = next(line for line in page.splitlines() if line.startswith("| `feeds` |"))
    assert NOT_YET not in line
