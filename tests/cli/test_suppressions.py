"""What ``aisposture.yaml`` accepts, from the file to the exit code."""

import json
from pathlib import Path
from typing import Any

import pytest

from aisposture.cli.exits import Exit
from aisposture.cli.main import run
from aisposture.model.graph import State

PATH = "AP-01"


def analysed(
    folder: str, config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], *args: str
) -> tuple[int, dict[str, Any]]:
    file = tmp_path / "aisposture.yaml"
    file.write_text(config, encoding="utf-8")
    code = run(["report", folder, "--format", "json", "--config", str(file), *args])
    captured = capsys.readouterr()
    assert captured.err == ""
    found: dict[str, Any] = json.loads(captured.out)
    return code, found


def rules(report: dict[str, Any], where: str) -> set[str]:
    return {
        one.get("finding", one)["rule"]
        for one in report[where]
        if one.get("finding", one)["family"] == "path"
    }


def test_suppressed_findings_never_touch_the_exit_code(
    firing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, before = analysed(firing, "context: {}\n", tmp_path, capsys)
    assert code == Exit.FINDINGS
    config = "context:\n  suppressions:\n    - {rule: 'AP-*', by: ann, note: known, until: 2099-01-01}\n"
    code, report = analysed(firing, config, tmp_path, capsys)
    assert code in (Exit.OK, Exit.INCOMPLETE)
    assert rules(report, "findings") == set()
    assert rules(report, "suppressed") == rules(before, "findings")
    assert report["suppressed"][0]["by"] == "ann"
    assert sum(report["counts"]["path"].values()) == 0


def test_expired_suppression_fires_again_and_says_so(
    firing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = "context:\n  suppressions:\n    - {rule: 'AP-*', until: 2001-01-01}\n"
    code, report = analysed(firing, config, tmp_path, capsys, "--as-of", "2026-11-02T00:00:00Z")
    assert code == Exit.FINDINGS
    assert "until 2001-01-01" in report["expired"][0]


def test_suppressed_hop_covers_the_paths_that_need_it(
    firing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, before = analysed(firing, "context: {}\n", tmp_path, capsys)
    path = next(one for one in before["findings"] if one["rule"] == PATH)
    hop = path["walks"][0]["hops"][0]
    edge = f"{hop['source']}|{hop['kind']}|{hop['target']}"
    config = f"context:\n  suppressions:\n    - {{hop: '{edge}'}}\n"
    _, report = analysed(firing, config, tmp_path, capsys)
    assert PATH in rules(report, "suppressed")
    assert PATH not in rules(report, "findings")


def test_accepted_gaps_are_complete_enough_but_stay_visible(
    unknown: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, report = analysed(unknown, "context: {}\n", tmp_path, capsys)
    assert code == Exit.INCOMPLETE
    config = "context:\n  accepted_gaps:\n    - {call: '*', by: ann}\n"
    code, accepted = analysed(unknown, config, tmp_path, capsys)
    assert code == Exit.OK
    assert accepted["gaps"] == report["gaps"]
    assert accepted["accepted"] == list(range(len(report["gaps"])))


def test_strict_takes_nothing_under_unread_layers_for_certain(
    firing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, plain = analysed(firing, "context: {}\n", tmp_path, capsys)
    _, strict = analysed(firing, "context: {}\n", tmp_path, capsys, "--strict")
    assert plain["assumptions"]
    assert plain["assumptions"] == strict["assumptions"]
    last = [
        next(one for one in report["findings"] if one["rule"] == PATH)["walks"][0]["hops"][-1]
        for report in (plain, strict)
    ]
    assert [hop["state"] for hop in last] == [State.CONFIRMED, State.POSSIBLE]
    assert any("organisation's policies above account" in one for one in last[1]["conditions"])
    path = next(one for one in plain["findings"] if one["rule"] == PATH)
    assert path["assumptions"] == plain["assumptions"]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{by: ann}", "names nothing"),
        ("{until: soon, rule: x}", "no day"),
        ("{fingerprint: abc}", "no fingerprint"),
        ("{hop: a-b}", "no hop"),
    ],
)
def test_mistakes_are_told_with_their_line(
    firing: str, entry: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "aisposture.yaml"
    file.write_text(f"context:\n  suppressions:\n    - {entry}\n", encoding="utf-8")
    assert run(["findings", firing, "--config", str(file)]) == Exit.USAGE
    err = capsys.readouterr().err
    assert said in err
    assert ":3" in err
