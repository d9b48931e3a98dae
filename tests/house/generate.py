"""The pages that are written by the code they describe; ``make docs`` writes them, a test compares them."""

from collections.abc import Callable
from pathlib import Path

from aisposture.access import technique_page
from aisposture.graph import vocabulary_doc
from aisposture.pipeline import bundled_rules, emitted
from aisposture.rules import paths_doc

DOCS = Path(__file__).parents[2] / "docs"

PAGES: dict[str, Callable[[], str]] = {
    "kinds.md": vocabulary_doc.render,
    "attack-path-rules.md": lambda: paths_doc.render(bundled_rules(), emitted()),
    "escalation-aws.md": technique_page.page,
}
"""Page -> what it must say."""


def main() -> None:
    """Writes every page."""
    for name, text in PAGES.items():
        (DOCS / name).write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
