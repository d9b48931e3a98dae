"""``snapshot``: what a scan read, as it stands on disk."""

from pathlib import Path

import click

from aisposture.cli import options
from aisposture.cli.exits import Exit


@click.group()
def snapshot() -> None:
    """Look into snapshots."""


@snapshot.command()
@options.snapshots
@click.option("--kind", "kinds", multiple=True, help="Only resources of this kind; repeatable.")
@click.option(
    "--id", "ids", multiple=True, help="Only this resource, by id or alias, shown whole; repeatable."
)
@options.as_json
def show(*, snapshots: tuple[Path, ...], kinds: tuple[str, ...], ids: tuple[str, ...], as_json: bool) -> int:
    """Count what was read, by account and kind, and list what was not.

    With --json: the resources and gaps themselves.
    """
    from collections import Counter

    from aisposture.errors import UsageError
    from aisposture.report.stakes import plural
    from aisposture.report.text import block, visible

    inventory = options.load(snapshots)
    wanted = {inventory.resolve(one) for one in ids}
    if unknown := sorted(wanted - inventory.by_id.keys()):
        raise UsageError(f"the snapshot holds no resource '{unknown[0]}'")
    chosen = [
        one
        for one in inventory.resources
        if (not kinds or one.kind in kinds) and (not ids or one.id in wanted)
    ]
    if as_json:
        options.print_json(
            {
                "taken_at": inventory.taken_at,
                "accounts": inventory.accounts,
                "resources": chosen,
                "gaps": inventory.gaps,
                "calls": inventory.calls,
            }
        )
        return Exit.OK
    if ids:
        from aisposture.model.inventory import encode

        for one in chosen:
            click.echo(block(encode(one).decode(), 1_000_000))
        return Exit.OK
    click.echo(
        f"Read {inventory.taken_at}: {plural(len(chosen), 'resource')}, {plural(len(inventory.gaps), 'gap')}"
    )
    for (account, kind), count in sorted(Counter((one.account, one.kind) for one in chosen).items()):
        click.echo(f"{visible(account)}  {visible(kind)}  {count:,}")
    for gap in inventory.gaps:
        where = f"{gap.account} {gap.region} {gap.resource or ''}".strip()
        click.echo(
            visible(
                f"not read: {gap.call} ({gap.reason}) in {where}: hides {', '.join(gap.hides)}; needs {gap.needs}"
            )
        )
    return Exit.OK


@snapshot.command()
def schema() -> int:
    """Print the JSON Schema of the manifest and of the lines of a shard."""
    from aisposture.model.snapshot import dump_schema

    click.echo(dump_schema(), nl=False)
    return Exit.OK


COMMANDS = (snapshot,)
