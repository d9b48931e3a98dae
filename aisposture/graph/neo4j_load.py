"""Loading a graph into Neo4j so that readers see all of a scan or nothing of it.

Every node and edge carries the id of its scan, which depends on the whole content. One node per scan says whether it is whole;
it is set last, after the server has counted what arrived, and takes the place of the earlier scan's in the same transaction. What
other scans left behind, whole or broken off, is removed after that.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol
from uuid import uuid4

import msgspec

from aisposture.errors import StoreError
from aisposture.graph.columns import KINDS, Graph
from aisposture.graph.groups import GRANT_KIND, Groups
from aisposture.graph.neo4j_cells import GROUP, NODE, SCAN, edge_maps, either, node_maps
from aisposture.graph.neo4j_hop import INSIDE, LEAVES_OUT, SPANS
from aisposture.model.graph import EdgeKind

FORMAT = 1
"""Version of how a graph is laid out in the server; a change makes scans of an earlier version foreign."""

BATCH = 5_000
"""Rows of one statement."""
REMOVED = 20_000
"""Relationships or nodes removed by one statement."""

SCHEMA = (
    f"CREATE CONSTRAINT aisposture_node IF NOT EXISTS FOR (n:{NODE}) REQUIRE (n.scan, n.number) IS UNIQUE",
    f"CREATE CONSTRAINT aisposture_group IF NOT EXISTS FOR (n:{GROUP}) REQUIRE (n.scan, n.number) IS UNIQUE",
    f"CREATE CONSTRAINT aisposture_scan IF NOT EXISTS FOR (n:{SCAN}) REQUIRE n.scan IS UNIQUE",
    f"CREATE INDEX aisposture_node_scan IF NOT EXISTS FOR (n:{NODE}) ON (n.scan)",
    f"CREATE INDEX aisposture_group_scan IF NOT EXISTS FOR (n:{GROUP}) ON (n.scan)",
    f"CREATE INDEX aisposture_covers IF NOT EXISTS FOR ()-[r:{EdgeKind.COVERS.value}]-() ON (r.scan, r.group)",
    "CALL db.awaitIndexes(300)",
)

_OWN = f"MATCH (n:{NODE}|{GROUP}) WHERE n.scan = $p.scan"


class Writer(Protocol):
    """What loading asks of the connection."""

    def write(self, text: str, **parameters: Any) -> list[list[Any]]:
        """The rows of one statement in a transaction of its own, never tried twice."""
        ...

    def write_all(self, statements: Sequence[tuple[str, Mapping[str, Any], int | None]]) -> bool:
        """Run statements in one transaction.

        Each may say what number its only row must hold; the first that does not ends it, and nothing is kept.
        """
        ...


class Loaded(NamedTuple):
    """What a scan in the server consists of.

    Attributes:
        scan: the id that its nodes and edges carry.
        name: what the loader called it.
        kinds: the kinds of edge that it has.
    """

    scan: str
    name: str
    nodes: int
    edges: int
    groups: int
    kinds: list[str]


def scan_id(graph: Graph, name: str) -> str:
    """An id for a graph under a name: the same where both are the same."""
    digest = hashlib.blake2b(digest_size=16)
    encoder = msgspec.msgpack.Encoder()
    digest.update(encoder.encode((FORMAT, name, graph.ids, graph.nodes, graph.weight.tolist())))
    for row in graph.rows:
        digest.update(encoder.encode(row))
    for field, column in sorted(graph.props.items()):
        values = json.dumps(column.values)  # numbers of any size
        cells = column.rows.tolist(), column.codes.tolist(), column.states.tolist(), values
        digest.update(encoder.encode((field, cells)))
    return digest.hexdigest()


def load(server: Writer, graph: Graph, name: str) -> Loaded:
    """Make ``graph`` the one whole scan in the server.

    Raises:
        StoreError: the server refused, went away, or somebody else loaded at the same time. What readers see is then as before.
    """
    for statement in SCHEMA:
        server.write(statement)
    groups = Groups(graph)
    kinds = sorted(KINDS[kind].value for kind in set(graph.kind.tolist()))
    loaded = Loaded(scan_id(graph, name), name, len(graph), graph.edge_count, len(groups), kinds)
    loader = uuid4().hex
    begun = server.write(
        f"MERGE (m:{SCAN} {{scan: $p.scan}}) "
        "SET m.complete = coalesce(m.complete, false), m.name = $p.name, m.nodes = $p.nodes, m.edges = $p.edges, "
        "m.groups = $p.groups, m.kinds = $p.kinds, m.format = $p.format, m.loader = $p.loader RETURN m.complete",
        **loaded._asdict(),
        format=FORMAT,
        loader=loader,
    )
    if not begun[0][0]:
        _wipe(server, loaded.scan)
        _fill(server, graph, groups, loaded, loader)
    for (other,) in server.write(f"MATCH (m:{SCAN}) WHERE m.scan <> $p.scan RETURN m.scan", scan=loaded.scan):
        _wipe(server, other)
        server.write(f"MATCH (m:{SCAN} {{scan: $p.scan}}) DELETE m", scan=other)
    return loaded


def _fill(server: Writer, graph: Graph, groups: Groups, loaded: Loaded, loader: str) -> None:
    """Write everything, have it counted and flip the mark."""
    scan = loaded.scan
    _write_nodes(server, graph, scan)
    count = _write_edges(server, graph, groups, scan)
    count += _write_groups(server, graph, groups, scan)
    mine = f"MATCH (m:{SCAN} {{scan: $p.scan, loader: $p.loader}})"
    known = {"scan": scan, "loader": loader}
    whole = server.write_all(
        [
            # Writing first takes the lock, so that nobody can begin to wipe between the counts and the flip.
            (f"{mine} SET m.counted = true RETURN count(m)", known, 1),
            (f"{_OWN} RETURN count(n)", known, len(graph) + len(groups)),
            (f"{_OWN} RETURN coalesce(sum(COUNT {{ (n)-->() }}), 0)", known, count),
            (f"MATCH (o:{SCAN}) WHERE o.scan <> $p.scan SET o.complete = false", known, None),
            (f"{mine} SET m.complete = true", known, None),
        ]
    )
    if not whole:
        raise StoreError(
            "Neo4j does not hold what was sent: somebody else loads or deletes at the same time; load again"
        )


def _write_nodes(server: Writer, graph: Graph, scan: str) -> None:
    by_labels: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for made, mask in zip(node_maps(graph, scan), graph.labels.tolist(), strict=True):
        by_labels[mask].append(made)
    for rows in by_labels.values():
        own = "".join(f":{either((label,))}" for label in graph.labels_of(rows[0]["number"]))
        for batch in _batches(rows):
            server.write(f"UNWIND $p.rows AS row CREATE (n:{NODE}{own}) SET n = row", rows=batch)


def _write_edges(server: Writer, graph: Graph, groups: Groups, scan: str) -> int:
    by_kind: dict[int, list[tuple[int, int, dict[str, Any]]]] = defaultdict(list)
    for made, source, target, kind in zip(
        edge_maps(graph, scan), graph.source.tolist(), graph.target.tolist(), graph.kind.tolist(), strict=True
    ):
        if KINDS[kind] is EdgeKind.COVERS:
            made["group"] = int(groups.of_edge[made["edge"]])
        by_kind[kind].append((source, target, made))
    for kind, rows in by_kind.items():
        _connect(server, NODE, either((KINDS[kind],)), rows, scan)
    return graph.edge_count


def _write_groups(server: Writer, graph: Graph, groups: Groups, scan: str) -> int:
    """Write the groups, what they span and leave out, and what is inside their scopes; the number of relationships."""
    made, spans, left_out = [], [], []
    for number, scope in enumerate(groups.scopes):
        covers = groups.edges.edges[groups.edges.starts[number] : groups.edges.starts[number + 1]].tolist()
        grants = {int(graph.source[edge]) for edge in covers}
        kinds = graph.attr_values[graph.attr[covers[0]]]["kinds"]
        verbs = sorted({graph.nodes[grant].kind.removeprefix(GRANT_KIND) for grant in grants})
        made.append({"scan": scan, "number": number, "kinds": str(kinds).split(","), "verbs": verbs})
        spans.append((number, scope, {"scan": scan}))
        holes = graph.edges_of(int(graph.source[covers[0]]), EdgeKind.EXCLUDES)
        left_out += [(number, node, {"scan": scan}) for node in sorted(set(graph.target[holes].tolist()))]
    inside = [
        (scope, node, {"scan": scan, "state": state})
        for scope in sorted(set(groups.scopes))
        for node, state in zip(*(part.tolist() for part in groups.contained(scope)), strict=True)
    ]
    for batch in _batches(made):
        server.write(f"UNWIND $p.rows AS row CREATE (n:{GROUP}) SET n = row", rows=batch)
    _connect(server, GROUP, SPANS, spans, scan)
    _connect(server, GROUP, LEAVES_OUT, left_out, scan)
    _connect(server, NODE, INSIDE, inside, scan)
    return len(spans) + len(left_out) + len(inside)


def _connect(
    server: Writer, source: str, word: str, rows: Sequence[tuple[int, int, dict[str, Any]]], scan: str
) -> None:
    for batch in _batches(rows):
        server.write(
            f"UNWIND $p.rows AS row "
            f"MATCH (a:{source} {{scan: $p.scan, number: row[0]}}) USING INDEX SEEK a:{source}(scan, number) "
            f"MATCH (b:{NODE} {{scan: $p.scan, number: row[1]}}) USING INDEX SEEK b:{NODE}(scan, number) "
            f"CREATE (a)-[r:{word}]->(b) SET r = row[2]",
            rows=batch,
            scan=scan,
        )


def _batches(rows: Sequence[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(rows), BATCH):
        yield list(rows[start : start + BATCH])


def _wipe(server: Writer, scan: str) -> None:
    """Remove the nodes and edges of a scan, in steps that fit the server's memory."""
    limit = {"scan": scan, "limit": REMOVED}
    for removal in (
        f"{_OWN} MATCH (n)-[r]->() WITH r LIMIT $p.limit DELETE r RETURN count(r)",
        f"{_OWN} WITH n LIMIT $p.limit DETACH DELETE n RETURN count(n)",
    ):
        while server.write(removal, **limit)[0][0]:
            pass
