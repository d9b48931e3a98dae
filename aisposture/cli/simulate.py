"""``simulate``: authorisation requests, answered offline."""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

import click

from aisposture.cli import options
from aisposture.cli.exits import Exit
from aisposture.errors import FileError


@click.command()
@click.argument("file", metavar="FILE")
@options.as_json
def simulate(*, file: str, as_json: bool) -> int:
    """Decide requests against policies: FILE.jsonl with one request a line; `-` is standard input.

    Exit code 1 where a decision differs from the `expected` one of its line.
    """
    from aisposture.access.simulate import run
    from aisposture.model.inventory import encode
    from aisposture.report.json import safe
    from aisposture.report.text import visible

    passed = compared = 0
    with ExitStack() as stack:
        for result in run(_opened(file, stack), path=file):
            if as_json:
                click.echo(safe(encode(result.to_dict())))
            else:
                click.echo(visible(_line(result.to_dict()), 1000))
            if result.passed is not None:
                compared += 1
                passed += result.passed
    if compared:
        click.echo(f"{passed:,} of {compared:,} as expected", err=True)
    return Exit.OK if passed == compared else Exit.FINDINGS


def _opened(file: str, stack: ExitStack) -> BinaryIO:
    if file == "-":
        return sys.stdin.buffer
    try:
        return stack.enter_context(Path(file).open("rb"))
    except OSError as error:
        raise FileError(f"cannot be read: {error.strerror}", path=file) from None


def _line(answer: dict[str, object]) -> str:
    words = [f"{answer['id']}: {answer['decision']}"]
    if answer["layer"]:
        words.append(f"stopped by {answer['layer']}")
    conditions = answer["conditions"]
    if isinstance(conditions, list) and conditions:
        words.append(f"if {', '.join(map(str, conditions))}")
    if answer.get("passed") is False:
        words.append(f"expected {answer['expected']}")
    return "; ".join(words)


COMMANDS = (simulate,)
