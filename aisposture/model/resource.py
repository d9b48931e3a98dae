"""What was read: resources in neutral words, the documents that govern them, and what could not be read."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Literal

from msgspec import Raw, Struct

from aisposture.model.graph import Label


class Source(Struct, frozen=True, kw_only=True, order=True):
    """Where a value was read.

    Attributes:
        call: index into the table of calls of the shard (after reading: of the inventory).
        pointer: JSON pointer (RFC 6901) into the answer of that call, over all its pages joined.
    """

    call: int
    pointer: str


class CallRecord(Struct, frozen=True, kw_only=True, order=True):
    """One call of a scan, as a line of its table of calls.

    Attributes:
        operation: ``service:Operation`` (AWS) or method and path template (Azure, GCP).
        parameters: the request's parameters as sorted JSON text; never a secret.
        seen_at: when the answer came, RFC 3339 in UTC.
    """

    operation: str
    parameters: str
    account: str
    region: str
    seen_at: str


class PolicyRole(StrEnum):
    """What a policy document does where it is attached."""

    IDENTITY = "identity"
    INLINE = "inline"
    BOUNDARY = "boundary"
    SESSION = "session"
    TRUST = "trust"
    RESOURCE = "resource"
    ACL = "acl"
    GRANT = "grant"
    SCP = "scp"
    RCP = "rcp"
    ENDPOINT = "endpoint"
    ASSIGNMENT = "assignment"
    DENY = "deny"


class Policy(Struct, frozen=True, kw_only=True):
    """A policy document as the cloud gave it.

    Attributes:
        id: name or ARN of the policy, unique among the policies of its resource and role.
        document: the JSON text. A JSON string instead of an object where the cloud's text was no JSON at all.
    """

    role: PolicyRole
    id: str
    document: Raw
    source: Source


class Sighting(Struct, frozen=True, kw_only=True, order=True):
    """A secret was seen here; the value itself left memory with the answer that carried it.

    Attributes:
        detector: name of the format that matched (``aws-access-key``, ``openai-project-key`` ...).
        field: where, as a neutral path (``environment.OPENAI_API_KEY``, ``user_data``).
        length: bucket of the value's length (``<20``, ``20-39``, ``40-99``, ``100+``).
        grade: ``verified-format`` or ``entropy``.
        public_id: a non-secret identifier inside it (access key id, client e-mail), which resolves it to an identity.
        mark: equality mark under a key made per scan: two sightings of one value carry the same; None where entropy only.
    """

    detector: str
    field: str
    length: str
    grade: Literal["verified-format", "entropy"]
    public_id: str | None = None
    mark: str | None = None


class Ref(Struct, frozen=True, kw_only=True, order=True):
    """A named pointer to another resource, by id or by one of its aliases. Names: ``model/attributes.py``."""

    name: str
    target: str


class NetRule(Struct, frozen=True, kw_only=True, order=True):
    """One line of a packet filter, in the words that all clouds share.

    Attributes:
        direction: ``in`` or ``out``.
        allow: False for a deny line.
        protocol: ``tcp``, ``udp``, ``icmp`` or ``any``.
        ports: inclusive range; (0, 65535) where the protocol has none or all are meant.
        peer: a CIDR (v4 or v6), or the id of a group or prefix list.
        priority: lower is tried first; 0 where the filter has no order (security groups).
    """

    direction: Literal["in", "out"]
    allow: bool
    protocol: str
    ports: tuple[int, int]
    peer: str
    priority: int = 0


class Route(Struct, frozen=True, kw_only=True, order=True):
    """One line of a route table.

    Attributes:
        destination: CIDR or prefix-list id.
        target: id of the gateway, or ``local`` / ``blackhole``.
        target_type: ``internet``, ``egress-only``, ``nat``, ``local``, ``peering``, ``transit``, ``endpoint``, ``interface``, ``other``.
    """

    destination: str
    target: str
    target_type: str


class Listener(Struct, frozen=True, kw_only=True, order=True):
    """A port on which something answers."""

    protocol: str
    port: int


class Net(Struct, frozen=True, kw_only=True):
    """What a resource contributes to the network: an interface, a filter, a table, or a listener.

    Attributes:
        network: id of the VPC or virtual network.
        subnets: ids of subnets it sits in (interface, workload) or applies to (route table, network ACL).
        groups: ids of the security groups that filter it.
        public_ips, private_ips: addresses of the interface.
        cidrs: address ranges of a network or subnet.
        rules: lines of a filter, in order of priority.
        routes: lines of a route table.
        main: the route table or ACL that applies where a subnet has none of its own.
        listeners: ports that answer; empty where unknown.
    """

    network: str | None = None
    subnets: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    public_ips: tuple[str, ...] = ()
    private_ips: tuple[str, ...] = ()
    cidrs: tuple[str, ...] = ()
    rules: tuple[NetRule, ...] = ()
    routes: tuple[Route, ...] = ()
    main: bool = False
    listeners: tuple[Listener, ...] = ()


class Resource(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing in a cloud, one node in the graph.

    Attributes:
        id: see ``model/ids.py``.
        kind: ``cloud.service.type`` (``aws.s3.bucket``).
        account: AWS account, Azure subscription, GCP project, ``tenant:<id>`` or ``org:<id>``.
        region: ``global`` where the service is.
        labels: sorted.
        refs: sorted; names as in ``model/attributes.py``.
        attrs: neutral names shared by clouds, as in ``model/attributes.py``; a name that is present with None was read
            and is not set.
        sources: field (``attrs.imds_version``, ``refs.runs_as``, ``policies.<id>``, ``tags``, ``net``, ``id``) -> origin.
    """

    id: str
    kind: str
    account: str
    region: str
    name: str
    labels: tuple[Label, ...] = ()
    tags: dict[str, str] = {}
    refs: tuple[Ref, ...] = ()
    policies: tuple[Policy, ...] = ()
    net: Net | None = None
    sightings: tuple[Sighting, ...] = ()
    attrs: dict[str, Any] = {}
    sources: dict[str, Source] = {}

    @property
    def cloud(self) -> str:
        """``aws``, ``azure``, ``gcp``, ``entra`` or ``k8s``: the first word of the kind."""
        return self.kind.partition(".")[0]

    def targets(self, name: str) -> Iterator[str]:
        """The targets of all refs called ``name``, in order."""
        return (ref.target for ref in self.refs if ref.name == name)

    def documents(self, *roles: PolicyRole) -> Iterator[Policy]:
        """The policies attached in one of ``roles``, in order."""
        return (policy for policy in self.policies if policy.role in roles)


class Gap(Struct, frozen=True, kw_only=True, order=True):
    """Something that was not read, and what that hides. A field hidden by a Gap is unseen, never absent.

    Attributes:
        call: the operation that failed, as in ``CallRecord.operation``.
        resource: id of the one resource concerned, or None where the Gap concerns all of ``hides`` in account and region.
        hides: kinds (``aws.s3.bucket``: more of them may exist unread) or fields (``policies.resource``, ``attrs.encryption``, ``net``).
        kinds: the kinds whose ``hides`` fields are meant, where ``resource`` is None and ``hides`` names fields.
        needs: the permission or step that would close it.
        detail: the provider's error code, for people.
    """

    call: str
    account: str
    region: str
    resource: str | None = None
    reason: Literal["denied", "throttled", "failed", "unsupported", "disabled"]
    hides: tuple[str, ...]
    kinds: tuple[str, ...] = ()
    needs: str
    detail: str = ""
