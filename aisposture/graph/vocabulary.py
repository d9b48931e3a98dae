"""What each kind of edge means, between what it runs, and which builder draws it; ``docs/kinds.md`` is written from it."""

from functools import cache
from pathlib import Path

import yaml
from msgspec import Struct

from aisposture import access
from aisposture.model.attributes import REFS
from aisposture.model.graph import EdgeKind, Label


class EdgeMeaning(Struct, frozen=True):
    """A kind of edge for people.

    Attributes:
        ends: from what to what.
        builders: modules that draw it, apart from ``access`` capabilities and refs, which are looked up.
        attrs: edge attributes it may carry.
    """

    meaning: str
    ends: str
    builders: tuple[str, ...] = ()
    attrs: tuple[str, ...] = ()


def _e(meaning: str, ends: str, *builders: str, attrs: tuple[str, ...] = ()) -> EdgeMeaning:
    return EdgeMeaning(meaning, ends, builders, attrs)


_PRINCIPAL = "Identity or actor"

EDGES: dict[EdgeKind, EdgeMeaning] = {
    EdgeKind.EXPOSES: _e(
        "a class of actors can open a connection or make a call",
        "actor to Endpoint, Workload or Agent",
        "exposure",
        "exposure.endpoints",
        attrs=("auth", "audience", "ip_restricted", "ports", "waf"),
    ),
    EdgeKind.FRONTS: _e(
        "whoever reaches the one reaches the other",
        "Endpoint to Workload or Agent; Workload or AgentVersion to Agent",
        "graph.build_refs",
    ),
    EdgeKind.NETWORK_REACH: _e(
        "packets pass all filters and routes between two places",
        "Workload to Workload or DataStore",
        "exposure.lateral",
        attrs=("ports",),
    ),
    EdgeKind.EGRESS_TO: _e(
        "connections out of the network are possible",
        "Workload to External",
        "exposure",
        attrs=("ip_restricted", "ports"),
    ),
    EdgeKind.FEEDS: _e(
        "content of the one is text that the other reads",
        "DataStore, Channel, WebContent or Knowledge to Knowledge or Agent",
        "graph.build_refs",
        attrs=("via", "scanned"),
    ),
    EdgeKind.TRIGGERS: _e(
        "an event of the one starts the other",
        "Channel or DataStore to Workload or Agent",
        "graph.build_refs",
        attrs=("gate",),
    ),
    EdgeKind.AUTHORS: _e("writes what is read there", "actor to WebContent", "graph.build_refs"),
    EdgeKind.EMITS: _e("sends what it makes", "resource to Channel or DataStore"),
    EdgeKind.PUBLISHES: _e("puts artefacts where others load them", "Publisher to Artifact"),
    EdgeKind.MAY_CONTAIN: _e("records may hold secrets", "LogSink or Memory to Secret"),
    EdgeKind.USES_TOOL: _e("the model may call it", "Agent to Tool", "graph.build_agents", attrs=("gate",)),
    EdgeKind.ACTS_AS: _e(
        "what the model can be made to do spends this identity",
        "Agent or Tool to Identity",
        "graph.build_agents",
        attrs=("openness", "takeover"),
    ),
    EdgeKind.DELEGATES_TO: _e("hands tasks on", "Agent to Agent", "graph.build_refs"),
    EdgeKind.LOADS: _e(
        "runs code or weights from it", "Workload or Agent to Artifact, Image or Model", attrs=("pinned",)
    ),
    EdgeKind.HOSTED_ON: _e("is carried out by", "Tool or Agent to Workload", "graph.build_agents"),
    EdgeKind.RUNS_AS: _e("code there has the whole identity", "Workload to Identity", "graph.build_agents"),
    EdgeKind.CAN_ASSUME: _e(
        "may take a session of it",
        f"{_PRINCIPAL} to Identity",
        "access.edges",
        attrs=("external_id", "cross_account"),
    ),
    EdgeKind.FEDERATES: _e(
        "a subject of another issuer may take a session",
        "federated subject to Identity",
        "access.federation",
        attrs=("subject",),
    ),
    EdgeKind.MAPS_TO: _e("a cluster's account stands for a cloud identity", "Identity to Identity"),
    EdgeKind.BOUND_TO: _e("a cluster role is bound", "Identity to Identity"),
    EdgeKind.MEMBER_OF: _e("is in the group", "Identity to Group"),
    EdgeKind.CONSENTED: _e("an application was given scopes", "Vendor to Identity"),
    EdgeKind.CAN_ESCALATE: _e(
        "known technique by which it becomes the other",
        "Identity to Identity, Workload or Sink",
        "access.techniques",
        attrs=("technique", "yields", "pass_restricted"),
    ),
    EdgeKind.CAN_ADD_CREDENTIAL: _e(
        "may make credentials of it", "Identity to Identity", "access.techniques"
    ),
    EdgeKind.CAN_MINT: _e("may issue tokens of it", "Identity to Identity"),
    EdgeKind.CONTAINS_SECRET: _e(
        "a secret was seen in its configuration",
        "Workload or Template to Credential",
        "graph.build_secrets",
        attrs=("detector_grade",),
    ),
    EdgeKind.AUTHENTICATES_AS: _e(
        "the credential opens this identity, or something outside",
        "Credential to Identity or External",
        "graph.build_secrets",
        attrs=("resolved", "detector_grade"),
    ),
    EdgeKind.STEALS_VIA_IMDS: _e(
        "a request forged on the host is answered with the credentials",
        "Workload to Identity",
        "graph.build_secrets",
        attrs=("imds_version",),
    ),
    EdgeKind.ESCAPES_TO: _e("code in it can reach its host", "Workload to Workload"),
    EdgeKind.CAN_READ: _e("reads the content", f"{_PRINCIPAL} to DataStore, Secret ..."),
    EdgeKind.CAN_WRITE: _e("writes the content", f"{_PRINCIPAL} to DataStore ..."),
    EdgeKind.CAN_DELETE: _e("destroys it or its content", f"{_PRINCIPAL} to resource"),
    EdgeKind.CAN_LIST: _e("sees what is in it", f"{_PRINCIPAL} to DataStore"),
    EdgeKind.CAN_INVOKE: _e("calls it", f"{_PRINCIPAL} to Agent, Tool, Workload or Model"),
    EdgeKind.CAN_SEND: _e("sends messages to it", f"{_PRINCIPAL} to Channel"),
    EdgeKind.CAN_PUSH: _e("pushes artefacts into it", f"{_PRINCIPAL} to Registry"),
    EdgeKind.CAN_INGEST: _e("has content taken in", f"{_PRINCIPAL} to Knowledge or Memory"),
    EdgeKind.CAN_READ_CONFIG: _e("reads its configuration", f"{_PRINCIPAL} to Workload ..."),
    EdgeKind.CAN_MODIFY: _e("changes its code or definition", f"{_PRINCIPAL} to Workload, Agent or Tool"),
    EdgeKind.CAN_WEAKEN_CONTROL: _e("takes a control away or weakens it", f"{_PRINCIPAL} to control"),
    EdgeKind.CAN_EXECUTE_ON: _e("runs commands in it", f"{_PRINCIPAL} to Workload"),
    EdgeKind.CAN_CREATE: _e("makes such objects", f"{_PRINCIPAL} to scope"),
    EdgeKind.CAN_REPUBLISH: _e(
        "opens it to others by policy, replication or copy", f"{_PRINCIPAL} to DataStore"
    ),
    EdgeKind.CAN_SHARE: _e("shares it with other accounts", f"{_PRINCIPAL} to Image or Backup"),
    EdgeKind.CAN_OPEN_NETWORK: _e("opens filters or routes", f"{_PRINCIPAL} to network or Sink"),
    EdgeKind.CAN_ADMINISTER_KEYS: _e("changes who may use a key, or ends it", f"{_PRINCIPAL} to Key or Sink"),
    EdgeKind.CAN_WEAKEN_LOGGING: _e("stops or changes records", f"{_PRINCIPAL} to LogSink or Sink"),
    EdgeKind.CAN_CHANGE_ACCESS: _e(
        "changes who may do what", f"{_PRINCIPAL} to Identity or Sink", "graph.facts_tier"
    ),
    EdgeKind.CAN_DEPLOY: _e("brings new code into operation", f"{_PRINCIPAL} to Pipeline or Sink"),
    EdgeKind.CAN_SPEND: _e("causes cost", f"{_PRINCIPAL} to Sink"),
    EdgeKind.CAN_PROVISION: _e("makes compute", f"{_PRINCIPAL} to Sink"),
    EdgeKind.CAN_PAY: _e("moves money", f"{_PRINCIPAL} to Tool"),
    EdgeKind.CAN_REQUEST: _e("asks for an approval", f"{_PRINCIPAL} to Approval"),
    EdgeKind.CAN_APPROVE: _e("gives an approval", f"{_PRINCIPAL} to Approval"),
    EdgeKind.CONTAINS: _e("has it inside", "scope or whole to part", "graph.build"),
    EdgeKind.HOLDS: _e(
        "the Grant is one of its own", f"{_PRINCIPAL} to Grant", "graph.build", "graph.facts_tier"
    ),
    EdgeKind.COVERS: _e(
        "the Grant's verb reaches it",
        "Grant to resource, scope or Sink",
        "graph.build",
        "graph.facts_tier",
        attrs=("prefix",),
    ),
    EdgeKind.EXCLUDES: _e("the exception of a Grant over a scope", "Grant to resource", "graph.build"),
    EdgeKind.REPLICATES_TO: _e("copies itself there", "DataStore to DataStore"),
    EdgeKind.SHARES: _e("is shared with", "Image or Backup to account or actor"),
    EdgeKind.GATED_BY: _e("a person confirms each use", "Tool or Agent to Approval", "graph.build_agents"),
    EdgeKind.PROTECTED_BY: _e(
        "a filter or guardrail stands before it",
        "Agent or Endpoint to Guardrail, Workload or DataStore to filter",
        "graph.build_agents",
        "graph.build_context",
    ),
    EdgeKind.LOGS_TO: _e("its records go there", "resource to LogSink or DataStore", "graph.build_logging"),
    EdgeKind.BOUNDED_BY: _e("a boundary limits it", "Identity to Boundary"),
    EdgeKind.LIMITED_BY: _e("a budget or quota limits it", "resource to Budget"),
    EdgeKind.OWNED_BY: _e("somebody answers for it", "resource to Insider", "graph.build_context"),
    EdgeKind.ENCRYPTED_BY: _e("its content is encrypted with", "DataStore, Secret or Agent to Key"),
    EdgeKind.REGISTERED_IN: _e("stands in a register of agents", "Agent to Registry", "graph.build_context"),
}
"""Every kind of edge."""

DRAWN_LABELS: dict[Label, str] = {
    Label.INTERNET: "graph.build",
    Label.ANONYMOUS: "graph.build",
    Label.ANY_ACCOUNT: "graph.build",
    Label.ANY_AUTHENTICATED: "graph.build",
    Label.EXT_AUTHOR: "graph.build",
    Label.EXT_ACCOUNT: "graph.drafting",
    Label.VENDOR: "graph.build",
    Label.GRANT: "graph.build",
    Label.SINK: "graph.build",
    Label.EXTERNAL: "graph.build",
    Label.ACCOUNT: "graph.build",
    Label.WEB_CONTENT: "graph.build_refs",
    Label.CHANNEL: "graph.build_refs",
    Label.APPROVAL: "graph.build_agents",
    Label.CREDENTIAL: "graph.build_secrets",
    Label.BOUNDARY: "graph.build_refs",
    Label.LOG_SINK: "graph.build_refs",
    Label.MODEL: "graph.build_refs",
    Label.INSIDER: "graph.build_context",
}
"""Labels of nodes that no collector makes, with the module that does."""


@cache
def granted() -> frozenset[EdgeKind]:
    """The verbs that some capability of ``access`` grants."""
    found: set[EdgeKind] = set()
    for file in sorted((Path(access.__file__).parent / "data").glob("*/capabilities/*.yaml")):
        for verbs in yaml.safe_load(file.read_text(encoding="utf-8")).values():
            found.update(EdgeKind(verb) for verb in verbs)
    return frozenset(found)


def builders(kind: EdgeKind) -> tuple[str, ...]:
    """The modules that draw edges of ``kind``, and the refs they come from; none where nothing draws it yet."""
    meaning = EDGES[kind]
    by_ref = tuple(f"ref `{name}`" for name, ref in sorted(REFS.items()) if ref.edge is kind)
    by_grant = ("access (Grants)",) if kind in granted() else ()
    modules = tuple(name for name in meaning.builders if _exists(name))
    return (*modules, *by_grant, *by_ref)


def _exists(module: str) -> bool:
    path = Path(__file__).parents[1].joinpath(*module.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()
