"""Servers that several tests share; each is real and runs on loopback."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from aisposture.model.inventory import Inventory
from tests.servers.local_aws import Scan, scanned
from tests.servers.neo4j_server import PASSWORD, neo4j_server


@pytest.fixture(scope="session")
def northwind_scan(tmp_path_factory: pytest.TempPathFactory) -> Scan:
    """A real scan of the bundled company, and how its requests were answered."""
    return scanned("northwind", tmp_path_factory.mktemp("northwind") / "snapshot")


@pytest.fixture(scope="session")
def northwind(northwind_scan: Scan) -> Inventory:
    """What a real scan reads of the bundled company."""
    return northwind_scan.inventory


@pytest.fixture(scope="session")
def coverage_scan(tmp_path_factory: pytest.TempPathFactory) -> Scan:
    """A real scan of the account that fills the fields that the bundled company leaves empty."""
    return scanned("coverage", tmp_path_factory.mktemp("coverage") / "snapshot")


@pytest.fixture(scope="session")
def neo4j_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str, str]]:
    """URI, user and password of a Neo4j 5: the one that ``NEO4J_URI`` names, or one started here."""
    if given := os.environ.get("NEO4J_URI"):
        yield given, os.environ.get("NEO4J_USERNAME", "neo4j"), os.environ.get("NEO4J_PASSWORD", "")
        return
    home: Path = tmp_path_factory.mktemp("neo4j")
    with neo4j_server(home) as uri:
        yield uri, "neo4j", PASSWORD
