import io
import json
from pathlib import Path

import pytest

from aisposture.cli.exits import Exit
from aisposture.cli.main import run

ALLOWS = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
}
REQUEST = {
    "principal": "arn:aws:iam::111122223333:role/reader",
    "action": "s3:GetObject",
    "resource": "arn:aws:s3:::bucket/key",
    "resourceAccount": "111122223333",
}


def line(name: str, expected: str | None = None, **policies: object) -> str:
    made: dict[str, object] = {"id": name, "request": REQUEST, **policies}
    if expected is not None:
        made["expected"] = expected
    return json.dumps(made)


def lines_of(tmp_path: Path, *lines: str) -> str:
    file = tmp_path / "requests.jsonl"
    file.write_text("\n".join(lines) + "\n")
    return str(file)


def test_one_answer_a_line_in_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = lines_of(tmp_path, line("b", identityPolicies=[ALLOWS]), line("a"))
    assert run(["simulate", file, "--json"]) == Exit.OK
    out, err = capsys.readouterr()
    answers = [json.loads(text) for text in out.splitlines()]
    assert [(each["id"], each["decision"]) for each in answers] == [
        ("b", "Allowed"),
        ("a", "ImplicitlyDenied"),
    ]
    assert set(answers[0]) >= {"id", "decision", "layer", "statements", "conditions"}
    assert err == ""


def test_mismatch_ends_with_1_and_is_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    right = line("right", "Allowed", identityPolicies=[ALLOWS])
    assert run(["simulate", lines_of(tmp_path, right)]) == Exit.OK
    assert capsys.readouterr().err == "1 of 1 as expected\n"
    assert run(["simulate", lines_of(tmp_path, right, line("wrong", "Allowed"))]) == Exit.FINDINGS
    out, err = capsys.readouterr()
    assert err == "1 of 2 as expected\n"
    assert out.splitlines()[1].startswith("wrong: ImplicitlyDenied")
    assert out.splitlines()[1].endswith("expected Allowed")


def test_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(line("x").encode())))
    assert run(["simulate", "-", "--json"]) == Exit.OK
    assert json.loads(capsys.readouterr().out)["id"] == "x"


def test_line_that_is_no_request_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = lines_of(tmp_path, line("fine"), "{")
    assert run(["simulate", file, "--json"]) == Exit.USAGE
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 1
    assert f"{file}:2: not JSON" in err
