"""The graph as columns: numbering, indexes, properties with states, and what leaves for networkx."""

import numpy as np
import pytest

from aisposture.graph.columns import KIND_CODE, Graph, GraphBuilder, label_mask
from aisposture.model.graph import EdgeKind, EdgeRow, Label, State


def small() -> Graph:
    builder = GraphBuilder()
    builder.node("b", (Label.AGENT,), kind="k", account="1", name="bee", props={"auth": "none", "n": 3})
    builder.node("a", (Label.INTERNET,), props={"seen": None}, states={"auth": State.UNSEEN})
    builder.node("b", (Label.WORKLOAD,), props={"n": 4}, states={"n": State.POSSIBLE})
    builder.edge(EdgeRow(source="b", target="c", kind=EdgeKind.RUNS_AS), 1.0)
    builder.edge(EdgeRow(source="a", target="b", kind=EdgeKind.EXPOSES, attrs=(("auth", "none"),)), 0.95)
    builder.edge(EdgeRow(source="a", target="b", kind=EdgeKind.EXPOSES, state=State.POSSIBLE), 0.5)
    builder.edge(EdgeRow(source="a", target="c", kind=EdgeKind.EXPOSES, state=State.FALSE), 0.5)
    return builder.freeze()


def test_nodes_are_numbered_in_the_order_of_their_ids_whatever_the_order_of_telling() -> None:
    assert small().ids == ["a", "b", "c"]


def test_a_node_told_twice_joins_labels_and_keeps_the_later_value() -> None:
    graph = small()
    assert graph.labels_of(1) == (Label.AGENT, Label.WORKLOAD)
    assert (graph.nodes[1].name, graph.nodes[1].account) == ("bee", "1")
    assert graph.prop(1, "n") == (4, State.POSSIBLE)


def test_a_property_tells_unseen_from_absent_and_from_read_and_not_set() -> None:
    graph = small()
    assert graph.prop(0, "auth") == (None, State.UNSEEN)
    assert graph.prop(0, "seen") == (None, State.CONFIRMED)
    assert graph.prop(2, "auth") is None
    assert graph.prop(0, "no such") is None


def test_an_end_nobody_described_is_a_node_without_labels() -> None:
    graph = small()
    assert graph.labels_of(2) == ()
    assert graph.labelled(Label.AGENT, Label.INTERNET).tolist() == [0, 1]


def test_an_edge_that_is_false_is_no_edge() -> None:
    assert small().edge_count == 3


def test_the_index_finds_parallel_edges_forward_and_back_strongest_first() -> None:
    graph = small()
    forward = graph.edges_of(0, EdgeKind.EXPOSES).tolist()
    assert graph.edges_of(1, EdgeKind.EXPOSES, back=True).tolist() == forward
    assert [graph.rows[edge].state for edge in forward] == [State.CONFIRMED, State.POSSIBLE]
    assert graph.edges_of(1, EdgeKind.EXPOSES).tolist() == []
    assert graph.csr(EdgeKind.EXPOSES) is graph.csr(EdgeKind.EXPOSES)


def test_columns_and_rows_describe_the_same_edges() -> None:
    graph = small()
    for edge, row in enumerate(graph.rows):
        assert graph.ids[graph.source[edge]] == row.source
        assert graph.ids[graph.target[edge]] == row.target
        assert graph.kind[edge] == KIND_CODE[row.kind]
        assert graph.attr_values[graph.attr[edge]] == dict(row.attrs)


def test_updated_sets_cells_and_leaves_the_old_graph_alone() -> None:
    graph = small()
    new = graph.updated({"tier": {2: ("P0", State.CONFIRMED)}, "n": {0: (1, State.CONFIRMED)}})
    assert new.prop(2, "tier") == ("P0", State.CONFIRMED)
    assert new.prop(1, "n") == (4, State.POSSIBLE)
    assert graph.prop(2, "tier") is None


def test_without_and_thaw_keep_everything_else() -> None:
    graph = small()
    cut = graph.without([int(graph.edges_of(1, EdgeKind.RUNS_AS)[0])])
    assert [row.kind for row in cut.rows] == [EdgeKind.EXPOSES, EdgeKind.EXPOSES]
    assert cut.edges_of(1, EdgeKind.RUNS_AS).tolist() == []
    again = graph.thaw().freeze()
    assert again.rows == graph.rows
    assert again.weight.tolist() == graph.weight.tolist()
    assert again.props_of(1) == graph.props_of(1)
    assert again.prop(0, "auth") == (None, State.UNSEEN)


def test_networkx_gets_nodes_edges_and_seen_properties_only() -> None:
    graph = small().to_networkx()
    assert graph.number_of_nodes() == 3
    assert graph.number_of_edges("a", "b") == 2
    assert graph.nodes["b"]["labels"] == ["Agent", "Workload"]
    assert "auth" not in graph.nodes["a"]
    assert {data["weight"] for _, _, data in graph.edges(data=True)} == {1.0, 0.95, 0.5}


@pytest.mark.parametrize("weight", [0.0, -1.0, 1.5, float("nan")])
def test_a_weight_outside_its_range_is_refused(weight: float) -> None:
    with pytest.raises(ValueError, match="not in"):
        GraphBuilder().edge(EdgeRow(source="a", target="b", kind=EdgeKind.FEEDS), weight)


def test_an_empty_graph_has_columns_too() -> None:
    graph = GraphBuilder().freeze()
    assert len(graph) == graph.edge_count == 0
    assert graph.csr(EdgeKind.FEEDS).starts.tolist() == [0]
    assert graph.to_networkx().number_of_nodes() == 0


def test_values_that_compare_equal_across_types_stay_apart() -> None:
    builder = GraphBuilder()
    for node, value in (("a", True), ("b", 1), ("c", 1.0), ("d", [1]), ("e", [1])):
        builder.node(node, props={"v": value})
    graph = builder.freeze()
    assert [repr(graph.prop(node, "v")[0]) for node in range(5)] == ["True", "1", "1.0", "[1]", "[1]"]  # type: ignore[index]
    assert np.unique(graph.props["v"].codes).tolist() == [0, 1, 2, 3]


def test_a_label_mask_joins_bits() -> None:
    assert label_mask([Label.INTERNET, Label.ANONYMOUS]) == 3
