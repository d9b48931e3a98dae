"""EC2, networks, Lambda, secrets, parameters, keys and Bedrock, read by real clients from a local cloud."""

import json
from pathlib import Path
from typing import Any

import pytest

from aisposture.model.inventory import Inventory, encode
from aisposture.model.resource import PolicyRole, Resource
from aisposture.replay.aws import Deny, serve
from tests.collect.aws import seeded
from tests.collect.aws.seeded import ACCOUNT, REGION

AGENT = f"arn:aws:bedrock:{REGION}:{ACCOUNT}:agent/SUPPORT001"
BASE = f"arn:aws:bedrock:{REGION}:{ACCOUNT}:knowledge-base/KNOWLEDGE1"


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Inventory, dict[str, str], Path]:
    out = tmp_path_factory.mktemp("snapshot")
    with serve(seeded.RECORDINGS) as cloud:
        made = seeded.fill(cloud)
        inventory = seeded.scan(cloud, out)
        unused = cloud.unused()
    assert not unused
    return inventory, made, out


@pytest.fixture
def inventory(scanned: tuple[Inventory, dict[str, str], Path]) -> Inventory:
    return scanned[0]


@pytest.fixture
def made(scanned: tuple[Inventory, dict[str, str], Path]) -> dict[str, str]:
    return scanned[1]


def only(inventory: Inventory, kind: str, **attrs: Any) -> Resource:
    """The one resource of a kind, of those with these attributes or this name."""
    (found,) = [
        resource
        for resource in inventory.of_kind(kind)
        if all({**resource.attrs, "name": resource.name}.get(name) == value for name, value in attrs.items())
    ]
    return found


def get(inventory: Inventory, name: str) -> Resource:
    found = inventory.get(name)
    assert found is not None, name
    return found


def policy(resource: Resource, role: PolicyRole) -> Any:
    (found,) = resource.documents(role)
    return json.loads(bytes(found.document))


def test_only_what_nobody_can_read_is_missing(inventory: Inventory) -> None:
    mine = [
        gap for gap in inventory.gaps if gap.call.split(":")[0] in {"ec2", "lambda", "kms", "bedrock-agent"}
    ]
    assert [(gap.resource, gap.hides, gap.reason) for gap in mine] == [
        (f"{AGENT}#action_group/REMOTE0001", ("attrs.confirmation", "attrs.operations"), "unsupported")
    ]


def test_no_canary_leaves_the_redactor(scanned: tuple[Inventory, dict[str, str], Path]) -> None:
    inventory, _, out = scanned
    told = encode(inventory.resources) + encode(inventory.gaps) + encode(inventory.calls)
    told += b"".join(path.read_bytes() for path in out.rglob("*") if path.is_file())
    for canary in (seeded.CANARY_TOKEN, seeded.CANARY_PASSWORD, "canary greeting", "Winter-2026-Sale"):
        assert canary.encode() not in told


def test_instance(inventory: Inventory, made: dict[str, str]) -> None:
    instance = get(inventory, made["instance"])
    assert instance.id == f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/{made['instance']}"
    assert instance.name == "web-1"
    assert instance.attrs["imds_version"] == "v1"
    assert instance.attrs["imds_hop_limit"] == 2
    assert instance.attrs["instance_state"] == "running"
    assert list(instance.targets("runs_as")) == [f"arn:aws:iam::{ACCOUNT}:instance-profile/web"]
    assert instance.net is not None
    assert instance.net.public_ips == (made["elastic"],)
    assert inventory.resolve(instance.net.subnets[0]).endswith(f":subnet/{made['front']}")
    assert {(sighting.detector, sighting.grade) for sighting in instance.sightings} == {
        ("github-token", "verified-format"),
        ("secret-keyword", "entropy"),
    }
    assert {sighting.field for sighting in instance.sightings} == {"user_data"}


def test_launch_template(inventory: Inventory, made: dict[str, str]) -> None:
    template = only(inventory, "aws.ec2.launch_template")
    assert template.attrs["imds_version"] == "v2"
    assert template.attrs["image"] == "ami-12345678"
    assert list(template.targets("runs_as")) == [f"arn:aws:iam::{ACCOUNT}:instance-profile/web"]
    assert {sighting.detector for sighting in template.sightings} == {"github-token", "secret-keyword"}


def test_one_value_has_one_mark_in_a_scan(inventory: Inventory, made: dict[str, str]) -> None:
    bearers = (
        get(inventory, made["instance"]),
        only(inventory, "aws.ec2.launch_template"),
        get(inventory, made["function"]),
    )
    marks = {s.mark for bearer in bearers for s in bearer.sightings if s.detector == "github-token"}
    assert len(marks) == 1
    assert None not in marks


def test_sharing_of_images_and_snapshots(inventory: Inventory, made: dict[str, str]) -> None:
    assert list(get(inventory, made["image"]).targets("shared_with")) == ["account:333333333333"]
    assert get(inventory, made["image"]).attrs["public"] is False
    snapshot = get(inventory, made["snapshot"])
    assert list(snapshot.targets("shared_with")) == ["class:any-account"]
    assert snapshot.attrs["public"] is True
    assert snapshot.attrs["encryption"] == "none"


def test_where_packets_go(inventory: Inventory, made: dict[str, str]) -> None:
    table = get(inventory, made["table"]).net
    assert table is not None
    assert table.network == made["vpc"]
    assert table.subnets == (made["front"],)
    assert ("0.0.0.0/0", made["igw"], "internet") in {
        (route.destination, route.target, route.target_type) for route in table.routes
    }
    assert ("10.2.0.0/16", made["pcx"], "peering") in {
        (route.destination, route.target, route.target_type) for route in table.routes
    }
    assert {resource.net.main for resource in inventory.of_kind("aws.ec2.route_table") if resource.net} == {
        True,
        False,
    }


def test_what_filters(inventory: Inventory, made: dict[str, str]) -> None:
    group = get(inventory, made["group"]).net
    assert group is not None
    rules = {(rule.direction, rule.protocol, rule.ports, rule.peer) for rule in group.rules}
    assert ("in", "tcp", (443, 443), "0.0.0.0/0") in rules
    assert ("in", "tcp", (22, 22), made["group"]) in rules
    acls = [resource.net for resource in inventory.of_kind("aws.ec2.network_acl") if resource.net]
    acl = next(net for net in acls if net.network == made["vpc"])
    assert acl.main
    assert made["front"] in acl.subnets
    assert [rule.allow for rule in acl.rules if rule.direction == "in"] == [True, False]


def test_gateways_and_addresses(inventory: Inventory, made: dict[str, str]) -> None:
    for gateway in (made["igw"], made["eigw"]):
        net = get(inventory, gateway).net
        assert net is not None
        assert net.network == made["vpc"]
    nat = get(inventory, made["nat"]).net
    assert nat is not None
    assert nat.public_ips == (made["nat_address"],)
    assert nat.subnets == (made["front"],)
    address = get(inventory, made["elastic"])
    assert made["instance"] in set(address.targets("attached_to"))
    interface = next(
        resource
        for resource in inventory.of_kind("aws.ec2.network_interface")
        if made["instance"] in resource.targets("attached_to")
    )
    assert interface.net is not None
    assert interface.net.groups == (made["group"],)


def test_endpoint_peering_and_prefix_list(inventory: Inventory, made: dict[str, str]) -> None:
    endpoint = only(inventory, "aws.ec2.vpc_endpoint")
    assert endpoint.name == f"com.amazonaws.{REGION}.s3"
    assert policy(endpoint, PolicyRole.ENDPOINT) == seeded.ANYONE
    peering = get(inventory, made["pcx"])
    assert {inventory.resolve(vpc) for vpc in peering.targets("in_network")} == {
        inventory.resolve(made["vpc"]),
        inventory.resolve(made["other"]),
    }
    offices = only(inventory, "aws.ec2.prefix_list", name="offices")
    assert offices.net is not None
    assert offices.net.cidrs == ("198.51.100.0/24",)


def test_vpc_and_subnet(inventory: Inventory, made: dict[str, str]) -> None:
    vpc = get(inventory, made["vpc"])
    assert vpc.id == f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/{made['vpc']}"
    assert (vpc.name, vpc.tags["env"]) == ("main", "prod")
    assert vpc.net is not None
    assert "10.1.0.0/16" in vpc.net.cidrs
    subnet = get(inventory, made["front"])
    assert list(subnet.targets("in_network")) == [made["vpc"]]
    assert subnet.net is not None
    assert subnet.net.cidrs == ("10.1.1.0/24",)
    assert only(inventory, "aws.ec2.settings").attrs["default_encryption"] is False


def test_function(inventory: Inventory, made: dict[str, str]) -> None:
    function = get(inventory, made["function"])
    assert function.attrs["environment_names"] == [
        "AGENT_ID",
        "AWS_KEY",
        "DB_SECRET_ARN",
        "GITHUB_TOKEN",
        "GREETING",
    ]
    assert {
        name: function.attrs[name]
        for name in ("runtime", "handler", "timeout_seconds", "memory_mb", "tracing")
    } == {
        "runtime": "python3.13",
        "handler": "app.handler",
        "timeout_seconds": 30,
        "memory_mb": 512,
        "tracing": True,
    }
    assert function.attrs["code_signing"] == "none"
    assert function.attrs["network_mode"] == "vpc"
    assert function.tags == {"team": "care"}
    assert list(function.targets("runs_as")) == [made["role"]]
    assert list(function.targets("triggered_by")) == [made["queue"]]
    assert list(function.targets("in_subnet")) == [made["back"]]
    assert [inventory.resolve(layer) for layer in function.targets("loads")] == [
        made["layer"].rpartition(":")[0]
    ]
    assert policy(function, PolicyRole.RESOURCE)["Statement"][0]["Principal"] == "*"
    plain = only(inventory, "aws.lambda.function", name="plain")
    assert plain.net is None
    assert plain.policies == ()
    assert plain.attrs["network_mode"] == "public"
    assert plain.attrs["environment_names"] == []


def test_configuration_values_become_refs_or_nothing(inventory: Inventory, made: dict[str, str]) -> None:
    function = get(inventory, made["function"])
    assert list(function.targets("uses_secret")) == [made["secret"]]
    assert list(function.targets("configures")) == [AGENT]


def test_sightings_of_an_environment(inventory: Inventory, made: dict[str, str]) -> None:
    function = get(inventory, made["function"])
    assert {(s.detector, s.field, s.public_id) for s in function.sightings} == {
        ("github-token", "environment.GITHUB_TOKEN", None),
        ("aws-access-key", "environment.AWS_KEY", seeded.CANARY_KEY),
    }


def test_function_url(inventory: Inventory, made: dict[str, str]) -> None:
    url = only(inventory, "aws.lambda.url")
    assert url.id == f"{made['function']}#url/$LATEST"
    assert url.attrs["auth"] == "none"
    assert list(url.targets("fronts")) == [made["function"]]
    assert inventory.resolve(made["url"].split("/")[2]) == url.id


def test_secrets_and_parameters(inventory: Inventory, made: dict[str, str]) -> None:
    guarded = only(inventory, "aws.secretsmanager.secret", name="guarded")
    assert policy(guarded, PolicyRole.RESOURCE) == seeded.ANYONE
    assert guarded.attrs["encryption"] == "customer"
    assert list(guarded.targets("encrypted_with")) == [made["key"]]
    open_one = get(inventory, "prod/db")
    assert open_one.policies == ()
    assert open_one.attrs["encryption"] == "provider"
    assert open_one.attrs["rotation"] is False
    secure = get(inventory, "/app/password")
    assert (secure.labels, secure.attrs["parameter_type"]) == (("Secret",), "secure")
    mode = get(inventory, "/app/mode")
    assert (mode.labels, mode.attrs["parameter_type"]) == (("DataStore",), "plain")
    assert mode.id == f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/app/mode"


def test_keys(inventory: Inventory, made: dict[str, str]) -> None:
    key = get(inventory, "alias/data")
    assert (key.id, key.name) == (made["key"], "data")
    assert {name: key.attrs[name] for name in ("rotation", "key_manager", "key_state", "enabled")} == {
        "rotation": True,
        "key_manager": "customer",
        "key_state": "enabled",
        "enabled": True,
    }
    assert key.tags == {"owner": "care"}
    assert policy(key, PolicyRole.RESOURCE)["Statement"]
    grant = policy(key, PolicyRole.GRANT)
    assert (grant["GranteePrincipal"], grant["Operations"]) == (made["role"], ["Decrypt"])
    assert get(inventory, made["signing"]).attrs["rotation"] is None


def test_agent(inventory: Inventory) -> None:
    agent = get(inventory, "SUPPORT001")
    assert agent.id == AGENT
    assert agent.tags == {"env": "prod", "owner": "care"}
    wanted = {
        "status": "PREPARED",
        "model": "anthropic.claude-sonnet-4-20250514-v1:0",
        "instruction_length": 73,
        "idle_session_seconds": 1800,
        "memory_enabled": True,
        "collaboration": "supervisor-router",
        "encryption": "customer",
    }
    assert {name: agent.attrs[name] for name in wanted} == wanted
    assert {
        name: list(agent.targets(name))
        for name in ("runs_as", "guarded_by", "fed_by", "delegates_to", "executed_by", "uses_tool")
    } == {
        "runs_as": [f"arn:aws:iam::{ACCOUNT}:role/support-agent"],
        "guarded_by": ["guardrail01"],
        "fed_by": ["KNOWLEDGE1"],
        "delegates_to": [AGENT.replace("SUPPORT", "BILLING")],
        "executed_by": [f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:parse"],
        "uses_tool": [f"{AGENT}#action_group/{name}" for name in ("CODE000001", "ORDERS0001", "REMOTE0001")],
    }
    assert [sighting.field for sighting in agent.sightings] == ["instruction"]
    billing = get(inventory, "BILLING001")
    assert billing.attrs["collaboration"] == "none"
    assert billing.attrs["model"] is None
    assert list(billing.targets("guarded_by")) == []


def test_versions_and_aliases(inventory: Inventory) -> None:
    live = only(inventory, "aws.bedrock.agent_alias", name="live")
    assert live.id == f"arn:aws:bedrock:{REGION}:{ACCOUNT}:agent-alias/SUPPORT001/ALIAS00002"
    assert (live.attrs["pinned"], live.attrs["enabled"]) == (True, True)
    assert list(live.targets("version_of")) == [AGENT]
    draft = only(inventory, "aws.bedrock.agent_alias", name="AgentTestAlias")
    assert (draft.attrs["pinned"], draft.attrs["enabled"]) == (False, False)
    two = get(inventory, f"{AGENT}#version/2")
    assert two.attrs["pinned"] is True
    assert list(two.targets("guarded_by")) == ["guardrail01"]


def test_tools(inventory: Inventory) -> None:
    orders = only(inventory, "aws.bedrock.action_group", name="orders")
    assert orders.attrs["tool_kind"] == "lambda"
    assert orders.attrs["operations"] == ["look_up", "refund"]
    assert orders.attrs["confirmation"] == "none"
    assert list(orders.targets("executed_by")) == [f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:orders"]
    code = only(inventory, "aws.bedrock.action_group", name="code")
    assert (code.attrs["tool_kind"], code.attrs["enabled"]) == ("code_interpreter", False)
    remote = only(inventory, "aws.bedrock.action_group", name="remote")
    assert remote.attrs["tool_kind"] == "return_of_control"
    assert "operations" not in remote.attrs
    assert inventory.hidden(remote, "attrs.operations") is not None


def test_knowledge_and_its_sources(inventory: Inventory) -> None:
    base = get(inventory, "KNOWLEDGE1")
    assert base.id == BASE
    assert list(base.targets("runs_as")) == [f"arn:aws:iam::{ACCOUNT}:role/handbook"]
    assert list(base.targets("stores_in")) == [f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster:vectors"]
    assert list(base.targets("fed_by")) == ["arn:aws:s3:::documents"]
    documents = get(inventory, f"{BASE}#data_source/SOURCE0001")
    assert documents.attrs["source_type"] == "s3"
    assert list(documents.targets("part_of")) == [BASE]
    assert list(documents.targets("fed_by")) == ["arn:aws:s3:::documents"]
    wiki = get(inventory, f"{BASE}#data_source/SOURCE0002")
    assert wiki.attrs["source_type"] == "confluence"
    assert list(wiki.targets("uses_secret")) == [
        f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:wiki-AbCdEf"
    ]


def test_guardrail_and_settings(inventory: Inventory) -> None:
    guardrail = get(inventory, "guardrail01")
    assert {name: guardrail.attrs[name] for name in ("prompt_attack_filter", "blocks", "pii_filter")} == {
        "prompt_attack_filter": "medium",
        "blocks": True,
        "pii_filter": True,
    }
    settings = only(inventory, "aws.bedrock.settings")
    assert settings.id == f"region:{ACCOUNT}/{REGION}#bedrock/settings"
    assert settings.attrs == {"invocation_logging": True, "prompt_text_logged": False}
    assert list(settings.targets("logs_to")) == [
        f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/bedrock/invocations",
        "arn:aws:s3:::invocations",
    ]


def test_every_field_says_where_it_was_read(inventory: Inventory) -> None:
    for resource in inventory.resources:
        if resource.kind.split(".")[1] in {"ec2", "lambda", "kms", "bedrock", "secretsmanager", "ssm"}:
            fields = {f"attrs.{name}" for name in resource.attrs} | {
                f"refs.{ref.name}" for ref in resource.refs
            }
            assert fields <= set(resource.sources), resource.id


DENIED = {
    # refused operation -> what a rule must not take for absent
    "ec2:DescribeInstanceAttribute": ("aws.ec2.instance", "sightings"),
    "ec2:DescribeRouteTables": (None, "aws.ec2.route_table"),
    "lambda:GetPolicy": ("aws.lambda.function", "policies.resource"),
    "lambda:GetFunctionUrlConfig": (None, "aws.lambda.url"),
    "lambda:ListEventSourceMappings": ("aws.lambda.function", "refs.triggered_by"),
    "kms:GetKeyPolicy": ("aws.kms.key", "policies.resource"),
    "kms:ListGrants": ("aws.kms.key", "policies.grant"),
    "secretsmanager:GetResourcePolicy": ("aws.secretsmanager.secret", "policies.resource"),
    "ssm:DescribeParameters": (None, "aws.ssm.parameter"),
    "bedrock-agent:GetAgent": ("aws.bedrock.agent", "refs.runs_as"),
    "bedrock-agent:ListAgentActionGroups": (None, "aws.bedrock.action_group"),
    "bedrock:GetGuardrail": ("aws.bedrock.guardrail", "attrs.prompt_attack_filter"),
}


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Inventory:
    refusals = [Deny(operation=call) for call in DENIED]
    with serve(seeded.RECORDINGS, deny=refusals, strict=False) as cloud:
        seeded.fill(cloud)
        return seeded.scan(cloud, tmp_path_factory.mktemp("refused"))


@pytest.mark.parametrize("call", DENIED)
def test_what_is_refused_is_hidden_not_absent(refused: Inventory, call: str) -> None:
    kind, field = DENIED[call]
    gaps = [gap for gap in refused.gaps if gap.call == call]
    assert gaps
    assert {gap.reason for gap in gaps} == {"denied"}
    permission = call.replace("bedrock-agent:", "bedrock:")
    assert all(gap.needs.startswith(permission) for gap in gaps)
    if kind is None:
        assert any(field in gap.hides for gap in gaps)
    else:
        resources = list(refused.of_kind(kind))
        assert resources
        assert all(refused.hidden(resource, field) is not None for resource in resources)
