"""Every walkable kind has a weight, and modifiers only ever lower it."""

import pytest

from aisposture.graph.weights import ENTRY, STEER, TRUST, WALKABLE, weight_of, weights
from aisposture.model.attributes import ATTRIBUTES, EDGE_ATTRIBUTES
from aisposture.model.graph import EdgeKind, EdgeRow, State


def edge(kind: EdgeKind, state: State = State.CONFIRMED, **attrs: str | bool) -> EdgeRow:
    return EdgeRow(source="a", target="b", kind=kind, state=state, attrs=tuple(sorted(attrs.items())))


def test_every_walkable_kind_has_a_weight_and_no_other() -> None:
    assert set(weights().edges) == WALKABLE


@pytest.mark.parametrize("kind", sorted(WALKABLE))
def test_weights_are_probabilities_and_uncertainty_never_raises_them(kind: EdgeKind) -> None:
    sure = weight_of(edge(kind))
    assert 0.0 < sure <= 1.0
    for state in (State.POSSIBLE, State.UNSEEN):
        assert weight_of(edge(kind, state)) <= sure


def test_every_tested_attribute_is_in_the_vocabulary() -> None:
    for kind, entry in weights().edges.items():
        for where in (*(one.where for one in entry.choose), *(one.where for one in entry.modifiers)):
            for name, value in where.items():
                attribute = EDGE_ATTRIBUTES[name]
                assert attribute.type == "bool" if isinstance(value, bool) else True, kind
                assert not attribute.values or value in attribute.values, (kind, name, value)
        assert all(one.times <= 1.0 for one in entry.modifiers)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (edge(EdgeKind.EXPOSES, auth="none", audience="anonymous"), 0.95),
        (edge(EdgeKind.EXPOSES, auth="jwt", audience="broad"), 0.70),
        (edge(EdgeKind.EXPOSES, auth="jwt", audience="pinned"), 0.25),
        (edge(EdgeKind.EXPOSES, auth="none", ip_restricted=True, waf=True), 0.95 * 0.5 * 0.9),
        (edge(EdgeKind.USES_TOOL, gate="confirmation"), 0.27),
        (edge(EdgeKind.CAN_ASSUME, State.POSSIBLE, external_id=True), 0.95 * 0.6 * 0.2),
        (edge(EdgeKind.ACTS_AS, openness="open"), 1.0),
        (edge(EdgeKind.ACTS_AS, State.POSSIBLE, openness="closed"), 0.5),
        (edge(EdgeKind.ACTS_AS, State.POSSIBLE, openness="unknown"), 0.6),
        (edge(EdgeKind.LOADS, pinned=True), 0.05),
        (edge(EdgeKind.RUNS_AS), 1.0),
        (edge(EdgeKind.GATED_BY), 1.0),
        (edge(EdgeKind.FEDERATES, State.POSSIBLE, subject="exact"), 0.06),
    ],
)
def test_worked_weights(row: EdgeRow, expected: float) -> None:
    assert weight_of(row) == pytest.approx(expected)


def test_covers_weighs_as_its_verb() -> None:
    assert weight_of(edge(EdgeKind.COVERS), EdgeKind.CAN_MODIFY) == pytest.approx(0.85)
    assert weight_of(edge(EdgeKind.COVERS, State.POSSIBLE), EdgeKind.CAN_READ) == pytest.approx(0.95 * 0.6)


def test_entry_and_trust_tables_cover_their_classes() -> None:
    assert set(ATTRIBUTES["entry"].values) <= set(ENTRY)
    assert set(ATTRIBUTES["trust"].values) == set(TRUST)
    assert set(STEER) == {"base", "low", "medium", "high"}
    assert TRUST["T0"] > TRUST["T1"] > TRUST["T2"] > TRUST["T3"] > TRUST["T4"]
