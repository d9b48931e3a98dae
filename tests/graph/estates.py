"""Small inventories and hand-made access results for the tests of the graph."""

import json
from typing import Any

import msgspec

from aisposture import classify, exposure
from aisposture.graph.build import build
from aisposture.graph.columns import Graph
from aisposture.graph.facts import derive
from aisposture.model import ids
from aisposture.model.access import AccessResult, Cover, Grant
from aisposture.model.graph import EdgeKind, EdgeRow, EvidenceRef, Label, State
from aisposture.model.inventory import Inventory
from aisposture.model.resource import Gap, Policy, PolicyRole, Ref, Resource, Source

ACCOUNT = "111111111111"
BUCKET = "arn:aws:s3:::corpus"
AGENT = ids.arn("bedrock", "agent/A1", account=ACCOUNT, region="eu-west-1")
TOOL = ids.child(AGENT, "action_group", "T1")
FUNCTION = ids.arn("lambda", "function:helper", account=ACCOUNT, region="eu-west-1")
URL = ids.child(FUNCTION, "url", "$LATEST")
BASE = ids.arn("bedrock", "knowledge-base/K1", account=ACCOUNT, region="eu-west-1")
SOURCE = ids.child(BASE, "data_source", "D1")


def role_arn(name: str, account: str = ACCOUNT) -> str:
    return ids.arn("iam", f"role/{name}", account=account)


def thing(
    id_: str,
    kind: str,
    *labels: Label,
    refs: dict[str, str] | None = None,
    account: str = ACCOUNT,
    **more: Any,
) -> Resource:
    found = tuple(
        Ref(name=name.rstrip("0123456789"), target=target) for name, target in sorted((refs or {}).items())
    )
    return Resource(
        id=id_,
        kind=kind,
        account=account,
        region="eu-west-1",
        name=more.pop("name", id_.rpartition("/")[2]),
        labels=labels,
        refs=found,
        **more,
    )


def role(name: str, **more: Any) -> Resource:
    return thing(role_arn(name, more.get("account", ACCOUNT)), "aws.iam.role", Label.IDENTITY, **more)


def bucket(id_: str = BUCKET, **more: Any) -> Resource:
    return thing(id_, "aws.s3.bucket", Label.DATA_STORE, **more)


def function(**more: Any) -> Resource:
    return thing(FUNCTION, "aws.lambda.function", Label.WORKLOAD, **more)


def url(auth: str = "none") -> Resource:
    return thing(
        URL, "aws.lambda.url", Label.ENDPOINT, refs={"fronts": FUNCTION}, attrs={"auth": auth, "public": True}
    )


def agent(**more: Any) -> Resource:
    return thing(AGENT, "aws.bedrock.agent", Label.AGENT, **more)


def tool(**more: Any) -> Resource:
    return thing(TOOL, "aws.bedrock.action_group", Label.TOOL, **more)


def base(**more: Any) -> Resource:
    return thing(BASE, "aws.bedrock.knowledge_base", Label.KNOWLEDGE, **more)


def source(**more: Any) -> Resource:
    more = {"refs": {"part_of": BASE, "fed_by": BUCKET}, "attrs": {"source_type": "s3"}, **more}
    return thing(SOURCE, "aws.bedrock.data_source", **more)


def policy(*statements: dict[str, Any], kind: PolicyRole = PolicyRole.RESOURCE, name: str = "p") -> Policy:
    body = json.dumps({"Version": "2012-10-17", "Statement": list(statements)}).encode()
    return Policy(role=kind, id=name, document=msgspec.Raw(body), source=Source(call=0, pointer=""))


def open_to_all() -> tuple[Policy, ...]:
    return (policy({"Effect": "Allow", "Principal": "*", "Action": "lambda:Invoke*", "Resource": "*"}),)


def gap(*fields: str, resource: str | None = None, kinds: tuple[str, ...] = ()) -> Gap:
    return Gap(
        call="x:Y",
        account=ACCOUNT,
        region="eu-west-1",
        resource=resource,
        reason="denied",
        hides=fields,
        kinds=kinds,
        needs="x:Y",
    )


class Access:
    """An access result, written down grant by grant."""

    def __init__(self) -> None:
        self.grants: list[Grant] = []
        self.holds: list[tuple[str, str]] = []
        self.edges: list[EdgeRow] = []

    def grant(
        self,
        holder: str,
        verb: EdgeKind,
        target: str,
        *,
        kinds: tuple[str, ...] = (),
        state: State = State.CONFIRMED,
        excludes: tuple[str, ...] = (),
    ) -> "Access":
        name = f"grant:{verb}:{target}:{','.join(kinds)}:{state.name}:{','.join(excludes)}"
        if name not in {grant.id for grant in self.grants}:
            self.grants.append(
                Grant(
                    id=name,
                    verb=verb,
                    state=state,
                    covers=(Cover(target=target, kinds=kinds),),
                    excludes=excludes,
                )
            )
        self.holds.append((holder, name))
        return self

    def edge(
        self, left: str, kind: EdgeKind, right: str, state: State = State.CONFIRMED, **attrs: Any
    ) -> "Access":
        self.edges.append(
            EdgeRow(
                source=left,
                target=right,
                kind=kind,
                state=state,
                attrs=tuple(sorted(attrs.items())),
                evidence=(EvidenceRef(resource=left, field="policies.x"),),
            )
        )
        return self

    def administrator(self, holder: str, account: str = ACCOUNT, state: State = State.CONFIRMED) -> "Access":
        for verb in (
            EdgeKind.CAN_CHANGE_ACCESS,
            EdgeKind.CAN_ADMINISTER_KEYS,
            EdgeKind.CAN_OPEN_NETWORK,
            EdgeKind.CAN_WEAKEN_LOGGING,
            EdgeKind.CAN_EXECUTE_ON,
        ):
            self.grant(holder, verb, ids.sink(verb, account), state=state)
        return self

    def result(self) -> AccessResult:
        return AccessResult(grants=tuple(self.grants), holds=tuple(self.holds), edges=tuple(self.edges))


def graph_of(
    *resources: Resource,
    access: Access | None = None,
    gaps: tuple[Gap, ...] = (),
    params: dict[str, Any] | None = None,
    accounts: dict[str, str] | None = None,
    facts: bool = False,
) -> Graph:
    inventory = Inventory.of(
        resources, gaps=gaps, taken_at="2026-05-01T00:00:00Z", accounts=accounts or {ACCOUNT: "northwind"}
    )
    graph = build(
        inventory,
        (access or Access()).result(),
        exposure.evaluate(inventory),
        classify.classify(inventory),
        params=params or {},
    )
    return derive(graph, inventory, params=params or {}) if facts else graph


def edges(graph: Graph, kind: EdgeKind) -> dict[tuple[str, str], EdgeRow]:
    return {(row.source, row.target): row for row in graph.rows if row.kind is kind}


def value(graph: Graph, node: str, name: str) -> tuple[Any, State] | None:
    return graph.prop(graph.number[node], name)
