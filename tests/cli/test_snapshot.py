import json
from pathlib import Path

import pytest

from aisposture.cli.exits import Exit
from aisposture.cli.main import run
from aisposture.model.inventory import Inventory
from aisposture.model.resource import Gap, Resource
from aisposture.model.snapshot import write

ACCOUNT = "111122223333"
BUCKET = "arn:aws:s3:::evil\x1b[31m"


@pytest.fixture
def snapshot(tmp_path: Path) -> str:
    inventory = Inventory.of(
        [
            Resource(
                id=BUCKET, kind="aws.s3.bucket", account=ACCOUNT, region="eu-west-1", name="evil\x1b[31m"
            ),
            Resource(
                id=f"arn:aws:iam::{ACCOUNT}:role/r",
                kind="aws.iam.role",
                account=ACCOUNT,
                region="global",
                name="r",
            ),
        ],
        gaps=[
            Gap(
                call="s3:GetBucketPolicy",
                account=ACCOUNT,
                region="eu-west-1",
                resource=BUCKET,
                reason="denied",
                hides=("policies.resource",),
                needs="s3:GetBucketPolicy",
            )
        ],
        taken_at="2026-11-02T08:15:30Z",
        accounts={ACCOUNT: "prod"},
    )
    write(tmp_path / "out" / "snapshot", inventory)
    return str(tmp_path / "out")


def test_counts_and_gaps(snapshot: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["snapshot", "show", snapshot]) == Exit.OK
    out = capsys.readouterr().out
    assert "Read 2026-11-02T08:15:30Z: 2 resources, 1 gap\n" in out
    assert f"{ACCOUNT}  aws.s3.bucket  1" in out
    assert "not read: s3:GetBucketPolicy (denied)" in out
    assert "\x1b" not in out


def test_one_resource_and_json(snapshot: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["snapshot", "show", snapshot, "--id", BUCKET]) == Exit.OK
    assert '"kind": "aws.s3.bucket"' in capsys.readouterr().out
    assert run(["snapshot", "show", snapshot, "--json", "--kind", "aws.iam.role"]) == Exit.OK
    read = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in read["resources"]] == ["r"]
    assert len(read["gaps"]) == 1


def test_unknown_id(snapshot: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["snapshot", "show", snapshot, "--id", "nothing"]) == Exit.USAGE
    assert "holds no resource 'nothing'" in capsys.readouterr().err


def test_tampered_snapshot_is_one_line(snapshot: str, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = Path(snapshot) / "snapshot" / "manifest.json"
    manifest.write_bytes(manifest.read_bytes()[:40])
    assert run(["snapshot", "show", snapshot]) == Exit.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1


def test_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["snapshot", "schema"]) == Exit.OK
    assert json.loads(capsys.readouterr().out)["title"] == "aisposture snapshot"
