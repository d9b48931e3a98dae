"""Strings from other people's clouds, made safe to show: every renderer passes names, tags and policies through here."""

import contextlib
import json
import re
import unicodedata
from collections.abc import Mapping

from aisposture.model.finding import Finding, Node, Report
from aisposture.model.graph import EdgeKind, State
from aisposture.model.ids import parse_arn, parse_sink

NAME_LIMIT = 400
"""Characters of a name or sentence that are shown; the rest is counted."""

BLOCK_LIMIT = 4000
"""Characters of a policy statement that are shown."""

_INVISIBLE = (
    "\x00-\x1f\x7f-\x9f"  # control characters, terminal escapes among them
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0"  # fillers that look like nothing
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f"  # zero width, line separators, bidirectional controls
    "\ufe00-\ufe0f\ufeff\ufff0-\ufffb\ufffe\uffff"  # variation selectors, byte order marks, non-characters
    "\ud800-\udfff"  # halves of surrogate pairs
    "\U000e0000-\U000e0fff"  # tags
)
_HIDDEN = re.compile(f"[{_INVISIBLE}]")
_SPACES = re.compile(r"[\t\n\r\f\v ]+")
_MARKS = 4
"""Combining marks in a row that still are writing; more of them are drawn over neighbouring lines."""


def _named(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _settled(text: str) -> str:
    if text.isascii():
        return text
    kept, run = [], 0
    for letter in text:
        run = run + 1 if unicodedata.combining(letter) else 0
        if run <= _MARKS:
            kept.append(letter)
    return "".join(kept)


def visible(text: str, limit: int = NAME_LIMIT) -> str:
    """``text`` on one line, with characters that hide or reorder others written out, cut after ``limit`` characters."""
    head = text[: 2 * limit]
    shown = _settled(_HIDDEN.sub(_named, _SPACES.sub(" ", head)))
    if len(shown) <= limit and len(head) == len(text):
        return shown
    shown = shown[:limit]
    return f"{shown}… ({len(text)} characters)"


def block(text: str, limit: int = BLOCK_LIMIT) -> str:
    """``text`` over several lines, one for each member where it is a JSON object, made safe as by ``visible``."""
    with contextlib.suppress(ValueError, RecursionError):
        read = json.loads(text)
        if isinstance(read, dict) and read:
            members = (
                f"{json.dumps(key, ensure_ascii=False)}: {json.dumps(value, ensure_ascii=False)}"
                for key, value in read.items()
            )
            text = "{" + ",\n ".join(members) + "}"
    lines = text[:limit].split("\n")
    shown = "\n".join(_settled(_HIDDEN.sub(_named, line)) for line in lines)
    return shown if len(text) <= limit else f"{shown}…\n({len(text)} characters)"


def middle(text: str, limit: int) -> str:
    """``text`` with its middle left out where it is longer than ``limit``; ends of names tell more than middles."""
    if len(text) <= limit:
        return text
    tail = (limit - 1) // 2
    return f"{text[: limit - 1 - tail]}…{text[len(text) - tail :]}"


def short_id(node: str) -> str:
    """What people call the thing with the id ``node``: the last part of an ARN or path, or words for a virtual node."""
    if (sink := parse_sink(node)) is not None:
        verb, account = sink
        return f"full control of {account}" if verb == "admin" else f"{verb.replace('_', ' ')} in {account}"
    if node.startswith("class:"):
        return node.removeprefix("class:").replace("-", " ")
    resource = parts.resource if (parts := parse_arn(node)) is not None else node
    return re.split(r"[/:#]", resource.rstrip("/:#"))[-1] or node


def name_of(node: str, nodes: Mapping[str, Node]) -> str:
    """The name of the node with the id ``node``, or what its id says where it has none."""
    known = nodes.get(node)
    return known.name if known is not None and known.name else short_id(node)


def kind_words(kind: str) -> str:
    """``aws.s3.bucket`` as ``s3 bucket``."""
    return " ".join(kind.split(".")[1:] or [kind]).replace("_", " ")


def edge_words(kind: EdgeKind) -> str:
    """The edge kind as words."""
    return kind.value.replace("_", " ")


_STATES = {
    State.CONFIRMED: "confirmed",
    State.POSSIBLE: "possible",
    State.UNSEEN: "unseen",
    State.FALSE: "no",
}


def state_words(state: State) -> str:
    """The state as a word."""
    return _STATES[state]


def account_words(account: str, report: Report) -> str:
    """The account with its name, where it has one."""
    name = report.accounts.get(account, "")
    return f"{name} ({account})" if name else account


def headline(finding: Finding) -> str:
    """The one sentence that opens a finding."""
    return finding.story or finding.title


_FRAMEWORKS = {
    "owasp_agentic": "OWASP Agentic",
    "owasp_llm": "OWASP LLM",
    "owasp_mcp": "OWASP MCP",
    "owasp_nhi": "OWASP NHI",
    "attack": "ATT&CK",
    "atlas": "ATLAS",
    "maestro": "MAESTRO",
}


def framework_words(finding: Finding) -> list[tuple[str, str]]:
    """The framework entries of ``finding``: name of the framework and id in it."""
    return [
        (_FRAMEWORKS.get(name, name.replace("_", " ").upper()), tag)
        for name, tags in sorted(finding.frameworks.items())
        for tag in tags
    ]
