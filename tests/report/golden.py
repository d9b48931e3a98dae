"""Golden reports: ``python -m tests.report.golden`` writes them anew; the tests compare."""

from pathlib import Path

from aisposture.report import file_name, render
from tests.report.sample import empty, report

FOLDER = Path(__file__).parent / "golden"
FORMATS = ("csv", "markdown", "sarif", "text")
CASES = {"northwind": report, "empty": empty}


def path(case: str, name: str) -> Path:
    return FOLDER / f"{case}{Path(file_name(name)).suffix}"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for case, make in CASES.items():
        for name in FORMATS:
            path(case, name).write_bytes(render(make(), name))
