"""The graph for other tools: GraphML, JSON, a Cypher dump and BloodHound OpenGraph. Names in it may be hostile; every format escapes them."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, TextIO
from xml.sax.saxutils import escape, quoteattr

from aisposture.graph.columns import Graph
from aisposture.model.graph import State

NAMESPACE = "AIP"
"""Prefix of node and edge kinds in OpenGraph, where kinds of all tools share one space."""

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _nodes(graph: Graph) -> Iterator[dict[str, Any]]:
    """Every node: id, labels, and what is known of it; properties that a Gap hides are listed under ``unseen``."""
    unseen: dict[int, list[str]] = {}
    props: list[dict[str, Any]] = [{} for _ in graph.ids]
    for name, column in sorted(graph.props.items()):
        for place, value, state in column.items():
            if state is State.UNSEEN:
                unseen.setdefault(place, []).append(name)
            elif value is not None:
                props[place][name] = value
    for place, (node, row) in enumerate(zip(graph.ids, graph.nodes, strict=True)):
        yield {
            "id": node,
            "labels": [str(label) for label in graph.labels_of(place)],
            "kind": row.kind,
            "account": row.account,
            "region": row.region,
            "name": row.name,
            "props": props[place],
            "unseen": unseen.get(place, []),
        }


def _edges(graph: Graph) -> Iterator[dict[str, Any]]:
    """Every edge: ends, kind, state, weight, attributes and open conditions."""
    for row, weight in zip(graph.rows, graph.weight.tolist(), strict=True):
        yield {
            "source": row.source,
            "target": row.target,
            "kind": str(row.kind),
            "state": row.state.name.lower(),
            "weight": weight,
            "attrs": dict(row.attrs),
            "conditions": list(row.conditions),
        }


def _dump(value: Any) -> str:
    """JSON in ASCII, safe inside HTML and unaffected by the terminal."""
    return json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def write_json(graph: Graph, out: TextIO) -> None:
    """``{"nodes": [...], "edges": [...]}``, one node or edge a line."""
    for name, rows, close in (("nodes", _nodes(graph), "],\n"), ("edges", _edges(graph), "]}\n")):
        out.write(f'{"{" if name == "nodes" else ""}"{name}":[')
        out.writelines(f"{',' if place else ''}\n{_dump(row)}" for place, row in enumerate(rows))
        out.write(close)


def write_graphml(graph: Graph, out: TextIO) -> None:
    """GraphML, every value a string or number; lists as JSON. Characters that XML cannot hold become U+FFFD."""

    def clean(value: Any) -> str:
        if isinstance(value, bool):
            return str(value).lower()
        text = value if isinstance(value, str | int | float) else _dump(value)
        return _NOT_XML.sub("\ufffd", str(text))

    node_keys = ("labels", "kind", "account", "region", "name", *sorted(graph.props))
    edge_names = sorted({name for attrs in graph.attr_values for name in attrs})
    edge_keys = ("edge_kind", "state", "weight", "conditions", *(f"attr.{name}" for name in edge_names))
    out.write(
        '<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
    )
    for kind, keys in (("node", node_keys), ("edge", edge_keys)):
        for place, key in enumerate(keys):
            type_ = "double" if key == "weight" else "string"
            out.write(
                f'<key id="{kind[0]}{place}" for="{kind}" attr.name={quoteattr(clean(key))} attr.type="{type_}"/>\n'
            )
    out.write('<graph edgedefault="directed">\n')
    node_ids = {key: f"n{place}" for place, key in enumerate(node_keys)}
    edge_ids = {key: f"e{place}" for place, key in enumerate(edge_keys)}

    def data(ids: dict[str, str], values: dict[str, Any]) -> str:
        return "".join(
            f'<data key="{ids[key]}">{escape(clean(value))}</data>'
            for key, value in values.items()
            if value not in (None, "", [])
        )

    for node in _nodes(graph):
        values = {key: node[key] for key in ("kind", "account", "region", "name")}
        values = {
            "labels": " ".join(node["labels"]),
            **values,
            **{k: v for k, v in node["props"].items() if k not in values},
        }
        out.write(f"<node id={quoteattr(clean(node['id']))}>{data(node_ids, values)}</node>\n")
    for edge in _edges(graph):
        ends = f"source={quoteattr(clean(edge['source']))} target={quoteattr(clean(edge['target']))}"
        values = {
            "edge_kind": edge["kind"],
            "state": edge["state"],
            "weight": edge["weight"],
            "conditions": edge["conditions"],
        }
        values |= {f"attr.{name}": value for name, value in edge["attrs"].items()}
        out.write(f"<edge {ends}>{data(edge_ids, values)}</edge>\n")
    out.write("</graph>\n</graphml>\n")


def _cypher(value: Any) -> str:
    if isinstance(value, dict):
        cells = ", ".join(f"`{_name(key)}`: {_cypher(one)}" for key, one in sorted(value.items()))
        return f"{{{cells}}}"
    if isinstance(value, list):
        return f"[{', '.join(_cypher(one) for one in value)}]"
    # Neo4j turns \uXXXX into a character before it reads strings, so none may come from data: the string is cut in two there.
    return json.dumps(value, ensure_ascii=True).replace("\\\\u", '\\\\" + "u')


_NOT_NAME = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\\\\]")


def _name(text: str) -> str:
    return _NOT_NAME.sub("_", text).replace("`", "``")


def _flat(value: Any) -> Any:
    """A value that a property may hold: a scalar, or a list of scalars of one type."""
    if isinstance(value, list):
        if len({type(one) for one in value}) <= 1 and all(
            isinstance(one, str | int | float | bool) for one in value
        ):
            return value
        return [one if isinstance(one, str) else _dump(one) for one in value]
    return value if isinstance(value, str | int | float | bool) else _dump(value)


def write_cypher(graph: Graph, out: TextIO) -> None:
    """Statements that make the graph in an empty Neo4j; for loading a live one there is ``graph load``."""
    out.write("CREATE CONSTRAINT aisposture_id IF NOT EXISTS FOR (n:Node) REQUIRE n.id IS UNIQUE;\n")
    for node in _nodes(graph):
        own = {key: node[key] for key in ("id", "kind", "account", "region", "name", "unseen") if node[key]}
        props = {key: _flat(value) for key, value in node["props"].items()}
        labels = ":".join(["Node", *node["labels"]])
        out.write(f"CREATE (:{labels} {_cypher({**props, **own})});\n")
    for edge in _edges(graph):
        props = {name: _flat(value) for name, value in edge["attrs"].items()}
        props |= {"state": edge["state"], "weight": edge["weight"], "conditions": edge["conditions"]}
        out.write(
            f"MATCH (a:Node {{id: {_cypher(edge['source'])}}}), (b:Node {{id: {_cypher(edge['target'])}}}) "
            f"CREATE (a)-[:{edge['kind']} {_cypher(props)}]->(b);\n"
        )


def opengraph_id(node: str) -> str:
    """A node id that OpenGraph accepts: no colons, stable, and unique."""
    return f"{NAMESPACE}-{hashlib.sha256(node.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


_RESERVED = {
    "objectid",
    "operatingsystem",
    "distinguishedname",
    "environmentid",
    "lastseen",
    "reconcile",
    "name",
}


def _opengraph_props(props: dict[str, Any]) -> dict[str, Any]:
    """Properties with lower-case names and flat values."""
    out: dict[str, Any] = {}
    for key, value in sorted(props.items()):
        name = re.sub(r"[^a-z0-9_]", "_", key.lower())
        out[f"aip_{name}" if name in _RESERVED else name] = _flat(value)
    return out


def write_opengraph(graph: Graph, out: TextIO) -> None:
    """BloodHound OpenGraph; kinds carry the prefix ``AIP_`` and are declared in ``opengraph_schema``."""
    out.write(_dump({"source_kind": f"{NAMESPACE}_Base"}).join(('{"metadata":', ',"graph":{"nodes":[')))
    for place, node in enumerate(_nodes(graph)):
        labels = [f"{NAMESPACE}_{label}" for label in node["labels"][:2]] or [f"{NAMESPACE}_Node"]
        props = _opengraph_props(
            {
                **node["props"],
                **{key: node[key] for key in ("kind", "account", "region", "unseen") if node[key]},
                "resource_id": node["id"],
                "label_names": node["labels"],
            }
        )
        props["name"] = node["name"] or node["id"]
        row = {"id": opengraph_id(node["id"]), "kinds": labels, "properties": props}
        out.write(f"{',' if place else ''}\n{_dump(row)}")
    out.write('],"edges":[')
    for place, edge in enumerate(_edges(graph)):
        props = _opengraph_props(
            {
                **edge["attrs"],
                "state": edge["state"],
                "weight": edge["weight"],
                "conditions": edge["conditions"],
            }
        )
        row = {
            "kind": f"{NAMESPACE}_{edge['kind']}",
            "start": {"value": opengraph_id(edge["source"]), "match_by": "id"},
            "end": {"value": opengraph_id(edge["target"]), "match_by": "id"},
            "properties": props,
        }
        out.write(f"{',' if place else ''}\n{_dump(row)}")
    out.write("]}}\n")


WRITERS: dict[str, Callable[[Graph, TextIO], None]] = {
    "graphml": write_graphml,
    "cypher": write_cypher,
    "json": write_json,
    "opengraph": write_opengraph,
}
"""Formats of ``graph export``."""
