"""What each builder draws, from small inventories."""

import pytest

from aisposture.model import ids
from aisposture.model.graph import EdgeKind, Label, State
from aisposture.model.resource import Sighting
from tests.graph.estates import (
    ACCOUNT,
    AGENT,
    BASE,
    BUCKET,
    FUNCTION,
    SOURCE,
    TOOL,
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
    role,
    role_arn,
    source,
    thing,
    tool,
    url,
    value,
)

ROLE = role_arn("helper")


def test_workloads_run_as_and_agents_act_as() -> None:
    graph = graph_of(role("helper"), function(refs={"runs_as": ROLE}), agent(refs={"runs_as": ROLE}))
    assert list(edges(graph, EdgeKind.RUNS_AS)) == [(FUNCTION, ROLE)]
    row = edges(graph, EdgeKind.ACTS_AS)[AGENT, ROLE]
    assert row.state is State.POSSIBLE
    assert row.conditions
    assert dict(row.attrs) == {"openness": "unknown", "takeover": "behaviour"}


@pytest.mark.parametrize(
    ("attrs", "openness", "state"),
    [
        ({"tool_kind": "lambda", "operations": ["getOrder"]}, "closed", State.POSSIBLE),
        ({"tool_kind": "lambda", "operations": ["runSql"]}, "open", State.CONFIRMED),
        ({"tool_kind": "lambda", "operations": None}, "unknown", State.POSSIBLE),
        ({"tool_kind": "shell"}, "open", State.CONFIRMED),
    ],
)
def test_a_tool_acts_as_the_role_of_its_function(
    attrs: dict[str, object], openness: str, state: State
) -> None:
    graph = graph_of(
        role("helper"),
        function(refs={"runs_as": ROLE}),
        tool(refs={"executed_by": FUNCTION}, attrs=attrs),
        agent(refs={"uses_tool": TOOL}),
    )
    row = edges(graph, EdgeKind.ACTS_AS)[TOOL, ROLE]
    assert (dict(row.attrs)["openness"], row.state) == (openness, state)
    assert (TOOL, FUNCTION) in edges(graph, EdgeKind.HOSTED_ON)
    assert dict(edges(graph, EdgeKind.USES_TOOL)[AGENT, TOOL].attrs) == {"gate": "none"}


def test_a_disabled_tool_is_not_used() -> None:
    graph = graph_of(tool(attrs={"enabled": False}), agent(refs={"uses_tool": TOOL}))
    assert edges(graph, EdgeKind.USES_TOOL) == {}


def test_confirmation_gates_the_tool_and_an_agent_all_of_whose_tools_ask() -> None:
    other = ids.child(AGENT, "action_group", "T2")
    asks = {"tool_kind": "lambda", "confirmation": "required", "operations": ["pay"]}
    both = agent(refs={"uses_tool1": TOOL, "uses_tool2": other})
    second = thing(other, "aws.bedrock.action_group", Label.TOOL, attrs=asks)
    graph = graph_of(tool(attrs=asks), second, both)
    assert sorted(source for source, _ in edges(graph, EdgeKind.GATED_BY)) == [AGENT, TOOL, other]
    assert dict(edges(graph, EdgeKind.USES_TOOL)[AGENT, TOOL].attrs) == {"gate": "confirmation"}
    graph = graph_of(tool(attrs={**asks, "confirmation": "none"}), second, both)
    assert [source for source, _ in edges(graph, EdgeKind.GATED_BY)] == [other]


def test_an_unread_confirmation_is_an_unseen_gate() -> None:
    graph = graph_of(
        tool(), agent(refs={"uses_tool": TOOL}), gaps=(gap("attrs.confirmation", resource=TOOL),)
    )
    assert {row.state for row in edges(graph, EdgeKind.GATED_BY).values()} == {State.UNSEEN}
    assert value(graph, TOOL, "confirmation") == (None, State.UNSEEN)


def test_a_bucket_feeds_the_knowledge_base_and_that_the_agent() -> None:
    graph = graph_of(bucket(), base(), source(), agent(refs={"fed_by": BASE}))
    feeds = edges(graph, EdgeKind.FEEDS)
    assert {pair: dict(row.attrs)["via"] for pair, row in feeds.items()} == {
        (BUCKET, BASE): "knowledge",
        (BASE, AGENT): "retrieval",
    }
    assert feeds[BUCKET, BASE].evidence[0].resource == SOURCE
    assert (BASE, SOURCE) in edges(graph, EdgeKind.CONTAINS)


def test_a_source_that_was_not_read_is_a_node_with_unknown_writers() -> None:
    graph = graph_of(base(), source())
    assert (BUCKET, BASE) in edges(graph, EdgeKind.FEEDS)
    assert Label.DATA_STORE in graph.labels_of(graph.number[BUCKET])


def test_crawled_pages_are_written_by_outsiders() -> None:
    graph = graph_of(base(), source(refs={"part_of": BASE}, attrs={"source_type": "web"}))
    ((content, target),) = edges(graph, EdgeKind.FEEDS)
    assert target == BASE
    assert edges(graph, EdgeKind.AUTHORS)[ids.EXT_AUTHOR, content].state is State.POSSIBLE


def test_events_trigger_and_feed_agents_only() -> None:
    queue = ids.arn("sqs", "q", account=ACCOUNT, region="eu-west-1")
    worker = function(refs={"triggered_by": queue})
    channel = thing(queue, "aws.sqs.queue", Label.CHANNEL)
    graph = graph_of(worker, channel)
    assert (queue, FUNCTION) in edges(graph, EdgeKind.TRIGGERS)
    assert edges(graph, EdgeKind.FEEDS) == {}
    graph = graph_of(bucket(refs={"sends_to": FUNCTION}), function())
    assert (BUCKET, FUNCTION) in edges(graph, EdgeKind.TRIGGERS)
    assert edges(graph, EdgeKind.EMITS) == {}
    labelled = thing(
        FUNCTION, "aws.lambda.function", Label.WORKLOAD, Label.AGENT, refs={"triggered_by": queue}
    )
    assert dict(edges(graph_of(labelled, channel), EdgeKind.FEEDS)[queue, FUNCTION].attrs) == {
        "via": "trigger"
    }


def test_configuration_that_names_an_agent_fronts_it() -> None:
    worker = function(refs={"runs_as": ROLE, "configures": AGENT})
    assert (
        edges(graph_of(worker, role("helper"), agent()), EdgeKind.FRONTS)[FUNCTION, AGENT].state
        is State.POSSIBLE
    )
    access = Access().grant(ROLE, EdgeKind.CAN_INVOKE, AGENT)
    graph = graph_of(worker, role("helper"), agent(), access=access)
    assert edges(graph, EdgeKind.FRONTS)[FUNCTION, AGENT].state is State.CONFIRMED


def test_an_endpoint_is_exposed_and_fronts() -> None:
    graph = graph_of(function(policies=open_to_all()), url())
    assert edges(graph, EdgeKind.EXPOSES)[ids.INTERNET, URL].state is State.CONFIRMED
    assert (URL, FUNCTION) in edges(graph, EdgeKind.FRONTS)


def sighting(public_id: str | None = None, grade: str = "verified-format") -> Sighting:
    return Sighting(
        detector="aws-access-key",
        field="environment.KEY",
        length="20-39",
        grade="verified-format" if grade == "verified-format" else "entropy",
        public_id=public_id,
    )


def key(active: bool = True) -> tuple[object, ...]:
    user = ids.arn("iam", "user/bob", account=ACCOUNT)
    credential = thing(
        ids.child(user, "access_key", "AKIA1"),
        "aws.iam.access_key",
        Label.CREDENTIAL,
        refs={"authenticates_as": user},
        attrs={"active": active, "aliases": ["AKIA1"]},
    )
    return user, thing(user, "aws.iam.user", Label.IDENTITY), credential


def test_a_secret_in_configuration_opens_the_identity_of_its_key() -> None:
    user, identity, credential = key()
    graph = graph_of(function(sightings=(sighting("AKIA1"),)), identity, credential)  # type: ignore[arg-type]
    secret = ids.child(FUNCTION, "secret", "environment.KEY")
    assert dict(edges(graph, EdgeKind.CONTAINS_SECRET)[FUNCTION, secret].attrs) == {
        "detector_grade": "verified-format"
    }
    row = edges(graph, EdgeKind.AUTHENTICATES_AS)[secret, str(user)]
    assert (dict(row.attrs)["resolved"], row.state) == (True, State.CONFIRMED)


def test_the_secret_half_of_a_key_belongs_to_the_id_beside_it() -> None:
    user, identity, credential = key()
    half = Sighting(
        detector="aws-secret-access-key", field="environment.SECRET", length="40-99", grade="verified-format"
    )
    graph = graph_of(function(sightings=(sighting("AKIA1"), half)), identity, credential)  # type: ignore[arg-type]
    secret = ids.child(FUNCTION, "secret", "environment.SECRET")
    assert [target for source, target in edges(graph, EdgeKind.AUTHENTICATES_AS) if source == secret] == [
        user
    ]


def test_an_inactive_key_opens_nothing() -> None:
    _, identity, credential = key(active=False)
    graph = graph_of(function(sightings=(sighting("AKIA1"),)), identity, credential)  # type: ignore[arg-type]
    assert edges(graph, EdgeKind.AUTHENTICATES_AS) == {}


def test_an_unknown_secret_opens_something_outside() -> None:
    graph = graph_of(function(sightings=(sighting(grade="entropy"),)))
    ((_, target),) = edges(graph, EdgeKind.AUTHENTICATES_AS)
    assert target == "external:aws-access-key"
    (row,) = edges(graph, EdgeKind.CONTAINS_SECRET).values()
    assert row.state is State.POSSIBLE


@pytest.mark.parametrize(
    ("attrs", "expected"),
    [
        ({"imds_version": "v1", "imds_hop_limit": 1}, "v1"),
        ({"imds_version": "v2", "imds_hop_limit": 2}, "v2"),
        ({"imds_version": "v2", "imds_hop_limit": 1}, None),
        ({"imds_version": "off", "imds_hop_limit": 2}, None),
        ({"imds_version": "v1", "instance_state": "stopped"}, None),
        ({}, None),
    ],
)
def test_metadata_service(attrs: dict[str, object], expected: str | None) -> None:
    graph = graph_of(
        role("helper"), thing("i-1", "aws.ec2.instance", Label.WORKLOAD, refs={"runs_as": ROLE}, attrs=attrs)
    )
    found = edges(graph, EdgeKind.STEALS_VIA_IMDS)
    assert [dict(row.attrs)["imds_version"] for row in found.values()] == ([expected] if expected else [])


def test_hidden_metadata_settings_are_unseen() -> None:
    instance = thing("i-1", "aws.ec2.instance", Label.WORKLOAD, refs={"runs_as": ROLE})
    graph = graph_of(role("helper"), instance, gaps=(gap("attrs.imds_version", resource="i-1"),))
    assert edges(graph, EdgeKind.STEALS_VIA_IMDS)["i-1", ROLE].state is State.UNSEEN


def test_grants_cover_resources_and_scopes_and_exclude() -> None:
    scope = ids.account_node(ACCOUNT)
    access = Access().grant(ROLE, EdgeKind.CAN_READ, scope, kinds=("aws.s3.bucket",), excludes=(BUCKET,))
    access.grant(ROLE, EdgeKind.CAN_WRITE, "arn:aws:s3:::unknown")
    graph = graph_of(role("helper"), bucket(), access=access)
    ((_, target),) = edges(graph, EdgeKind.COVERS)
    assert target == scope
    assert [target for _, target in edges(graph, EdgeKind.EXCLUDES)] == [BUCKET]
    (grant,) = graph.labelled(Label.GRANT).tolist()
    assert graph.nodes[grant].kind == "grant.can_read"
    assert [source for source, _ in edges(graph, EdgeKind.HOLDS)] == [ROLE]
    assert (scope, BUCKET) in edges(graph, EdgeKind.CONTAINS)


def test_outside_accounts_are_nodes_that_were_not_scanned() -> None:
    outside = "999999999999"
    access = Access().edge(
        ids.arn("iam", "root", account=outside), EdgeKind.CAN_ASSUME, ROLE, external_id=False
    )
    snapshot = thing(
        "snap", "aws.ec2.snapshot", Label.BACKUP, refs={"shared_with": ids.account_node(outside)}
    )
    graph = graph_of(
        role("helper"), snapshot, access=access, params={"vendor_accounts": {outside: "Acme AI"}}
    )
    node = graph.number[ids.account_node(outside)]
    assert {Label.EXT_ACCOUNT, Label.VENDOR} <= set(graph.labels_of(node))
    assert graph.nodes[node].name == "Acme AI"
    assert ("snap", ids.account_node(outside)) in edges(graph, EdgeKind.SHARES)
    assert (ids.account_node(outside), ROLE) in edges(graph, EdgeKind.CAN_ASSUME)


def test_refs_to_nowhere_are_dropped_and_self_loops_too() -> None:
    graph = graph_of(bucket(refs={"logs_to": "arn:aws:s3:::gone", "replicates_to": BUCKET}))
    assert edges(graph, EdgeKind.LOGS_TO) == {}
    assert edges(graph, EdgeKind.REPLICATES_TO) == {}


def test_a_hidden_control_is_an_unseen_edge() -> None:
    graph = graph_of(agent(), gaps=(gap("refs.guarded_by", resource=AGENT),))
    (row,) = edges(graph, EdgeKind.PROTECTED_BY).values()
    assert row.state is State.UNSEEN


def test_what_others_use_a_resource_for_is_a_label() -> None:
    trail = thing("trail", "aws.cloudtrail.trail", refs={"logs_to": BUCKET})
    limit = thing("limit", "aws.iam.policy")
    graph = graph_of(bucket(), trail, limit, role("helper", refs={"bounded_by": "limit"}))
    assert set(graph.labels_of(graph.number[BUCKET])) == {Label.DATA_STORE, Label.LOG_SINK}
    assert graph.labels_of(graph.number["limit"]) == (Label.BOUNDARY,)


def test_a_foundation_model_is_a_node() -> None:
    model = "arn:aws:bedrock:eu-west-1::foundation-model/some.model-v1"
    graph = graph_of(agent(refs={"uses_model": model}))
    assert graph.labels_of(graph.number[model]) == (Label.MODEL,)
    assert (AGENT, model) in edges(graph, EdgeKind.LOADS)


def test_the_organisation_contains_its_accounts() -> None:
    org = thing(
        "arn:aws:organizations::1:organization/o-1",
        "aws.organizations.organization",
        Label.ORGANIZATION,
        attrs={"unique_id": "o-1"},
    )
    unit = thing("ou-1", "aws.organizations.ou", refs={"parent": org.id})
    member = thing("acct", "aws.organizations.account", refs={"parent": "ou-1"}, account="222222222222")
    graph = graph_of(org, unit, member, accounts={ACCOUNT: "", "222222222222": "prod"})
    contained = edges(graph, EdgeKind.CONTAINS)
    assert (org.id, ids.account_node("222222222222")) in contained
    assert ("org:o-1", ids.account_node(ACCOUNT)) in contained


def test_possible_controls_of_a_self_hosted_agent_and_their_attestation() -> None:
    hosted = thing(FUNCTION, "aws.lambda.function", Label.WORKLOAD, Label.AGENT, name="helper")
    graph = graph_of(hosted)
    assert {row.state for row in edges(graph, EdgeKind.GATED_BY).values()} == {State.POSSIBLE}
    assert {row.state for row in edges(graph, EdgeKind.PROTECTED_BY).values()} == {State.POSSIBLE}
    said = [
        {"resource": "helper", "control": "approval", "present": True, "until": "2026-12-31"},
        {"resource": "helper", "control": "guardrail", "present": False},
    ]
    graph = graph_of(hosted, params={"attestations": said})
    assert {row.state for row in edges(graph, EdgeKind.GATED_BY).values()} == {State.CONFIRMED}
    assert edges(graph, EdgeKind.PROTECTED_BY) == {}
    graph = graph_of(hosted, params={"attestations": [{**said[0], "until": "2026-01-01"}]})
    assert {row.state for row in edges(graph, EdgeKind.GATED_BY).values()} == {State.POSSIBLE}


def test_properties_carry_states_ages_and_tags() -> None:
    attrs = {"created_at": "2026-04-01T00:00:00Z", "last_used_at": None, "aliases": ["x"]}
    graph = graph_of(
        bucket(attrs=attrs, tags={"team": "ml"}), gaps=(gap("attrs.encryption", kinds=("aws.s3.bucket",)),)
    )
    assert value(graph, BUCKET, "age_days") == (30, State.CONFIRMED)
    assert value(graph, BUCKET, "idle_days") == (30, State.CONFIRMED)
    assert value(graph, BUCKET, "tag.team") == ("ml", State.CONFIRMED)
    assert value(graph, BUCKET, "encryption") == (None, State.UNSEEN)
    assert value(graph, BUCKET, "aliases") is None
    assert value(graph, BUCKET, "sensitivity") == ("D1", State.POSSIBLE)


def test_every_drawn_edge_has_evidence_and_a_weight() -> None:
    graph = graph_of(
        role("helper"),
        bucket(),
        base(),
        source(),
        function(refs={"runs_as": ROLE}, policies=open_to_all()),
        url(),
        tool(refs={"executed_by": FUNCTION}),
        agent(refs={"uses_tool": TOOL, "runs_as": ROLE, "fed_by": BASE}),
    )
    assert graph.edge_count > 10
    assert all(row.evidence for row in graph.rows)
    assert ((graph.weight > 0) & (graph.weight <= 1)).all()


def test_a_template_starts_workloads_with_its_role() -> None:
    template = thing("lt-1", "aws.ec2.launch_template", Label.TEMPLATE, refs={"runs_as": ROLE})
    assert list(edges(graph_of(role("helper"), template), EdgeKind.RUNS_AS)) == [("lt-1", ROLE)]


def test_a_queue_that_was_not_read_joins_who_sends_to_it_with_whom_it_starts() -> None:
    queue = ids.arn("sqs", "tasks", account=ACCOUNT, region="eu-west-1")
    graph = graph_of(
        function(refs={"sends_to": queue}),
        thing("other", "aws.lambda.function", Label.WORKLOAD, refs={"triggered_by": queue}),
    )
    assert list(edges(graph, EdgeKind.EMITS)) == [(FUNCTION, queue)]
    assert list(edges(graph, EdgeKind.TRIGGERS)) == [(queue, "other")]


@pytest.mark.parametrize("field", ["policies.inline", "policies.identity", "refs.has_policy"])
def test_an_identity_with_unread_policies_may_become_anything(field: str) -> None:
    found = edges(graph_of(role("helper"), gaps=(gap(field, resource=ROLE),)), EdgeKind.CAN_ESCALATE)
    assert {target for source, target in found if source == ROLE} == {
        ids.admin_sink(ACCOUNT),
        f"unread:identity@{ACCOUNT}",
    }
    assert {row.state for row in found.values()} == {State.UNSEEN}
    assert not edges(graph_of(role("helper")), EdgeKind.CAN_ESCALATE)


@pytest.mark.parametrize(
    ("attrs", "hidden", "state"),
    [
        ({"imds_version": "v2", "imds_hop_limit": 2}, None, State.CONFIRMED),
        ({"imds_version": "v2", "imds_hop_limit": 1}, None, None),
        ({"imds_version": "v2"}, "attrs.imds_hop_limit", State.UNSEEN),
        ({"imds_version": "v1"}, "attrs.imds_hop_limit", State.CONFIRMED),
        ({}, "attrs.imds_version", State.UNSEEN),
    ],
)
def test_a_hidden_hop_limit_is_not_a_short_one(
    attrs: dict[str, object], hidden: str | None, state: State | None
) -> None:
    host = thing("i-1", "aws.ec2.instance", Label.WORKLOAD, refs={"runs_as": ROLE}, attrs=attrs)
    gaps = (gap(hidden, resource="i-1"),) if hidden else ()
    found = edges(graph_of(role("helper"), host, gaps=gaps), EdgeKind.STEALS_VIA_IMDS)
    assert [row.state for row in found.values()] == ([state] if state is not None else [])
