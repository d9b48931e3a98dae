"""The report as one HTML file: no request, no script needed to read it, a script of our own that only filters.

Every string on its way into the page is made visible first and escaped after; the page's content security policy names the
hashes of its one style sheet and one script, so that nothing else could run even if it got in.
"""

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aisposture.model.finding import Band, Finding, Report, headlines
from aisposture.report import draw, stakes, text, walks

if TYPE_CHECKING:
    from jinja2 import Environment

FORMAT = "html"
SUFFIX = "html"

DRAWN = 1000
"""Paths that are shown with drawing and evidence; those of lower rank are shown in words and point to ``explain``."""

_TEMPLATES = Path(__file__).parent / "templates"


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    def finalize(value: Any) -> Any:
        return text.visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def block(value: str) -> Markup:
        """Element content needs no escapes for quotes, and policies are full of them."""
        return Markup(escape(text.block(value), quote=False))  # noqa: S704 - escaped here

    made.filters["block"] = block
    made.filters["edge"] = text.edge_words
    made.filters["state"] = text.state_words
    made.filters["kind"] = text.kind_words
    made.filters["headline"] = text.headline
    made.filters["walks"] = walks.of_finding
    made.filters["plural"] = stakes.plural
    return made


def _asset(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def _anchors(findings: tuple[Finding, ...]) -> dict[str, str]:
    """Fingerprint -> an id of the page that stays the same over scans."""
    made: dict[str, str] = {}
    for number, finding in enumerate(findings):
        stem = "".join(letter for letter in finding.fingerprint[:12] if letter.isascii() and letter.isalnum())
        made.setdefault(
            finding.fingerprint, f"f{stem}" if f"f{stem}" not in made.values() else f"f{stem}{number}"
        )
    return made


def _values(report: Report, field: str) -> list[str]:
    return sorted({str(getattr(finding, field)) for finding in report.findings} - {""})


def _along(report: Report) -> dict[str, list[Finding]]:
    """By fingerprint of a listed finding, those that lie on its path."""
    found: dict[str, list[Finding]] = {}
    for finding in report.findings:
        if finding.extends:
            found.setdefault(finding.extends, []).append(finding)
    return found


def _context(report: Report) -> Mapping[str, Any]:
    from markupsafe import Markup

    at_stake = stakes.stakes(report)
    paths = tuple(finding for finding in headlines(report.findings) if finding.family == "path")
    agents = _values(report, "agent")
    style, script = _asset("style.css"), _asset("script.js")

    def drawing(finding: Finding, anchor: str) -> Any:
        return Markup(draw.path(finding, report.nodes, anchor))  # noqa: S704 - draw escapes what it writes

    return {
        "report": report,
        "at_stake": at_stake,
        "sentence": stakes.in_words(report, at_stake),
        "bands": tuple(Band),
        "paths": paths,
        "posture": stakes.by_rule(report.findings, "posture"),
        "findings": {finding.fingerprint: finding for finding in report.findings},
        "anchors": _anchors(report.findings),
        "along": _along(report),
        "drawn": DRAWN,
        "drawing": drawing,
        "icon": draw.icon_of,
        "evidence": lambda finding: [
            evidence for walk in finding.walks for hop in walk.hops for evidence in hop.evidence
        ],
        "frameworks": text.framework_words,
        "name": lambda node: text.name_of(node, report.nodes),
        "account": lambda account: text.account_words(account, report),
        "words": lambda finding: " ".join(
            walks.in_words(found, report.nodes) for _, found in walks.of_finding(finding)[:1]
        ),
        "place": lambda account: report.accounts.get(account) or account,
        "agents": agents,
        "number": {agent: number for number, agent in enumerate(agents, start=1)},
        "accounts": _values(report, "account"),
        "rules": _values(report, "rule"),
        "style": Markup(style),  # noqa: S704 - our own file
        "script": Markup(script),  # noqa: S704 - our own file
        "policy": f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; base-uri 'none'; form-action 'none'",
    }


def render(report: Report) -> str:
    """``report`` as a page."""
    return _environment().get_template("report.html.j2").render(_context(report))
