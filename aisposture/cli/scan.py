"""``scan``: read the clouds of a scope, analyse them, write the reports."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from aisposture.cli import options
from aisposture.errors import UsageError

if TYPE_CHECKING:
    from aisposture.model.finding import Report
    from aisposture.scope import Scope

REPORTS = ("html", "sarif", "json")
"""What stands beside the snapshot after a scan."""


@click.command()
@click.option("--aws", is_flag=True, help="Read AWS (the default where nothing else is named).")
@click.option("--profile", help="AWS: named profile of the shared configuration.")
@click.option(
    "--role",
    "roles",
    multiple=True,
    metavar="ARN",
    help="AWS: role to assume first; given several times: one for each account to read.",
)
@click.option("--organization", is_flag=True, help="AWS: every active account of the organisation.")
@click.option("--role-name", help="AWS: name of the role to assume in each account of the organisation.")
@click.option("--external-id", help="AWS: external id sent when a role is assumed.")
@click.option(
    "--region",
    "regions",
    multiple=True,
    help="AWS: region to read; repeatable; default: all that are enabled.",
)
@options.analysis
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    metavar="DIR",
    help="Folder for the snapshot and the reports.",
)
@options.gate
@click.option("--no-input", is_flag=True, help="Fail rather than ask for anything, such as an MFA code.")
@options.quiet
@options.as_json
def scan(
    *,
    out: Path,
    analysis: options.Analysis,
    gate: options.Gate,
    no_input: bool,
    quiet: bool,
    as_json: bool,
    **given: Any,
) -> int:
    """Read the clouds and write DIR/snapshot, DIR/report.html, DIR/report.sarif and DIR/report.json.

    Nothing is ever written to a cloud. What cannot be read is listed as not assessed, never taken for clean.

    Exit codes: 0 clean and complete; 1 findings at or above --fail-on; 2 usage or configuration; 3 nothing found, but not
    everything at that level could be assessed; 4 the scan itself failed.
    """
    moment = analysis.moment()
    scope = _scope(analysis.config, given)
    if no_input:
        _never_ask()
    rules = analysis.rules()
    from aisposture import pipeline
    from aisposture.cli.progress import shown

    with shown(options.console(err=True), quiet=quiet or as_json) as progress:
        inventory = pipeline.scan(scope, out / "snapshot", progress=progress)
    report = pipeline.analyse(inventory, context=scope.context, rules=rules, as_of=moment)
    publish(report, out, quiet=quiet, as_json=as_json)
    return gate.verdict(report, scope.context)


def publish(report: "Report", out: Path, *, quiet: bool, as_json: bool) -> None:
    """Write the reports into ``out`` and say what was found."""
    from aisposture.report import write
    from aisposture.report.terminal import summary
    from aisposture.report.text import visible

    written = write(report, out, REPORTS)
    if as_json:
        options.print_json(report)
    elif not quiet:
        summary(report, options.console())
        click.echo(f"\nReport: {visible(str(written[0].resolve()))}")


def _scope(config: Path | None, given: dict[str, Any]) -> "Scope":
    """The scope of the file, with the options of the command line over it."""
    import msgspec

    from aisposture.scope import AwsScope, Scope, load

    scope = load(config) if config is not None else Scope()
    roles: tuple[str, ...] = given["roles"]
    named: dict[str, Any] = {
        "profile": given["profile"],
        "role": roles[0] if len(roles) == 1 else None,
        "roles": roles if len(roles) > 1 else (),
        "organization": given["organization"],
        "role_name": given["role_name"],
        "external_id": given["external_id"],
        "regions": given["regions"],
    }
    changes = {name: value for name, value in named.items() if value}
    if not (given["aws"] or changes):
        return scope
    aws = msgspec.structs.replace(scope.aws or AwsScope(), **changes)
    if aws.organization and not aws.role_name:
        raise UsageError("--organization needs --role-name, the role to assume in each account")
    if aws.organization and aws.roles:
        raise UsageError("give either --organization or several --role, not both")
    if aws.role_name and not aws.organization:
        raise UsageError("--role-name needs --organization")
    return msgspec.structs.replace(scope, aws=aws)


def _never_ask() -> None:
    """SDKs ask for MFA codes through ``getpass``; from here on that is an error."""
    import getpass

    def refuse(prompt: str = "", *_args: object, **_rest: object) -> NoReturn:
        raise UsageError(f"--no-input: the credentials ask for something ({prompt.strip(' :')})")

    getpass.getpass = refuse


COMMANDS = (scan,)
