"""Pages about rules."""

from aisposture.rules.docs import _FRAMEWORKS, page, pages
from aisposture.rules.frameworks import PATTERNS
from tests.rules.graphs import rule

PATH = """\
path: [{node: Internet}, {edge: exposes}, {node: Agent, as: agent, where: {idle_days: {gte: param.idle}}}]
params: {idle: 90}
frameworks: {owasp_llm: ["LLM06:2025"], attack: [T1190]}
fixes: [Look at it, {hop: exposes, effect: weaken, text: Put a gate before it}]
"""


def test_a_page_says_what_the_rule_says() -> None:
    text = page(rule(PATH))
    for words in (
        "# AP-99: A test",
        "| ceiling | high |",
        "`exposes`",
        "| `param.idle` | 90 |",
        "| OWASP LLM | LLM06:2025 |",
        "* Look at it",
        "`exposes`: Put a gate before it (weakens",
        "MATCH (entry:Internet)-[:exposes]->(agent:Agent)",
    ):
        assert words in text


def test_hostile_text_is_no_markup() -> None:
    head = 'id: AP-99\ntitle: "a | <b> [x](y) `z`\\n# h"\nseverity: low\nwhy: w\n'
    text = pages([rule(PATH, head=head)])["README.md"]
    (line,) = (line for line in text.splitlines() if "AP-99" in line)
    assert line.count("|") == 5
    assert "<b>" not in line
    assert "[x]" not in line


def test_every_framework_has_a_name() -> None:
    assert set(_FRAMEWORKS) == set(PATTERNS)
