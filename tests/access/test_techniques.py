"""Every technique fires on an account built for it, and is silent once one thing of it is changed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aisposture.access import evaluate
from aisposture.access.technique_page import judgements, page
from aisposture.access.techniques import Technique, techniques
from aisposture.model import ids
from aisposture.model.graph import EdgeKind, EdgeRow, State
from aisposture.model.inventory import Inventory
from aisposture.model.resource import Resource
from tests.access import makers
from tests.access.makers import A

STRONG = f"arn:aws:iam::{A}:role/strong"
CALLER = f"arn:aws:iam::{A}:user/mallory"
OTHER_SERVICE = "cloudtrail.amazonaws.com"
_STEM = f"arn:aws:%s:us-east-1:{A}:%s"
ARNS = {
    "aws.apprunner.service": _STEM % ("apprunner", "service/web/8fe1e10304f84fd2b0df550fe98a71fa"),
    "aws.cloudformation.stack": _STEM % ("cloudformation", "stack/app/1b2c3d4e"),
    "aws.cloudformation.stack_set": _STEM % ("cloudformation", "stackset/base:1b2c3d4e"),
    "aws.codebuild.project": _STEM % ("codebuild", "project/app"),
    "aws.ec2.instance": _STEM % ("ec2", "instance/i-0123456789abcdef0"),
    "aws.ec2.launch_template": _STEM % ("ec2", "launch-template/lt-0123456789abcdef0"),
    "aws.ecs.cluster": _STEM % ("ecs", "cluster/main"),
    "aws.ecs.task": _STEM % ("ecs", "task/main/0123456789"),
    "aws.ecs.task_definition": _STEM % ("ecs", "task-definition/app:3"),
    "aws.eks.cluster": _STEM % ("eks", "cluster/main"),
    "aws.glue.dev_endpoint": _STEM % ("glue", "devEndpoint/dev"),
    "aws.glue.job": _STEM % ("glue", "job/etl"),
    "aws.lambda.function": _STEM % ("lambda", "function:worker"),
    "aws.autoscaling.group": _STEM % ("autoscaling", "autoScalingGroup:1b2c:autoScalingGroupName/app"),
    "aws.batch.job_definition": _STEM % ("batch", "job-definition/etl:1"),
    "aws.states.state_machine": _STEM % ("states", "stateMachine:flow"),
    "aws.codedeploy.deployment_group": _STEM % ("codedeploy", "deploymentgroup:app/prod"),
    "aws.cognito.identity_pool": _STEM % ("cognito-identity", "identitypool/us-east-1:1b2c"),
    "aws.agentcore.code_interpreter": _STEM % ("bedrock-agentcore", "code-interpreter-custom/ci-1"),
    "aws.agentcore.runtime": _STEM % ("bedrock-agentcore", "runtime/agent-1"),
    "aws.agentcore.browser": _STEM % ("bedrock-agentcore", "browser-custom/b-1"),
    "aws.agentcore.gateway": _STEM % ("bedrock-agentcore", "gateway/g-1"),
    "aws.bedrock.agent": _STEM % ("bedrock", "agent/AGENT12345"),
    "aws.bedrock.guardrail": _STEM % ("bedrock", "guardrail/gr-1"),
    "aws.sagemaker.notebook_instance": _STEM % ("sagemaker", "notebook-instance/lab"),
    "aws.iam.policy": f"arn:aws:iam::{A}:policy/team",
    "aws.iam.group": f"arn:aws:iam::{A}:group/team",
    "aws.iam.user": f"arn:aws:iam::{A}:user/victim",
    "aws.iam.role": f"arn:aws:iam::{A}:role/victim",
}
ARNS["aws.bedrock.action_group"] = ids.child(ARNS["aws.bedrock.agent"], "action_group", "AG1")
EVERYTHING = makers.allow("*")
BOUNDARY = f"arn:aws:iam::{A}:policy/limit"


class Stage:
    """An account in which one technique works, with switches that break one thing each."""

    def __init__(
        self,
        technique: Technique,
        *,
        without: str = "",
        service: str = "",
        passed_to: str = "",
        where: dict[str, Any] | None = None,
    ) -> None:
        self.technique = technique
        self.without = without
        self.service = service or (technique.services[0] if technique.services else "ec2.amazonaws.com")
        self.passed_to = passed_to
        self.where = where or {}
        target = technique.target
        self.by_role = target is not None and target.who == "self" and "aws.iam.role" in target.kinds
        self.caller = f"arn:aws:iam::{A}:role/mallory" if self.by_role else CALLER

    def inventory(self) -> Inventory:
        found = [makers.account(), self.caller_itself(), self.strong(), *self.existing()]
        found.append(makers.managed("limit", EVERYTHING))
        return Inventory.of(found)

    def statements(self) -> list[dict[str, Any]]:
        found = []
        for action in sorted({leg.action for leg in self.technique.legs}):
            if action == self.without:
                found.append(makers.allow("sts:DecodeAuthorizationMessage"))
            elif action == "iam:PassRole" and self.passed_to:
                test = {"StringEquals": {"iam:PassedToService": self.passed_to}}
                found.append(makers.allow(action, STRONG, Condition=test))
            else:
                found.append(makers.allow(action))
        return found

    def caller_itself(self) -> Resource:
        target = self.technique.target
        more: dict[str, Any] = {}
        if target is not None and target.who == "attached":
            more["has_policy"] = ARNS["aws.iam.policy"]
        if target is not None and target.who == "member":
            more["member_of"] = ARNS["aws.iam.group"]
        if target is not None and target.who == "self" and target.bounded:
            more["bounded_by"] = BOUNDARY
        if self.by_role:
            return makers.role("mallory", [self.trust()], *self.statements(), **more)
        return makers.user("mallory", *self.statements(), **more)

    def trust(self) -> dict[str, Any]:
        if self.service == "cognito-identity.amazonaws.com":
            return makers.trust({"Federated": self.service}, "sts:AssumeRoleWithWebIdentity")
        return makers.trust({"Service": self.service})

    def strong(self) -> Resource:
        return makers.role("strong", [self.trust()], attrs={"service_linked": True})

    def existing(self) -> Iterator[Resource]:
        technique = self.technique
        kinds = {technique.needs} if technique.needs else set()
        kinds |= {leg.on[4:] for leg in technique.legs if leg.on.startswith("any:")}
        for kind in sorted(kinds):
            yield makers.resource(ARNS[kind], kind)
        target = technique.target
        if target is None or target.who == "self":
            return
        kind = target.kinds[0]
        attrs = {**target.where, **self.where}
        pairs: dict[str, Any] = {}
        if technique.leads_to.startswith("ref:"):
            name, _, rest = technique.leads_to[4:].partition(".")
            pairs[name] = ARNS["aws.lambda.function"] if rest else STRONG
            if rest:
                yield makers.resource(ARNS["aws.lambda.function"], "aws.lambda.function", runs_as=STRONG)
        if any(leg.on == "ref:guarded_by" for leg in technique.legs):
            pairs["guarded_by"] = ARNS["aws.bedrock.guardrail"]
            yield makers.resource(ARNS["aws.bedrock.guardrail"], "aws.bedrock.guardrail")
        yield from self.victim(kind, attrs, pairs)

    def victim(self, kind: str, attrs: dict[str, Any], pairs: dict[str, Any]) -> Iterator[Resource]:
        target = self.technique.target
        if target is not None and target.bounded:
            pairs["bounded_by"] = BOUNDARY
        if kind == "aws.iam.role":
            pairs["has_policy"] = ARNS["aws.iam.policy"]
            yield makers.managed("team", makers.allow("s3:ListAllMyBuckets"))
            root = {"AWS": f"arn:aws:iam::{A}:root"}
            yield makers.role("victim", [makers.trust(root)], attrs=attrs, **pairs)
        elif kind == "aws.iam.policy":
            yield makers.managed("team", makers.allow("s3:ListAllMyBuckets"))
        elif kind == "aws.iam.group":
            yield makers.group("team", makers.allow("s3:ListAllMyBuckets"))
        elif kind == "aws.iam.user":
            yield makers.user("victim", attrs=attrs, **pairs)
            free = target.free_key_slot if target is not None else None
            for number in range(2 if free is False else 1):
                yield makers.resource(
                    ids.child(ARNS[kind], "access_key", f"AKIA{number}"),
                    "aws.iam.access_key",
                    region="global",
                    authenticates_as=ARNS[kind],
                )
        else:
            yield makers.resource(ARNS[kind], kind, attrs=attrs, **pairs)

    def edges(self) -> list[EdgeRow]:
        rows = evaluate(self.inventory()).edges
        if self.technique.edge is EdgeKind.CAN_ASSUME:
            return [row for row in rows if row.kind is EdgeKind.CAN_ASSUME and row.source == self.caller]
        return [
            row
            for row in rows
            if row.kind is EdgeKind.CAN_ESCALATE
            and row.source == self.caller
            and dict(row.attrs)["technique"] == self.technique.id
        ]

    def target(self) -> str:
        if self.technique.leads_to == "admin":
            return ids.admin_sink(A)
        if self.technique.leads_to == "self" and self.technique.target is not None:
            return ARNS[self.technique.target.kinds[0]]
        return STRONG


ALL = techniques()
each = pytest.mark.parametrize("technique", ALL, ids=[one.id for one in ALL])


@each
def test_fires_where_it_works(technique: Technique) -> None:
    stage = Stage(technique)
    rows = stage.edges()
    assert [row.target for row in rows] == [stage.target()]
    assert rows[0].state is (State.CONFIRMED if technique.certain else State.POSSIBLE)
    assert rows[0].evidence
    assert technique.edge is EdgeKind.CAN_ASSUME or dict(rows[0].attrs)["yields"] == technique.yields


@each
def test_silent_without_any_one_permission(technique: Technique) -> None:
    for action in {leg.action for leg in technique.legs}:
        assert Stage(technique, without=action).edges() == [], action


passing = [one for one in ALL if one.services]


@pytest.mark.parametrize("technique", passing, ids=[one.id for one in passing])
def test_passing_a_role_heeds_trust_and_service(technique: Technique) -> None:
    assert Stage(technique, service=OTHER_SERVICE).edges() == []
    assert Stage(technique, passed_to=OTHER_SERVICE).edges() == []
    service = next(leg.service for leg in technique.legs if leg.service)
    [row] = Stage(technique, passed_to=service).edges()
    assert dict(row.attrs)["pass_restricted"] is True
    [free] = Stage(technique).edges()
    assert dict(free.attrs)["pass_restricted"] is False


bound_to_facts = [
    (one, {name: not value})
    for one in ALL
    if one.target is not None
    for name, value in one.target.where.items()
]


@pytest.mark.parametrize(
    ("technique", "where"),
    bound_to_facts,
    ids=[f"{one.id}-{next(iter(where))}" for one, where in bound_to_facts],
)
def test_silent_where_a_fact_stops_it(technique: Technique, where: dict[str, Any]) -> None:
    assert Stage(technique, where=where).edges() == []
    unread = dict.fromkeys(where)
    assert [row.state for row in Stage(technique, where=unread).edges()] == [State.POSSIBLE]


def test_code_signing_stops_new_code() -> None:
    signed = [one for one in ALL if "code_signing" in one.cut_by]
    assert {one.id for one in signed} >= {"lambda-003", "lambda-004", "lambda-005", "lambda-layer"}
    for one in signed:
        assert Stage(one, where={"code_signing": "enforce"}).edges() == []


PUBLISHED = {
    "apprunner": [1, 2],
    "bedrock": [1, 2],
    "cloudformation": [1, 2, 3, 4, 5],
    "codebuild": [1, 2, 3, 4],
    "datapipeline": [1],
    "ec2": [1, 2, 3, 4],
    "ec2instanceconnect": [3],
    "ecs": [1, 2, 3, 4, 5],
    "glue": [1, 2, 3, 4, 5, 6],
    "iam": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21],
    "lambda": [1, 2, 3, 4, 5, 6],
    "sagemaker": [1, 2, 3, 4, 5],
    "ssm": [1, 2],
    "sts": [1],
}
"""Numbers of the published ids, by prefix."""


def test_every_published_id_is_there() -> None:
    published = {f"{prefix}-{number:03}" for prefix, numbers in PUBLISHED.items() for number in numbers}
    assert published <= {one.id for one in ALL}
    assert len(published) == 65


def test_judgements_name_techniques() -> None:
    known = {one.id for one in ALL}
    for name, judged in judgements().items():
        assert set(judged.get("covered_by", ())) <= known, name
        assert judged["why"]


def test_the_page_is_up_to_date() -> None:
    written = Path(__file__).parents[2] / "docs" / "escalation-aws.md"
    assert written.read_text("utf-8") == page()
