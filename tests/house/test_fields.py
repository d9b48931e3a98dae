"""Every field that a collector declares has been read from the wire at least once."""

from collections.abc import Iterator

import pytest

pytest.importorskip("moto")

from aisposture.collect import registry
from aisposture.collect.declare import Kind
from aisposture.model.resource import Resource
from tests.servers.local_aws import Scan

NEVER = {
    "aws.ec2.image attrs.last_used_at": "moto launches no images",
    "aws.ec2.snapshot refs.encrypted_with": "moto does not copy the volume's key to its snapshots",
    "aws.ec2.transit_attachment tags": "moto keeps no tags of attachments",
    "aws.iam.access_key attrs.last_used_at": "moto does not see its keys used",
    "aws.iam.saml_provider tags": "moto keeps no tags of SAML providers",
    "aws.iam.user attrs.last_used_at": "moto sees nobody sign in, nor keys used",
    "aws.iam.user attrs.password_last_used_at": "moto sees nobody sign in",
    "aws.lambda.function refs.sends_to": "moto keeps no dead-letter queues",
    "aws.secretsmanager.secret attrs.last_used_at": "moto does not tell when secrets were read",
}
"""Fields that no local cloud can fill, with the reason; unit tests of the collectors give them made-up answers."""


def fields(kind: Kind) -> Iterator[str]:
    """The fields that ``kind`` declares."""
    yield from (f"attrs.{one.name}" for one in kind.attrs)
    yield from sorted({f"refs.{one.name}" for one in kind.refs})
    yield from sorted({f"policies.{one.role.value}" for one in kind.policies})
    yield from (
        name
        for name, declared in (("tags", kind.tags), ("net", kind.net), ("sightings", kind.secret_bearing))
        if declared
    )


def filled(resource: Resource) -> Iterator[str]:
    """The fields of ``resource`` that hold something."""
    yield from (f"attrs.{name}" for name, value in resource.attrs.items() if value is not None)
    yield from (f"refs.{ref.name}" for ref in resource.refs)
    yield from (f"policies.{policy.role.value}" for policy in resource.policies)
    yield from (name for name in ("tags", "net", "sightings") if getattr(resource, name))


def test_every_declared_field_is_filled_somewhere(northwind_scan: Scan, coverage_scan: Scan) -> None:
    seen = {
        f"{resource.kind} {field}"
        for scan in (northwind_scan, coverage_scan)
        for resource in scan.inventory.resources
        for field in filled(resource)
    }
    declared = {
        f"{kind.name} {field}" for kind in registry() for field in fields(kind) if kind.cloud == "aws"
    }
    assert sorted(declared - seen - set(NEVER)) == []
    assert sorted(set(NEVER) - (declared - seen)) == [], "these are filled now"


def test_the_coverage_account_is_answered_whole(coverage_scan: Scan) -> None:
    assert coverage_scan.missed == []
    assert coverage_scan.unused == ()
    assert [gap.reason for gap in coverage_scan.inventory.gaps] == [
        "unsupported"
    ]  # the schema of a tool stands in a bucket
