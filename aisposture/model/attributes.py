"""The neutral words in which collectors describe resources and rules test them.

Collectors emit only names listed here, rules use only names listed here; ``docs/kinds.md`` is generated from the tables.
"""

from typing import Literal

from msgspec import Struct

from aisposture.model.graph import EdgeKind

Type = Literal["bool", "int", "float", "str", "time", "list", "class"]


class Attribute(Struct, frozen=True, kw_only=True):
    """A word that may stand in ``Resource.attrs``, on an edge, or in a rule's ``where``.

    Attributes:
        type: ``class`` is an ordered class, weakest value first in ``values``; ``time`` is RFC 3339 in UTC.
        values: the closed set of values, or empty.
        derived: computed after collection (by classify or facts), never collected.
    """

    meaning: str
    type: Type
    values: tuple[str, ...] = ()
    derived: bool = False


def _a(type: Type, meaning: str, *values: str, derived: bool = False) -> Attribute:  # noqa: A002 - the field's own name
    return Attribute(type=type, meaning=meaning, values=values, derived=derived)


ATTRIBUTES: dict[str, Attribute] = {
    # any resource
    "created_at": _a("time", "when it was made"),
    "updated_at": _a("time", "when it was last changed"),
    "last_used_at": _a("time", "when the provider last saw it used; None: never"),
    "enabled": _a("bool", "switched on"),
    "status": _a("str", "life-cycle state in the provider's own word"),
    "description": _a("str", "free text written by its owner"),
    "aliases": _a("list", "other names under which refs may point at it"),
    "age_days": _a("int", "days since created_at, at the time of the scan", derived=True),
    "idle_days": _a(
        "int",
        "days since last_used_at (or created_at where never used), at the time of the scan",
        derived=True,
    ),
    "environment": _a(
        "str",
        "prod, staging, test, dev or unknown",
        "prod",
        "staging",
        "test",
        "dev",
        "unknown",
        derived=True,
    ),
    "owner": _a("str", "who answers for it, by tag or context", derived=True),
    # entry and network
    "public": _a("bool", "reachable or shared beyond its owner by its own setting"),
    "exploitable": _a("bool", "a scanner found a package in it for which an exploit is known"),
    "auth": _a("str", "what a caller must show", "none", "iam", "jwt", "key", "network", "unknown"),
    "audience": _a("class", "who may call", "pinned", "broad", "anonymous"),
    "network_mode": _a("str", "public, vpc or sandbox", "public", "vpc", "sandbox"),
    # workloads
    "imds_version": _a("str", "metadata service: v1 still answers, v2 only, or off", "v1", "v2", "off"),
    "imds_hop_limit": _a("int", "hops a metadata answer may travel"),
    "runtime": _a("str", "language runtime or platform version"),
    "code_signing": _a("str", "enforce, warn or none", "enforce", "warn", "none"),
    "timeout_seconds": _a("int", "longest run"),
    "memory_mb": _a("int", "memory"),
    "environment_names": _a("list", "names of environment variables, never their values"),
    "image": _a("str", "container or machine image it runs"),
    "layers": _a("list", "code layers or packages it loads"),
    "handler": _a("str", "entry point"),
    "tracing": _a("bool", "request tracing is on"),
    "instance_state": _a("str", "running, stopped ..."),
    # data
    "sensitivity": _a(
        "class",
        "D0 public, D1 internal, D2 confidential, D3 restricted",
        "D0",
        "D1",
        "D2",
        "D3",
        derived=True,
    ),
    "encryption": _a(
        "str", "none, provider (provider's key) or customer (customer's key)", "none", "provider", "customer"
    ),
    "versioning": _a("bool", "old versions are kept"),
    "mfa_delete": _a("bool", "deleting needs a second factor"),
    "object_lock": _a("str", "none, governance or compliance", "none", "governance", "compliance"),
    "access_logging": _a("bool", "reads and writes are logged"),
    "block_public_acls": _a("bool", "new public ACLs are refused"),
    "ignore_public_acls": _a("bool", "public ACLs have no effect"),
    "block_public_policy": _a("bool", "new public policies are refused"),
    "restrict_public_buckets": _a("bool", "a public policy serves only the own account"),
    "tls_only": _a("bool", "requests without TLS are refused", derived=True),
    "rotation": _a("bool", "rotated automatically"),
    "rotated_at": _a("time", "when last rotated"),
    "key_manager": _a("str", "aws or customer", "aws", "customer"),
    "key_state": _a("str", "enabled, disabled, pending-deletion ..."),
    "parameter_type": _a("str", "plain, list or secure", "plain", "list", "secure"),
    "credential_name": _a("bool", "named like a credential", derived=True),
    "deletion_protection": _a("bool", "deleting needs a first step"),
    # identities and credentials
    "principal_type": _a(
        "str",
        "role, user, group, root, service, federated",
        "role",
        "user",
        "group",
        "root",
        "service",
        "federated",
    ),
    "service_linked": _a("bool", "owned by a cloud service; its trust and policies cannot be edited"),
    "unique_id": _a("str", "the provider's immutable id of the principal"),
    "path": _a("str", "IAM path"),
    "mfa": _a("bool", "a second factor is registered"),
    "console_access": _a("bool", "may sign in with a password"),
    "password_last_used_at": _a("time", "last sign-in with a password"),
    "active": _a("bool", "can be used now"),
    "max_session_seconds": _a("int", "longest session"),
    "issuer": _a("str", "issuer of a federation, without scheme"),
    "audiences": _a("list", "client ids a federation accepts"),
    "credential_kind": _a("str", "access-key, password, service-specific, certificate, api-key"),
    "root_mfa": _a("bool", "the root user has a second factor"),
    "root_access_keys": _a("int", "number of the root user's access keys"),
    "password_min_length": _a("int", "shortest password allowed; None: no policy"),
    "password_reuse_prevention": _a("int", "passwords remembered"),
    "tier": _a("class", "power of an identity, weakest first", "P4", "P3", "P2", "P1", "P0", derived=True),
    "tier_possible": _a("class", "tier if open conditions hold", "P4", "P3", "P2", "P1", "P0", derived=True),
    "tier_held": _a(
        "class",
        "tier of the verbs an identity holds itself, before what it can become",
        "P4",
        "P3",
        "P2",
        "P1",
        "P0",
        derived=True,
    ),
    "bounded": _a("bool", "a boundary above its policies keeps it from IAM and keys", derived=True),
    # agents and tools
    "agent_class": _a(
        "str",
        "how sure we are that it is an agent",
        "declared_agent",
        "probable_agent",
        "possible_agent",
        "llm_client",
        "tool_host",
        "model_host",
        "false_friend",
        derived=True,
    ),
    "model": _a("str", "model id"),
    "instruction_length": _a("int", "length of the system prompt, never its text"),
    "idle_session_seconds": _a("int", "how long a session lives without input"),
    "memory_enabled": _a("bool", "keeps memory across sessions"),
    "code_interpreter": _a("bool", "the built-in code interpreter is on"),
    "user_input": _a("bool", "the agent may ask its user back"),
    "pinned": _a("bool", "fixed to one version or digest: changes to the draft do not reach it"),
    "collaboration": _a(
        "str", "none, supervisor or supervisor-router", "none", "supervisor", "supervisor-router"
    ),
    "tool_kind": _a(
        "str",
        "lambda, code_interpreter, browser, shell, http, sql, mcp, return_of_control, user_input, knowledge",
    ),
    "confirmation": _a("str", "required where a person confirms each use", "required", "none"),
    "operations": _a("list", "names of the operations a tool declares"),
    "impact": _a("class", "what a tool can do at worst", "low", "medium", "high", derived=True),
    "openness": _a(
        "str",
        "open: the model chooses code, query or address; closed: declared operations",
        "open",
        "closed",
        "unknown",
        derived=True,
    ),
    "outbound": _a(
        "str",
        "whose power a tool spends",
        "own_role",
        "gateway_role",
        "caller",
        "user_token",
        "static_key",
        "none",
    ),
    "prompt_attack_filter": _a(
        "class", "strength against prompt attack on input", "none", "low", "medium", "high"
    ),
    "pii_filter": _a("bool", "personal data is masked or blocked"),
    "blocks": _a("bool", "a guardrail blocks rather than only detects"),
    "source_type": _a(
        "str", "kind of content source: s3, web, confluence, salesforce, sharepoint, sql, custom"
    ),
    "entry": _a(
        "str",
        "best way in from outside",
        "internet",
        "any-account",
        "content",
        "credential",
        "supply",
        "internal",
        "none",
        derived=True,
    ),
    "trust": _a(
        "class",
        "how far its least trusted writer or caller is trusted",
        "T4",
        "T3",
        "T2",
        "T1",
        "T0",
        derived=True,
    ),
    # logging and other controls
    "destination": _a("str", "where records go"),
    "multi_region": _a("bool", "covers all regions"),
    "log_validation": _a("bool", "log files carry digests"),
    "retention_days": _a("int", "days kept; None: for ever"),
    "invocation_logging": _a("bool", "prompts and answers of models are recorded"),
    "prompt_text_logged": _a("bool", "the text of prompts is part of the record"),
    "default_encryption": _a("bool", "new volumes are encrypted"),
}
"""Every attribute of nodes. ``name``, ``kind``, ``account``, ``region``, ``cloud`` and ``id`` of a node may be tested too,
and ``tag.<key>``."""

EDGE_ATTRIBUTES: dict[str, Attribute] = {
    "auth": ATTRIBUTES["auth"],
    "audience": ATTRIBUTES["audience"],
    "waf": _a("bool", "a web application firewall stands before it"),
    "ip_restricted": _a("bool", "only some addresses may call"),
    "ports": _a("str", "ports open on the hop"),
    "technique": _a("str", "id of the escalation technique"),
    "yields": _a("str", "identity, admin, credential or code", "identity", "admin", "credential", "code"),
    "via": _a("str", "how content gets in: knowledge, event, mount, retrieval, trigger"),
    "scanned": _a("bool", "content is checked on its way"),
    "gate": _a("str", "none, confirmation or policy", "none", "confirmation", "policy"),
    "takeover": _a("str", "behaviour or identity", "behaviour", "identity"),
    "openness": ATTRIBUTES["openness"],
    "prefix": _a("str", "part of the resource that is meant"),
    "external_id": _a("bool", "the trust asks for an external id"),
    "subject": _a("class", "how a federation pins its subject", "exact", "wildcard"),
    "cross_account": _a("bool", "source and target belong to different accounts"),
    "detector_grade": _a("str", "verified-format or entropy", "verified-format", "entropy"),
    "resolved": _a("bool", "the credential was matched to an identity"),
    "imds_version": ATTRIBUTES["imds_version"],
    "pinned": _a("bool", "fixed to one digest or version"),
    "immutable": _a("bool", "cannot be changed back within its retention"),
    "pass_restricted": _a("bool", "passing the role is limited to named services"),
}
"""Every attribute of edges."""


class RefName(Struct, frozen=True, kw_only=True):
    """What a ref name says, and which edge the graph draws for it.

    Attributes:
        edge: the edge drawn, or None where only access, exposure or facts read the ref.
        back: True where the edge goes from the ref's target to the resource that carries the ref.
    """

    meaning: str
    edge: EdgeKind | None = None
    back: bool = False


def _r(meaning: str, edge: EdgeKind | None = None, *, back: bool = False) -> RefName:
    return RefName(meaning=meaning, edge=edge, back=back)


REFS: dict[str, RefName] = {
    # identity
    "runs_as": _r(
        "identity of the code that runs there (workload, agent, tool, knowledge base)", EdgeKind.RUNS_AS
    ),
    "member_of": _r("group", EdgeKind.MEMBER_OF),
    "has_policy": _r("policy resource whose document applies to the bearer (managed policy, SCP, RCP)"),
    "bounded_by": _r("policy resource that is the permissions boundary", EdgeKind.BOUNDED_BY),
    "authenticates_as": _r("identity a credential belongs to", EdgeKind.AUTHENTICATES_AS),
    "federates_from": _r("identity provider"),
    "parent": _r("organisational unit, root, organisation or account above"),
    "delegated_to": _r("account that administers a service for the organisation"),
    # agents
    "uses_tool": _r("tool of an agent", EdgeKind.USES_TOOL),
    "executed_by": _r(
        "workload that carries out a tool's calls, or that an agent runs on", EdgeKind.HOSTED_ON
    ),
    "delegates_to": _r("collaborating agent", EdgeKind.DELEGATES_TO),
    "uses_model": _r("model", EdgeKind.LOADS),
    "loads": _r("artifact, layer, image or package", EdgeKind.LOADS),
    "fed_by": _r(
        "data store, knowledge base or web content that supplies context", EdgeKind.FEEDS, back=True
    ),
    "triggered_by": _r("channel, data store or schedule that starts it", EdgeKind.TRIGGERS, back=True),
    "guarded_by": _r("guardrail", EdgeKind.PROTECTED_BY),
    "gated_by": _r("approval", EdgeKind.GATED_BY),
    "version_of": _r("agent or workload of which this is a version or alias"),
    "part_of": _r("resource of which this is a part", EdgeKind.CONTAINS, back=True),
    # data and secrets
    "encrypted_with": _r("key", EdgeKind.ENCRYPTED_BY),
    "logs_to": _r("where its records go", EdgeKind.LOGS_TO),
    "replicates_to": _r("copy", EdgeKind.REPLICATES_TO),
    "shared_with": _r("account or class of actors it is shared with", EdgeKind.SHARES),
    "stores_in": _r("data store that holds its content"),
    "uses_secret": _r("secret its configuration names"),
    "sends_to": _r("channel or data store it writes to", EdgeKind.EMITS),
    # network
    "fronts": _r("workload, agent or tool behind an endpoint", EdgeKind.FRONTS),
    "in_network": _r("virtual network"),
    "in_subnet": _r("subnet"),
    "attached_to": _r("instance an interface belongs to"),
    "protected_by": _r("control that stands before it", EdgeKind.PROTECTED_BY),
    "configures": _r("resource its configuration value points at (data store, queue, agent, host)"),
}
"""Every name a ``Ref`` may carry."""
