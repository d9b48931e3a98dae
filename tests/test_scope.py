from pathlib import Path

import pytest

from aisposture.errors import FileError
from aisposture.scope import AwsScope, Scope, load

FULL = """\
aws:
  profile: audit
  role: arn:aws:iam::111111111111:role/Hub
  organization: true
  role_name: aisposture-read
  external_id: "007"
  accounts: ["111111111111", "222222222222"]
  regions: [eu-west-1, us-gov-west-1]
  home_region: eu-west-1
  endpoint: {"s3": "http://127.0.0.1:5000", "*": "http://127.0.0.1:5001"}
context:
  crown_jewels: [customer-records]
  trusted_accounts: ["333333333333"]
  vendor_accounts: {"444444444444": Datadog}
  approved_agents: [refunds]
  broad_writers: 40
  attestations:
    - {resource: refunds, control: approval, present: true, by: ana, until: 2027-01-01}
  owners: {payments: team-pay}
  accepted_gaps:
    - {call: "s3:GetBucketPolicy", note: on purpose}
  suppressions:
    - {rule: AP-01, resource: sandbox}
"""


def test_everything_can_be_said(tmp_path: Path) -> None:
    file = tmp_path / "aisposture.yaml"
    file.write_text(FULL)
    scope = load(file)
    assert scope.aws is not None
    assert scope.aws.accounts == ("111111111111", "222222222222")
    assert scope.aws.external_id == "007"
    assert scope.aws.endpoints["*"].endswith(":5001")
    assert scope.context.params["broad_writers"] == 40
    assert scope.context.attestations[0].until == "2027-01-01"
    assert scope.context.attestations[0].present is True
    assert scope.context.accepted_gaps[0].call == "s3:GetBucketPolicy"


def test_nothing_said_is_the_default(tmp_path: Path) -> None:
    file = tmp_path / "aisposture.yaml"
    file.write_text("# nothing yet\n")
    assert load(file) == Scope(aws=AwsScope())


def test_the_manifest_learns_no_way_to_log_in(tmp_path: Path) -> None:
    file = tmp_path / "aisposture.yaml"
    file.write_text(FULL)
    told = repr(load(file).described())
    assert "007" not in told
    assert "audit" not in told


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("aws:\n  regoins: [eu-west-1]\n", 2, ("aws.regoins", "did you mean 'regions'?")),
        ("awz: {}\n", 1, ("awz", "did you mean 'aws'?")),
        ("aws:\n  zzz: 1\n", 2, ("known: profile,",)),
        ("aws:\n  regions: eu-west-1\n", 2, ("aws.regions", "expected a list")),
        ("aws:\n  regions:\n    - eu-west-1\n    - Ireland\n", 4, ("aws.regions[1]", "'Ireland' is no name")),
        ("aws:\n  roles: [not-an-arn]\n", 2, ("aws.roles[0]", "ARN of a role")),
        ("aws:\n  organization: true\n", 2, ("role_name",)),
        ("aws:\n  organization: maybe\n", 2, ("true or false",)),
        ("aws:\n  accounts: ['111111111111']\n", 2, ("organization",)),
        ("aws:\n  endpoint: 127.0.0.1\n", 2, ("URL",)),
        ("aws:\n  profile: a\n  profile: b\n", 3, ("twice",)),
        ("aws: [1]\n", 1, ("expected names with values, found a list",)),
        ("aws:\n  profile:\n", 2, ("expected text, found nothing",)),
        ("context:\n  broad_writers: many\n", 2, ("whole number",)),
        ("context:\n  vendor_accounts: {acme: Acme}\n", 2, ("12 digits",)),
        (
            "context:\n  attestations:\n    - {resource: a, control: b}\n",
            3,
            ("attestations[0]", "lacks 'present'"),
        ),
        ("context:\n  suppressions:\n    - {rulle: a}\n", 3, ("did you mean 'rule'?",)),
        ("context:\n  suppressions:\n    - {}\n", 3, ("match everything",)),
        ("aws:\n\tprofile: x\n", 2, ("is no YAML",)),
        ("a: &a [*a]\n", 1, ()),
        ("- x\n", 1, ("expected names with values",)),
    ],
)
def test_a_mistake_names_file_line_field_and_the_nearest_word(
    text: str, line: int, words: tuple[str, ...], tmp_path: Path
) -> None:
    file = tmp_path / "aisposture.yaml"
    file.write_text(text)
    with pytest.raises(FileError) as caught:
        load(file)
    assert caught.value.line == line
    assert str(caught.value).startswith(f"{file}:{line}")
    assert "\n" not in str(caught.value)
    assert all(word in str(caught.value) for word in words)
    assert caught.value.exit_code == 2


def test_a_tag_makes_no_object(tmp_path: Path) -> None:
    file = tmp_path / "aisposture.yaml"
    file.write_text("aws: {profile: !!python/object/apply:os.system [exit]}\n")
    with pytest.raises(FileError, match="expected text"):
        load(file)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"a: \x00"])
def test_what_is_no_text_is_refused(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "aisposture.yaml"
    file.write_bytes(content)
    with pytest.raises(FileError):
        load(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"nowhere\.yaml"):
        load(tmp_path / "nowhere.yaml")


def test_parameters_of_rules_keep_their_types(tmp_path: Path) -> None:
    file = tmp_path / "aisposture.yaml"
    file.write_text(
        "context:\n  rules: {max_idle_days: 30, approved_regions: [eu-west-1], strict: true, word: x}\n"
    )
    params = load(file).context.params
    assert (params["max_idle_days"], params["approved_regions"], params["strict"], params["word"]) == (
        30,
        ["eu-west-1"],
        True,
        "x",
    )
    assert params["broad_writers"] == 25
