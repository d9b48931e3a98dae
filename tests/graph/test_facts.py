"""Facts from small estates: tier, entry, trust, bounded, environment; and that deriving twice changes nothing."""

from typing import Any

import numpy as np
import pytest

from aisposture.graph.facts import derive
from aisposture.model import ids
from aisposture.model.graph import EdgeKind, Label, State
from aisposture.model.inventory import Inventory
from aisposture.model.resource import PolicyRole, Resource
from tests.graph.estates import (
    ACCOUNT,
    AGENT,
    BASE,
    BUCKET,
    FUNCTION,
    URL,
    Access,
    agent,
    base,
    bucket,
    edges,
    function,
    gap,
    graph_of,
    open_to_all,
    policy,
    role,
    role_arn,
    source,
    thing,
    tool,
    url,
    value,
)

ROLE, OTHER, THIRD = role_arn("helper"), role_arn("other"), role_arn("third")
SCOPE = ids.account_node(ACCOUNT)


def tier(access: Access, *resources: Resource, node: str = ROLE, name: str = "tier", **more: Any) -> Any:
    graph = graph_of(
        role("helper"), role("other"), role("third"), bucket(), *resources, access=access, facts=True, **more
    )
    return value(graph, node, name)


def test_tier_by_what_an_identity_holds() -> None:
    assert tier(Access()) == ("P4", State.CONFIRMED)
    assert tier(Access().grant(ROLE, EdgeKind.CAN_READ, BUCKET)) == ("P4", State.CONFIRMED)
    assert tier(Access().grant(ROLE, EdgeKind.CAN_WRITE, BUCKET)) == ("P3", State.CONFIRMED)
    assert tier(Access().grant(ROLE, EdgeKind.CAN_READ, SCOPE, kinds=("aws.s3.bucket",))) == (
        "P2",
        State.CONFIRMED,
    )
    assert tier(Access().grant(ROLE, EdgeKind.CAN_READ, SCOPE, kinds=("aws.ec2.vpc",))) == (
        "P4",
        State.CONFIRMED,
    )
    assert tier(Access().grant(ROLE, EdgeKind.CAN_OPEN_NETWORK, ids.sink("can_open_network", ACCOUNT))) == (
        "P2",
        State.CONFIRMED,
    )
    assert tier(Access().administrator(ROLE)) == ("P1", State.CONFIRMED)


def test_an_administrator_of_the_management_account_is_p0() -> None:
    org = thing(
        "arn:aws:organizations::1:organization/o-1", "aws.organizations.organization", Label.ORGANIZATION
    )
    assert tier(Access().administrator(ROLE), org) == ("P0", State.CONFIRMED)


def test_tier_follows_assumption_and_escalation() -> None:
    access = Access().administrator(THIRD).edge(ROLE, EdgeKind.CAN_ASSUME, OTHER)
    access.edge(OTHER, EdgeKind.CAN_ESCALATE, THIRD, technique="t", yields="identity")
    assert tier(access) == ("P1", State.CONFIRMED)
    assert tier(access, node=OTHER) == ("P1", State.CONFIRMED)
    possible = Access().administrator(THIRD).edge(ROLE, EdgeKind.CAN_ASSUME, THIRD, State.POSSIBLE)
    assert tier(possible) == ("P4", State.CONFIRMED)
    assert tier(possible, name="tier_possible") == ("P1", State.POSSIBLE)
    sunk = Access().edge(ROLE, EdgeKind.CAN_ESCALATE, ids.admin_sink(ACCOUNT), yields="admin")
    assert tier(sunk) == ("P1", State.CONFIRMED)


def test_cycles_of_assumption_settle() -> None:
    access = Access().administrator(THIRD).edge(ROLE, EdgeKind.CAN_ASSUME, OTHER)
    access.edge(OTHER, EdgeKind.CAN_ASSUME, ROLE).edge(OTHER, EdgeKind.CAN_ASSUME, THIRD, State.POSSIBLE)
    assert tier(access, name="tier_possible") == ("P1", State.POSSIBLE)
    assert tier(access) == ("P4", State.CONFIRMED)


def test_unread_policies_leave_the_tier_unseen_unless_it_is_high_anyway() -> None:
    sink = ids.sink("can_change_access", ACCOUNT)
    unread = Access().grant(ROLE, EdgeKind.CAN_CHANGE_ACCESS, sink, state=State.UNSEEN)
    assert tier(unread) == (None, State.UNSEEN)
    assert tier(unread.administrator(ROLE)) == ("P1", State.CONFIRMED)


def test_administrators_hold_the_admin_sink() -> None:
    graph = graph_of(role("helper"), role("other"), access=Access().administrator(ROLE), facts=True)
    sink = ids.admin_sink(ACCOUNT)
    ((crown, _),) = [pair for pair in edges(graph, EdgeKind.COVERS) if pair[1] == sink]
    assert (ROLE, crown) in edges(graph, EdgeKind.HOLDS)
    assert Label.SINK in graph.labels_of(graph.number[sink])


def test_a_former_administrator_loses_the_sink() -> None:
    inventory = Inventory.of([role("helper")])
    graph = graph_of(role("helper"), access=Access().administrator(ROLE), facts=True)
    gone = [
        n
        for n, row in enumerate(graph.rows)
        if row.kind is EdgeKind.HOLDS and "can_open_network" in row.target
    ]
    again = derive(graph.without(gone), inventory, params={})
    assert not [pair for pair in edges(again, EdgeKind.COVERS) if pair[1] == ids.admin_sink(ACCOUNT)]
    assert value(again, ROLE, "tier") == ("P2", State.CONFIRMED)


def entry(*resources: Resource, access: Access | None = None, **more: Any) -> tuple[Any, Any]:
    graph = graph_of(*resources, access=access, facts=True, **more)
    return value(graph, AGENT, "entry"), value(graph, AGENT, "trust")


def test_an_agent_nobody_reaches_has_no_entry() -> None:
    assert entry(agent()) == (("none", State.CONFIRMED), None)


def test_the_internet_reaches_an_agent_through_what_fronts_it() -> None:
    worker = function(policies=open_to_all(), refs={"runs_as": ROLE, "configures": AGENT})
    access = Access().grant(ROLE, EdgeKind.CAN_INVOKE, AGENT)
    assert entry(agent(), worker, url(), role("helper"), access=access) == (
        ("internet", State.CONFIRMED),
        ("T0", State.CONFIRMED),
    )
    assert entry(agent(), worker, url(), role("helper"))[0] == ("internet", State.POSSIBLE)
    closed = function(refs={"runs_as": ROLE, "configures": AGENT})
    assert entry(agent(), closed, url(), role("helper"), access=access)[0] == (
        "internal",
        State.CONFIRMED,
    )


def test_an_unread_policy_before_an_agent_leaves_its_entry_unseen() -> None:
    hosted = thing(FUNCTION, "aws.lambda.function", Label.WORKLOAD, Label.AGENT)
    graph = graph_of(hosted, url(), gaps=(gap("policies.resource", resource=FUNCTION),), facts=True)
    assert value(graph, FUNCTION, "entry") == (None, State.UNSEEN)


def test_outside_accounts_and_insiders_call_agents() -> None:
    outside = ids.arn("iam", "role/x", account="999999999999")
    assert entry(agent(), access=Access().grant(outside, EdgeKind.CAN_INVOKE, AGENT)) == (
        ("any-account", State.CONFIRMED),
        ("T1", State.CONFIRMED),
    )
    assert entry(agent(), role("helper"), access=Access().grant(ROLE, EdgeKind.CAN_INVOKE, AGENT)) == (
        ("internal", State.CONFIRMED),
        ("T3", State.CONFIRMED),
    )


def fed(**more: Any) -> tuple[Resource, ...]:
    return (bucket(**more), base(), source(), agent(refs={"fed_by": BASE}))


def test_content_that_anyone_writes_is_an_entry() -> None:
    access = Access().grant(ids.ANY_ACCOUNT, EdgeKind.CAN_WRITE, BUCKET)
    assert entry(*fed(), access=access) == (("content", State.CONFIRMED), ("T1", State.CONFIRMED))
    assert entry(*fed(), role("helper"), access=Access().grant(ROLE, EdgeKind.CAN_WRITE, BUCKET)) == (
        ("internal", State.CONFIRMED),
        ("T3", State.CONFIRMED),
    )


def test_many_writers_are_not_trusted() -> None:
    access = Access()
    roles = [role(f"r{number}") for number in range(25)]
    for one in roles:
        access.grant(one.id, EdgeKind.CAN_WRITE, BUCKET)
    graph = graph_of(*fed(), *roles, access=access, facts=True)
    assert value(graph, BUCKET, "trust") == ("T2", State.CONFIRMED)
    assert value(graph, AGENT, "entry") == ("content", State.CONFIRMED)
    graph = graph_of(*fed(), *roles, access=access, facts=True, params={"broad_writers": 26})
    assert value(graph, BUCKET, "trust") == ("T3", State.CONFIRMED)


def test_many_writers_through_an_account_wide_grant() -> None:
    access = Access()
    roles = [role(f"r{number}") for number in range(25)]
    for one in roles:
        access.grant(one.id, EdgeKind.CAN_WRITE, SCOPE, kinds=("aws.s3.bucket",))
    graph = graph_of(*fed(), bucket("arn:aws:s3:::left-out"), *roles, access=access, facts=True)
    assert value(graph, BUCKET, "trust") == ("T2", State.CONFIRMED)


def test_unknown_writers_count_as_untrusted_with_less_certainty() -> None:
    graph = graph_of(base(), source(), agent(refs={"fed_by": BASE}), facts=True)
    assert value(graph, BUCKET, "trust") == ("T2", State.POSSIBLE)
    assert value(graph, AGENT, "entry") == ("content", State.POSSIBLE)


def test_an_unread_policy_of_a_corpus_leaves_trust_unseen() -> None:
    access = Access().grant(ids.INTERNET, EdgeKind.CAN_WRITE, BUCKET, state=State.UNSEEN)
    graph = graph_of(*fed(), access=access, facts=True)
    assert value(graph, BUCKET, "trust") == (None, State.UNSEEN)
    assert value(graph, AGENT, "entry") == (None, State.UNSEEN)


def test_what_an_exposed_agent_emits_is_not_trusted_by_the_next() -> None:
    first = thing(
        FUNCTION,
        "aws.lambda.function",
        Label.WORKLOAD,
        Label.AGENT,
        policies=open_to_all(),
        refs={"sends_to": BUCKET},
    )
    graph = graph_of(first, url(), *fed(), facts=True)
    assert value(graph, FUNCTION, "trust") == ("T0", State.CONFIRMED)
    assert value(graph, BASE, "trust") == ("T0", State.POSSIBLE)
    assert value(graph, AGENT, "entry") == ("content", State.POSSIBLE)


def test_identities_are_as_trusted_as_whoever_becomes_them() -> None:
    outside = ids.arn("iam", "root", account="999999999999")
    access = (
        Access()
        .edge(outside, EdgeKind.CAN_ASSUME, ROLE)
        .edge(ROLE, EdgeKind.CAN_ASSUME, OTHER, State.POSSIBLE)
    )
    graph = graph_of(role("helper"), role("other"), role("third"), access=access, facts=True)
    assert value(graph, ROLE, "trust") == ("T1", State.CONFIRMED)
    assert value(graph, OTHER, "trust") == ("T1", State.POSSIBLE)
    assert value(graph, THIRD, "trust") == ("T3", State.CONFIRMED)


def test_an_identity_that_many_can_become_is_broad() -> None:
    access = Access()
    roles = [role(f"r{number}") for number in range(24)]
    for one in roles:
        access.edge(one.id, EdgeKind.CAN_ASSUME, ROLE)
    graph = graph_of(role("helper"), *roles, access=access, facts=True)
    assert value(graph, ROLE, "trust") == ("T2", State.CONFIRMED)


BOUNDARY = ids.arn("iam", "policy/boundary", account=ACCOUNT)


def boundary(*statements: dict[str, Any]) -> Resource:
    return thing(BOUNDARY, "aws.iam.policy", policies=(policy(*statements, kind=PolicyRole.IDENTITY),))


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}], True),
        ([{"Effect": "Allow", "Action": "*", "Resource": "*"}], False),
        ([{"Effect": "Allow", "NotAction": ["iam:*", "kms:*"], "Resource": "*"}], True),
        ([{"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"}], False),
        (
            [
                {"Effect": "Allow", "Action": "*", "Resource": "*"},
                {"Effect": "Deny", "Action": ["iam:*", "kms:*"], "Resource": "*"},
            ],
            True,
        ),
    ],
)
def test_boundaries(statements: list[dict[str, Any]], expected: bool) -> None:
    bound = role("helper", refs={"bounded_by": BOUNDARY})
    graph = graph_of(bound, boundary(*statements), facts=True)
    assert value(graph, ROLE, "bounded") == (expected, State.CONFIRMED)


def test_unread_boundaries_and_organisation_denies() -> None:
    assert value(graph_of(role("helper"), facts=True), ROLE, "bounded") == (False, State.CONFIRMED)
    graph = graph_of(role("helper", refs={"bounded_by": BOUNDARY}), facts=True)
    assert value(graph, ROLE, "bounded") == (None, State.UNSEEN)
    scp = thing(
        "p-1",
        "aws.organizations.policy",
        policies=(
            policy({"Effect": "Deny", "Action": ["iam:*", "kms:*"], "Resource": "*"}, kind=PolicyRole.SCP),
        ),
    )
    root = thing("r-1", "aws.organizations.root", refs={"has_policy": "p-1"})
    account = thing("a-1", "aws.organizations.account", refs={"parent": "r-1"})
    assert value(graph_of(role("helper"), scp, root, account, facts=True), ROLE, "bounded") == (
        True,
        State.CONFIRMED,
    )


def test_environment_comes_from_what_a_thing_serves() -> None:
    worker = function(tags={"env": "prod"}, refs={"runs_as": ROLE})
    graph = graph_of(worker, url(), role("helper"), role("other"), facts=True)
    assert value(graph, FUNCTION, "environment") == ("prod", State.CONFIRMED)
    assert value(graph, URL, "environment") == ("prod", State.POSSIBLE)
    assert value(graph, ROLE, "environment") == ("prod", State.POSSIBLE)
    assert value(graph, OTHER, "environment") == ("unknown", State.CONFIRMED)


def test_deriving_twice_changes_nothing() -> None:
    worker = function(
        policies=open_to_all(), refs={"runs_as": ROLE, "configures": AGENT}, tags={"env": "prod"}
    )
    resources = (*fed(), worker, url(), tool(), role("helper"), role("other"))
    access = Access().administrator(OTHER).edge(ROLE, EdgeKind.CAN_ASSUME, OTHER, State.POSSIBLE)
    access.grant(ids.ANY_ACCOUNT, EdgeKind.CAN_WRITE, BUCKET, state=State.UNSEEN)
    once = graph_of(*resources, access=access, facts=True)
    twice = derive(once, Inventory.of(resources, accounts={ACCOUNT: "northwind"}), params={})
    assert twice.ids == once.ids
    assert twice.rows == once.rows
    assert set(twice.props) == set(once.props)
    for name, column in once.props.items():
        assert list(column.items()) == list(twice.props[name].items()), name
    assert np.array_equal(once.weight, twice.weight)
