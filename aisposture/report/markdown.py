"""A summary in Markdown for pull requests, tickets and chat: what is at stake, the worst paths, what was not assessed."""

import re
from collections.abc import Iterator

from aisposture.model.finding import Finding, Report, headlines
from aisposture.report.stakes import by_rule, in_words, plural, stakes
from aisposture.report.text import account_words, framework_words, headline, visible
from aisposture.report.walks import in_words as walk_words
from aisposture.report.walks import of_finding

FORMAT = "markdown"
SUFFIX = "md"

MOST = 20
"""Paths that are listed; the rest is counted."""

MOST_GAPS = 20

_MARKUP = re.compile(r"([\\`*_\[\]<>|~&$]|^[-+#]|^\d+[.)])")
_LINKS = re.compile(r"@|#\d|://|www\.", re.IGNORECASE)


def plain(words: str) -> str:
    """``words`` as text in which nobody sees markup; as code where they would become a link or mention somebody."""
    if _LINKS.search(words):
        return code(words)
    return _MARKUP.sub(r"\\\1", visible(words))


def code(words: str) -> str:
    """``words`` as inline code, with a fence longer than any run of back ticks in them."""
    shown = visible(words, 2000).replace("|", "\u2502")
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", shown)), default=0))
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def _finding(finding: Finding, report: Report) -> Iterator[str]:
    likely = ", likely" if finding.likely else ""
    yield f"### {finding.band.value.capitalize()}{likely}: {plain(headline(finding))}"
    yield ""
    yield f"{plain(finding.title)} ({finding.rule}, {plain(account_words(finding.account, report))}, owner {plain(finding.owner)})"
    yield ""
    for walk, steps in of_finding(finding):
        if steps:
            role = {"with": "needed as well: ", "unless": "control: "}.get(walk.role, "")
            yield f"- {role}{code(walk_words(steps, report.nodes))}"
    yield ""
    yield from (f"{number}. {plain(fix)}" for number, fix in enumerate(finding.fixes, start=1))
    if tags := framework_words(finding):
        yield ""
        yield ", ".join(plain(f"{name} {tag}") for name, tag in tags)
    yield ""
    yield f"Fingerprint {code(finding.fingerprint)}; evidence: {code(f'aisposture explain SNAPSHOT {finding.fingerprint[:12]}')}"
    yield ""


def _lines(report: Report) -> Iterator[str]:
    at_stake = stakes(report)
    yield f"## Attack paths in {plural(len(report.accounts), 'account')}"
    yield ""
    yield plain(in_words(report, at_stake))
    yield ""
    yield "| | critical | high | medium | low | info |"
    yield "|---|---|---|---|---|---|"
    for family, counts in (("paths", at_stake.paths), ("posture", at_stake.posture)):
        yield f"| {family} | {' | '.join(str(count) for count in counts.values())} |"
    yield ""
    paths = [finding for finding in headlines(report.findings) if finding.family == "path"]
    for finding in paths[:MOST]:
        yield from _finding(finding, report)
    if len(paths) > MOST:
        yield f"{plural(len(paths) - MOST, 'more path')} in the full report."
        yield ""
    if groups := by_rule(report.findings, "posture"):
        yield "### Posture"
        yield ""
        yield from (
            f"- {group[0].band.value}: {plain(group[0].title)} ({group[0].rule}), {plural(len(group), 'finding')}"
            for group in groups
        )
        yield ""
    if report.gaps or at_stake.unknown:
        yield f"### Not assessed: {plural(len(at_stake.unknown), 'rule')}, {plural(len(report.gaps), 'gap')}"
        yield ""
        yield from (f"- {rule.rule}: {plain(rule.title)}" for rule in at_stake.unknown)
        yield from (
            f"- {code(gap.call)} {gap.reason} in {plain(account_words(gap.account, report))}, {plain(gap.region)}: "
            f"hides {plain(', '.join(gap.hides))}; needs {plain(gap.needs)}"
            for gap in report.gaps[:MOST_GAPS]
        )
        if len(report.gaps) > MOST_GAPS:
            yield f"- {plural(len(report.gaps) - MOST_GAPS, 'more gap')} in the full report"
        yield ""
    yield f"Snapshot {code(report.snapshot[:16])}, read {report.taken_at}, aisposture {report.version}."


def render(report: Report) -> str:
    """``report`` as Markdown."""
    return "\n".join(_lines(report)) + "\n"
