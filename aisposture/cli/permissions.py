"""``permissions``: the least-privilege policy that a scan needs."""

import click

from aisposture.cli import options
from aisposture.cli.exits import Exit


@click.group()
def permissions() -> None:
    """Print the permissions that a scan needs, derived from what its collectors call."""


@permissions.command()
@options.as_json
def aws(*, as_json: bool) -> int:
    """Print the IAM policy of the scanner's role."""
    import json

    from aisposture.collect.permissions import aws_policy

    click.echo(json.dumps(aws_policy(), indent=None if as_json else 2))
    return Exit.OK


COMMANDS = (permissions,)
