"""The pages that are written by the code they describe; ``make docs`` writes them, a test compares them."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from aisposture.access import technique_page
from aisposture.cli import reference
from aisposture.graph import vocabulary_doc
from aisposture.pipeline import bundled_rules, emitted
from aisposture.rules import docs, paths_doc

DOCS = Path(__file__).parents[2] / "docs"
RULES = bundled_rules()

PAGES: dict[str, Callable[[], str]] = {
    "cli.md": reference.render,
    "kinds.md": vocabulary_doc.render,
    "attack-path-rules.md": lambda: paths_doc.render(RULES, emitted()),
    "escalation-aws.md": technique_page.page,
    **{f"rules/{name}": partial(str, text) for name, text in docs.pages(RULES).items()},
}
"""Page -> what it must say."""


def forgotten() -> list[Path]:
    """Pages of rules that there are no more."""
    return [page for page in sorted((DOCS / "rules").glob("*")) if f"rules/{page.name}" not in PAGES]


def main() -> None:
    """Writes every page."""
    for name, text in PAGES.items():
        (DOCS / name).parent.mkdir(exist_ok=True)
        (DOCS / name).write_text(text(), encoding="utf-8")
    for page in forgotten():
        page.unlink()


if __name__ == "__main__":
    main()
