"""The findings as CSV (RFC 4180), one line each, safe to open in a spreadsheet."""

import csv
import io

from aisposture.model.finding import Report
from aisposture.report.text import framework_words, headline, name_of, visible
from aisposture.report.walks import in_words, of_finding

FORMAT = "csv"
SUFFIX = "csv"

COLUMNS = (
    "fingerprint",
    "rule",
    "family",
    "band",
    "likely",
    "grade",
    "likelihood",
    "impact",
    "title",
    "story",
    "account",
    "account_name",
    "agent",
    "agent_name",
    "owner",
    "resources",
    "path",
    "fixes",
    "frameworks",
)

_STARTERS = ("=", "+", "-", "@", "|", "%")


def cell(value: str) -> str:
    """``value`` on one line, with an apostrophe before what a spreadsheet would run as a formula."""
    shown = visible(value, 2000)
    return f"'{shown}" if shown.lstrip(" '\"").startswith(_STARTERS) else shown


def render(report: Report) -> str:
    """The findings of ``report``, best rank first."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for finding in report.findings:
        score = finding.score
        row = (
            finding.fingerprint,
            finding.rule,
            finding.family,
            finding.band.value,
            "yes" if finding.likely else "no",
            score.grade,
            f"{score.likelihood:.3f}",
            score.impact_class,
            finding.title,
            headline(finding),
            finding.account,
            report.accounts.get(finding.account, ""),
            finding.agent,
            name_of(finding.agent, report.nodes) if finding.agent else "",
            finding.owner,
            " ".join(finding.resources),
            "; ".join(in_words(steps, report.nodes) for _, steps in of_finding(finding)),
            "; ".join(finding.fixes),
            "; ".join(f"{name} {tag}" for name, tag in framework_words(finding)),
        )
        writer.writerow([cell(value) for value in row])
    return out.getvalue()
