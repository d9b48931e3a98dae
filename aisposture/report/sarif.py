"""The report as SARIF 2.1.0 for code scanning: hops as code flows, gaps as notifications.

Cloud resources stand in no file, so that every result is anchored to the one file that describes the scan; what tells results
apart are their fingerprints. Format: https://docs.oasis-open.org/sarif/sarif/v2.1.0/ and, for limits,
https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
"""

from typing import Any

from aisposture.model.finding import Answer, Band, Evidence, Finding, Report, Suppressed
from aisposture.model.inventory import encode
from aisposture.report.json import safe
from aisposture.report.stakes import is_unknown, plural
from aisposture.report.text import (
    account_words,
    edge_words,
    framework_words,
    headline,
    name_of,
    state_words,
    visible,
)
from aisposture.report.walks import Step, of_finding

FORMAT = "sarif"
SUFFIX = "sarif"

ANCHOR = "aisposture.yaml"
"""The file that results are anchored to; it need not exist."""

MOST_RESULTS = 5000
"""Results that code scanning keeps of a run."""

MOST_STEPS = 900
"""Locations of one code flow; 1,000 are shown."""

MOST_NOTIFICATIONS = 1000
MOST_TAGS = 10

SEVERITY = {
    Band.CRITICAL: ("error", "9.5"),
    Band.HIGH: ("error", "8.0"),
    Band.MEDIUM: ("warning", "5.5"),
    Band.LOW: ("note", "2.5"),
    Band.INFO: ("note", "0.0"),
}
"""Level and ``security-severity`` of a band; code scanning turns the number back into the same word."""

_PRECISION = {"E3": "very-high", "E2": "high", "E1": "medium"}

_PLACE = {
    "artifactLocation": {"uri": ANCHOR, "uriBaseId": "%SRCROOT%"},
    "region": {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 2},
}


def _text(words: str, limit: int = 1000) -> dict[str, str]:
    return {"text": visible(words, limit) or "none"}


def _location(words: str, nodes: dict[str, str]) -> dict[str, Any]:
    logical = [
        {"name": visible(name), "fullyQualifiedName": visible(node), "kind": "resource"}
        for node, name in nodes.items()
        if node and name
    ]
    made: dict[str, Any] = {"physicalLocation": _PLACE, "message": _text(words)}
    return {**made, "logicalLocations": logical} if logical else made


def _proof(evidence: Evidence) -> str:
    parts = [evidence.note, evidence.operation, evidence.pointer, evidence.statement]
    return " ".join(part for part in parts if part)


def _hop_words(step: Step, report: Report) -> str:
    hop = step.hop
    words = (
        f"{name_of(hop.source, report.nodes)} {edge_words(hop.kind)} "
        f"{name_of(hop.target, report.nodes)} ({state_words(hop.state)})"
    )
    proofs = "; ".join([*hop.conditions, *(_proof(evidence) for evidence in hop.evidence)])
    return f"{words}: {proofs}" if proofs else words


def _flows(finding: Finding, report: Report) -> list[dict[str, Any]]:
    flows = []
    for _, steps in of_finding(finding):
        if not steps:
            continue
        start = steps[0].start
        found = [_location(f"from {name_of(start, report.nodes)}", {start: name_of(start, report.nodes)})]
        found += [
            _location(_hop_words(step, report), {step.end: name_of(step.end, report.nodes)})
            for step in steps[:MOST_STEPS]
        ]
        flows.append(
            {
                "threadFlows": [
                    {
                        "locations": [
                            {"location": location, "executionOrder": order, "importance": "essential"}
                            for order, location in enumerate(found, start=1)
                        ]
                    }
                ]
            }
        )
    return flows


def _result(finding: Finding, report: Report, rule: int) -> dict[str, Any]:
    level, severity = SEVERITY[finding.band]
    likely = "Likely: " if finding.likely else ""
    fixes = "".join(f"\n{number}. {visible(fix)}" for number, fix in enumerate(finding.fixes, start=1))
    message = f"{likely}{visible(headline(finding), 1000) or finding.rule}"
    made: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": rule,
        "kind": "fail",
        "level": level,
        "rank": float(finding.score.display),
        "message": {"text": f"{message}\n\nWhat to change, in order:{fixes}" if fixes else message},
        "locations": [
            _location(
                headline(finding),
                {node: name_of(node, report.nodes) for node in finding.resources[:20]},
            )
        ],
        "partialFingerprints": {"primaryLocationLineHash": f"{finding.fingerprint}:1"},
        "fingerprints": {"aisposture/v1": finding.fingerprint},
        "properties": {
            "security-severity": severity,
            "band": finding.band.value,
            "family": finding.family,
            "likely": finding.likely,
            "grade": finding.score.grade,
            "likelihood": round(finding.score.likelihood, 4),
            "impact": finding.score.impact_class or "none",
            "account": visible(account_words(finding.account, report)) or "none",
            "owner": visible(finding.owner) or "unowned",
        },
    }
    if flows := _flows(finding, report):
        made["codeFlows"] = flows
    return made


def _accepted(suppressed: Suppressed, report: Report, rule: int) -> dict[str, Any]:
    """The result of a finding that somebody accepted: left out, it would be taken for fixed."""
    until = f"until {suppressed.until}" if suppressed.until else ""
    words = ", ".join(filter(None, [suppressed.note, f"by {suppressed.by}" if suppressed.by else "", until]))
    made = {"kind": "external", "status": "accepted", "justification": visible(words, 1000) or "accepted"}
    return {**_result(suppressed.finding, report, rule), "suppressions": [made]}


def _rule(name: str, findings: list[Finding], report: Report) -> dict[str, Any]:
    result = next((one for one in report.rules if one.rule == name), None)
    first = findings[0] if findings else None
    title = result.title if result is not None else first.title if first is not None else name
    why = first.why if first is not None else title
    worst = max((one.band for one in findings), key=lambda band: band.rank, default=Band.INFO)
    worst = worst if findings or result is None else result.ceiling
    grades = sorted({one.score.grade for one in findings})
    tags = [f"{framework} {tag}" for framework, tag in framework_words(first)] if first is not None else []
    return {
        "id": name,
        "name": name.replace("-", ""),
        "shortDescription": _text(title),
        "fullDescription": _text(why),
        "help": {
            "text": visible(why, 1000) or "none",
            "markdown": f"**{_plain(title)}**\n\n{_plain(why)}",
        },
        "defaultConfiguration": {"level": SEVERITY[worst][0]},
        "properties": {
            "security-severity": SEVERITY[worst][1],
            "precision": _PRECISION.get(grades[0], "medium") if grades else "very-high",
            "tags": ["security", *(visible(tag, 100) for tag in tags[: MOST_TAGS - 1])],
        },
    }


def _plain(words: str) -> str:
    """Words of a rule inside Markdown: nothing in them is markup."""
    return "".join(
        f"\\{letter}" if letter in "\\`*_{}[]<>()#+!|~" else letter for letter in visible(words, 1000)
    )


def _notifications(report: Report, dropped: int) -> list[dict[str, Any]]:
    """What was not assessed; a reader of the file must not take silence for clean."""
    made = []
    if dropped:
        kept = f"Only the {MOST_RESULTS:,} findings of highest rank are in this file; {dropped:,} more stand in the JSON report."
        made.append({"level": "warning", "descriptor": {"id": "truncated"}, "message": {"text": kept}})
    for rule in report.rules:
        if is_unknown(rule):
            what = f"{rule.rule} could not be settled"
            what += f" for {plural(len(rule.unknown), 'resource')}" if rule.unknown else ""
            made.append(
                {
                    "level": "warning",
                    "descriptor": {"id": "unknown"},
                    "associatedRule": {"id": rule.rule},
                    "message": _text(f"{what}: {rule.title}"),
                }
            )
    for gap in report.gaps:
        where = f"{account_words(gap.account, report)}, {gap.region}"
        what = f"{gap.call} {gap.reason} in {where}: hides {', '.join(gap.hides)}; needs {gap.needs}"
        made.append({"level": "warning", "descriptor": {"id": "gap"}, "message": _text(what)})
    if len(made) > MOST_NOTIFICATIONS:
        rest = f"{len(made) - MOST_NOTIFICATIONS:,} more notifications stand in the JSON report."
        made = [*made[:MOST_NOTIFICATIONS], {"level": "warning", "message": {"text": rest}}]
    return made


def render(report: Report) -> bytes:
    """``report`` as a SARIF log with one run; findings beyond ``MOST_RESULTS`` are left out by rank, and counted in it."""
    findings = report.findings[:MOST_RESULTS]
    by_rule: dict[str, list[Finding]] = {
        rule.rule: [] for rule in report.rules if rule.answer is not Answer.NOT_IMPLEMENTED
    }
    accepted = report.suppressed[: MOST_RESULTS - len(findings)]
    for finding in (*findings, *(one.finding for one in accepted)):
        by_rule.setdefault(finding.rule, []).append(finding)
    numbers = {rule: number for number, rule in enumerate(by_rule)}
    invocation: dict[str, Any] = {"executionSuccessful": True}
    if notes := _notifications(report, len(report.findings) - len(findings)):
        invocation["toolExecutionNotifications"] = notes
    results = [_result(finding, report, numbers[finding.rule]) for finding in findings]
    results += [_accepted(one, report, numbers[one.finding.rule]) for one in accepted]
    run = {
        "tool": {
            "driver": {
                "name": "aisposture",
                "version": report.version,
                "informationUri": "https://github.com/aisposture/aisposture",
                "rules": [_rule(rule, found, report) for rule, found in by_rule.items()],
            }
        },
        "automationDetails": {"id": "aisposture/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [invocation],
        "results": results,
        "properties": {
            "takenAt": report.taken_at,
            "snapshot": report.snapshot,
            "findings": len(report.findings),
        },
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return safe(encode(log)) + b"\n"
