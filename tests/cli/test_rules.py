import json
from pathlib import Path

import pytest

from aisposture.cli.exits import Exit
from aisposture.cli.main import run


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "list", "--json", "--family", "path"]) == Exit.OK
    rules = json.loads(capsys.readouterr().out)["rules"]
    assert "AP-01" in {rule["id"] for rule in rules}
    assert {rule["family"] for rule in rules} == {"path"}
    assert run(["rules", "list"]) == Exit.OK
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_show(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "show", "AP-01"]) == Exit.OK
    assert "id: AP-01" in capsys.readouterr().out
    assert run(["rules", "show", "ap01"]) == Exit.USAGE
    assert "there is no rule ap01; did you mean AP-01?" in capsys.readouterr().err


def test_new_rule_comes_with_cases_that_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pack = str(tmp_path / "pack")
    assert run(["rules", "new", "MY-01", "--title", 'Buckets: a "title"', "--folder", pack]) == Exit.OK
    assert run(["rules", "test", "MY-01", "--rules", pack]) == Exit.OK
    assert "1 rule tested, 0 disagreements" in capsys.readouterr().out
    assert run(["rules", "new", "MY-01", "--title", "again", "--folder", pack]) == Exit.USAGE
    assert "exists already" in capsys.readouterr().err


@pytest.mark.parametrize("rule", ["my", "../MY-01"])
def test_new_rule_with_a_bad_id_leaves_nothing_behind(rule: str, tmp_path: Path) -> None:
    assert run(["rules", "new", rule, "--title", "x", "--folder", str(tmp_path / "pack")]) == Exit.USAGE
    assert not list(tmp_path.rglob("*.yaml"))


def test_case_that_disagrees_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pack = tmp_path / "pack"
    assert run(["rules", "new", "MY-01", "--title", "x", "--folder", str(pack)]) == Exit.OK
    cases = pack / "MY-01.test.yaml"
    cases.write_text(cases.read_text().replace("expect: quiet", "expect: fires"))
    assert run(["rules", "test", "MY-01", "--rules", str(pack)]) == Exit.USAGE
    err = capsys.readouterr().err
    assert f"{cases}:7: old versions are kept: expected fires, the rule answers quiet" in err


def test_rule_without_cases_is_a_disagreement(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "new", "MY-01", "--title", "x", "--folder", str(tmp_path)]) == Exit.OK
    (tmp_path / "MY-01.test.yaml").unlink()
    assert run(["rules", "test", "MY-01", "--rules", str(tmp_path)]) == Exit.USAGE
    assert "has no cases beside it (MY-01.test.yaml)" in capsys.readouterr().err
