"""The program as its users run it: real commands against real servers on loopback, partial failures among them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from aisposture.bundled import bundled
from aisposture.model.graph import EdgeKind
from aisposture.replay.aws import Cloud, Deny, serve
from tests.servers.moto_server import moto_server

SCRIPT = str(Path(sys.executable).with_name("aisposture"))
NORTHWIND = bundled("fixtures/northwind") / "aws"
REGIONS = ("--region", "eu-west-1", "--region", "us-east-1")
ORGANIZATION = (
    "--organization",
    "--role-name",
    "aisposture-audit",
    "--external-id",
    "nw-posture-2f6c",
    *REGIONS,
)


def aisposture(*arguments: str, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return subprocess.run(
        [SCRIPT, *arguments],
        env=clean | {"NO_COLOR": "1"} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


def scanned(cloud: Cloud, out: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """Exit code and JSON report of a scan of ``cloud``."""
    environment = cloud.credentials(cloud.accounts[0]).environment() | {"AWS_ENDPOINT_URL": cloud.url}
    done = aisposture("scan", "--aws", "--out", str(out), "--quiet", *options, environment=environment)
    assert "Traceback" not in done.stderr, done.stderr
    assert (out / "report.json").is_file(), done.stderr
    return done.returncode, json.loads((out / "report.json").read_bytes())


def unknown(report: dict[str, Any]) -> set[str]:
    return {rule["rule"] for rule in report["rules"] if rule["answer"] == "unknown"}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple["subprocess.CompletedProcess[str]", Path]:
    out = tmp_path_factory.mktemp("demo")
    return aisposture("demo", "--out", str(out), environment={}), out


class TestDemo:
    def test_it_finds_the_hijackable_agent_first_with_evidence_on_each_hop(
        self, demo: tuple["subprocess.CompletedProcess[str]", Path]
    ) -> None:
        done, out = demo
        assert done.returncode == 0, done.stderr
        report = json.loads((out / "report.json").read_bytes())
        top = report["findings"][0]
        assert (top["rule"], top["score"]["band"]) == ("AP-01", "critical")
        assert "support-assistant" in top["story"]
        for hop in top["walks"][0]["hops"]:
            assert hop["evidence"], hop["kind"]
            for evidence in hop["evidence"]:
                assert evidence["operation"], evidence
                assert evidence["pointer"] or hop["kind"] == EdgeKind.FRONTS, evidence

    def test_it_prints_the_top_findings_and_where_the_page_is(
        self, demo: tuple["subprocess.CompletedProcess[str]", Path]
    ) -> None:
        done, out = demo
        assert "AP-01" in done.stdout
        assert str(out / "report.html") in done.stdout.replace("\n", "")
        assert max(len(line) for line in done.stdout.splitlines() if "report." not in line) <= 80
        for name in ("report.html", "report.sarif", "report.json", "snapshot/manifest.json"):
            assert (out / name).stat().st_size > 0


def test_a_cloud_that_somebody_else_filled_needs_only_its_address(tmp_path: Path) -> None:
    with moto_server() as url:
        session = boto3.Session("testing", "testing", region_name="us-east-1")
        iam = session.client("iam", endpoint_url=url)
        trust = json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "lambda.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            }
        )
        iam.create_role(RoleName="worker", AssumeRolePolicyDocument=trust)
        session.client("s3", endpoint_url=url).create_bucket(Bucket="somebody-elses")
        environment = {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        done = aisposture(
            "scan",
            "--aws",
            "--region",
            "us-east-1",
            "--out",
            str(tmp_path),
            "--json",
            environment=environment,
        )
    assert "Traceback" not in done.stderr
    assert done.returncode in {0, 3}, done.stderr
    shown = aisposture("snapshot", "show", str(tmp_path), "--json", environment={})
    assert (
        "somebody-elses" in shown.stdout
        or json.loads((tmp_path / "report.json").read_bytes())["resources"] > 3
    )


class TestRefusals:
    """One refusal each; exactly the rules that need what it hides say so."""

    @pytest.fixture
    def cloud(self, request: pytest.FixtureRequest) -> Iterator[Cloud]:
        with serve(NORTHWIND, deny=request.param, strict=False) as cloud:
            yield cloud

    @pytest.mark.parametrize(
        ("cloud", "hides", "silent", "speaking"),
        [
            pytest.param(
                [Deny(operation="iam:ListAccessKeys")],
                "aws.iam.access_key",
                {"AP-18", "TOK-A01"},
                {"AP-01", "SBX-A01"},
                id="one IAM call",
            ),
            pytest.param(
                [Deny(operation="s3:GetBucketPolicy", resource="*nw-catalog-feed*")],
                "policies.resource",
                {"AP-05", "SEG-A02"},
                {"AP-01", "AP-18"},
                id="one bucket's policy",
            ),
            pytest.param(
                [Deny(operation="s3:GetBucketPolicy")],
                "policies.resource",
                {"AP-05", "SEG-A02"},
                {"AP-16", "AP-18"},
                id="all bucket policies",
            ),
        ],
        indirect=["cloud"],
    )
    def test_what_is_refused_is_named_and_makes_its_rules_unknown(
        self, cloud: Cloud, hides: str, silent: set[str], speaking: set[str], tmp_path: Path
    ) -> None:
        code, report = scanned(cloud, tmp_path, *ORGANIZATION)
        assert code == 1
        assert {gap["reason"] for gap in report["gaps"]} == {"denied"}
        assert all(hides in gap["hides"] and gap["needs"] for gap in report["gaps"])
        assert silent <= unknown(report)
        assert not speaking & unknown(report)
        page = (tmp_path / "report.html").read_text()
        assert report["gaps"][0]["needs"] in page

    @pytest.mark.parametrize("cloud", [[Deny(operation="*", region="eu-west-1")]], indirect=True)
    def test_a_closed_region_is_one_gap_per_account_and_is_never_taken_for_clean(
        self, cloud: Cloud, tmp_path: Path
    ) -> None:
        code, report = scanned(cloud, tmp_path, *ORGANIZATION)
        closed = [gap for gap in report["gaps"] if gap["region"] == "eu-west-1"]
        assert {gap["account"] for gap in closed} == set(cloud.accounts)
        assert len(closed) == len(cloud.accounts)
        assert {"AP-01", "AP-02", "AP-05", "AP-16", "AP-18", "AP-25", "AP-28"} <= unknown(report)
        assert code == 3


def test_nothing_found_and_nothing_refused_is_zero(tmp_path: Path) -> None:
    seed = tmp_path / "cloud" / "seed"
    seed.mkdir(parents=True)
    (tmp_path / "cloud" / "cloud.yaml").write_text(
        'accounts:\n  plain: "111122223333"\nmanagement_email: a@b.example\ndefault_network: false\n'
    )
    (seed / "00.yaml").write_text(
        "account: plain\nregion: us-east-1\nsteps:\n  - s3.CreateBucket: {Bucket: quiet-bucket}\n"
    )
    recordings = tmp_path / "cloud" / "recordings"
    recordings.mkdir()
    nothing = [
        {"op": "ListGuardrails", "result": {"guardrails": []}},
        {"op": "GetModelInvocationLoggingConfiguration", "result": {}},
    ]
    answer = {"service": "bedrock", "responses": nothing}
    (recordings / "bedrock.json").write_text(json.dumps(answer))
    with serve(tmp_path / "cloud") as cloud:
        code, report = scanned(cloud, tmp_path / "open", "--region", "us-east-1")
    assert (code, report["gaps"]) == (0, [])
    with serve(tmp_path / "cloud", deny=[Deny(operation="s3:ListBuckets")], strict=False) as cloud:
        code, report = scanned(cloud, tmp_path / "closed", "--region", "us-east-1")
    assert code == 3
    assert [gap["call"] for gap in report["gaps"]] == ["s3:ListBuckets"]
