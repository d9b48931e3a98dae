import io

from rich.console import Console

from aisposture.report.terminal import explain, render
from tests.report.sample import PATHS, report
from tests.report.sample_extremes import hostile, many


def test_never_wider_than_80_columns() -> None:
    for made in (report(), hostile(), many(30)):
        assert max(len(line) for line in render(made).splitlines()) <= 80


def test_at_most_ten_and_a_count_of_the_rest() -> None:
    made = render(many(30))
    assert "10 critical" in made or "10 high" in made
    assert "\n11 " not in made
    assert "20 more attack paths" in made


def test_says_what_was_not_assessed() -> None:
    assert "Not assessed: 2 rules, because of 3 gaps" in render(report())


def test_explain_shows_every_hop_with_evidence_and_every_factor() -> None:
    out = io.StringIO()
    explain(PATHS[0], report(), Console(file=out, width=80, color_system=None))
    text = " ".join(out.getvalue().split())
    for hop in PATHS[0].walks[0].hops:
        for evidence in hop.evidence:
            assert evidence.operation in text
            assert evidence.pointer in text
    for factor in PATHS[0].score.factors:
        assert f"{factor.value:.2f} {factor.name}" in text
    for fix in PATHS[0].fixes:
        assert fix in text


def test_explain_of_a_hostile_finding_has_no_control_characters() -> None:
    out = io.StringIO()
    made = hostile()
    for finding in made.findings:
        explain(finding, made, Console(file=out, width=80, color_system=None, markup=False, emoji=False))
    assert "\x1b" not in out.getvalue()
    assert "\u202e" not in out.getvalue()
    assert "[red]" in out.getvalue()
