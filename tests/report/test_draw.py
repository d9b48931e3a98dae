import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import msgspec
import pytest

from aisposture.model.finding import Finding, Hop, Walk
from aisposture.model.graph import EdgeKind, State
from aisposture.report.draw import HEIGHT, path
from tests.report.sample import PATHS
from tests.report.sample_extremes import hostile
from tests.report.sample_graph import NODES

NAMED = {node.id: node for node in NODES}


def drawn(*walks: Walk) -> ET.Element:
    return ET.fromstring(path(msgspec.structs.replace(PATHS[0], walks=walks), {}, "f"))  # noqa: S314 - our own


def walk(*ends: str, role: str = "path") -> Walk:
    hops = tuple(
        Hop(source=a, target=b, kind=EdgeKind.CAN_READ, state=State.CONFIRMED) for a, b in pairwise(ends)
    )
    return Walk(hops=hops, state=State.CONFIRMED, role=role)


def corners(svg: ET.Element) -> list[tuple[int, int]]:
    found = (re.findall(r"\d+", group.get("transform", "")) for group in svg.iter("g"))
    return [(int(x), int(y)) for x, y in found]


@pytest.mark.parametrize("finding", PATHS, ids=lambda finding: finding.rule)
def test_every_hop_is_drawn_once_and_links_to_its_evidence(finding: Finding) -> None:
    svg = ET.fromstring(path(finding, NAMED, "f1"))  # noqa: S314 - our own
    hops = sum(len(each.hops) for each in finding.walks)
    assert [link.get("href") for link in svg.iter("a")] == [f"#f1-{n}" for n in range(1, hops + 1)]


def test_chain_goes_left_to_right_in_one_row() -> None:
    places = corners(drawn(walk("a", "b", "c")))
    assert places == sorted(places)
    assert len({y for _, y in places}) == 1


def test_nodes_never_overlap() -> None:
    svg = drawn(
        walk("a", "b", "c", "a"),
        walk("b", "d", "e"),
        walk("b", "f", "c"),
        walk("c", "g", "h"),
        walk("x", "y"),
    )
    boxes = [
        (x, y, int(group.find("rect").get("width", "0")))  # type: ignore[union-attr]
        for (x, y), group in zip(corners(svg), svg.iter("g"), strict=True)
    ]
    assert len(boxes) == 11
    for number, (left, top, width) in enumerate(boxes):
        for x, y, w in boxes[number + 1 :]:
            assert left + width <= x or x + w <= left or abs(top - y) >= HEIGHT


def test_branch_against_its_arrow_is_drawn_to_the_left() -> None:
    back = Walk(
        hops=(Hop(source="store", target="a", kind=EdgeKind.FEEDS, state=State.CONFIRMED, forward=False),),
        state=State.CONFIRMED,
        role="with",
    )
    places = corners(drawn(walk("a", "b"), back))
    assert min(places)[0] < places[0][0]


def test_branch_that_comes_back_to_a_drawn_node_draws_it_once() -> None:
    assert len(corners(drawn(walk("a", "b", "c"), walk("a", "c"), walk("c", "b")))) == 3


def test_finding_without_hops_has_no_drawing() -> None:
    assert path(msgspec.structs.replace(PATHS[0], walks=()), {}, "f") == ""


def test_hostile_names_stay_text() -> None:
    evil = hostile()
    for finding in evil.findings[:4]:
        svg = ET.fromstring(path(finding, evil.nodes, "f"))  # noqa: S314 - escaped, which is what is tested
        assert {element.tag for element in svg.iter()} <= {
            "svg",
            "a",
            "g",
            "path",
            "text",
            "use",
            "rect",
            "title",
        }
