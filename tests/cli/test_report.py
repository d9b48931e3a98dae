import json
from pathlib import Path

import msgspec
import pytest

from aisposture.cli.exits import Exit
from aisposture.cli.main import run
from aisposture.model.finding import Report


def test_one_format_goes_to_standard_output_and_the_gate_speaks(
    firing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["report", firing, "--format", "json"]) == Exit.FINDINGS
    made = msgspec.json.decode(capsys.readouterr().out, type=Report)
    assert "AP-01" in {finding.rule for finding in made.findings}
    assert run(["report", firing, "--format", "json", "--fail-on", "never"]) == Exit.OK


def test_same_snapshot_same_bytes(firing: str, tmp_path: Path) -> None:
    formats = "html,sarif,json,csv,markdown,text"
    for name in ("one", "two"):
        assert run(["report", firing, "--format", formats, "--out", str(tmp_path / name)]) == Exit.FINDINGS
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert len(files) == 6
    assert all(
        (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes() for file in files
    )


def test_unread_policies_end_with_incomplete_until_somebody_accepts_the_gap(
    unknown: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["report", unknown, "--format", "json"]) == Exit.INCOMPLETE
    made = msgspec.json.decode(capsys.readouterr().out, type=Report)
    assert not [finding for finding in made.findings if finding.rule == "AP-01"]
    assert next(rule for rule in made.rules if rule.rule == "AP-01").answer == "unknown"
    config = tmp_path / "aisposture.yaml"
    config.write_text("context:\n  accepted_gaps:\n    - {call: 'iam:GetAccountAuthorizationDetails'}\n")
    assert run(["report", unknown, "--format", "json", "--config", str(config)]) == Exit.OK


def test_as_of_moves_the_clock(firing: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        run(["report", firing, "--format", "json", "--as-of", "2030-05-01T12:00:00+02:00"]) == Exit.FINDINGS
    )
    assert json.loads(capsys.readouterr().out)["taken_at"] == "2030-05-01T10:00:00Z"


def test_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["report", "--schema"]) == Exit.OK
    assert json.loads(capsys.readouterr().out)["title"] == "aisposture report"


def test_folder_that_cannot_be_written(
    firing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert run(["report", firing, "--out", str(tmp_path / "file")]) == Exit.USAGE
    assert "cannot write to" in capsys.readouterr().err
