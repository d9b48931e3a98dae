"""Small graphs and rules for tests, in a few words."""

from pathlib import Path

from aisposture.graph.columns import Graph, GraphBuilder
from aisposture.model.graph import EdgeKind, EdgeRow, Label, State
from aisposture.rules.document import parse
from aisposture.rules.schema import parse as parse_rule
from aisposture.rules.words import Rule

HEAD = """\
id: AP-99
title: A test
severity: high
why: It is one.
"""


def rule(text: str, file: str = "AP-99.yaml", head: str = HEAD) -> Rule:
    """The rule that ``text`` says below the fields every rule has."""
    return parse_rule(parse(head + text, Path(file)))


def graph(nodes: dict[str, Label | tuple[Label, ...]], *edges: tuple[str, EdgeKind, str]) -> Graph:
    """Nodes with their labels, and certain edges of weight one."""
    builder = GraphBuilder()
    for node, labels in nodes.items():
        builder.node(node, (labels,) if isinstance(labels, Label) else labels)
    for source, kind, target in edges:
        builder.edge(EdgeRow(source=source, target=target, kind=kind, state=State.CONFIRMED))
    return builder.freeze()
