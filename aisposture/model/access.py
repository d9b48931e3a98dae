"""Authorisation: decisions with their reasons, and Grants that stand for many decisions at once."""

from enum import StrEnum

from msgspec import Struct

from aisposture.model.graph import EdgeKind, EdgeRow, State
from aisposture.model.resource import PolicyRole


class Outcome(StrEnum):
    """The three answers of the law, and the two ways of being refused."""

    ALLOWED = "Allowed"
    EXPLICITLY_DENIED = "ExplicitlyDenied"
    IMPLICITLY_DENIED = "ImplicitlyDenied"
    CONDITIONAL = "Conditional"

    @property
    def state(self) -> State:
        """The state that a hop resting on this decision has."""
        return {Outcome.ALLOWED: State.CONFIRMED, Outcome.CONDITIONAL: State.POSSIBLE}.get(self, State.FALSE)


class StatementRef(Struct, frozen=True, kw_only=True, order=True):
    """One statement of one policy.

    Attributes:
        resource: id of the resource that carries the document (role, managed policy, bucket, SCP), or "" in a simulation.
        policy: ``Policy.id`` there.
        index: position in the document's list of statements.
        sid: its ``Sid``, or "".
    """

    resource: str
    policy: str
    role: PolicyRole
    index: int
    sid: str = ""


class Decision(Struct, frozen=True, kw_only=True):
    """What the law says of one request, and why.

    Attributes:
        layer: the layer that stopped it (``identity``, ``boundary``, ``session``, ``scp``, ``rcp``, ``endpoint``, ``resource``,
            ``trust``, ``block-public-access``, ``key-policy``), or "" where nothing did.
        allowed: statements that allow.
        denied: statements that deny.
        conditions: open conditions in words, sorted; not empty exactly where the outcome is CONDITIONAL.
    """

    outcome: Outcome
    layer: str = ""
    allowed: tuple[StatementRef, ...] = ()
    denied: tuple[StatementRef, ...] = ()
    conditions: tuple[str, ...] = ()


class Cover(Struct, frozen=True, kw_only=True, order=True):
    """What a Grant reaches: one resource, or all resources of some kinds inside a scope.

    Attributes:
        target: resource id, or the id of a scope node (account, organisation).
        kinds: for a scope, the resource kinds meant (sorted); empty for a single resource.
        prefix: the part of the resource that is meant (S3 key pattern), "" for all of it.
    """

    target: str
    kinds: tuple[str, ...] = ()
    prefix: str = ""


class Grant(Struct, frozen=True, kw_only=True):
    """One verb over a set of resources, shared by every principal that holds it.

    ``principal -holds-> Grant -covers-> resource or scope``, minus ``excludes``.

    Attributes:
        id: content hash of all the other fields.
        conditions: open conditions in words, sorted; empty unless POSSIBLE (or UNSEEN: what was not read).
        statements: the statements that decided, sorted.
    """

    id: str
    verb: EdgeKind
    state: State
    conditions: tuple[str, ...] = ()
    statements: tuple[StatementRef, ...] = ()
    covers: tuple[Cover, ...] = ()
    excludes: tuple[str, ...] = ()


class PolicyProblem(Struct, frozen=True, kw_only=True, order=True):
    """A mistake in a policy document, evaluated in the safe direction.

    Attributes:
        where: location inside the document (``Statement[2].Condition``), or "" for all of it.
    """

    resource: str
    policy: str
    where: str
    message: str


class AccessResult(Struct, frozen=True, kw_only=True):
    """Who can do what, over a whole inventory.

    Attributes:
        grants: sorted by id.
        holds: (principal id, grant id), sorted. Principals are identities, groups' members already resolved, and class nodes.
        edges: identity edges: can_assume, federates, can_escalate, can_mint, can_add_credential.
        problems: malformed documents.
        assumptions: layers unread for a whole account, in words, each stated once.
    """

    grants: tuple[Grant, ...] = ()
    holds: tuple[tuple[str, str], ...] = ()
    edges: tuple[EdgeRow, ...] = ()
    problems: tuple[PolicyProblem, ...] = ()
    assumptions: tuple[str, ...] = ()
