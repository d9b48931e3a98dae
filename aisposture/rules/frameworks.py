"""Frameworks a rule may cite, and how each writes its identifiers."""

import re

from aisposture.rules.document import Doc

PATTERNS: dict[str, str] = {
    "owasp_agentic": r"ASI(0[1-9]|10):2026",
    "owasp_llm": r"LLM(0[1-9]|10):20\d\d",
    "owasp_nhi": r"NHI([1-9]|10):2025",
    "owasp_mcp": r"MCP(0[1-9]|10)",
    "maestro": r"L[1-7]|cross-layer",
    "attack": r"T\d{4}(\.\d{3})?",
    "atlas": r"AML\.T\d{4}(\.\d{3})?",
    "cis_aws": r"\d+(\.\d+)*",
    "cis_azure": r"\d+(\.\d+)*",
    "cis_gcp": r"\d+(\.\d+)*",
    "nist_800_53": r"[A-Z]{2}-\d+(\(\d+\))?",
    "nist_ai_rmf": r"(GOVERN|MAP|MEASURE|MANAGE)( \d+(\.\d+)?)?",
    "iso_42001": r"A\.\d+(\.\d+)*",
    "eu_ai_act": r"Art\. \d+(\(\d+\))?",
    "ssdf": r"[A-Z]{2}(\.\d+)*",
    "soc2": r"[A-Z]{1,2}\d\.\d+",
}
"""Framework -> what an identifier of it looks like; OWASP and NHI ones carry their year, because numbers change."""


def frameworks(doc: Doc) -> dict[str, tuple[str, ...]]:
    """The identifiers cited, by framework."""
    out = {}
    for name, one in doc.mapping(PATTERNS).items():
        ids = []
        for entry in one.one_or_more():
            text = str(entry.value) if isinstance(entry.value, int | float) else entry.text()
            if not re.fullmatch(PATTERNS[name], text):
                entry.fail(f"{text!r} is no identifier of {name}; it looks like {PATTERNS[name]}")
            ids.append(text)
        out[name] = tuple(ids)
    return out
