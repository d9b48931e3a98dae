import msgspec
import pytest

from aisposture.cli.exits import BANDS, Exit, verdict
from aisposture.errors import AispostureError, ScanError, SnapshotError, StoreError, UsageError
from aisposture.model.finding import Answer, Band, Report
from aisposture.scope import AcceptedGap
from tests.report.sample import PATHS, POSTURE, empty, report


def quiet_but_unknown() -> Report:
    """The sample without findings; AP-02 and AP-05 (both up to critical) are open because of the first two gaps."""
    return msgspec.structs.replace(report(), findings=())


def test_bands_of_the_command_line_are_those_of_the_model() -> None:
    assert tuple(Band) == BANDS


@pytest.mark.parametrize(
    ("threshold", "paths_only", "code"),
    [
        ("critical", True, Exit.FINDINGS),
        ("high", True, Exit.FINDINGS),
        ("never", True, Exit.OK),
    ],
)
def test_whole_sample(threshold: str, paths_only: bool, code: Exit) -> None:
    assert verdict(report(), fail_on=threshold, paths_only=paths_only) is code


@pytest.mark.parametrize(
    ("threshold", "paths_only", "code"),
    [
        ("high", True, Exit.OK),
        ("high", False, Exit.FINDINGS),
        ("critical", False, Exit.OK),
    ],
)
def test_posture_counts_only_where_asked(threshold: str, paths_only: bool, code: Exit) -> None:
    posture = msgspec.structs.replace(empty(), findings=POSTURE)
    assert verdict(posture, fail_on=threshold, paths_only=paths_only) is code


def test_band_below_the_threshold_does_not_count() -> None:
    medium = msgspec.structs.replace(empty(), findings=(PATHS[3],))
    assert verdict(medium, fail_on="high") is Exit.OK
    assert verdict(medium, fail_on="medium") is Exit.FINDINGS


def test_clean_and_complete() -> None:
    assert verdict(empty(), fail_on="info") is Exit.OK


def test_unknown_rule_at_the_threshold_is_incomplete_not_clean() -> None:
    assert verdict(quiet_but_unknown(), fail_on="critical") is Exit.INCOMPLETE


def test_unknown_rule_below_the_threshold_does_not_count() -> None:
    low = tuple(msgspec.structs.replace(rule, ceiling=Band.MEDIUM) for rule in quiet_but_unknown().rules)
    made = msgspec.structs.replace(quiet_but_unknown(), rules=low)
    assert verdict(made, fail_on="high") is Exit.OK
    assert verdict(made, fail_on="medium") is Exit.INCOMPLETE


@pytest.mark.parametrize(
    ("accepted", "code"),
    [
        ((AcceptedGap(call="lambda:GetPolicy"), AcceptedGap(call="bedrock-agent:*")), Exit.OK),
        ((AcceptedGap(call="lambda:GetPolicy"),), Exit.INCOMPLETE),
        ((AcceptedGap(account="111122223333"),), Exit.OK),
        ((AcceptedGap(account="111122223333", until="2026-11-02"),), Exit.OK),
        ((AcceptedGap(account="111122223333", until="2026-11-01"),), Exit.INCOMPLETE),
        ((AcceptedGap(account="111122223333", hides="policies.*"),), Exit.INCOMPLETE),
        ((AcceptedGap(account="111122223333", region="eu-*"),), Exit.INCOMPLETE),
    ],
)
def test_accepted_gaps(accepted: tuple[AcceptedGap, ...], code: Exit) -> None:
    assert verdict(quiet_but_unknown(), fail_on="high", accepted=accepted) is code


def test_unknown_without_a_known_gap_cannot_be_accepted() -> None:
    rules = tuple(
        msgspec.structs.replace(rule, because=()) for rule in report().rules if rule.answer is Answer.UNKNOWN
    )
    made = msgspec.structs.replace(quiet_but_unknown(), rules=rules)
    assert verdict(made, fail_on="high", accepted=(AcceptedGap(call="*"),)) is Exit.INCOMPLETE


def test_errors_carry_the_same_codes() -> None:
    assert {error.exit_code for error in (UsageError, SnapshotError)} == {Exit.USAGE}
    assert {error.exit_code for error in (AispostureError, ScanError, StoreError)} == {Exit.FAILED}
