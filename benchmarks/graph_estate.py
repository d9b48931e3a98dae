"""A made-up estate of a chosen size as a graph: agents, tools, roles, Grants, stores, networks and ten accounts or more.

Degrees follow a power law: a few roles and groups of Grants are held by thousands, most by one or two.
"""

from random import Random

from aisposture.graph.columns import Graph, GraphBuilder
from aisposture.model import ids
from aisposture.model.graph import EdgeKind, EdgeRow, Label, State

READ, WRITE, DELETE, INVOKE, MODIFY, SEND = (
    EdgeKind.CAN_READ,
    EdgeKind.CAN_WRITE,
    EdgeKind.CAN_DELETE,
    EdgeKind.CAN_INVOKE,
    EdgeKind.CAN_MODIFY,
    EdgeKind.CAN_SEND,
)
VERBS = (READ, WRITE, DELETE, INVOKE, MODIFY, SEND)
SHARES = {
    "agent": 0.01,
    "tool": 0.03,
    "role": 0.22,
    "user": 0.06,
    "lambda": 0.14,
    "instance": 0.08,
    "bucket": 0.26,
    "secret": 0.1,
    "queue": 0.06,
    "knowledge": 0.01,
    "url": 0.03,
}
"""Parts of all nodes."""


class Estate:
    """Builds the graph; ``nodes`` and ``edges`` are met within a few percent."""

    def __init__(self, nodes: int, edges: int, seed: int = 7) -> None:
        self.random = Random(seed)
        self.builder = GraphBuilder()
        self.accounts = [f"{place:012d}" for place in range(max(10, nodes // 10_000))]
        self.wanted = edges
        self.things: dict[str, list[str]] = {}
        for name in self.accounts:
            self.builder.node(ids.account_node(name), (Label.ACCOUNT,), account=name)
        for actor, label in ((ids.INTERNET, Label.INTERNET), (ids.ANY_ACCOUNT, Label.ANY_ACCOUNT)):
            self.builder.node(actor, (label,), props={"trust": "T0" if label is Label.INTERNET else "T1"})
        for kind, share in SHARES.items():
            self.things[kind] = [self.thing(kind, place) for place in range(int(nodes * share))]

    def thing(self, kind: str, place: int) -> str:
        random = self.random
        account = self.accounts[place % len(self.accounts)]
        node = f"arn:aws:{kind}:us-east-1:{account}:{kind}/{place}"
        labels: dict[str, tuple[Label, ...]] = {
            "agent": (Label.AGENT,),
            "tool": (Label.TOOL,),
            "role": (Label.IDENTITY,),
            "user": (Label.IDENTITY,),
            "lambda": (Label.WORKLOAD,),
            "instance": (Label.WORKLOAD,),
            "bucket": (Label.DATA_STORE,),
            "secret": (Label.SECRET, Label.DATA_STORE),
            "queue": (Label.CHANNEL,),
            "knowledge": (Label.KNOWLEDGE,),
            "url": (Label.ENDPOINT,),
        }
        props: dict[str, object] = {"environment": random.choice(("prod", "dev", "unknown"))}
        states = {}
        if kind in {"role", "user"}:
            props["tier"] = random.choices(("P0", "P1", "P2", "P3", "P4"), (1, 3, 10, 40, 46))[0]
            props["trust"] = random.choices(("T2", "T3", "T4"), (5, 50, 45))[0]
            props["idle_days"] = random.randint(0, 400)
        if kind in {"bucket", "secret"}:
            props["sensitivity"] = random.choices(("D0", "D1", "D2", "D3"), (5, 70, 20, 5))[0]
            states["sensitivity"] = State.POSSIBLE
        if kind == "instance":
            props["imds_version"] = random.choice(("v1", "v2"))
        if kind == "agent":
            props["trust"] = random.choice(("T0", "T2", "T3"))
        self.builder.node(node, labels[kind], f"aws.{kind}", account, "us-east-1", node, props, states)
        self.edge(ids.account_node(account), EdgeKind.CONTAINS, node)
        return node

    def edge(self, source: str, kind: EdgeKind, target: str, **attrs: str) -> None:
        state = State.CONFIRMED if self.random.random() < 0.85 else State.POSSIBLE
        row = EdgeRow(
            source=source, target=target, kind=kind, state=state, attrs=tuple(sorted(attrs.items()))
        )
        self.builder.edge(row, self.random.choice((1.0, 0.95, 0.9, 0.85, 0.6, 0.5)))

    def one(self, kind: str) -> str:
        """A thing of ``kind``; low numbers come up far more often."""
        things = self.things[kind]
        return things[int(len(things) * self.random.random() ** 3)]

    def wire(self) -> None:
        self.wire_agents()
        self.wire_workloads()
        for role in self.things["role"]:
            if self.random.random() < 0.3:
                self.edge(self.one("role"), EdgeKind.CAN_ASSUME, role)
            if self.random.random() < 0.05:
                self.edge(role, EdgeKind.CAN_ESCALATE, self.one("role"), technique="pass-role")
        self.grant()

    def wire_agents(self) -> None:
        for agent in self.things["agent"]:
            self.edge(agent, EdgeKind.ACTS_AS, self.one("role"), openness="unknown")
            for _ in range(3):
                self.edge(agent, EdgeKind.USES_TOOL, self.one("tool"))
            self.edge(self.one("knowledge"), EdgeKind.FEEDS, agent)
            self.edge(self.one("queue"), EdgeKind.TRIGGERS, agent)
            self.edge(agent, EdgeKind.DELEGATES_TO, self.one("agent"))
        for tool in self.things["tool"]:
            self.edge(tool, EdgeKind.ACTS_AS, self.one("role"))
            self.edge(tool, EdgeKind.HOSTED_ON, self.one("lambda"))
        for knowledge in self.things["knowledge"]:
            self.edge(self.one("bucket"), EdgeKind.FEEDS, knowledge)

    def wire_workloads(self) -> None:
        for workload in self.things["lambda"] + self.things["instance"]:
            self.edge(workload, EdgeKind.RUNS_AS, self.one("role"))
        for instance in self.things["instance"]:
            if self.random.random() < 0.1:
                self.edge(ids.INTERNET, EdgeKind.EXPOSES, instance, auth="none")
            self.edge(instance, EdgeKind.STEALS_VIA_IMDS, self.one("role"))
        for url in self.things["url"]:
            self.edge(ids.INTERNET, EdgeKind.EXPOSES, url, auth=self.random.choice(("none", "iam")))
            self.edge(url, EdgeKind.FRONTS, self.one("lambda"))
            if self.random.random() < 0.2:
                self.edge(url, EdgeKind.FRONTS, self.one("agent"))

    def grant(self) -> None:
        """Grants until the edges are used up: a fifth over scopes, the rest over named resources."""
        place = 0
        principals = self.things["role"] + self.things["user"]
        while len(self.builder.rows) < self.wanted:
            verb = self.random.choice(VERBS)
            grant = f"grant:{place:08x}"
            place += 1
            self.builder.node(grant, (Label.GRANT,), f"grant.{verb}")
            kinds = {SEND: ("queue",), INVOKE: ("lambda", "agent"), MODIFY: ("lambda", "agent", "tool")}
            wide = self.random.random() < (0.02 if verb in {INVOKE, MODIFY} else 0.2)
            meant = kinds.get(verb, ("bucket", "secret"))
            if wide:
                scope = ids.account_node(self.random.choice(self.accounts))
                names = ",".join(sorted(f"aws.{kind}" for kind in meant))
                self.edge(grant, EdgeKind.COVERS, scope, kinds=names)
                if self.random.random() < 0.3:
                    self.edge(grant, EdgeKind.EXCLUDES, self.one(meant[0]))
            else:
                for _ in range(self.random.randint(1, 12)):
                    self.edge(grant, EdgeKind.COVERS, self.one(self.random.choice(meant)))
            for _ in range(1 + int(20 * self.random.random() ** 4)):
                self.edge(self.random.choice(principals), EdgeKind.HOLDS, grant)
            if self.random.random() < 0.002:
                self.edge(ids.ANY_ACCOUNT, EdgeKind.HOLDS, grant)

    def freeze(self) -> Graph:
        return self.builder.freeze()


def estate(nodes: int, edges: int) -> Graph:
    """A graph of about this size."""
    made = Estate(nodes, edges)
    made.wire()
    return made.freeze()
