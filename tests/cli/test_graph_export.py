import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from aisposture.cli.exits import Exit
from aisposture.cli.graph_export import FORMATS
from aisposture.cli.main import run
from aisposture.graph.export import WRITERS


def test_the_formats_are_those_that_can_be_written() -> None:
    assert set(FORMATS) == set(WRITERS)


@pytest.mark.parametrize("form", FORMATS)
def test_standard_output_and_file_are_the_same(
    form: str, firing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["graph", "export", firing, "--format", form]) == Exit.OK
    printed = capsys.readouterr().out
    file = tmp_path / "graph.out"
    assert run(["graph", "export", firing, "--format", form, "--out", str(file)]) == Exit.OK
    assert file.read_text(encoding="utf-8") == printed
    assert [path.name for path in tmp_path.iterdir()] == ["graph.out"]
    if form in ("json", "opengraph"):
        assert json.loads(printed)
    if form == "graphml":
        assert ET.fromstring(printed).tag.endswith("graphml")  # noqa: S314 - our own output
    assert "customer-records" in printed


def test_opengraph_has_its_shape(firing: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["graph", "export", firing, "--format", "opengraph"]) == Exit.OK
    found = json.loads(capsys.readouterr().out)
    assert set(found["metadata"]) <= {"source_kind"}
    known = set()
    for node in found["graph"]["nodes"]:
        assert set(node) == {"id", "kinds", "properties"}
        assert ":" not in node["id"]
        assert 1 <= len(node["kinds"]) <= 3
        assert "objectid" not in node["properties"]
        for name, value in node["properties"].items():
            assert name == name.lower()
            values = value if isinstance(value, list) else [value]
            assert all(isinstance(one, str | int | float | bool) for one in values)
            assert len({type(one) for one in values}) <= 1
        known.add(node["id"])
    assert len(known) == len(found["graph"]["nodes"])
    for edge in found["graph"]["edges"]:
        assert edge["kind"].replace("_", "").isalnum()
        assert {edge["start"]["value"], edge["end"]["value"]} <= known


def test_file_that_cannot_be_written(firing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    away = tmp_path / "no" / "such" / "folder"
    assert run(["graph", "export", firing, "--format", "json", "--out", str(away)]) == Exit.USAGE
    assert "cannot be written" in capsys.readouterr().err
