"""The store that keeps the graph in a Neo4j 5 server, and the only place that speaks to one."""

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any, Self
from urllib.parse import urlsplit

import numpy as np

from aisposture.errors import MissingExtra, StoreError
from aisposture.graph.columns import Graph, Ints
from aisposture.graph.neo4j_cells import (
    CLASS_FIELDS,
    NODE,
    SCAN,
    attributes_of,
    cells_of,
    class_of,
    either,
    fetching,
    fields_of,
    fitting,
    outcome,
    tests_of,
)
from aisposture.graph.neo4j_hop import present, statement
from aisposture.graph.neo4j_load import FORMAT, Loaded, load
from aisposture.graph.query import Hop, NodeTest
from aisposture.graph.store import Cells, Rows, Seeds
from aisposture.model.graph import State

OLDEST = (5, 7)
"""The first version that lets us turn its notifications off; those that are named by years are newer."""

SCHEMES = ("bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc")
"""Plain; with TLS and a certificate that is checked; with TLS and any certificate. ``neo4j`` asks the server for its cluster."""

CLASSES = ("entry_class", "sink_class")
"""Fields that are worked out of several attributes (``graph/classes.py``)."""

_OLDEST = ".".join(map(str, OLDEST))

CONNECT_SECONDS = 10.0
RETRY_SECONDS = 2.0
"""How long a read that met a passing trouble of the server is tried again."""

STARTS = 10_000
"""Nodes that one statement starts from."""

ROWS = 10_000
"""Rows that the server sends at a time."""


class Server:
    """A connection: statements in, rows out, one clear line where something is wrong.

    The parameters of a statement travel as one map, ``$p``: for lists of their own the server plans anew at every order of size.
    """

    def __init__(self, uri: str, username: str, password: str, database: str) -> None:
        try:
            import neo4j
        except ModuleNotFoundError:
            raise MissingExtra("neo4j", "a graph in Neo4j") from None
        self._neo4j = neo4j
        self._place = _place(uri)
        if uri.partition("://")[0] not in SCHEMES:
            raise StoreError(
                f"{self._place} is no address of a Neo4j; it begins with one of {', '.join(SCHEMES)}"
            )
        try:
            self._driver = neo4j.GraphDatabase.driver(
                uri,
                auth=(username, password) if username or password else None,
                connection_timeout=CONNECT_SECONDS,
                connection_acquisition_timeout=CONNECT_SECONDS,
                max_transaction_retry_time=RETRY_SECONDS,
                # A kind of edge that a graph happens not to have is no cause for a warning on every hop.
                notifications_min_severity="OFF",
                user_agent="aisposture",
            )
        except (neo4j.exceptions.DriverError, ValueError, TypeError, OSError) as error:
            raise StoreError(
                f"{self._place} cannot be used as the address of a Neo4j: {_line(error)}"
            ) from None
        self._database = database or None
        try:
            self._check()
        except BaseException:
            self._driver.close()
            raise

    def _check(self) -> None:
        """Ask for the version; learn the name of the database, which else costs a question each time."""

        def ask(session: Any) -> tuple[str, str]:
            result = session.run(
                "CALL dbms.components() YIELD name, versions WHERE name = 'Neo4j Kernel' RETURN versions[0]"
            )
            version = str(result.single()[0])
            return version, str(result.consume().database)

        version, database = self._in_session(ask)
        refuse_old(version)
        self._database = self._database or database

    def read(self, text: str, **parameters: Any) -> list[list[Any]]:
        """The rows of one statement."""

        def ask(transaction: Any) -> list[list[Any]]:
            return [list(row) for row in transaction.run(text, p=parameters)]

        rows: list[list[Any]] = self._in_session(lambda session: session.execute_read(ask))
        return rows

    def read_of_scan(self, text: str, scan: str, **parameters: Any) -> list[list[Any]]:
        """The rows of one statement about a scan.

        Raises:
            StoreError: another scan took its place before the answer was whole.
        """

        def ask(transaction: Any) -> tuple[list[list[Any]], bool]:
            rows = [list(row) for row in transaction.run(text, p={**parameters, "scan": scan})]
            # A scan is unmarked before anything of it is removed: still marked now means that nothing was missing then.
            mark = transaction.run(
                f"MATCH (m:{SCAN} {{scan: $p.scan}}) RETURN m.complete", p={"scan": scan}
            ).single()
            return rows, mark is not None and bool(mark[0])

        rows, whole = self._in_session(lambda session: session.execute_read(ask))
        if not whole:
            raise StoreError("another scan was loaded into Neo4j meanwhile; ask again")
        found: list[list[Any]] = rows
        return found

    def write(self, text: str, **parameters: Any) -> list[list[Any]]:
        """The rows of one statement in a transaction of its own, never tried twice."""
        rows: list[list[Any]] = self._in_session(
            lambda session: [list(row) for row in session.run(text, p=parameters)]
        )
        return rows

    def write_all(self, statements: Sequence[tuple[str, Mapping[str, Any], int | None]]) -> bool:
        """Run statements in one transaction, see ``neo4j_load.Writer``."""

        def ask(session: Any) -> bool:
            with session.begin_transaction() as transaction:
                for text, parameters, expected in statements:
                    rows = list(transaction.run(text, p=dict(parameters)))
                    if expected is not None and (not rows or rows[0][0] != expected):
                        transaction.rollback()
                        return False
                transaction.commit()
            return True

        return bool(self._in_session(ask))

    def _in_session(self, work: Any) -> Any:
        errors = self._neo4j.exceptions
        try:
            with self._driver.session(database=self._database, fetch_size=ROWS) as session:
                return work(session)
        except errors.AuthError as error:
            raise StoreError(
                f"Neo4j at {self._place} refuses the login: {_line(error)} (NEO4J_USERNAME, NEO4J_PASSWORD)"
            ) from None
        except (errors.UnsupportedServerProduct, errors.ConfigurationError):
            # ConfigurationError: a protocol that knows no filter of notifications.
            raise StoreError(
                f"what answers at {self._place} is no Neo4j of version {_OLDEST} or newer"
            ) from None
        except (
            errors.ServiceUnavailable,
            errors.SessionExpired,
            errors.ConnectionPoolError,
            OSError,
        ) as error:
            raise StoreError(f"Neo4j at {self._place} cannot be reached: {_line(error)}") from None
        except errors.Neo4jError as error:
            raise StoreError(f"Neo4j at {self._place} refuses ({error.code}): {_line(error)}") from None
        except (errors.DriverError, ValueError) as error:
            raise StoreError(f"Neo4j at {self._place} cannot be used: {_line(error)}") from None

    def close(self) -> None:
        """Hang up."""
        self._driver.close()


def refuse_old(version: str) -> None:
    """Check the version a server gives of itself.

    Raises:
        StoreError: it is older than ``OLDEST``.
    """
    numbers = re.match(r"(\d+)\.(\d+)", version)
    if numbers is None or (int(numbers[1]), int(numbers[2])) < OLDEST:
        raise StoreError(f"Neo4j {version} is too old; {_OLDEST} or newer is needed")


def _place(uri: str) -> str:
    """``uri`` as it may be shown: without anything that could be a password."""
    try:
        parts = urlsplit(uri)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else "the address given"
    except ValueError:
        return "the address given"


def _line(error: BaseException) -> str:
    """The first line of what an error says."""
    said = str(getattr(error, "message", None) or error).strip()
    return said.splitlines()[0].rstrip(".") if said else type(error).__name__


class Neo4jStore:
    """A ``Store`` over a graph in Neo4j. ``load`` a graph, or ``open`` the one that is there."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._loaded: Loaded | None = None
        self._forget()

    def _forget(self) -> None:
        """Drop what was learned of a scan; as long as one is open, it does not change."""
        self._seeds: dict[tuple[NodeTest, ...], Seeds] = {}
        self._known: dict[str, dict[int, tuple[Any, State] | None]] = {}

    @classmethod
    def connect(cls, uri: str = "", *, username: str = "", password: str = "", database: str = "") -> Self:
        """A store at ``uri``; what is not given comes from ``NEO4J_URI``, ``NEO4J_USERNAME``, ``NEO4J_PASSWORD``, ``NEO4J_DATABASE``.

        The scheme of the URI decides on TLS: ``bolt+s`` and ``neo4j+s`` check the certificate, ``bolt`` and ``neo4j`` are plain.

        Raises:
            MissingExtra: the driver is not installed.
            StoreError: the server is down, refuses the login or is too old.
        """
        environment = os.environ
        uri = uri or environment.get("NEO4J_URI", "")
        if not uri:
            raise StoreError("no Neo4j is named: give its URI, or set NEO4J_URI")
        password = password or environment.get("NEO4J_PASSWORD", "")
        username = username or environment.get("NEO4J_USERNAME", "neo4j" if password else "")
        return cls(Server(uri, username, password, database or environment.get("NEO4J_DATABASE", "")))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection."""
        self._server.close()

    @property
    def loaded(self) -> Loaded:
        """The scan that is asked.

        Raises:
            StoreError: none was loaded or opened.
        """
        if self._loaded is None:
            raise StoreError("no scan is open in this Neo4j store")
        return self._loaded

    @property
    def size(self) -> int:
        """Number of nodes, or of groups where there are more of those."""
        return max(self.loaded.nodes, self.loaded.groups)

    def load(self, columns: Graph, scan: str) -> None:
        """Make ``columns`` the one whole scan in the server, under the name ``scan``; the same graph again changes nothing.

        Raises:
            StoreError: the server refused or went away; what it held before is then still whole.
        """
        self._loaded = None
        self._forget()
        self._loaded = load(self._server, columns, scan)

    def open(self) -> None:
        """Ask the whole scan that is in the server.

        Raises:
            StoreError: there is none.
        """
        found = self._server.read(
            f"MATCH (m:{SCAN}) WHERE m.complete AND m.format = $p.format "
            "RETURN m.scan, m.name, m.nodes, m.edges, m.groups, m.kinds",
            format=FORMAT,
        )
        if len(found) != 1:
            raise StoreError("this Neo4j holds no whole scan; 'aisposture graph load' makes one")
        self._loaded = Loaded(*found[0])
        self._forget()

    def seeds(self, tests: tuple[NodeTest, ...]) -> Seeds:
        """The nodes that pass all ``tests``."""
        if all(test == NodeTest() for test in tests):
            return Seeds(np.arange(self.loaded.nodes), np.full(self.loaded.nodes, State.CONFIRMED, np.uint8))
        if tests not in self._seeds:
            self._seeds[tests] = self._ask_seeds(tests)
        return self._seeds[tests]

    def _ask_seeds(self, tests: tuple[NodeTest, ...]) -> Seeds:
        where = attributes_of(tests)
        fields = fields_of(test.name for test in where)
        # Labels stand in the text as well, where they find the index of labels.
        labels = "".join(f" AND n:{either(test.labels)}" for test in tests if test.labels)
        rows = self._server.read_of_scan(
            f"MATCH (n:{NODE}) WHERE n.scan = $p.scan{labels} AND {fitting('n')} "
            f"RETURN n.number, {fetching('n', 'cells')} ORDER BY n.number",
            self.loaded.scan,
            cells=cells_of(fields),
            tests=tests_of(tests),
        )
        states = outcome(where, fields, [row[1] for row in rows])
        passed = np.flatnonzero(states)
        return Seeds(np.array([row[0] for row in rows], np.int64)[passed], states[passed])

    def expand(self, ids: Ints, hop: Hop) -> Rows:
        """One hop from each of ``ids``: nodes, or groups where the stage starts from those."""
        there = present(hop, self.loaded.kinds)
        if there is None:
            return Rows.joined([])
        asked = statement(there)
        fetched: list[list[Any]] = []
        for start in range(0, len(ids), STARTS):
            fetched += self._server.read_of_scan(
                asked.text,
                self.loaded.scan,
                numbers=ids[start : start + STARTS].tolist(),
                **asked.parameters,
            )
        return asked.rows(fetched)

    def values(self, ids: Ints, field: str) -> Cells:
        """An attribute of each node, or ``id``, ``entry_class``, ``sink_class`` ...; None where a node has none."""
        nodes, places = np.unique(ids, return_inverse=True)
        known = self._known.setdefault(field, {})
        missing = [node for node in nodes.tolist() if node not in known]
        fields = CLASS_FIELDS if field in CLASSES else fields_of((field,))
        for start in range(0, len(missing), STARTS):
            for number, labels, cells in self._server.read_of_scan(
                f"UNWIND $p.numbers AS number MATCH (n:{NODE} {{scan: $p.scan, number: number}}) "
                f"USING INDEX SEEK n:{NODE}(scan, number) "
                f"RETURN number, labels(n), {fetching('n', 'cells')}",
                self.loaded.scan,
                numbers=missing[start : start + STARTS],
                cells=cells_of(fields),
            ):
                if field in CLASSES:
                    known[number] = class_of(field, labels, cells), State.CONFIRMED
                else:
                    known[number] = fields[0].read(cells[0])
        distinct: dict[str, int] = {}
        shown: list[tuple[Any, State] | None] = []
        codes = np.empty(len(nodes), np.int64)
        for place, node in enumerate(nodes.tolist()):
            cell = known[node]
            codes[place] = distinct.setdefault(repr(cell), len(shown))
            if codes[place] == len(shown):
                shown.append(cell)
        return Cells(codes[places], shown)
