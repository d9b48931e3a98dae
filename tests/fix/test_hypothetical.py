import pytest

from aisposture.fix.hypothetical import barred, cut, parse
from aisposture.graph.columns import GraphBuilder
from aisposture.model.access import AccessResult, Cover, Grant
from aisposture.model.graph import EdgeKind, EdgeRow, State

BUCKET = "arn:aws:s3:::b"


@pytest.mark.parametrize(
    ("text", "edge"),
    [
        ("a|can_read|b", ("a", "can_read", "b")),
        ("a|x|can_read|b|c", ("a|x", "can_read", "b|c")),
        ("a|can_fly|b", None),
        ("|can_read|b", None),
        ("a|can_read|", None),
        ("", None),
    ],
)
def test_edges_as_people_write_them(text: str, edge: tuple[str, str, str] | None) -> None:
    assert parse(text) == edge


def grant(*covers: Cover) -> Grant:
    return Grant(id="g", verb=EdgeKind.CAN_READ, state=State.CONFIRMED, covers=covers)


def test_one_holder_loses_one_target() -> None:
    access = AccessResult(
        grants=(grant(Cover(target=BUCKET), Cover(target="arn:aws:s3:::c")),), holds=(("p", "g"), ("q", "g"))
    )
    after = barred(access, [("p", "can_read", BUCKET)])
    held = {holder: next(one for one in after.grants if one.id == name) for holder, name in after.holds}
    assert [one.target for one in held["p"].covers] == ["arn:aws:s3:::c"]
    assert len(held["q"].covers) == 2
    assert barred(access, [("p", "can_write", BUCKET)]) == access


def test_a_scope_gets_an_exception() -> None:
    access = AccessResult(
        grants=(grant(Cover(target="account:1", kinds=("aws.s3.bucket",))),), holds=(("p", "g"),)
    )
    after = barred(access, [("p", "can_read", BUCKET)])
    ((_, name),) = after.holds
    (less,) = (one for one in after.grants if one.id == name)
    assert less.excludes == (BUCKET,)
    assert less.covers == access.grants[0].covers


def test_a_grant_that_covers_nothing_more_is_no_longer_held() -> None:
    access = AccessResult(grants=(grant(Cover(target=BUCKET)),), holds=(("p", "g"),))
    assert barred(access, [("p", "can_read", BUCKET)]).holds == ()


def test_rows_of_the_graph() -> None:
    builder = GraphBuilder()
    for target in ("b", "c"):
        builder.edge(EdgeRow(source="a", target=target, kind=EdgeKind.FEEDS), 0.5)
    graph = builder.freeze()
    assert [row.target for row in cut(graph, [("a", "feeds", "b")]).rows] == ["c"]
    assert cut(graph, []) is graph
