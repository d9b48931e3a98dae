"""The eleven hard rules of docs/rule-language.md: each finds its pattern, and not the pattern that differs by one fact."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from aisposture.graph.columns import Graph, GraphBuilder
from aisposture.graph.memory import MemoryStore
from aisposture.graph.query import Match
from aisposture.graph.search import search
from aisposture.model.graph import EdgeKind, EdgeRow, Label
from aisposture.rules.compile import compile_rule
from aisposture.rules.schema import load
from aisposture.rules.words import Rule

PAGE = Path(__file__).parents[2] / "docs" / "rule-language.md"


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rule]:
    folder = tmp_path_factory.mktemp("rules")
    for block in re.findall(r"^```yaml\n(id:.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE):
        (folder / f"{block.splitlines()[0].removeprefix('id:').strip()}.yaml").write_text(block)
    return {rule.id: rule for rule in load(folder)}


Nodes = dict[str, tuple[Label, dict[str, Any]] | Label]
"""Nodes by name; the names a to z stand for agents, i and j for identities, unless they are given."""


def made(edges: str, nodes: Nodes) -> Graph:
    """A graph from ``a acts_as i, i can_read d`` and what its nodes are."""
    builder = GraphBuilder()
    for name, said in nodes.items():
        label, props = said if isinstance(said, tuple) else (said, {})
        builder.node(name, (label,), props=props)
    for edge in filter(None, (part.strip() for part in edges.split(","))):
        source, kind, target = edge.split()
        builder.edge(EdgeRow(source=source, target=target, kind=EdgeKind(kind)))
    return builder.freeze()


def ask(rule: Rule, edges: str, nodes: Nodes, params: Mapping[str, Any] | None = None) -> tuple[Match, ...]:
    return search(MemoryStore(made(edges, nodes)), compile_rule(rule, params))


WEAK: tuple[Label, dict[str, Any]] = (Label.IDENTITY, {"tier": "P4"})
STRONG: tuple[Label, dict[str, Any]] = (Label.IDENTITY, {"tier": "P1"})
LOW: tuple[Label, dict[str, Any]] = (Label.AGENT, {"trust": "T1"})
SECRET_DATA: tuple[Label, dict[str, Any]] = (Label.DATA_STORE, {"sensitivity": "D3", "environment": "prod"})

CASES: dict[str, tuple[str, Nodes, list[str]]] = {
    # rule: (edges that match, nodes, edits of the edges after which nothing matches: "-edge" or "+edge" or "old > new")
    "AP-13": (
        "a acts_as i, i can_write m, m feeds b, b acts_as j",
        {"a": LOW, "b": Label.AGENT, "i": WEAK, "j": STRONG, "m": Label.MEMORY},
        ["m feeds b > m feeds a", "b acts_as j > b acts_as i", "-m feeds b"],
    ),
    "AP-14": (
        "r can_read l, l may_contain s, a acts_as i, i can_read s",
        {
            "r": (Label.IDENTITY, {"trust": "T2"}),
            "l": Label.LOG_SINK,
            "s": Label.SECRET,
            "t": Label.SECRET,
            "a": Label.AGENT,
            "i": WEAK,
        },
        ["+r can_read s", "i can_read s > i can_read t", "-r can_read l"],
    ),
    "AP-23": (
        "a acts_as i, b runs_as i, i can_read d",
        {"a": LOW, "b": Label.AGENT, "i": STRONG, "d": SECRET_DATA, "j": WEAK},
        ["b runs_as i > b runs_as j", "-i can_read d"],
    ),
    "AP-24": (
        "p can_invoke a, a acts_as i, a delegates_to x, x delegates_to b, b acts_as j",
        {
            "p": (Label.IDENTITY, {"trust": "T3"}),
            "a": Label.AGENT,
            "x": Label.AGENT,
            "b": Label.AGENT,
            "i": WEAK,
            "j": STRONG,
            "g": Label.APPROVAL,
        },
        ["+p can_invoke b", "+b gated_by g", "a acts_as i > a acts_as j", "-x delegates_to b"],
    ),
    "AP-37": (
        "w feeds k, k feeds a, a acts_as i, i can_read d, a egress_to e",
        {
            "w": (Label.WEB_CONTENT, {"trust": "T0"}),
            "k": Label.KNOWLEDGE,
            "a": Label.AGENT,
            "i": WEAK,
            "d": SECRET_DATA,
            "e": Label.EXTERNAL,
        },
        ["-w feeds k", "-i can_read d", "-a egress_to e"],
    ),
    "AP-45": (
        "n exposes u, u fronts w, w runs_as j, j can_write d",
        {
            "n": Label.INTERNET,
            "u": Label.ENDPOINT,
            "w": (Label.WORKLOAD, {"agent_class": "probable_agent"}),
            "j": STRONG,
            "i": WEAK,
            "d": SECRET_DATA,
            "r": Label.REGISTRY,
        },
        ["-u fronts w", "w runs_as j > w runs_as i", "+w registered_in r"],
    ),
    "AP-54": (
        "a acts_as i, i can_weaken_control g, a protected_by g",
        {"a": Label.AGENT, "b": Label.AGENT, "i": WEAK, "g": Label.GUARDRAIL, "h": Label.GUARDRAIL},
        ["a protected_by g > a protected_by h", "a protected_by g > b protected_by g"],
    ),
    "AP-57": (
        "a acts_as i, i can_request g, i can_assume j, j can_approve g",
        {"a": Label.AGENT, "i": WEAK, "j": STRONG, "g": Label.APPROVAL, "h": Label.APPROVAL},
        ["j can_approve g > j can_approve h", "-i can_assume j"],
    ),
    "AP-58": (
        "a acts_as i, i can_delete d, d replicates_to b, i can_delete b",
        {"a": Label.AGENT, "i": STRONG, "j": WEAK, "d": SECRET_DATA, "b": Label.BACKUP},
        ["i can_delete b > j can_delete b", "-d replicates_to b", "-i can_delete d"],
    ),
    "AP-60": (
        "a acts_as i, i can_send q, q triggers b, b acts_as j, j can_send c, c triggers a",
        {
            "a": Label.AGENT,
            "b": Label.AGENT,
            "i": WEAK,
            "j": WEAK,
            "q": Label.CHANNEL,
            "c": Label.CHANNEL,
            "l": Label.BUDGET,
        },
        ["c triggers a > c triggers c", "-j can_send c"],
    ),
    "AP-61": (
        "a acts_as i, i can_provision r",
        {"a": Label.AGENT, "i": WEAK, "r": (Label.REGION, {})},
        ["-i can_provision r"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_pattern_is_found(name: str, rules: dict[str, Rule]) -> None:
    edges, nodes, _ = CASES[name]
    assert ask(rules[name], edges, nodes)


@pytest.mark.parametrize(("name", "edit"), [(name, edit) for name, case in CASES.items() for edit in case[2]])
def test_and_not_where_one_fact_differs(name: str, edit: str, rules: dict[str, Rule]) -> None:
    edges, nodes, _ = CASES[name]
    if edit.startswith("+"):
        edges = f"{edges}, {edit[1:]}"
    else:
        old, _, new = edit.removeprefix("-").partition(" > ")
        assert old in edges
        edges = edges.replace(old, new)
    assert ask(rules[name], edges, nodes) == ()


def test_an_idle_shadow_agent_needs_no_exposure(rules: dict[str, Rule]) -> None:
    edges, nodes, _ = CASES["AP-45"]
    idle: Nodes = {**nodes, "w": (Label.WORKLOAD, {"agent_class": "probable_agent", "idle_days": 91})}
    quiet = edges.replace("n exposes u,", "")
    assert ask(rules["AP-45"], quiet, idle)
    assert ask(rules["AP-45"], quiet, idle, {"idle_days": 120}) == ()


def test_a_loop_of_one_turn_is_a_loop(rules: dict[str, Rule]) -> None:
    nodes: Nodes = {"a": Label.AGENT, "i": WEAK, "q": Label.CHANNEL, "l": Label.BUDGET}
    loop = "a acts_as i, i can_send q, q triggers a"
    assert ask(rules["AP-60"], loop, nodes)
    assert ask(rules["AP-60"], f"{loop}, a limited_by l", nodes) == ()


def test_regions_of_the_user(rules: dict[str, Rule]) -> None:
    builder = GraphBuilder()
    builder.node("a", (Label.AGENT,))
    builder.node("i", (Label.IDENTITY,))
    builder.node("r", (Label.REGION,), region="eu-west-1")
    builder.edge(EdgeRow(source="a", target="i", kind=EdgeKind.ACTS_AS))
    builder.edge(EdgeRow(source="i", target="r", kind=EdgeKind.CAN_PROVISION))
    store = MemoryStore(builder.freeze())
    rule = rules["AP-61"]
    assert search(store, compile_rule(rule, {"approved_regions": ["us-east-1"]}))
    assert search(store, compile_rule(rule, {"approved_regions": ["eu-west-1"]})) == ()


def test_a_count_is_a_parameter(rules: dict[str, Rule]) -> None:
    edges, nodes, _ = CASES["AP-23"]
    assert ask(rules["AP-23"], edges, nodes, {"agents": 3}) == ()
