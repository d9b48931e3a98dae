import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from aisposture.cli.exits import Exit
from aisposture.cli.main import cli, run
from aisposture.errors import ScanError

HEAVY = (
    "boto3",
    "botocore",
    "numpy",
    "rich",
    "jinja2",
    "networkx",
    "msgspec",
    "yaml",
    "moto",
    "neo4j",
    "detect_secrets",
)


def python(code: str, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *args], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.fixture
def broken() -> Iterator[None]:
    """A command that fails as its argument says."""

    @click.command("break")
    @click.argument("how")
    def fail(how: str) -> None:
        raise {
            "scan": ScanError("the token\nhas \x1b[31mexpired"),
            "bug": RuntimeError("oops"),
            "stop": KeyboardInterrupt(),
        }[how]

    cli.add_command(fail)
    yield
    del cli.commands["break"]


def test_help_imports_nothing_heavy() -> None:
    done = python(
        "import sys; from aisposture.cli.main import run; run(['--help']);"
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)"
    )
    assert done.stderr.strip() == "[]"
    assert "scan" in done.stdout


def test_every_command_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    def walk(command: click.Command, words: list[str]) -> Iterator[list[str]]:
        yield words
        for name, inner in getattr(command, "commands", {}).items():
            yield from walk(inner, [*words, name])

    for words in walk(cli, []):
        assert run([*words, "--help"]) == Exit.OK, words
        assert "Usage: aisposture" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["scna"], "No such command 'scna'"),
        (["scan"], "Missing option '--out' (see 'aisposture scan --help')"),
        (["scan", "--out", "x", "--fail-on", "awful"], "Invalid value for '--fail-on'"),
        (["report"], "report needs a SNAPSHOT, or --schema"),
        (["report", "x", "--format", "pdf"], "there is no report format 'pdf'; there are csv, html"),
        (["report", "x", "--format", "json,csv"], "several formats need --out DIR"),
        (["report", "x", "--format", ","], "--format names no format"),
        (["findings", "x", "--as-of", "yesterday"], "--as-of: 'yesterday' is no RFC 3339 time"),
        (["findings", "nowhere"], "nowhere holds no finished snapshot"),
        (["findings", "x", "--config", "nowhere.yaml"], "nowhere.yaml: cannot be read: No such file"),
        (["simulate", "nowhere.jsonl"], "nowhere.jsonl: cannot be read: No such file"),
        (["scan", "--out", "x", "--organization"], "--organization needs --role-name"),
        (["scan", "--out", "x", "--role-name", "audit"], "--role-name needs --organization"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(
    args: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(args) == Exit.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("aisposture: ")
    assert said in err
    assert err.count("\n") == 1


def test_mistake_in_the_configuration_names_file_line_and_field(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "aisposture.yaml"
    file.write_text("aws:\n  regoins: [eu-west-1]\n")
    assert run(["scan", "--out", str(tmp_path / "out"), "--config", str(file)]) == Exit.USAGE
    assert (
        f"{file}:2: aws.regoins: unknown name 'regoins'; did you mean 'regions'?" in capsys.readouterr().err
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("broken")
def test_failure_of_ours_is_one_clean_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["break", "scan"]) == Exit.FAILED
    assert capsys.readouterr().err == "aisposture: the token has \\x1b[31mexpired\n"


@pytest.mark.usefixtures("broken")
def test_bug_never_ends_with_the_code_for_findings(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["break", "bug"]) == Exit.FAILED
    assert "RuntimeError: oops" in capsys.readouterr().err


@pytest.mark.usefixtures("broken")
def test_interrupt(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["break", "stop"]) == Exit.INTERRUPTED
    assert "Traceback" not in capsys.readouterr().err


def test_reader_that_goes_away_is_no_noise() -> None:
    done = subprocess.run(  # noqa: S602 - the shell makes the broken pipe
        f"{sys.executable} -m aisposture report --schema | head -c 1 > /dev/null; echo ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stderr == ""
    assert int(done.stdout) in {Exit.OK, Exit.BROKEN_PIPE}


def test_nothing_given_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == Exit.USAGE
    assert "Commands:" in capsys.readouterr().err
