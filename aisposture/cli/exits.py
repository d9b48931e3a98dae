"""Exit codes: the one place that decides what a command's end means to a script."""

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aisposture.model.finding import Report
    from aisposture.scope import AcceptedGap

BANDS = ("critical", "high", "medium", "low", "info")
"""The bands as words of the command line, worst first."""

NEVER = "never"
"""The threshold that no finding reaches."""


class Exit(IntEnum):
    """What the process tells the shell."""

    OK = 0
    """Clean and complete, or a read command that answered."""
    FINDINGS = 1
    """Findings at or above the threshold, or a simulated decision that differs from the expected one."""
    USAGE = 2
    """A command line, configuration or file that cannot be used."""
    INCOMPLETE = 3
    """Nothing at the threshold, but a rule at or above it could not be assessed and nobody accepted the Gap."""
    FAILED = 4
    """The work itself could not be done."""
    INTERRUPTED = 130
    """Stopped by the user, as shells count it: 128 and the number of the signal."""
    BROKEN_PIPE = 141
    """The reader of our output went away."""


def verdict(
    report: "Report", *, fail_on: str, paths_only: bool = True, accepted: "Iterable[AcceptedGap]" = ()
) -> Exit:
    """The exit code of a report.

    Args:
        report: what was found, and what could not be assessed.
        fail_on: the mildest band that counts, or ``never``.
        paths_only: posture findings do not count; rules that could not be assessed always do.
        accepted: Gaps that somebody answers for; expired ones do not count.
    """
    if fail_on == NEVER:
        return Exit.OK
    from aisposture.model.finding import Band

    threshold = Band(fail_on).rank
    if any(
        finding.band.rank >= threshold and (finding.family == "path" or not paths_only)
        for finding in report.findings
    ):
        return Exit.FINDINGS
    allowed = [one for one in accepted if not one.until or one.until >= report.taken_at[:10]]
    return Exit.INCOMPLETE if any(_open(report, threshold, allowed)) else Exit.OK


def _open(report: "Report", threshold: int, accepted: "list[AcceptedGap]") -> "Iterable[bool]":
    from aisposture.model.finding import Answer

    for rule in report.rules:
        if rule.ceiling.rank >= threshold and (rule.answer is Answer.UNKNOWN or rule.unknown):
            gaps = [report.gaps[index] for index in rule.because]
            yield not gaps or not all(any(one.covers(gap) for one in accepted) for gap in gaps)
