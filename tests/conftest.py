"""Servers that several tests share; each is real and runs on loopback."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from aisposture.bundled import bundled
from aisposture.collect.run import collect_aws
from aisposture.model.inventory import Inventory
from aisposture.replay.aws import serve
from aisposture.scope import AwsScope, Scope
from tests.servers.neo4j_server import PASSWORD, neo4j_server


@pytest.fixture(scope="session")
def neo4j_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str, str]]:
    """URI, user and password of a Neo4j 5: the one that ``NEO4J_URI`` names, or one started here."""
    if given := os.environ.get("NEO4J_URI"):
        yield given, os.environ.get("NEO4J_USERNAME", "neo4j"), os.environ.get("NEO4J_PASSWORD", "")
        return
    home: Path = tmp_path_factory.mktemp("neo4j")
    with neo4j_server(home) as uri:
        yield uri, "neo4j", PASSWORD


@pytest.fixture(scope="session")
def northwind(tmp_path_factory: pytest.TempPathFactory) -> Inventory:
    """What a real scan reads of the bundled company."""
    out = tmp_path_factory.mktemp("northwind")
    scope = AwsScope(
        organization=True,
        role_name="aisposture-audit",
        external_id="nw-posture-2f6c",
        regions=("eu-west-1", "us-east-1"),
    )
    with serve(bundled("fixtures/northwind") / "aws") as cloud, pytest.MonkeyPatch.context() as patch:
        for name, value in cloud.credentials(cloud.accounts[0]).environment().items():
            patch.setenv(name, value)
        patch.setenv("AWS_ENDPOINT_URL", cloud.url)
        collect_aws(Scope(aws=scope), out=out)
    return Inventory.read(out)
