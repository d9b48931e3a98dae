"""Scans of the local AWS clouds that ship as fixtures, by the real collectors over the wire."""

from pathlib import Path
from typing import NamedTuple

import pytest

from aisposture.bundled import bundled
from aisposture.collect.run import collect_aws
from aisposture.model.inventory import Inventory
from aisposture.replay.aws import Seen, serve
from aisposture.replay.aws.seed import settings
from aisposture.scope import AwsScope, Scope


class Scan(NamedTuple):
    """What a scan found, and how it and the recordings met.

    Attributes:
        missed: requests that nothing answered.
        unused: recordings that nobody asked for.
    """

    inventory: Inventory
    calls: tuple[Seen, ...]
    missed: list[str]
    unused: tuple[str, ...]


def scanned(fixture: str, out: Path) -> Scan:
    """A scan of ``fixtures/<fixture>/aws`` as its ``cloud.yaml`` wants to be scanned."""
    folder = bundled(f"fixtures/{fixture}") / "aws"
    chosen = settings(folder)
    scope = AwsScope(
        organization=bool(chosen.scan_role),
        role_name=chosen.scan_role,
        external_id=chosen.scan_external_id,
        home_region=chosen.scan_regions[0],
        regions=chosen.scan_regions,
    )
    with pytest.MonkeyPatch.context() as patch, serve(folder) as cloud:
        for name, value in cloud.credentials(cloud.accounts[0]).environment().items():
            patch.setenv(name, value)
        patch.setenv("AWS_ENDPOINT_URL", cloud.url)
        collect_aws(Scope(aws=scope), out=out)
        return Scan(Inventory.read(out), cloud.calls, list(cloud.missed), cloud.unused())
