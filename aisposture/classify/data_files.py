"""The data files of the classifiers, read once."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

_FOLDER = Path(__file__).with_name("data")


@cache
def load(name: str) -> dict[str, Any]:
    """The data file ``name`` (without ending)."""
    found: dict[str, Any] = yaml.load(
        (_FOLDER / f"{name}.yaml").read_text(encoding="utf-8"),
        Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader),  # noqa: S506 - either is the safe loader
    )
    return found
