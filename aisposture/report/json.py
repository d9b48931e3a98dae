"""The report as canonical JSON: exactly the ``Report``, keys sorted, safe to print on a terminal."""

import re

import msgspec

from aisposture.model.finding import Report
from aisposture.model.inventory import encode

FORMAT = "json"
SUFFIX = "json"

_UNSAFE = re.compile(
    "[\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)


def _escaped(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def safe(encoded: bytes) -> bytes:
    """The same JSON document with characters that hide or reorder others as escapes."""
    return _UNSAFE.sub(_escaped, encoded.decode()).encode()


def render(report: Report) -> bytes:
    """``report`` as JSON that ``msgspec.json.decode(..., type=Report)`` reads back to an equal value."""
    return safe(encode(report)) + b"\n"


def schema(of: type = Report, title: str = "aisposture report") -> bytes:
    """The JSON Schema (2020-12) of the JSON report, or of another of our types."""
    made = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **msgspec.json.schema(of),
        "title": title,
    }
    return msgspec.json.format(encode(made), indent=2) + b"\n"
