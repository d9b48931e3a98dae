"""A report full of hostile strings, and one of any size."""

from collections.abc import Callable
from typing import Any

import msgspec

from aisposture.model.finding import Band, Finding, Report
from aisposture.model.graph import Label
from tests.report.sample import PATHS, POSTURE, posture, report
from tests.report.sample_graph import NODES, fingerprint, node

HOSTILE = (
    '"><script>window.pwned=1</script>',
    "<img src=x onerror=window.pwned=1>",
    "</style></svg></details><h1 id=pwned>x</h1>",
    "{{7*7}}{% raw %}",
    "javascript:window.pwned=1//",
    '=HYPERLINK("http://evil.example","x")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\x1b]0;owned\x07\x1b[31mred\x1b[0m",
    "\u202egnp.exe\u2066\u200b\ufeff",
    "nul\x00tab\ttwo\nlines\r\x85\x9b31m",
    "[red]rich[/red] :skull:",
    "| a | **b** `c` [x](javascript:1) <b> @everyone #1\n# heading",
    "z\u0300" + "\u0301" * 60,
    "A" * 10_240,
    "\U000e0041\u2028\u2029]]>--!>&amp;",
)
"""One name of each kind that has broken a report somewhere."""


def mapped(value: Report, change: Callable[[str], str]) -> Report:
    """``value`` with every string that a cloud could have supplied changed."""
    plain = msgspec.to_builtins(value)

    def walk(part: Any, key: str = "") -> Any:
        if isinstance(part, dict):
            return {inner: walk(each, inner) for inner, each in part.items()}
        if isinstance(part, list | tuple):
            return [walk(each, key) for each in part]
        return change(part) if isinstance(part, str) and key in FOREIGN else part

    return msgspec.convert(walk(plain), Report)


FOREIGN = {
    "name",
    "story",
    "title",
    "why",
    "statement",
    "note",
    "parameters",
    "conditions",
    "fixes",
    "owner",
    "owner_why",
    "assumptions",
    "message",
    "where",
    "detail",
    "needs",
    "pointer",
    "reason_text",
    "impact_why",
    "caps",
    "counterfactuals",
    "attack",
    "prefix",
    "region",
    "field",
}


def hostile() -> Report:
    """The sample with every foreign string replaced by one that tries to break out, in turn."""
    turn = iter(range(10**9))
    changed = mapped(report(), lambda _: HOSTILE[next(turn) % len(HOSTILE)])
    evil = {
        f"arn:aws:s3:::{text}": node(
            f"arn:aws:s3:::{text}", text, "aws.s3.bucket", Label.DATA_STORE, account=text
        )
        for text in HOSTILE
    }
    added = tuple(
        msgspec.structs.replace(
            posture("PO-01", text, Band.LOW, f"arn:aws:s3:::{text}", text, text),
            fingerprint=fingerprint("evil", str(number)),
        )
        for number, text in enumerate(HOSTILE)
    )
    return msgspec.structs.replace(
        changed,
        findings=changed.findings + added,
        nodes={**changed.nodes, **evil},
        accounts={
            **{key: HOSTILE[at] for at, key in enumerate(changed.accounts)},
            **dict.fromkeys(HOSTILE, HOSTILE[0]),
        },
    )


def many(count: int, *, paths: float = 1.0) -> Report:
    """``count`` findings with names of their own; the given share of them are paths, the rest posture."""
    made = []
    nodes = {item.id: item for item in NODES}
    for number in range(count):
        if number < count * paths:
            base = PATHS[number % len(PATHS)]
            moved = msgspec.json.decode(
                msgspec.json.encode(base)
                .replace(b"support-assistant", b"assistant-%d" % number)
                .replace(b"OPSHELPER1", b"OPS%d" % number)
                .replace(b"INVOICE001", b"INV%d" % number)
                .replace(b"weekend-gpt-bot", b"bot-%d" % number),
                type=Finding,
            )
            for walk in moved.walks:
                for step in walk.hops:
                    for end in (step.source, step.target):
                        if end not in nodes:
                            nodes[end] = node(
                                end,
                                end.rpartition("/")[2].rpartition(":")[2],
                                "aws.bedrock.agent",
                                Label.AGENT,
                            )
            made.append(msgspec.structs.replace(moved, fingerprint=fingerprint(base.rule, str(number))))
        else:
            base = POSTURE[number % len(POSTURE)]
            made.append(
                msgspec.structs.replace(
                    base,
                    fingerprint=fingerprint(base.rule, str(number)),
                    resources=(f"{base.resources[0]}-{number}",),
                )
            )
    made.sort(key=lambda finding: -finding.band.rank)
    whole = report(tuple(made))
    return msgspec.structs.replace(whole, nodes=nodes)
