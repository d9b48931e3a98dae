"""Owners, the register of agents, and packet filters as edges."""

import pytest

from aisposture.graph.build_context import REGISTER
from aisposture.model.graph import EdgeKind, Label, State
from aisposture.model.resource import Net
from tests.graph.estates import ACCOUNT, FUNCTION, bucket, edges, function, gap, graph_of, thing

GROUP = f"arn:aws:ec2:eu-west-1:{ACCOUNT}:security-group/sg-1"


@pytest.mark.parametrize(
    ("tags", "owners", "owner"),
    [
        ({"owner": "payments"}, {}, "insider:payments"),
        ({}, {FUNCTION: "Ann"}, "insider:Ann"),
        ({"owner": "payments"}, {"payments": "Ann"}, "insider:Ann"),
        ({}, {ACCOUNT: "Ann"}, "insider:Ann"),
        ({}, {}, None),
    ],
)
def test_tags_and_the_scope_file_name_owners(
    tags: dict[str, str], owners: dict[str, str], owner: str | None
) -> None:
    graph = graph_of(function(tags=tags), params={"owners": owners})
    assert list(edges(graph, EdgeKind.OWNED_BY)) == ([(FUNCTION, owner)] if owner else [])
    if owner:
        assert graph.labels_of(graph.number[owner]) == (Label.INSIDER,)


def test_hidden_tags_may_name_an_owner_and_a_register() -> None:
    graph = graph_of(function(), gaps=(gap("tags", resource=FUNCTION),))
    (owned,) = edges(graph, EdgeKind.OWNED_BY).values()
    (registered,) = edges(graph, EdgeKind.REGISTERED_IN).values()
    assert (owned.state, registered.state) == (State.UNSEEN, State.UNSEEN)


@pytest.mark.parametrize(
    ("tags", "approved", "there"),
    [
        ({"ai-agent": "yes"}, (), True),
        ({}, ("function:helper",), False),
        ({}, (FUNCTION,), True),
        ({}, (), False),
    ],
)
def test_agents_are_registered_by_tag_or_by_the_scope_file(
    tags: dict[str, str], approved: tuple[str, ...], there: bool
) -> None:
    graph = graph_of(function(tags=tags, name="helper"), params={"approved_agents": approved})
    found = edges(graph, EdgeKind.REGISTERED_IN)
    assert list(found) == ([(FUNCTION, REGISTER)] if there else [])


@pytest.mark.parametrize(("public", "state"), [((), State.POSSIBLE), (("198.51.100.7",), State.CONFIRMED)])
def test_groups_stand_before_what_they_filter(public: tuple[str, ...], state: State) -> None:
    group = thing(GROUP, "aws.ec2.security_group", net=Net())
    graph = graph_of(group, function(net=Net(groups=("sg-gone", GROUP), public_ips=public)))
    found = edges(graph, EdgeKind.PROTECTED_BY)
    assert found[FUNCTION, GROUP].state is state
    assert [target for _, target in found if target == GROUP] == [GROUP]


def test_a_bucket_has_neither_owner_nor_filter() -> None:
    graph = graph_of(bucket(tags={"owner": "payments"}))
    assert not edges(graph, EdgeKind.OWNED_BY)
    assert not edges(graph, EdgeKind.PROTECTED_BY)
