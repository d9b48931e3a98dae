from pathlib import Path

import pytest

from aisposture.bundled import bundled
from aisposture.collect import labels_of_kind
from aisposture.model.inventory import Inventory
from aisposture.model.snapshot import write
from aisposture.rules.cases import load_cases


@pytest.fixture(scope="session")
def cases() -> dict[str, Inventory]:
    """The inventories of the first and the last case of AP-01: the path is there; the role's policies are unread."""
    found = load_cases(bundled("rules") / "attack-paths" / "AP-01.test.yaml", labels_of_kind())
    by_answer = {case.expect.value: case.inventory for case in reversed(found)}
    return {"fires": by_answer["fires"], "unknown": by_answer["unknown"]}


@pytest.fixture(scope="session")
def firing(cases: dict[str, Inventory], tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder as a scan leaves it, with a path from the internet to restricted data."""
    folder: Path = tmp_path_factory.mktemp("firing")
    write(folder / "snapshot", cases["fires"])
    return str(folder)


@pytest.fixture(scope="session")
def unknown(cases: dict[str, Inventory], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The same, where a denied call hides whether the path is there."""
    folder: Path = tmp_path_factory.mktemp("unknown")
    write(folder / "snapshot", cases["unknown"])
    return str(folder)
