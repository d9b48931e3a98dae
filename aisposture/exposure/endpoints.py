"""Endpoints and callable services that are met by name rather than by address: who may call them, judged by authoriser and policy."""

from msgspec import Struct

from aisposture.exposure.anonymous import Admission, admission
from aisposture.model import ids
from aisposture.model.graph import EdgeKind, EdgeRow, EvidenceRef, Label, State
from aisposture.model.inventory import Inventory
from aisposture.model.resource import PolicyRole, Resource

CALLABLE = frozenset(
    {
        Label.ENDPOINT,
        Label.AGENT,
        Label.GATEWAY,
        Label.TOOL,
        Label.MCP_SERVER,
        Label.WORKLOAD,
        Label.CHANNEL,
        Label.ORCHESTRATOR,
    }
)
"""Labels of what can be called; ``public`` on anything else (an image, a snapshot) means shared, not exposed."""


class Verdict(Struct, frozen=True, kw_only=True):
    """Edges to one resource, and why they are as they are."""

    edges: tuple[EdgeRow, ...] = ()
    reasons: tuple[str, ...] = ()


def judge(inventory: Inventory, endpoint: Resource) -> Verdict:
    """Who on the internet may call ``endpoint``, which is met by name."""
    if (
        inventory.hidden(endpoint, "attrs.auth") is not None
        or inventory.hidden(endpoint, "attrs.public") is not None
    ):
        return _verdict(endpoint, ids.INTERNET, State.UNSEEN, "unknown", "its authoriser was not read")
    if (closed := _closed(endpoint)) is not None:
        return Verdict(reasons=(closed,))
    auth = str(endpoint.attrs.get("auth") or "unknown")
    guard, admitted = _behind(inventory, endpoint)
    if auth == "none":
        return _without_login(endpoint, guard, admitted)
    if auth == "iam":
        return _with_iam(endpoint, guard, admitted)
    if auth in {"jwt", "key"}:
        return _verdict(
            endpoint, ids.ANY_AUTHENTICATED, State.CONFIRMED, auth, f"public, callers show a {auth}"
        )
    return _verdict(
        endpoint,
        ids.INTERNET,
        State.POSSIBLE,
        "unknown",
        "public; a login may live in its code",
        conditions=("no login in its code",),
    )


def _closed(endpoint: Resource) -> str | None:
    """The setting that keeps everyone outside away, or None."""
    if endpoint.attrs.get("public") is False:
        return "not public by its own setting"
    if endpoint.attrs.get("network_mode") in {"vpc", "sandbox"} or endpoint.attrs.get("auth") == "network":
        return "answers only inside its own network"
    if endpoint.attrs.get("enabled") is False:
        return "switched off"
    return None


def _behind(inventory: Inventory, endpoint: Resource) -> tuple[State, Admission | None]:
    """Whether the policy that guards ``endpoint`` was read, and what it says; None where nothing there has a policy."""
    guards = [endpoint, *(found for t in endpoint.targets("fronts") if (found := inventory.get(t)))]
    dangling = any(inventory.get(target) is None for target in endpoint.targets("fronts"))
    if dangling or any(inventory.hidden(guard, "policies.resource") is not None for guard in guards):
        return State.UNSEEN, None
    for guard in guards:
        parts = ids.parse_arn(guard.id)
        needs_policy = parts is not None and parts.service == "lambda" and guard is not endpoint
        if needs_policy or any(guard.documents(PolicyRole.RESOURCE)):
            return State.CONFIRMED, admission(guard, created_at=endpoint.attrs.get("created_at"))
    return State.CONFIRMED, None


def _without_login(endpoint: Resource, guard: State, admitted: Admission | None) -> Verdict:
    if guard is State.UNSEEN:
        return _verdict(
            endpoint,
            ids.INTERNET,
            State.UNSEEN,
            "none",
            "asks for no login, but the policy behind it was not read",
        )
    if admitted is None:
        return _verdict(endpoint, ids.INTERNET, State.CONFIRMED, "none", "public and asks for no login")
    if admitted.everyone is State.FALSE:
        return Verdict(
            reasons=("asks for no login, but the policy behind it does not allow anonymous callers",)
        )
    return _verdict(
        endpoint,
        ids.INTERNET,
        admitted.everyone,
        "none",
        "asks for no login and the policy behind it allows everyone",
        conditions=() if admitted.everyone is State.CONFIRMED else admitted.conditions,
        evidence=admitted.evidence,
    )


def _with_iam(endpoint: Resource, guard: State, admitted: Admission | None) -> Verdict:
    if guard is State.UNSEEN:
        return _verdict(
            endpoint,
            ids.ANY_ACCOUNT,
            State.UNSEEN,
            "iam",
            "signed calls only; the policy behind it was not read",
        )
    if admitted is None or admitted.accounts is State.FALSE:
        return Verdict(reasons=("signed calls only, from principals that IAM allows by name",))
    return _verdict(
        endpoint,
        ids.ANY_ACCOUNT,
        admitted.accounts,
        "iam",
        "signed calls from any account",
        conditions=() if admitted.accounts is State.CONFIRMED else admitted.conditions,
        evidence=admitted.evidence,
    )


_AUDIENCE = {ids.INTERNET: "anonymous", ids.ANY_ACCOUNT: "broad", ids.ANY_AUTHENTICATED: "pinned"}


def _verdict(
    endpoint: Resource,
    actor: str,
    state: State,
    auth: str,
    reason: str,
    *,
    conditions: tuple[str, ...] = (),
    evidence: tuple[EvidenceRef, ...] = (),
) -> Verdict:
    audience = str(endpoint.attrs.get("audience") or _AUDIENCE[actor])
    own = EvidenceRef(
        resource=endpoint.id, field="attrs.auth" if "attrs.auth" in endpoint.sources else "id", note=reason
    )
    edge = EdgeRow(
        source=actor,
        target=endpoint.id,
        kind=EdgeKind.EXPOSES,
        state=state,
        attrs=(("audience", audience), ("auth", auth)),
        conditions=conditions,
        evidence=(own, *evidence),
    )
    return Verdict(edges=(edge,), reasons=(reason,))
