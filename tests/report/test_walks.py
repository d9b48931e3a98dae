from aisposture.model.finding import Hop, Walk
from aisposture.model.graph import EdgeKind, State
from aisposture.report.walks import in_words, of_finding, steps
from tests.report.sample import PATHS
from tests.report.sample_graph import NODES


def hop(source: str, target: str, *, forward: bool = True) -> Hop:
    return Hop(source=source, target=target, kind=EdgeKind.FEEDS, state=State.CONFIRMED, forward=forward)


def ways(*hops: Hop, known: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    return [(step.start, step.end) for step in steps(Walk(hops=hops, state=State.CONFIRMED), known)]


def test_hops_along_the_arrows() -> None:
    assert ways(hop("a", "b"), hop("b", "c")) == [("a", "b"), ("b", "c")]


def test_hop_against_the_arrow_is_walked_from_its_target() -> None:
    assert ways(hop("b", "a", forward=False), hop("c", "b", forward=False)) == [("a", "b"), ("b", "c")]


def test_hop_against_the_arrow_that_is_stored_in_walking_order() -> None:
    assert ways(hop("a", "b", forward=False), hop("b", "c")) == [("a", "b"), ("b", "c")]


def test_branch_starts_at_a_node_that_is_known() -> None:
    assert ways(hop("new", "agent"), known=("agent",)) == [("agent", "new")]


def test_words_show_the_way_of_the_arrows() -> None:
    walk = steps(Walk(hops=(hop("a", "b"), hop("c", "b", forward=False)), state=State.CONFIRMED))
    assert in_words(walk, {}) == "a -feeds-> b <-feeds- c"
    assert in_words([], {}) == ""


def test_main_path_of_the_sample_in_words() -> None:
    nodes = {node.id: node for node in NODES}
    (_, found), *rest = of_finding(PATHS[3])
    assert not rest
    assert in_words(found, nodes) == (
        "weekend-gpt-bot -contains secret-> AKIAEXAMPLE000000001 -authenticates as-> data-export "
        "-can read-> northwind-customer-records"
    )
