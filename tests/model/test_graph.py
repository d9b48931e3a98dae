from hypothesis import given
from hypothesis import strategies as st

from aisposture.model.attributes import ATTRIBUTES, EDGE_ATTRIBUTES, REFS
from aisposture.model.graph import CONTEXT, STRUCTURE, VERBS, EdgeKind, State

states = st.sampled_from(list(State))


def test_confirmed_beats_possible_beats_unseen_beats_false() -> None:
    assert State.CONFIRMED > State.POSSIBLE > State.UNSEEN > State.FALSE


@given(states, states)
def test_negation_is_an_involution_and_obeys_de_morgan_on_certain_states(a: State, b: State) -> None:
    assert a.negated().negated() is a
    certain = {State.FALSE, State.CONFIRMED}
    if {a, b} <= certain:
        assert min(a, b).negated() is max(a.negated(), b.negated())


def test_groups_of_edges_do_not_overlap() -> None:
    assert not VERBS & STRUCTURE
    assert not VERBS & CONTEXT
    assert not STRUCTURE & CONTEXT
    assert EdgeKind.CAN_READ in VERBS
    assert EdgeKind.CAN_APPROVE in VERBS
    assert EdgeKind.CAN_MINT not in VERBS


def test_refs_draw_edges_of_the_vocabulary_and_words_have_a_meaning() -> None:
    assert all(ref.edge is None or ref.edge in EdgeKind for ref in REFS.values())
    for name, attribute in (ATTRIBUTES | EDGE_ATTRIBUTES).items():
        assert attribute.meaning, name
        assert attribute.type != "class" or attribute.values, name
