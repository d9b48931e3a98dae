from typing import Any

import msgspec
import pytest

from aisposture.fix.actions import Changes, actions
from aisposture.fix.costs import COSTS
from aisposture.fix.patch import patched
from aisposture.model.finding import Evidence, Hop
from aisposture.model.graph import EdgeKind, State
from aisposture.model.inventory import Inventory
from aisposture.model.resource import Resource
from aisposture.pipeline import bundled_rules

ROLE = "arn:aws:iam::1:role/r"


def made(**values: Any) -> Resource:
    return msgspec.convert({"account": "1", "region": "global", "name": "n", **values}, Resource)


def hop(kind: EdgeKind, source: str, target: str, **more: Any) -> Hop:
    return Hop(source=source, target=target, kind=kind, state=State.CONFIRMED, **more)


def test_every_action_has_a_cost() -> None:
    assert actions() <= set(COSTS)
    for cost in COSTS.values():
        assert cost.disruption
        assert 1 <= cost.effort <= 10


def test_every_action_of_a_rule_is_known() -> None:
    named = {fix.action for rule in bundled_rules() for fix in rule.fixes if fix.action}
    assert named <= set(COSTS)


SETTINGS: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ("require_auth", {"kind": "aws.lambda.url", "attrs": {"auth": "none"}}, {"auth": "iam"}, {"auth": "iam"}),
    (
        "require_imds_v2",
        {"kind": "aws.ec2.instance", "attrs": {"imds_version": "v1", "imds_hop_limit": 2}},
        {"imds_version": "v2", "imds_hop_limit": 1},
        {"imds_version": "v2"},
    ),
    (
        "require_confirmation",
        {"kind": "aws.bedrock.action_group", "attrs": {"confirmation": "none", "tool_kind": "lambda"}},
        {"confirmation": "required"},
        {"confirmation": "none", "tool_kind": "code_interpreter"},
    ),
    (
        "disable_tool",
        {"kind": "aws.bedrock.action_group", "attrs": {"enabled": True}},
        {"enabled": False},
        {"enabled": False},
    ),
    ("deactivate_key", {"kind": "aws.iam.access_key", "attrs": {"active": True}}, {"active": False}, {}),
    (
        "block_public_access",
        {"kind": "aws.s3.bucket", "attrs": {"block_public_acls": False, "block_public_policy": None}},
        {"block_public_acls": True, "block_public_policy": True},
        {"block_public_acls": True},
    ),
    (
        "unshare",
        {"kind": "aws.ec2.snapshot", "attrs": {"public": True}},
        {"public": False},
        {"public": False},
    ),
]


@pytest.mark.parametrize(("action", "resource", "wanted", "settled"), SETTINGS)
def test_setting(
    action: str, resource: dict[str, Any], wanted: dict[str, Any], settled: dict[str, Any]
) -> None:
    before = made(id="it", **resource)
    inventory = Inventory.of([before])
    (change,) = Changes(inventory).on(action, "it")
    after = patched(inventory, change.patches).by_id["it"]
    assert {name: after.attrs[name] for name in wanted} == wanted
    assert not list(Changes(Inventory.of([msgspec.structs.replace(before, attrs=settled)])).on(action, "it"))
    assert not list(Changes(inventory).on(action, "gone"))


def test_boundary_is_made_once_for_all_and_never_takes_the_place_of_another() -> None:
    roles = [made(id=f"{ROLE}{n}", kind="aws.iam.role") for n in range(2)]
    bounded = made(
        id=f"{ROLE}2",
        kind="aws.iam.role",
        refs=[{"name": "bounded_by", "target": "arn:aws:iam::1:policy/own"}],
    )
    linked = made(id=f"{ROLE}3", kind="aws.iam.role", attrs={"service_linked": True})
    inventory = Inventory.of([*roles, bounded, linked])
    changes = Changes(inventory)
    found = [change for role in roles for change in changes.on("attach_boundary", role.id)]
    after = patched(inventory, [patch for change in found for patch in change.patches])
    (boundary,) = after.of_kind("aws.iam.policy")
    assert all(list(after.by_id[role.id].targets("bounded_by")) == [boundary.id] for role in roles)
    assert b"iam:PassRole" in bytes(boundary.policies[0].document)
    assert not list(changes.on("attach_boundary", bounded.id))
    assert not list(changes.on("attach_boundary", linked.id))


def test_only_inbound_rules_for_everyone_are_closed() -> None:
    rules = [
        {"direction": way, "allow": True, "protocol": "tcp", "ports": [443, 443], "peer": peer}
        for way, peer in (("in", "0.0.0.0/0"), ("in", "10.0.0.0/8"), ("out", "0.0.0.0/0"))
    ]
    group = made(id="sg", kind="aws.ec2.security_group", net={"rules": rules})
    evidence = (Evidence(resource="sg", field="net"), Evidence(resource="gone", field="net"))
    inventory = Inventory.of([group])
    exposed = hop(EdgeKind.EXPOSES, "class:internet", "i", evidence=evidence)
    (change,) = Changes(inventory).of_hop(exposed)
    net = patched(inventory, change.patches).by_id["sg"].net
    assert net is not None
    assert [(rule.direction, rule.peer) for rule in net.rules] == [("in", "10.0.0.0/8"), ("out", "0.0.0.0/0")]


def test_refs_that_draw_a_hop_are_detached() -> None:
    refs = [{"name": "fed_by", "target": target} for target in ("alias-of-store", "other")]
    store = made(id="store", kind="aws.s3.bucket", attrs={"aliases": ["alias-of-store"]})
    knowledge = made(id="kb", kind="aws.bedrock.knowledge_base", refs=refs)
    inventory = Inventory.of([store, knowledge])
    fed = hop(EdgeKind.FEEDS, "store", "kb", evidence=(Evidence(resource="kb", field="refs.fed_by"),))
    (change,) = Changes(inventory).of_hop(fed)
    assert [ref.target for ref in patched(inventory, change.patches).by_id["kb"].refs] == ["other"]


def test_escalation_by_passing_a_role_is_denied_on_that_role() -> None:
    inventory = Inventory.of([made(id=ROLE, kind="aws.iam.role")])
    technique = "bedrock-001"
    found = list(
        Changes(inventory).of_hop(
            hop(EdgeKind.CAN_ESCALATE, ROLE, "arn:aws:iam::1:role/strong", attrs={"technique": technique})
        )
    )
    assert [change.action for change in found] == ["restrict_pass_role", "attach_boundary"]
    document = msgspec.json.decode(patched(inventory, found[0].patches).by_id[ROLE].policies[0].document)
    assert document["Statement"] == [
        {"Effect": "Deny", "Action": ["iam:PassRole"], "Resource": ["arn:aws:iam::1:role/strong"]}
    ]


def test_nothing_is_denied_to_what_is_not_ours_to_change() -> None:
    linked = made(id=ROLE, kind="aws.iam.role", attrs={"service_linked": True})
    store = made(id="arn:aws:s3:::b", kind="aws.s3.bucket")
    changes = Changes(Inventory.of([linked, store]))
    assert not list(changes.of_hop(hop(EdgeKind.CAN_READ, ROLE, store.id)))
    assert not list(changes.of_hop(hop(EdgeKind.CAN_READ, "account:9", store.id)))
    assert not list(changes.of_hop(hop(EdgeKind.HOSTED_ON, ROLE, store.id)))
