"""A real Neo4j 5 on a free loopback port, made from the server's artefacts on Maven Central."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import neo4j

HERE = Path(__file__).parent
LIBRARIES = HERE.parents[1] / ".cache" / "neo4j" / "lib"
PASSWORD = "only-for-tests"
START_SECONDS = 120


def _libraries() -> Path:
    """The folder of the server's jars, fetched on first use."""
    marker = LIBRARIES / ".complete"
    if not marker.exists() or marker.read_bytes() != (HERE / "pom.xml").read_bytes():
        shutil.rmtree(LIBRARIES, ignore_errors=True)
        LIBRARIES.mkdir(parents=True)
        subprocess.run(
            [
                "mvn",
                "-q",
                "-B",
                "-f",
                HERE / "pom.xml",
                "dependency:copy-dependencies",
                "-DincludeScope=runtime",
                f"-DoutputDirectory={LIBRARIES}",
            ],
            check=True,
        )
        marker.write_bytes((HERE / "pom.xml").read_bytes())
    return LIBRARIES


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _java(home: Path) -> list[str]:
    return [
        "java",
        "-Xmx512m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",  # a short life: compiling well costs more than it gains
        "--add-opens=java.base/java.nio=ALL-UNNAMED",
        "--add-opens=java.base/java.io=ALL-UNNAMED",
        "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
        "-Dio.netty.tryReflectionSetAccessible=true",
        "-cp",
        f"{_libraries()}/*",
        "org.neo4j.server.CommunityEntryPoint",
        f"--home-dir={home}",
        f"--config-dir={home / 'conf'}",
    ]


@contextmanager
def neo4j_server(home: Path) -> Iterator[str]:
    """Runs the server with its data under ``home``; yields the bolt URI of the user ``neo4j`` with ``PASSWORD``."""
    for folder in ("conf", "data", "logs", "run", "import", "plugins"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    port = _free_port()
    (home / "conf" / "neo4j.conf").write_text(
        "server.default_listen_address=127.0.0.1\n"
        f"server.bolt.listen_address=127.0.0.1:{port}\n"
        "server.http.enabled=false\n"
        "server.https.enabled=false\n"
        "server.memory.pagecache.size=128m\n"
        "dbms.usage_report.enabled=false\n"
    )
    log = (home / "logs" / "console.log").open("wb")
    server = subprocess.Popen(_java(home), stdout=log, stderr=log)
    try:
        _wait(port, server, home)
        uri = f"bolt://127.0.0.1:{port}"
        with neo4j.GraphDatabase.driver(uri, auth=("neo4j", "neo4j")) as driver:
            driver.execute_query(
                "ALTER CURRENT USER SET PASSWORD FROM 'neo4j' TO $new", new=PASSWORD, database_="system"
            )
        yield uri
    finally:
        server.terminate()
        server.wait(timeout=30)
        log.close()


def _wait(port: int, server: "subprocess.Popen[bytes]", home: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise RuntimeError(f"Neo4j did not start:\n{(home / 'logs' / 'console.log').read_text()}")
