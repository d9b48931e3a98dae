"""The closed vocabulary of the graph: states, node labels, edge kinds; and an edge as producers hand it over."""

from enum import IntEnum, StrEnum

from msgspec import Struct


class State(IntEnum):
    """How sure a node test, an edge or a decision is; a conjunction takes the minimum, a choice the maximum."""

    FALSE = 0
    """Read, and not so."""
    UNSEEN = 1
    """Could only stand in something that was not read: makes a rule unknown, never fire."""
    POSSIBLE = 2
    """So if an open condition holds, or by a heuristic."""
    CONFIRMED = 3
    """Read, and so."""

    def negated(self) -> "State":
        """The state of the opposite: certain answers flip, uncertain ones stay what they are."""
        return {State.FALSE: State.CONFIRMED, State.CONFIRMED: State.FALSE}.get(self, self)


class Label(StrEnum):
    """What a node is to an attacker; one resource is one node that carries all its labels."""

    # Actors
    INTERNET = "Internet"
    ANONYMOUS = "Anonymous"
    ANY_ACCOUNT = "AnyAccount"
    ANY_AUTHENTICATED = "AnyAuthenticated"
    EXT_AUTHOR = "ExtAuthor"
    EXT_ACCOUNT = "ExtAccount"
    VENDOR = "Vendor"
    PUBLISHER = "Publisher"
    INSIDER = "Insider"
    # Scope
    ORGANIZATION = "Organization"
    ACCOUNT = "Account"
    REGION = "Region"
    CLUSTER = "Cluster"
    NAMESPACE = "Namespace"
    # Agents
    AGENT = "Agent"
    AGENT_VERSION = "AgentVersion"
    WORKLOAD = "Workload"
    ORCHESTRATOR = "Orchestrator"
    # Identity
    IDENTITY = "Identity"
    GROUP = "Group"
    CREDENTIAL = "Credential"
    SECRET = "Secret"  # noqa: S105 - a label
    CREDENTIAL_PROVIDER = "CredentialProvider"
    GRANT = "Grant"
    # Capability of agents
    TOOL = "Tool"
    GATEWAY = "Gateway"
    MCP_SERVER = "McpServer"
    KNOWLEDGE = "Knowledge"
    VECTOR_STORE = "VectorStore"
    MEMORY = "Memory"
    MODEL = "Model"
    PROMPT = "Prompt"
    # Inputs
    DATA_STORE = "DataStore"
    CHANNEL = "Channel"
    CODE_REPO = "CodeRepo"
    WEB_CONTENT = "WebContent"
    # Supply
    IMAGE = "Image"
    ARTIFACT = "Artifact"
    REGISTRY = "Registry"
    PIPELINE = "Pipeline"
    TEMPLATE = "Template"
    # Controls
    GUARDRAIL = "Guardrail"
    POLICY_ENGINE = "PolicyEngine"
    APPROVAL = "Approval"
    BOUNDARY = "Boundary"
    LOG_SINK = "LogSink"
    BUDGET = "Budget"
    BACKUP = "Backup"
    KEY = "Key"
    # Network
    ENDPOINT = "Endpoint"
    NETWORK_ZONE = "NetworkZone"
    EGRESS_CONTROL = "EgressControl"
    EXTERNAL = "External"
    # Virtual
    SINK = "Sink"


class EdgeKind(StrEnum):
    """One hop. Groups as in the design; ``CONTEXT`` kinds are never walked by an attacker."""

    # network and entry
    EXPOSES = "exposes"
    FRONTS = "fronts"
    NETWORK_REACH = "network_reach"
    EGRESS_TO = "egress_to"
    # content and triggers
    FEEDS = "feeds"
    TRIGGERS = "triggers"
    AUTHORS = "authors"
    EMITS = "emits"
    PUBLISHES = "publishes"
    MAY_CONTAIN = "may_contain"
    # agents
    USES_TOOL = "uses_tool"
    ACTS_AS = "acts_as"
    DELEGATES_TO = "delegates_to"
    LOADS = "loads"
    HOSTED_ON = "hosted_on"
    # identity
    RUNS_AS = "runs_as"
    CAN_ASSUME = "can_assume"
    FEDERATES = "federates"
    MAPS_TO = "maps_to"
    BOUND_TO = "bound_to"
    MEMBER_OF = "member_of"
    CONSENTED = "consented"
    CAN_ESCALATE = "can_escalate"
    CAN_ADD_CREDENTIAL = "can_add_credential"
    CAN_MINT = "can_mint"
    # secrets
    CONTAINS_SECRET = "contains_secret"  # noqa: S105 - an edge kind
    AUTHENTICATES_AS = "authenticates_as"
    STEALS_VIA_IMDS = "steals_via_imds"
    ESCAPES_TO = "escapes_to"
    # verbs, through Grants
    CAN_READ = "can_read"
    CAN_WRITE = "can_write"
    CAN_DELETE = "can_delete"
    CAN_LIST = "can_list"
    CAN_INVOKE = "can_invoke"
    CAN_SEND = "can_send"
    CAN_PUSH = "can_push"
    CAN_INGEST = "can_ingest"
    CAN_READ_CONFIG = "can_read_config"
    CAN_MODIFY = "can_modify"
    CAN_WEAKEN_CONTROL = "can_weaken_control"
    CAN_EXECUTE_ON = "can_execute_on"
    CAN_CREATE = "can_create"
    CAN_REPUBLISH = "can_republish"
    CAN_SHARE = "can_share"
    CAN_OPEN_NETWORK = "can_open_network"
    CAN_ADMINISTER_KEYS = "can_administer_keys"
    CAN_WEAKEN_LOGGING = "can_weaken_logging"
    CAN_CHANGE_ACCESS = "can_change_access"
    CAN_DEPLOY = "can_deploy"
    CAN_SPEND = "can_spend"
    CAN_PROVISION = "can_provision"
    CAN_PAY = "can_pay"
    CAN_REQUEST = "can_request"
    CAN_APPROVE = "can_approve"
    # structure
    CONTAINS = "contains"
    HOLDS = "holds"
    COVERS = "covers"
    EXCLUDES = "excludes"
    REPLICATES_TO = "replicates_to"
    SHARES = "shares"
    # context
    GATED_BY = "gated_by"
    PROTECTED_BY = "protected_by"
    LOGS_TO = "logs_to"
    BOUNDED_BY = "bounded_by"
    LIMITED_BY = "limited_by"
    OWNED_BY = "owned_by"
    ENCRYPTED_BY = "encrypted_by"
    REGISTERED_IN = "registered_in"


def _between(first: EdgeKind, last: EdgeKind) -> frozenset[EdgeKind]:
    kinds = list(EdgeKind)
    return frozenset(kinds[kinds.index(first) : kinds.index(last) + 1])


VERBS = _between(EdgeKind.CAN_READ, EdgeKind.CAN_APPROVE)
"""Edge kinds that are answered through Grants: principal holds Grant covers (scope contains) resource, minus excludes."""

STRUCTURE = _between(EdgeKind.CONTAINS, EdgeKind.SHARES)

CONTEXT = _between(EdgeKind.GATED_BY, EdgeKind.REGISTERED_IN)
"""Edge kinds that describe controls and ownership; tested by rules, not walked by an attacker."""


class EvidenceRef(Struct, frozen=True, kw_only=True, order=True, gc=False):
    """Where a hop can be read: a field of a resource, and for a policy the statement in it.

    Attributes:
        resource: id of the resource whose field it is.
        field: key into ``Resource.sources`` (``refs.runs_as``, ``policies.<id>``, ``attrs.auth``, ``net``).
        statement: index of the policy statement, or None.
        note: what it shows, in a few words (``allows``, ``trust policy allows``, ``no deny found in``).
    """

    resource: str
    field: str
    statement: int | None = None
    note: str = ""


class EdgeRow(Struct, frozen=True, kw_only=True, order=True, gc=False):
    """An edge as access, exposure and the builders produce it, before it becomes a row of the graph's columns.

    Attributes:
        attrs: neutral attributes that rules may test on the edge, sorted by name (``auth``, ``technique``, ``yields``,
            ``via``, ``prefix`` ...).
        conditions: the open conditions in words, for edges that are POSSIBLE.
        evidence: in the order a person should read it.
    """

    source: str
    target: str
    kind: EdgeKind
    state: State = State.CONFIRMED
    attrs: tuple[tuple[str, str | int | float | bool], ...] = ()
    conditions: tuple[str, ...] = ()
    evidence: tuple[EvidenceRef, ...] = ()
