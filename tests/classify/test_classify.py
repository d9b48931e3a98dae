"""Sensitivity, ownership, agents and tools, each from small inventories."""

import json
from typing import Any

import msgspec
import pytest

from aisposture.classify import classify
from aisposture.classify.tools import is_open_operation, operation_impact
from aisposture.classify.words import contains, words
from aisposture.model.graph import Label
from aisposture.model.inventory import Inventory
from aisposture.model.resource import Gap, Policy, PolicyRole, Ref, Resource, Sighting, Source

ROLE = "arn:aws:iam::111111111111:role/worker"


def thing(id_: str, *labels: Label, kind: str = "aws.s3.bucket", **more: Any) -> Resource:
    return Resource(
        id=id_,
        kind=kind,
        account="111111111111",
        region="eu-west-1",
        name=more.pop("name", id_),
        labels=labels,
        **more,
    )


def gap(resource: str, *fields: str) -> Gap:
    return Gap(
        call="s3:GetBucketTagging",
        account="111111111111",
        region="eu-west-1",
        resource=resource,
        reason="denied",
        hides=fields,
        needs="s3:GetBucketTagging",
    )


def role(*actions: str, service: str = "lambda.amazonaws.com") -> Resource:
    def policy(kind: PolicyRole, statement: dict[str, Any]) -> Policy:
        body = json.dumps({"Version": "2012-10-17", "Statement": [statement]}).encode()
        return Policy(role=kind, id=kind.value, document=msgspec.Raw(body), source=Source(call=0, pointer=""))

    return thing(
        ROLE,
        Label.IDENTITY,
        kind="aws.iam.role",
        policies=(
            policy(
                PolicyRole.TRUST,
                {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"},
            ),
            policy(PolicyRole.INLINE, {"Effect": "Allow", "Action": list(actions), "Resource": "*"}),
        ),
    )


def function(
    name: str = "worker", *, environment: tuple[str, ...] = (), refs: tuple[Ref, ...] = (), **attrs: Any
) -> Resource:
    return thing(
        f"arn:aws:lambda:eu-west-1:111111111111:function:{name}",
        Label.WORKLOAD,
        kind="aws.lambda.function",
        name=name,
        refs=(Ref(name="runs_as", target=ROLE), *refs),
        attrs={"environment_names": list(environment), **attrs},
    )


@pytest.mark.parametrize(
    ("tags", "name", "value", "grade"),
    [
        ({"data-class": "restricted"}, "x", "D3", "E3"),
        ({"DataClassification": "Confidential"}, "x", "D2", "E3"),
        ({"Classification": "public"}, "customers", "D0", "E3"),
        ({"sensitivity": "Internal Use"}, "x", "D1", "E3"),
        ({"data_class": "D3"}, "x", "D3", "E3"),
        ({"contains-pii": "TRUE"}, "x", "D2", "E3"),
        ({"contains-pii": "false"}, "x", "D1", "E1"),
        ({"classification": "bananas"}, "x", "D1", "E1"),
        ({}, "northwind-customer-exports", "D2", "E1"),
        ({}, "patient-images", "D3", "E1"),
        ({}, "www-static", "D0", "E1"),
        ({}, "build-cache", "D1", "E1"),
    ],
)
def test_sensitivity(tags: dict[str, str], name: str, value: str, grade: str) -> None:
    found = classify(Inventory.of([thing("b", Label.DATA_STORE, name=name, tags=tags)]))
    assert (found.attrs["b"]["sensitivity"], found.grades["b", "sensitivity"]) == (value, grade)
    assert found.evidence["b", "sensitivity"]


def test_sensitivity_by_use_and_type() -> None:
    store = thing("corpus", Label.DATA_STORE)
    prompts = thing("logs", Label.DATA_STORE)
    knowledge = thing("kb", Label.KNOWLEDGE, kind="aws.bedrock.knowledge_base")
    source = thing(
        "ds",
        kind="aws.bedrock.data_source",
        refs=(Ref(name="fed_by", target="corpus"), Ref(name="part_of", target="kb")),
    )
    settings = thing(
        "settings",
        kind="aws.bedrock.settings",
        attrs={"prompt_text_logged": True},
        refs=(Ref(name="logs_to", target="logs"),),
    )
    secret = thing("secret", Label.SECRET, Label.DATA_STORE)
    found = classify(Inventory.of([store, prompts, knowledge, source, settings, secret]))
    assert {key: found.grades[key, "sensitivity"] for key in ("corpus", "logs", "kb", "secret")} == {
        "corpus": "E2", "logs": "E2", "kb": "E2", "secret": "E3",
    }  # fmt: skip
    assert {found.attrs[key]["sensitivity"] for key in ("corpus", "logs", "kb", "secret")} == {"D2"}


def test_the_topic_of_a_single_setting_says_nothing_of_its_sensitivity() -> None:
    setting = thing(
        "p",
        Label.DATA_STORE,
        kind="aws.ssm.parameter",
        name="/hr/office-hours",
        attrs={"parameter_type": "plain"},
    )
    bucket = thing("b", Label.DATA_STORE, name="hr-files")
    found = classify(Inventory.of([setting, bucket]))
    assert (found.attrs["p"]["sensitivity"], found.attrs["b"]["sensitivity"]) == ("D1", "D2")


def test_hidden_tags_leave_sensitivity_and_owner_unseen() -> None:
    found = classify(Inventory.of([thing("b", Label.DATA_STORE)], gaps=[gap("b", "tags")]))
    assert (found.attrs["b"]["sensitivity"], found.grades["b", "sensitivity"]) == (None, "E0")
    assert (found.attrs["b"]["owner"], found.grades["b", "owner"]) == (None, "E0")


@pytest.mark.parametrize(
    ("tags", "name", "account", "expected"),
    [
        ({"Environment": "Production"}, "dev-x", "", ("prod", "E3")),
        ({"env": "UAT"}, "x", "", ("staging", "E3")),
        ({}, "orders-prod-db", "", ("prod", "E1")),
        ({}, "orders", "northwind-prod", ("prod", "E2")),
        ({"tier": "web"}, "sandboxWorker", "", ("dev", "E1")),
        ({}, "product-images", "", None),
    ],
)
def test_environment(tags: dict[str, str], name: str, account: str, expected: tuple[str, str] | None) -> None:
    found = classify(Inventory.of([thing("b", name=name, tags=tags)], accounts={"111111111111": account}))
    got = found.attrs["b"].get("environment")
    assert ((got, found.grades["b", "environment"]) if got else None) == expected


def test_owner() -> None:
    found = classify(Inventory.of([thing("a", tags={"Team": "payments"}), thing("b", tags={"Team": "  "})]))
    assert found.attrs["a"]["owner"] == "payments"
    assert found.attrs["b"]["owner"] is None
    assert found.grades["b", "owner"] == "E3"


def agent_class(*resources: Resource, name: str = "worker") -> tuple[str | None, bool]:
    key = f"arn:aws:lambda:eu-west-1:111111111111:function:{name}"
    found = classify(Inventory.of(resources))
    return found.attrs[key].get("agent_class"), Label.AGENT in found.labels.get(key, ())


TRIGGER = (Ref(name="triggered_by", target="arn:aws:sqs:eu-west-1:111111111111:q"),)


def test_a_triggered_function_with_a_model_key_and_power_is_probably_an_agent() -> None:
    worker = function(environment=("OPENAI_API_KEY",), refs=TRIGGER)
    assert agent_class(worker, role("dynamodb:PutItem", "s3:*")) == ("probable_agent", True)


def test_each_fact_that_is_missing_lowers_the_class() -> None:
    strong = role("dynamodb:PutItem")
    assert agent_class(function(environment=("OPENAI_API_KEY",)), strong) == ("possible_agent", False)
    assert agent_class(function(environment=("OPENAI_API_KEY",), refs=TRIGGER), role("s3:GetObject")) == (
        "llm_client",
        False,
    )
    assert agent_class(function(refs=TRIGGER), strong) == (None, False)
    assert agent_class(function(environment=("DB_HOST",)), role("s3:GetObject")) == (None, False)


def test_ten_variables_are_not_ten_votes() -> None:
    names = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "MISTRAL_API_KEY", "GROQ_API_KEY")
    assert agent_class(function(environment=names), role("logs:PutLogEvents")) == ("llm_client", False)


def test_framework_and_model_permission() -> None:
    worker = function(environment=("LANGGRAPH_URL",), handler="agent.handler")
    assert agent_class(worker, role("bedrock:InvokeModel", "ec2:TerminateInstances"))[0] == "probable_agent"


def test_power_may_come_from_a_key_in_the_configuration() -> None:
    user = "arn:aws:iam::111111111111:user/reporting"
    body = json.dumps({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}).encode()
    policy = Policy(
        role=PolicyRole.INLINE, id="p", document=msgspec.Raw(body), source=Source(call=0, pointer="")
    )
    person = thing(user, Label.IDENTITY, kind="aws.iam.user", policies=(policy,))
    key = thing(
        "key",
        Label.CREDENTIAL,
        kind="aws.iam.access_key",
        attrs={"aliases": ["AKIA1"]},
        refs=(Ref(name="authenticates_as", target=user),),
    )
    seen = Sighting(
        detector="aws-access-key",
        field="environment.K",
        length="20-39",
        grade="verified-format",
        public_id="AKIA1",
    )
    worker = msgspec.structs.replace(
        function(environment=("OPENAI_API_KEY", "LANGCHAIN_PROJECT")), sightings=(seen,)
    )
    assert agent_class(worker, role("logs:PutLogEvents"), person, key) == ("probable_agent", True)
    assert agent_class(worker, role("logs:PutLogEvents"), person) == ("possible_agent", False)


def test_tool_hosts_model_hosts_and_false_friends() -> None:
    tool = thing(
        "tool",
        Label.TOOL,
        kind="aws.bedrock.action_group",
        refs=(Ref(name="executed_by", target=function().id),),
    )
    assert (
        agent_class(tool, function(environment=("OPENAI_API_KEY",)), role("s3:PutObject"))[0] == "tool_host"
    )
    assert agent_class(function(image="ghcr.io/ollama/ollama:latest"), role())[0] == "model_host"
    friend = function("datadog-agent-forwarder", environment=("OPENAI_API_KEY",), refs=TRIGGER)
    assert agent_class(friend, role("*"), name="datadog-agent-forwarder") == ("false_friend", False)


def test_the_word_agent_alone_says_nothing() -> None:
    assert agent_class(
        function("insurance-quotes-agent"), role("dynamodb:PutItem"), name="insurance-quotes-agent"
    ) == (None, False)


def test_declared_agents() -> None:
    agent = thing("agent", Label.AGENT, kind="aws.bedrock.agent")
    found = classify(Inventory.of([agent]))
    assert (found.attrs["agent"]["agent_class"], found.grades["agent", "agent_class"]) == (
        "declared_agent",
        "E3",
    )


def tool(**attrs: Any) -> dict[str, Any]:
    found = classify(Inventory.of([thing("t", Label.TOOL, kind="aws.bedrock.action_group", attrs=attrs)]))
    return {name: found.attrs["t"].get(name) for name in ("openness", "impact")}


def test_tools() -> None:
    assert tool(tool_kind="code_interpreter") == {"openness": "open", "impact": "high"}
    assert tool(tool_kind="lambda", operations=["getOrder"]) == {"openness": "closed", "impact": "low"}
    assert tool(tool_kind="lambda", operations=["getOrder", "refundOrder"]) == {
        "openness": "closed",
        "impact": "high",
    }
    assert tool(tool_kind="lambda", operations=["createTicket"]) == {"openness": "closed", "impact": "medium"}
    assert tool(tool_kind="lambda", operations=["runSql"])["openness"] == "open"
    assert tool(tool_kind="lambda", operations=[]) == {"openness": "unknown", "impact": "medium"}
    assert tool(tool_kind="knowledge") == {"openness": "closed", "impact": "low"}


def test_hidden_operations_are_unknown() -> None:
    inventory = Inventory.of(
        [thing("t", Label.TOOL, kind="aws.bedrock.action_group", attrs={"tool_kind": "lambda"})],
        gaps=[gap("t", "attrs.operations")],
    )
    found = classify(inventory)
    assert found.attrs["t"]["openness"] == "unknown"
    assert found.grades["t", "impact"] == "E0"


@pytest.mark.parametrize(
    ("operation", "impact"),
    [
        ("GetOrderStatus", "low"), ("list_tickets", "low"), ("deleteUser", "high"), ("update-iam-policy", "high"),
        ("create_user", "high"), ("createTicket", "medium"), ("send_email", "high"), ("DELETE /orders/{id}", "high"),
        ("GET /orders", "low"), ("POST /orders", "medium"), ("frobnicate", "medium"), ("issueRefund", "high"),
        ("update_security_group", "high"), ("check_balance", "low"),
    ],
)  # fmt: skip
def test_operation_impact(operation: str, impact: str) -> None:
    assert operation_impact(operation) == impact


def test_words_and_open_operations() -> None:
    assert words("HTTPServer-getOrder_status2") == ("http", "server", "get", "order", "status", "2")
    assert contains("my-cloudwatch-agent-x", ["cloudwatch-agent"]) == "cloudwatch-agent"
    assert contains("mycloudwatch-agents", ["cloudwatch-agent"]) is None
    assert is_open_operation("runPythonCode")
    assert not is_open_operation("runReport")
