import os
from pathlib import Path

import pytest

from aisposture.bundled import bundled
from aisposture.cli.demo import _only
from aisposture.cli.exits import Exit
from aisposture.cli.main import run
from aisposture.replay.aws.seed import settings, steps

NORTHWIND = bundled("fixtures/northwind") / "aws"


def test_demo_shows_findings_what_was_not_assessed_and_where_the_page_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["demo", "--out", str(tmp_path)]) == Exit.OK
    out = capsys.readouterr().out
    assert " 1 critical" in out
    assert "support-assistant" in out
    assert "Not assessed: nothing" in out
    assert str(tmp_path / "report.html") in "".join(out.split())
    assert {path.name for path in tmp_path.iterdir()} == {
        "snapshot",
        "report.html",
        "report.sarif",
        "report.json",
    }


def test_demo_reads_every_region_that_northwind_uses() -> None:
    chosen = settings(NORTHWIND)
    assert {step.region for step in steps(NORTHWIND, chosen)} <= set(chosen.scan_regions)
    assert chosen.scan_role
    assert chosen.scan_external_id


def test_demo_sees_nothing_of_the_users_own_configuration() -> None:
    before = dict(os.environ)
    os.environ["AWS_PROFILE"] = "mine"
    try:
        with _only({"AWS_ACCESS_KEY_ID": "local"}):
            assert "AWS_PROFILE" not in os.environ
            assert os.environ["AWS_ACCESS_KEY_ID"] == "local"
            assert os.environ["AWS_CONFIG_FILE"] == os.devnull
        assert os.environ["AWS_PROFILE"] == "mine"
    finally:
        os.environ.clear()
        os.environ.update(before)
