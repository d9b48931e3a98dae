"""``doctor``: what is installed, and what the current credentials cannot see."""

import importlib.util
import platform
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aisposture.cli import options, scoping
from aisposture.cli.exits import Exit

if TYPE_CHECKING:
    from aisposture.collect.doctor import Check

EXTRAS = {"aws": "boto3", "neo4j": "neo4j", "demo": "moto"}
"""Extra -> a package that only it installs."""


@click.command()
@scoping.target
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="An aisposture.yaml whose scope is tried.",
)
@options.as_json
def doctor(*, target: scoping.Target, config: Path | None, as_json: bool) -> int:
    """Try one read of every service in every account, and list what is out of sight and what would show it."""
    from aisposture import __version__
    from aisposture.collect.doctor import doctor_aws

    checks = doctor_aws(target.scope(config))
    extras = {extra: importlib.util.find_spec(package) is not None for extra, package in EXTRAS.items()}
    if as_json:
        options.print_json(
            {"version": __version__, "python": platform.python_version(), "extras": extras, "checks": checks}
        )
        return Exit.OK
    missing = [extra for extra, there in extras.items() if not there]
    without = f"; not installed: {', '.join(missing)}" if missing else ""
    click.echo(f"aisposture {__version__} on Python {platform.python_version()}{without}")
    _say(checks)
    return Exit.OK


def _say(checks: "tuple[Check, ...]") -> None:
    from itertools import groupby

    from aisposture.report.stakes import plural
    from aisposture.report.text import visible

    for account, group in groupby(checks, key=lambda check: check.account):
        tried = list(group)
        failed = [check for check in tried if not check.ok]
        click.echo(
            visible(
                f"account {account}: {len(tried) - len(failed)} of {plural(len(tried), 'service')} can be read"
            )
        )
        for check in failed:
            why = f"{check.reason} {check.detail}".strip()
            hidden = f"; hides {', '.join(check.hides)}" if check.hides else ""
            click.echo("  " + visible(f"{check.call} ({why}): needs {check.needs}{hidden}", 1000))


COMMANDS = (doctor,)
