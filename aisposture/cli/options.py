"""Options that several commands share, and what they stand for."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from aisposture.cli.exits import BANDS, NEVER, Exit, verdict
from aisposture.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from aisposture.model.finding import Finding, Report
    from aisposture.model.inventory import Inventory
    from aisposture.rules.words import Rule
    from aisposture.scope import Context

snapshots = click.argument(
    "snapshots", nargs=-1, required=True, metavar="SNAPSHOT...", type=click.Path(path_type=Path)
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
quiet = click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")


class Analysis(NamedTuple):
    """How a snapshot is to be analysed, as the command line says."""

    config: Path | None
    rule_folders: tuple[Path, ...]
    as_of: str | None
    strict: bool = False

    def context(self) -> "Context":
        """What the configuration says that the owners know.

        Raises:
            FileError: it cannot be read, or has a mistake.
        """
        from aisposture.scope import Context, load

        return load(self.config).context if self.config is not None else Context()

    def moment(self) -> str | None:
        """``--as-of`` in UTC, as snapshots write times.

        Raises:
            UsageError: it is no time.
        """
        from datetime import UTC, datetime

        if self.as_of is None:
            return None
        try:
            given = datetime.fromisoformat(self.as_of)
        except ValueError:
            example = "2026-11-02T08:00:00Z"
            raise UsageError(f"--as-of: '{self.as_of}' is no RFC 3339 time such as {example}") from None
        moment = given.astimezone(UTC) if given.tzinfo else given.replace(tzinfo=UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    def rules(self) -> "tuple[Rule, ...]":
        """The bundled rules and those of the user's folders.

        Raises:
            FileError: a rule has a mistake.
        """
        from aisposture.pipeline import bundled_rules

        return bundled_rules(self.rule_folders)

    def inventory(self, folders: tuple[Path, ...]) -> "Inventory":
        """The union of the snapshots in ``folders``, at the time that stands for now.

        Raises:
            SnapshotError, UsageError: something that was given cannot be used.
        """
        from msgspec.structs import replace

        moment, inventory = self.moment(), load(folders)
        return replace(inventory, taken_at=moment) if moment is not None else inventory

    def report(self, folders: tuple[Path, ...]) -> "Report":
        """The report of the snapshots in ``folders``; everything given is checked before the work begins.

        Raises:
            SnapshotError, FileError, UsageError: something that was given cannot be used.
        """
        moment, context, inventory = self.moment(), self.context(), load(folders)
        from aisposture.pipeline import analyse

        return analyse(inventory, context=context, rules=self.rules(), as_of=moment, strict=self.strict)


class Gate(NamedTuple):
    """From which findings on a scan counts as failed."""

    fail_on: str
    paths_only: bool

    def verdict(self, report: "Report", context: "Context") -> Exit:
        """The exit code of ``report``."""
        return verdict(
            report, fail_on=self.fail_on, paths_only=self.paths_only, accepted=context.accepted_gaps
        )


def analysis(command: Callable[..., int]) -> Callable[..., int]:
    """Options of commands that analyse a snapshot, handed over as ``analysis``."""

    @click.option(
        "--strict",
        is_flag=True,
        help="Where a layer of policies above a whole account was not read, take nothing below it for certain.",
    )
    @click.option(
        "--as-of", metavar="TIME", help="RFC 3339 time that stands for now, instead of the snapshot's."
    )
    @click.option(
        "--rules",
        "rule_folders",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="A folder with rules of your own; repeatable.",
    )
    @click.option(
        "--config",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="An aisposture.yaml: scope of the scan, and what its owners know.",
    )
    @wraps(command)
    def made(
        *, config: Path | None, rule_folders: tuple[Path, ...], as_of: str | None, strict: bool, **rest: Any
    ) -> int:
        return command(analysis=Analysis(config, rule_folders, as_of, strict), **rest)

    return made


def gate(command: Callable[..., int]) -> Callable[..., int]:
    """Options of commands whose exit code says what was found, handed over as ``gate``."""

    @click.option(
        "--gate",
        "counted",
        type=click.Choice(("paths", "all")),
        default="paths",
        show_default=True,
        help="Whether only attack paths count for --fail-on, or posture findings too.",
    )
    @click.option(
        "--fail-on",
        type=click.Choice((*BANDS, NEVER)),
        default="high",
        show_default=True,
        help="The mildest band that ends with exit code 1.",
    )
    @wraps(command)
    def made(*, fail_on: str, counted: str, **rest: Any) -> int:
        return command(gate=Gate(fail_on, counted == "paths"), **rest)

    return made


def load(folders: tuple[Path, ...]) -> "Inventory":
    """The union of the snapshots in ``folders``.

    Raises:
        SnapshotError: one of them cannot be read.
    """
    from aisposture.model.inventory import Inventory

    return Inventory.read(*folders)


def one_finding(report: "Report", fingerprint: str) -> "Finding":
    """The finding whose fingerprint starts with ``fingerprint``.

    Raises:
        UsageError: none does, or several do.
    """
    found = [finding for finding in report.findings if finding.fingerprint.startswith(fingerprint.lower())]
    if not found or not fingerprint:
        raise UsageError(
            f"no finding has a fingerprint that starts with '{fingerprint}'; see 'aisposture findings'"
        )
    if len(found) > 1:
        raise UsageError(
            f"{len(found)} findings have fingerprints that start with '{fingerprint}'; give more of it"
        )
    return found[0]


def console(*, err: bool = False) -> "Console":
    """A console that shows foreign words as they are: no markup, no emoji codes, no highlighting.

    Where nobody watches it is 80 columns wide and without colour; ``NO_COLOR`` is respected.
    """
    from rich.console import Console

    made = Console(stderr=err, highlight=False, markup=False, emoji=False, soft_wrap=False)
    if not made.is_terminal:
        made = Console(stderr=err, highlight=False, markup=False, emoji=False, width=80, no_color=True)
    return made


def print_json(value: object) -> None:
    """Print ``value`` as JSON, safe for a terminal."""
    from aisposture.model.inventory import encode
    from aisposture.report.json import safe

    click.echo(safe(encode(value)))
