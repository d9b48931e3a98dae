"""A page per rule and an index, written from the rules themselves."""

from collections.abc import Iterator, Sequence

from aisposture.rules.compile import all_steps
from aisposture.rules.cypher import cypher
from aisposture.rules.words import EdgeWords, NodeWords, Rule

FAMILIES = {"path": "attack path", "posture": "posture"}
_FRAMEWORKS = {
    "owasp_agentic": "OWASP Agentic",
    "owasp_llm": "OWASP LLM",
    "owasp_nhi": "OWASP NHI",
    "owasp_mcp": "OWASP MCP",
    "maestro": "CSA MAESTRO",
    "attack": "MITRE ATT&CK",
    "atlas": "MITRE ATLAS",
    "cis_aws": "CIS AWS",
    "cis_azure": "CIS Azure",
    "cis_gcp": "CIS Google Cloud",
    "nist_800_53": "NIST 800-53",
    "nist_ai_rmf": "NIST AI RMF",
    "iso_42001": "ISO 42001",
    "eu_ai_act": "EU AI Act",
    "ssdf": "SSDF",
    "soc2": "SOC 2",
}


def pages(rules: Sequence[Rule]) -> dict[str, str]:
    """File name -> Markdown, for a page per rule and ``README.md`` as index."""
    return {"README.md": index(rules), **{f"{rule.id}.md": page(rule) for rule in rules}}


def index(rules: Sequence[Rule]) -> str:
    """A table of all rules, pack by pack."""
    lines = ["# Rules", "", "Written from the rules by `aisposture rules docs`; do not edit.", ""]
    for pack in sorted({rule.pack for rule in rules}):
        lines += [f"## {_text(pack)}", "", "| rule | title | ceiling | family |", "|---|---|---|---|"]
        lines += [
            f"| [{rule.id}]({rule.id}.md) | {_text(rule.title)} | {rule.severity.value} | {FAMILIES[rule.family]} |"
            for rule in rules
            if rule.pack == pack
        ]
        lines.append("")
    return "\n".join(lines)


def page(rule: Rule) -> str:
    """What one rule finds, why it matters and what to do."""
    return "\n".join(_page(rule)) + "\n"


def _page(rule: Rule) -> Iterator[str]:
    yield f"# {rule.id}: {_text(rule.title)}"
    yield ""
    yield _text(rule.why)
    yield ""
    yield "| | |"
    yield "|---|---|"
    yield f"| family | {FAMILIES[rule.family]} |"
    yield f"| ceiling | {rule.severity.value} |"
    yield f"| clouds | {', '.join(rule.clouds) or 'all'} |"
    yield f"| one finding per | {', '.join(rule.group_by)} |"
    words = sorted({str(word) for word in _words(rule)})
    yield f"| speaks of | {', '.join(f'`{word}`' for word in words)} |"
    for name, value in sorted(rule.params.items()):
        yield f"| `param.{name}` | {_text(str(value))} |"
    for name, ids in rule.frameworks.items():
        yield f"| {_FRAMEWORKS[name]} | {', '.join(ids)} |"
    if rule.fixes:
        yield ""
        yield "## What to do"
        yield ""
        for fix in rule.fixes:
            where = f"`{fix.hop}`: " if fix.hop else ""
            yield f"* {where}{_text(fix.text)}{' (weakens the path, does not cut it)' if fix.effect == 'weaken' else ''}"
    yield ""
    yield "## As Cypher, for reading"
    yield ""
    yield "```cypher"
    yield cypher(rule).rstrip().replace("```", "` ` `")
    yield "```"


def _words(rule: Rule) -> Iterator[str]:
    for path in (rule.path, *(branch.path for branch in rule.branches)):
        for step in all_steps(path):
            if isinstance(step, NodeWords):
                yield from step.labels
                yield from step.kinds
            elif isinstance(step, EdgeWords):
                yield from step.kinds


def _text(text: str) -> str:
    """Text that stays one cell of a table and no markup."""
    joined = " ".join(text.split())
    for sign, safe in (("&", "&amp;"), ("<", "&lt;"), ("|", "&#124;"), ("[", "&#91;"), ("`", "&#96;")):
        joined = joined.replace(sign, safe)
    return joined
