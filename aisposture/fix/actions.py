"""Changes that could break a hop: for each kind of edge, patches of the resources that its evidence names."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from aisposture.access.techniques import techniques
from aisposture.fix.documents import (
    Operation,
    Place,
    about,
    asked,
    denying,
    document,
    named_by,
    narrowed,
    places,
    without_principal,
)
from aisposture.fix.patch import joined, pointer
from aisposture.model import ids
from aisposture.model.finding import Hop, Patch
from aisposture.model.graph import VERBS, EdgeKind
from aisposture.model.inventory import Inventory, encode
from aisposture.model.resource import PolicyRole, Resource

PRINCIPALS = ("aws.iam.role", "aws.iam.user")
"""Kinds that inline policies and permissions boundaries can be put on."""

BOUNDARY = (
    "iam:Add*",
    "iam:Attach*",
    "iam:Create*",
    "iam:Delete*",
    "iam:Detach*",
    "iam:PassRole",
    "iam:Put*",
    "iam:Remove*",
    "iam:Set*",
    "iam:Update*",
    "iam:Upload*",
    "kms:CreateGrant",
    "kms:DisableKey",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "organizations:*",
)
"""What the permissions boundary of an agent denies: changing access, keys and the organisation."""

PASS_ROLE = "iam:PassRole"  # noqa: S105 - an action

ANYWHERE = ("0.0.0.0/0", "::/0")

_CLASSES = {
    ids.INTERNET: "everyone",
    ids.ANONYMOUS: "everyone",
    ids.ANY_ACCOUNT: "every AWS account",
    ids.ANY_AUTHENTICATED: "everyone who signs in",
}

_OWN_TOOLS = {"code_interpreter", "user_input", "knowledge", "return_of_control"}
"""Kinds of tools whose use no confirmation can be asked for."""


class Change(NamedTuple):
    """What could be done, before it is weighed.

    Attributes:
        action: word for it; ``costs.py`` knows its cost, effect and disruption.
        resource: id of what is changed.
        title: for people, one line.
        patches: what the inventory would hold afterwards.
    """

    action: str
    resource: str
    title: str
    patches: tuple[Patch, ...]


class Changes:
    """Finds changes in one inventory."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory

    def of_hop(self, hop: Hop) -> Iterator[Change]:
        """Changes that touch ``hop``, most fitting first."""
        if hop.kind in VERBS or hop.kind is EdgeKind.CAN_ASSUME:
            yield from self._access(hop)
        maker = self._makers.get(hop.kind)
        if maker is not None:
            yield from maker(self, hop)

    def on(self, action: str, resource: str) -> Iterator[Change]:
        """The change called ``action`` of one resource, where it can be made there."""
        found = self.inventory.by_id.get(resource)
        maker = self._settings.get(action)
        change = maker(self, found) if found is not None and maker is not None else None
        if change is not None:
            yield change

    # --- settings of single resources

    def _require_auth(self, endpoint: Resource) -> Change | None:
        if endpoint.attrs.get("auth") != "none":
            return None
        patches = [_set(endpoint, auth="iam")]
        for target in endpoint.targets("fronts"):
            behind = self.inventory.get(target)
            if behind is None:
                continue
            removed = [
                operation
                for place in places(behind)
                if place.policy.role is PolicyRole.RESOURCE and place.allows
                for operation in without_principal(place, ids.ANONYMOUS) or ()
            ]
            if removed:
                patches.append(_patch(behind, removed))
        return Change(
            "require_auth", endpoint.id, f"Require IAM sign-in on {_called(endpoint)}", tuple(patches)
        )

    def _require_imds_v2(self, workload: Resource) -> Change | None:
        if workload.attrs.get("imds_version") != "v1":
            return None
        limit = {"imds_hop_limit": 1} if workload.attrs.get("imds_hop_limit") else {}
        title = f"Require session tokens on the metadata service of {_called(workload)}"
        return Change("require_imds_v2", workload.id, title, (_set(workload, imds_version="v2", **limit),))

    def _require_confirmation(self, tool: Resource) -> Change | None:
        if tool.attrs.get("confirmation") != "none" or tool.attrs.get("tool_kind") in _OWN_TOOLS:
            return None
        title = f"Require a person's confirmation for each use of the tool {_called(tool)}"
        return Change("require_confirmation", tool.id, title, (_set(tool, confirmation="required"),))

    def _disable_tool(self, tool: Resource) -> Change | None:
        if tool.attrs.get("enabled") is not True:
            return None
        return Change(
            "disable_tool", tool.id, f"Switch off the tool {_called(tool)}", (_set(tool, enabled=False),)
        )

    def _deactivate_key(self, key: Resource) -> Change | None:
        if key.attrs.get("active") is not True:
            return None
        title = f"Deactivate and replace the key {_called(key)}"
        return Change("deactivate_key", key.id, title, (_set(key, active=False),))

    def _block_public_access(self, store: Resource) -> Change | None:
        flags = ("block_public_acls", "ignore_public_acls", "block_public_policy", "restrict_public_buckets")
        left = {flag: True for flag in flags if store.attrs.get(flag) is not True and flag in store.attrs}
        if not left or store.kind not in {"aws.s3.bucket", "aws.account"}:
            return None
        title = f"Block public access to {_called(store)}"
        return Change("block_public_access", store.id, title, (_set(store, **left),))

    def _unshare(self, shared: Resource) -> Change | None:
        if shared.attrs.get("public") is not True:
            return None
        gone = [
            _removal("refs", number)
            for number, ref in enumerate(shared.refs)
            if ref.name == "shared_with" and ref.target in ids.CLASSES
        ]
        title = f"Stop sharing {_called(shared)} with everyone"
        return Change("unshare", shared.id, title, (_set(shared, gone, public=False),))

    def _attach_boundary(self, identity: Resource) -> Change | None:
        taken = any(identity.targets("bounded_by")) or identity.attrs.get("service_linked") is True
        if identity.kind not in PRINCIPALS or taken:
            return None
        own = ids.parse_arn(identity.id)
        name = "policy/aisposture-agent-boundary"
        boundary = ids.arn("iam", name, account=identity.account, partition=own.partition if own else "aws")
        patches = [
            _patch(
                identity,
                [{"op": "add", "path": "/refs/-", "value": {"name": "bounded_by", "target": boundary}}],
            )
        ]
        if boundary not in self.inventory.by_id:
            text = document({"Effect": "Allow", "Action": "*", "Resource": "*"}, denying(BOUNDARY, ["*"]))
            # Every identity of the account shares it, so its origin must not depend on which one comes first.
            source = _origin(next(one for one in self.inventory.resources if one.account == identity.account))
            policy = {"role": "identity", "id": boundary, "document": text, "source": source}
            value = {
                "id": boundary,
                "kind": "aws.iam.policy",
                "account": identity.account,
                "region": "global",
                "name": name.rpartition("/")[2],
                "policies": [policy],
            }
            patches.append(Patch(resource=boundary, operations=({"op": "add", "path": "", "value": value},)))
        title = f"Put a permissions boundary on {_called(identity)} that denies changing access, keys and the organisation"
        return Change("attach_boundary", identity.id, title, tuple(patches))

    def _remove_secrets(self, holder: Resource) -> Change | None:
        if not holder.sightings:
            return None
        gone = [_removal("sightings", number) for number in range(len(holder.sightings))]
        title = f"Take the secrets out of the configuration of {_called(holder)} and replace them"
        return Change("remove_secret", holder.id, title, (_patch(holder, gone),))

    # --- hops

    def _exposes(self, hop: Hop) -> Iterator[Change]:
        yield from self.on("require_auth", hop.target)
        yield from self.on("block_public_access", hop.target)
        for place in self._shown(hop):
            if place.policy.role is PolicyRole.RESOURCE:
                yield from self._excluded(place, hop.source)
        yield from self._filters(hop, ANYWHERE)

    def _filters(self, hop: Hop, peers: Iterable[str]) -> Iterator[Change]:
        wanted = set(peers)
        for evidence in hop.evidence:
            group = self.inventory.by_id.get(evidence.resource)
            if group is None or group.kind != "aws.ec2.security_group" or group.net is None:
                continue
            gone = [
                _removal("net", "rules", number)
                for number, rule in enumerate(group.net.rules)
                if rule.direction == "in" and rule.allow and (not wanted or rule.peer in wanted)
            ]
            if gone:
                who = "the internet" if wanted else "others"
                title = f"Remove the rules of {_called(group)} that let {who} in"
                yield Change("close_ingress", group.id, title, (_patch(group, gone),))

    def _network(self, hop: Hop) -> Iterator[Change]:
        yield from self._filters(hop, ())

    def _metadata(self, hop: Hop) -> Iterator[Change]:
        yield from self.on("require_imds_v2", hop.source)
        yield from self.on("attach_boundary", hop.target)

    def _tool(self, hop: Hop) -> Iterator[Change]:
        yield from self.on("require_confirmation", hop.target)
        yield from self.on("disable_tool", hop.target)

    def _becomes(self, hop: Hop) -> Iterator[Change]:
        yield from self.on("attach_boundary", hop.target)

    def _sighting(self, hop: Hop) -> Iterator[Change]:
        yield from self.on("remove_secret", hop.source)

    def _opens(self, hop: Hop) -> Iterator[Change]:
        for evidence in hop.evidence:
            yield from self.on("deactivate_key", evidence.resource)
        yield from self.on("attach_boundary", hop.target)

    def _shares(self, hop: Hop) -> Iterator[Change]:
        yield from self.on("unshare", hop.source)

    def _detached(self, hop: Hop) -> Iterator[Change]:
        """Take away the refs that draw the hop."""
        patches = []
        ends = {hop.source, hop.target}
        for evidence in hop.evidence:
            holder = self.inventory.by_id.get(evidence.resource)
            name = evidence.field.removeprefix("refs.")
            if holder is None or name == evidence.field:
                continue
            gone = [
                _removal("refs", number)
                for number, ref in enumerate(holder.refs)
                if ref.name == name and self.inventory.resolve(ref.target) in ends
            ]
            if gone:
                patches.append(_patch(holder, gone))
        if patches:
            ends_called = f"{self._name(hop.source)} from {self._name(hop.target)}"
            yield Change("detach", patches[0].resource, f"Detach {ends_called}", tuple(patches))

    def _escalates(self, hop: Hop) -> Iterator[Change]:
        technique = next((one for one in techniques() if one.id == hop.attrs.get("technique")), None)
        if technique is not None:
            legs = [leg for leg in technique.legs if leg.action == PASS_ROLE] or list(technique.legs[:1])
            passing = legs[0].action == PASS_ROLE
            resources = [hop.target] if passing and ids.parse_arn(hop.target) else ["*"]
            action = "restrict_pass_role" if passing else "deny_on_identity"
            what = f"pass {self._name(hop.target)}" if passing else f"use {legs[0].action}"
            yield from self._denied(action, hop.source, [legs[0].action], resources, what)
        yield from self.on("attach_boundary", hop.source)

    def _access(self, hop: Hop) -> Iterator[Change]:
        target = self.inventory.by_id.get(hop.target)
        if hop.kind is EdgeKind.CAN_ASSUME:
            actions, resources = ["sts:AssumeRole"], [hop.target]
        else:
            actions, resources = asked(target.kind if target else "", hop.kind, hop.target)
        for place in self._shown(hop):
            mine = place.resource.id == hop.target
            if mine and place.policy.role in (PolicyRole.RESOURCE, PolicyRole.TRUST):
                yield from self._excluded(place, hop.source)
            elif target is not None and self._ours(place.resource) and about(place, actions):
                yield from self._narrowed(place, actions, target)
        if hop.source in ids.CLASSES:
            yield from self.on("block_public_access", hop.target)
        if actions:
            words = hop.kind.value.replace("_", " ").removeprefix("can ")
            yield from self._denied(
                "deny_on_identity", hop.source, actions, resources, f"{words} {self._name(hop.target)}"
            )
        elif ids.parse_sink(hop.target):
            yield from self.on("attach_boundary", hop.source)

    def _shown(self, hop: Hop) -> Iterator[Place]:
        for evidence in hop.evidence:
            for place in named_by(self.inventory, evidence):
                if place.allows:
                    yield place

    def _ours(self, holder: Resource) -> bool:
        managed = holder.kind == "aws.iam.policy" and holder.account in self.inventory.accounts
        return managed or holder.kind in (*PRINCIPALS, "aws.iam.group")

    def _excluded(self, place: Place, source: str) -> Iterator[Change]:
        trusting = place.policy.role is PolicyRole.TRUST
        operations = without_principal(place, source)
        if operations is None:
            return
        patch = _patch(place.resource, operations)
        who = self._name(source)
        where = f"the {'trust' if trusting else 'resource'} policy of {_called(place.resource)}"
        outside = ids.account_of(source) not in self.inventory.accounts and source not in ids.CLASSES
        if trusting and outside and "Condition" not in place.statement:
            condition = {"StringEquals": {"sts:ExternalId": "AGREE-WITH-THE-PARTNER"}}
            asking = _patch(
                place.resource, [{"op": "add", "path": place.path("Condition"), "value": condition}]
            )
            title = f"Ask {who} for an external id in {where}"
            yield Change("require_external_id", place.resource.id, title, (asking,))
        action = "remove_public_access" if source in ids.CLASSES else "remove_principal"
        yield Change(action, place.resource.id, f"Take {who} out of {where}", (patch,))

    def _narrowed(self, place: Place, actions: list[str], target: Resource) -> Iterator[Change]:
        operations = narrowed(place, actions, target.id)
        if operations is not None:
            title = f"Take {_called(target)} out of the policy {place.policy.id} of {_called(place.resource)}"
            yield Change("narrow_policy", place.resource.id, title, (_patch(place.resource, operations),))

    def _denied(
        self, action: str, holder: str, actions: list[str], resources: list[str], what: str
    ) -> Iterator[Change]:
        identity = self.inventory.by_id.get(holder)
        if (
            identity is None
            or identity.kind not in PRINCIPALS
            or identity.attrs.get("service_linked") is True
        ):
            return
        text = document(denying(actions, resources))
        name = f"aisposture-deny-{hashlib.sha256(encode(text)).hexdigest()[:8]}"
        policy = {"role": "inline", "id": name, "document": text, "source": _origin(identity)}
        patch = _patch(identity, [{"op": "add", "path": "/policies/-", "value": policy}])
        yield Change(action, holder, f"Deny {_called(identity)} to {what}", (patch,))

    def _name(self, node: str) -> str:
        found = self.inventory.by_id.get(node)
        if found is not None:
            return _called(found)
        if (sink := ids.parse_sink(node)) is not None:
            return f"anything in account {sink[1]}"
        return _CLASSES.get(node, node.replace("account:", "account ", 1))

    _settings: dict[str, "Callable[[Changes, Resource], Change | None]"] = {  # noqa: RUF012 - a table of methods
        "require_auth": _require_auth,
        "require_imds_v2": _require_imds_v2,
        "require_confirmation": _require_confirmation,
        "disable_tool": _disable_tool,
        "deactivate_key": _deactivate_key,
        "block_public_access": _block_public_access,
        "unshare": _unshare,
        "attach_boundary": _attach_boundary,
        "remove_secret": _remove_secrets,
    }
    _makers: dict[EdgeKind, "Callable[[Changes, Hop], Iterator[Change]]"] = {  # noqa: RUF012 - a table of methods
        EdgeKind.EXPOSES: _exposes,
        EdgeKind.NETWORK_REACH: _network,
        EdgeKind.STEALS_VIA_IMDS: _metadata,
        EdgeKind.USES_TOOL: _tool,
        EdgeKind.ACTS_AS: _becomes,
        EdgeKind.RUNS_AS: _becomes,
        EdgeKind.CONTAINS_SECRET: _sighting,
        EdgeKind.AUTHENTICATES_AS: _opens,
        EdgeKind.SHARES: _shares,
        EdgeKind.FEEDS: _detached,
        EdgeKind.TRIGGERS: _detached,
        EdgeKind.DELEGATES_TO: _detached,
        EdgeKind.CAN_ESCALATE: _escalates,
        EdgeKind.CAN_ADD_CREDENTIAL: _escalates,
        EdgeKind.CAN_MINT: _escalates,
        EdgeKind.FEDERATES: _access,
    }


def actions() -> frozenset[str]:
    """Words that the ``action`` of a rule's fix may have for a change of one resource."""
    return frozenset(Changes._settings)  # noqa: SLF001 - the table of this class


def _origin(resource: Resource) -> dict[str, Any]:
    """Where a document that is not there yet is said to come from: where its resource was read."""
    source = resource.sources.get("id") or next(iter(resource.sources.values()), None)
    return {"call": source.call if source else 0, "pointer": source.pointer if source else ""}


def _patch(resource: Resource, operations: Iterable[Operation]) -> Patch:
    return Patch(resource=resource.id, operations=tuple(joined(operations)))


def _removal(*parts: str | int) -> Operation:
    return {"op": "remove", "path": pointer(*parts)}


def _set(resource: Resource, also: Iterable[Operation] = (), /, **values: Any) -> Patch:
    return _patch(
        resource,
        [
            *also,
            *(
                {
                    "op": "replace" if name in resource.attrs else "add",
                    "path": pointer("attrs", name),
                    "value": value,
                }
                for name, value in values.items()
            ),
        ],
    )


def _called(resource: Resource) -> str:
    return resource.name or resource.id
