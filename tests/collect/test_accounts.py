"""What a user can get wrong about credentials, profiles and regions; each is one line and the documented exit code."""

from pathlib import Path

import pytest

from aisposture.collect.run import collect_aws
from aisposture.errors import AispostureError, ScanError, UsageError
from aisposture.replay.loopback import Loopback
from aisposture.scope import AwsScope, Scope
from tests.collect.scripted import Said, Script


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of this machine's own configuration."""
    import os

    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


def refused(scope: AwsScope, out: Path) -> AispostureError:
    with pytest.raises(AispostureError) as caught:
        collect_aws(Scope(aws=scope), out=out / "snapshot")
    assert "\n" not in str(caught.value)
    assert not (out / "snapshot").exists()
    return caught.value


def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")


def test_no_credentials(tmp_path: Path) -> None:
    error = refused(AwsScope(), tmp_path)
    assert isinstance(error, UsageError)
    assert str(error).startswith("no AWS credentials: set AWS_PROFILE")
    assert error.exit_code == 2


def test_half_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    assert "incomplete" in str(refused(AwsScope(), tmp_path))


def test_an_unknown_profile_and_its_near_miss(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[profile security-audit]\nregion=eu-west-1\n")
    error = refused(AwsScope(profile="securty-audit"), tmp_path)
    assert str(error) == "no AWS profile is called 'securty-audit'; did you mean 'security-audit'?"
    assert error.exit_code == 2


@pytest.mark.parametrize("region", ["eu-wset-1", "eu-west-1 ", "../x"])
def test_a_wrong_home_region(region: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys(monkeypatch)
    error = refused(AwsScope(home_region=region), tmp_path)
    assert error.exit_code == 2
    assert "is no AWS region" in str(error)


def test_a_wrong_region_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys(monkeypatch)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-wset-1")
    assert "did you mean 'eu-west-1'?" in str(refused(AwsScope(), tmp_path))


IDENTITY = Said(
    b"<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111111111111</Account></GetCallerIdentityResult>"
    b"</GetCallerIdentityResponse>"
)
REGIONS = Said(
    b"<DescribeRegionsResponse><regionInfo><item><regionName>eu-west-1</regionName></item></regionInfo>"
    b"</DescribeRegionsResponse>"
)


def test_a_region_to_read_that_does_not_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys(monkeypatch)
    script = Script({"GetCallerIdentity": [IDENTITY], "DescribeRegions": [REGIONS]})
    with Loopback(script) as server:
        error = refused(AwsScope(regions=("eu-west-9",), endpoints={"*": server.url}), tmp_path)
    assert isinstance(error, UsageError)
    assert "'eu-west-9' is no AWS region; did you mean 'eu-west-" in str(error)


def fault(code: str, status: int = 403) -> Said:
    return Said(f"<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>".encode(), status)


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        (fault("ExpiredToken"), ScanError, "the AWS credentials have expired: sign in again"),
        (
            fault("InvalidClientTokenId"),
            UsageError,
            "AWS does not accept these credentials (InvalidClientTokenId)",
        ),
        (fault("SignatureDoesNotMatch"), UsageError, "AWS does not accept these credentials"),
        (fault("AccessDenied"), ScanError, "whose credentials these are: needs sts:GetCallerIdentity"),
        (Said(b"<html>hotel</html>"), ScanError, "needs an answer that can be parsed"),
    ],
)
def test_credentials_that_aws_refuses(
    said: Said, kind: type[AispostureError], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys(monkeypatch)
    with Loopback(Script({"GetCallerIdentity": [said]})) as server:
        error = refused(AwsScope(endpoints={"*": server.url}), tmp_path)
    assert type(error) is kind
    assert words in str(error)
    assert error.exit_code == (4 if kind is ScanError else 2)


def test_nobody_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys(monkeypatch)
    error = refused(AwsScope(endpoints={"*": "http://127.0.0.1:9"}), tmp_path)
    assert isinstance(error, ScanError)
    assert "a connection to the service's endpoint" in str(error)


def test_an_organisation_that_may_not_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys(monkeypatch)
    said = Said({"__type": "AccessDeniedException"}, 400)
    with Loopback(Script({"GetCallerIdentity": [IDENTITY], "ListAccounts": [said]})) as server:
        scope = AwsScope(organization=True, role_name="r", endpoints={"*": server.url})
        error = refused(scope, tmp_path)
    assert "needs organizations:ListAccounts in its management" in str(error)


def test_no_account_lets_us_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys(monkeypatch)
    role = "arn:aws:iam::222222222222:role/r"
    script = Script({"GetCallerIdentity": [IDENTITY], "AssumeRole": [fault("AccessDenied")]})
    with Loopback(script) as server:
        error = refused(AwsScope(roles=(role,), external_id="e-1", endpoints={"*": server.url}), tmp_path)
    assert isinstance(error, ScanError)
    assert f"sts:AssumeRole on {role}" in str(error)
    (asked,) = [each for each in script.asked if each.operation == "AssumeRole"]
    assert b"RoleSessionName=aisposture" in asked.body
    assert b"ExternalId=e-1" in asked.body


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys(monkeypatch)
    (tmp_path / "file").write_text("x")
    with (
        Loopback(Script({"GetCallerIdentity": [IDENTITY]})) as server,
        pytest.raises(UsageError, match="cannot write to"),
    ):
        collect_aws(Scope(aws=AwsScope(endpoints={"*": server.url})), out=tmp_path / "file")


def test_a_failed_login_leaves_an_older_snapshot_alone(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("old")
    with pytest.raises(UsageError):
        collect_aws(Scope(), out=tmp_path)
    assert (tmp_path / "manifest.json").read_text() == "old"
