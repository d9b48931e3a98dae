"""``demo``: the real scan, over a local cloud that is filled with a small company."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click

from aisposture.cli import options
from aisposture.cli.exits import Exit


@contextmanager
def _only(environment: Mapping[str, str]) -> Iterator[None]:
    """Nothing of the user's own AWS configuration in the process environment, but what is given."""
    own = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    for name in own:
        del os.environ[name]
    made = {
        **environment,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    os.environ.update(made)
    try:
        yield
    finally:
        for name in made:
            os.environ.pop(name, None)
        os.environ.update(own)


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("aisposture-demo"),
    show_default=True,
    metavar="DIR",
    help="Folder for the snapshot and the reports.",
)
@options.quiet
@options.as_json
def demo(*, out: Path, quiet: bool, as_json: bool) -> int:
    """Scan Northwind, a small company in a cloud on this machine, and show what is found.

    The collectors, the wire and the analysis are the real ones; no account and no network is needed.
    """
    from aisposture import pipeline
    from aisposture.bundled import bundled
    from aisposture.cli.progress import shown
    from aisposture.cli.scan import publish
    from aisposture.replay.aws import serve
    from aisposture.replay.aws.seed import settings
    from aisposture.scope import EVERY_SERVICE, AwsScope, Scope

    folder = bundled("fixtures/northwind") / "aws"
    northwind = settings(folder)
    console = options.console(err=True)
    silent = quiet or as_json
    if not silent:
        console.print("Filling a local cloud with Northwind ...")
    with (
        serve(folder) as cloud,
        _only(cloud.credentials(cloud.accounts[0]).environment()),
        shown(console, quiet=silent) as progress,
    ):
        scope = Scope(
            aws=AwsScope(
                organization=True,
                role_name=northwind.scan_role,
                external_id=northwind.scan_external_id,
                home_region=northwind.scan_regions[0],
                regions=northwind.scan_regions,
                endpoints={EVERY_SERVICE: cloud.url},
            )
        )
        inventory = pipeline.scan(scope, out / "snapshot", progress=progress)
    publish(pipeline.analyse(inventory), out, quiet=quiet, as_json=as_json)
    return Exit.OK


COMMANDS = (demo,)
