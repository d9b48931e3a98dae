"""The graph of an inventory: its resources and scopes as nodes, and an edge for everything that an attacker or a control can use."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from aisposture.classify import Classification
from aisposture.exposure import OUTSIDE, Exposure
from aisposture.graph import build_agents, build_context, build_logging, build_refs, build_secrets
from aisposture.graph.columns import Graph, GraphBuilder
from aisposture.graph.drafting import Draft
from aisposture.graph.holdings import Holdings
from aisposture.graph.weights import weight_of
from aisposture.model import ids
from aisposture.model.access import AccessResult, Grant
from aisposture.model.graph import EdgeKind, EdgeRow, EvidenceRef, Label, State
from aisposture.model.inventory import Inventory
from aisposture.model.resource import Resource

CLASS_LABELS = {
    ids.INTERNET: Label.INTERNET,
    ids.ANONYMOUS: Label.ANONYMOUS,
    ids.ANY_ACCOUNT: Label.ANY_ACCOUNT,
    ids.ANY_AUTHENTICATED: Label.ANY_AUTHENTICATED,
    ids.EXT_AUTHOR: Label.EXT_AUTHOR,
}

NOT_SHOWN = frozenset({"aliases"})
"""Attributes that serve the join only."""

ITS_POLICIES = ("policies.inline", "policies.identity", "refs.has_policy")
"""Fields that say what an identity may do."""

COUNTED = {"created_at": ("age_days", "idle_days"), "last_used_at": ("idle_days",)}
"""Days that are counted from a moment, and not known where it is hidden."""


def build(
    inventory: Inventory,
    access: AccessResult,
    exposure: Exposure,
    classification: Classification,
    *,
    params: Mapping[str, Any],
) -> Graph:
    """The graph before facts.

    Args:
        inventory: what was read.
        access: who can do what in it.
        exposure: who reaches what over the network.
        classification: what things are.
        params: the context of the scan (``attestations``, ``vendor_accounts`` ...).
    """
    draft = Draft(inventory, classification, params)
    for row in access.edges:
        draft.row(replace(row, source=draft.actor(row.source), target=draft.actor(row.target)))
    build_refs.build(draft, Holdings(inventory, access))
    build_agents.build(draft)
    build_secrets.build(draft)
    build_logging.build(draft)
    build_context.build(draft)
    for row in exposure.edges:
        draft.row(row)
    draft.stub(OUTSIDE, Label.EXTERNAL, name="hosts on the internet")
    _scopes(draft)
    _unread(draft)
    builder = GraphBuilder()
    _nodes(builder, draft)
    _grants(builder, draft, access)
    for edge in draft.edges.values():
        builder.edge(edge, weight_of(edge))
    _stubs(builder, draft)
    return builder.freeze()


# ---- nodes


def _nodes(builder: GraphBuilder, draft: Draft) -> None:
    inventory = draft.inventory
    hidden = _hidden_names(inventory)
    tags = sorted({key for resource in inventory.resources for key in resource.tags})
    for resource in inventory.resources:
        props: dict[str, Any] = {
            name: value for name, value in resource.attrs.items() if name not in NOT_SHOWN
        }
        props.update(_ages(resource, inventory.taken_at))
        props.update({f"tag.{key}": value for key, value in resource.tags.items()})
        states: dict[str, State] = {}
        for name in draft.classification.attrs.get(resource.id, {}):
            found = draft.classified(resource, name)
            if found is not None:
                props[name], states[name] = found
        for name in hidden.get(resource.id, hidden.get(resource.kind, ())):
            if name == "tags" and draft.hidden(resource, "tags"):
                states.update({f"tag.{key}": State.UNSEEN for key in tags})
            elif draft.hidden(resource, f"attrs.{name}"):
                for one in (name, *COUNTED.get(name, ())):
                    props.pop(one, None)
                    states[one] = State.UNSEEN
        builder.node(
            resource.id,
            draft.labels(resource),
            resource.kind,
            resource.account,
            resource.region,
            resource.name,
            props,
            states,
        )


def _hidden_names(inventory: Inventory) -> dict[str, tuple[str, ...]]:
    """Attribute names that Gaps hide (and ``tags``), by resource id or kind."""
    out: dict[str, set[str]] = defaultdict(set)
    everywhere: dict[str, set[str]] = defaultdict(set)
    for gap in inventory.gaps:
        names = {field.removeprefix("attrs.") for field in gap.hides if field.startswith("attrs.")}
        names |= {"tags"} & set(gap.hides)
        if gap.resource is not None:
            out[gap.resource] |= names
        for kind in gap.kinds if gap.resource is None else ():
            everywhere[kind] |= names
    for resource in inventory.resources:
        if resource.id in out:
            out[resource.id] |= everywhere.get(resource.kind, set())
    return {key: tuple(sorted(names)) for key, names in {**everywhere, **out}.items() if names}


def _ages(resource: Resource, now: str) -> Iterator[tuple[str, int]]:
    made = _moment(resource.attrs.get("created_at"))
    used = _moment(resource.attrs.get("last_used_at"))
    taken = _moment(now)
    if taken is None:
        return
    if made is not None:
        yield "age_days", (taken - made).days
    since = used or (made if "last_used_at" in resource.attrs else None)
    if since is not None:
        yield "idle_days", (taken - since).days


def _moment(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def _stubs(builder: GraphBuilder, draft: Draft) -> None:
    for node, label in CLASS_LABELS.items():
        builder.node(node, (label,), name=node.removeprefix("class:").replace("-", " "))
    vendors = draft.params.get("vendor_accounts") or {}
    for node, labels in sorted(draft.stubs.items()):
        if node in draft.inventory.by_id:
            continue
        account = ids.account_of(node) or _owner(draft, node)
        vendor = vendors.get(account or "", "")
        builder.node(
            node,
            (*labels, Label.VENDOR) if vendor and Label.EXT_ACCOUNT in labels else labels,
            account=account or "",
            name=vendor or draft.names.get(node, ""),
        )


def _owner(draft: Draft, node: str) -> str | None:
    """The account of the resource of which ``node`` is a part."""
    parent = draft.inventory.by_id.get(node.partition("#")[0])
    return parent.account if parent is not None else None


# ---- scopes


def _scopes(draft: Draft) -> None:
    """Accounts contain their resources, organisations their accounts, as the parents of organisational units lead to them."""
    inventory = draft.inventory
    own = EvidenceRef(resource="", field="id", note="part of its id")
    for account, name in inventory.accounts.items():
        draft.stub(ids.account_node(account), Label.ACCOUNT, name=name)
    for resource in inventory.resources:
        scope = ids.account_node(resource.account)
        if resource.account and resource.id != scope and not resource.account.startswith(("org:", "tenant:")):
            if scope not in inventory.by_id and scope not in draft.stubs:
                draft.stub(scope, Label.ACCOUNT)
            draft.add(scope, EdgeKind.CONTAINS, resource.id, replace(own, resource=resource.id))
    for resource in inventory.resources:
        if Label.ORGANIZATION in resource.labels:
            _organization(draft, resource)


def _organization(draft: Draft, organization: Resource) -> None:
    members = {organization.account, *_members(draft.inventory, organization)}
    evidence = EvidenceRef(resource=organization.id, field="id", note="organisation")
    scopes = [organization.id]
    if organization.attrs.get("unique_id"):
        scopes.append(draft.stub(ids.organization_node(str(organization.attrs["unique_id"]))))
    for scope in scopes:
        for member in sorted(members):
            node = draft.node_of(ids.account_node(member))
            if node is not None:
                draft.add(scope, EdgeKind.CONTAINS, node, evidence)


def _members(inventory: Inventory, organization: Resource) -> Iterator[str]:
    for resource in inventory.resources:
        seen, pending = set[str](), list(resource.targets("parent"))
        while pending:
            parent = inventory.resolve(pending.pop())
            if parent == organization.id:
                yield resource.account
                break
            found = inventory.by_id.get(parent)
            if found is not None and parent not in seen:
                seen.add(parent)
                pending.extend(found.targets("parent"))


def _unread(draft: Draft) -> None:
    """An identity whose policies were not read may be able to become any other, and to administer its account."""
    for identity in draft.inventory.resources:
        hidden = [field for field in ITS_POLICIES if draft.hidden(identity, field)]
        if Label.IDENTITY not in identity.labels or not hidden:
            continue
        evidence = EvidenceRef(resource=identity.id, field=hidden[0], note="not read")
        admin = draft.stub(ids.admin_sink(identity.account), Label.SINK)
        other = draft.stub(
            f"unread:identity@{identity.account}", Label.IDENTITY, name="some stronger identity"
        )
        for source, target, yields in (
            (identity.id, other, "identity"),
            (identity.id, admin, "admin"),
            (other, admin, "admin"),
        ):
            draft.add(
                source,
                EdgeKind.CAN_ESCALATE,
                target,
                evidence,
                state=State.UNSEEN,
                attrs={"yields": yields, "pass_restricted": False},
            )


# ---- grants


def _grants(builder: GraphBuilder, draft: Draft, access: AccessResult) -> None:
    drawn: dict[str, tuple[EvidenceRef, ...]] = {}
    for grant in access.grants:
        if _grant(builder, draft, grant):
            drawn[grant.id] = tuple(_statements(grant))
    for principal, held in access.holds:
        if held in drawn:
            builder.edge(
                EdgeRow(source=draft.actor(principal), target=held, kind=EdgeKind.HOLDS, evidence=drawn[held])
            )


def _grant(builder: GraphBuilder, draft: Draft, grant: Grant) -> bool:
    """Draws ``grant``; False where nothing it covers is a node."""
    evidence = tuple(_statements(grant))
    covered = False
    for cover in grant.covers:
        target = draft.node_of(cover.target)
        if target is None:
            continue
        if target not in draft.inventory.by_id and target not in draft.stubs:
            draft.stub(target, *((Label.SINK,) if ids.parse_sink(target) is not None else ()))
        attrs: dict[str, str | int | float | bool] = {}
        if cover.kinds:
            attrs["kinds"] = ",".join(sorted(cover.kinds))
        if cover.prefix:
            attrs["prefix"] = cover.prefix
        row = EdgeRow(
            source=grant.id,
            target=target,
            kind=EdgeKind.COVERS,
            state=grant.state,
            attrs=tuple(sorted(attrs.items())),
            conditions=grant.conditions,
            evidence=evidence,
        )
        builder.edge(row, weight_of(row, grant.verb))
        covered = covered or grant.state is not State.FALSE
    if not covered:
        return False
    builder.node(grant.id, (Label.GRANT,), kind=f"grant.{grant.verb}", name=str(grant.verb))
    for excluded in grant.excludes:
        target = draft.node_of(excluded)
        if target is not None:
            builder.edge(EdgeRow(source=grant.id, target=target, kind=EdgeKind.EXCLUDES, evidence=evidence))
    return True


def _statements(grant: Grant) -> Iterable[EvidenceRef]:
    for one in grant.statements:
        note = "resource policy" if one.role.value == "resource" else "allows"
        yield EvidenceRef(
            resource=one.resource, field=f"policies.{one.policy}", statement=one.index, note=note
        )
