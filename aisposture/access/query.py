"""Questions about single permissions: may this principal do that to this resource, and who may.

Only what the question touches is compiled: the documents of the principals asked about, the resource's own, and the
organisation above both. Each answer is one decision of ``authorize``.
"""

from collections.abc import Iterable, Iterator
from functools import cached_property

from msgspec import Struct, structs

from aisposture.access.alike import Likeness, Speaking, heeds_no_policy, named_directly
from aisposture.access.assumed import unread_layers
from aisposture.access.aws.match import has_wildcard, matches_resource, readable
from aisposture.access.aws.principals import parse_caller
from aisposture.access.decide import Decider
from aisposture.access.documents import Acts, Compiled, Library
from aisposture.access.legs import ANY, capabilities
from aisposture.access.organization import memberships
from aisposture.access.parties import Parties, Party, completed
from aisposture.access.requests import Requests
from aisposture.access.sides import Sides
from aisposture.access.universe import Universe, typical
from aisposture.errors import UsageError
from aisposture.model import ids
from aisposture.model.access import Decision, Outcome
from aisposture.model.graph import State
from aisposture.model.inventory import Inventory
from aisposture.model.resource import PolicyRole, Resource

_URL_INVOKE = "lambda:invokefunctionurl"
_INVOKE = "lambda:invokefunction"
_RESOURCE_LAYERS = ("resource", "trust", "key-policy")
_PRINCIPALS = ("aws.iam.user", "aws.iam.role", "aws.iam.group")


class Part(Struct, frozen=True, kw_only=True):
    """A part of the objects of a bucket on which the answer differs from that on the rest."""

    pattern: str
    state: State
    decision: Decision


class Verdict(Struct, frozen=True, kw_only=True):
    """What is known of one principal, action and resource.

    Attributes:
        principal: id of the node that asks.
        caller: the ARN, service or ``*`` that the request carries.
        state: UNSEEN where only a document that was not read could allow.
        decision: what the documents that were read say.
        unread: in words, what was not read and could change the answer.
        parts: for all objects of a bucket, the key patterns that are answered otherwise.
    """

    principal: str
    caller: str
    action: str
    resource: str
    state: State
    decision: Decision
    unread: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()

    @property
    def reaches(self) -> bool:
        """Whether anything is allowed, possible or hidden, if only in part."""
        return self.state is not State.FALSE or any(part.state is not State.FALSE for part in self.parts)


class Question:
    """One action on one resource of an inventory, to be asked for any number of principals.

    Args:
        inventory: what was read.
        action: ``service:Name``, without wildcards.
        resource: id or alias of a resource, ``BUCKET/KEY``, any ARN (``*`` in it stands for a name that no policy singles
            out), or ``*`` for an action without resource.

    Raises:
        UsageError: the action is no single action, or the inventory holds nothing of AWS.
    """

    def __init__(self, inventory: Inventory, action: str, resource: str) -> None:
        service, colon, name = action.partition(":")
        if not (service and colon and name) or has_wildcard(action):
            raise UsageError(f"'{action}' is no single action such as s3:GetObject")
        self.inventory = inventory
        self.action = action
        self.owner, self.resource = _meant(inventory, action, resource)
        self.members = memberships(inventory)
        extra = [_INVOKE] if action.lower() == _URL_INVOKE else []
        self.library = Library(Acts([action.lower(), *extra]))
        self.parties = Parties(inventory, self.library, self.members, inventory.taken_at)
        self._typical = _typical(self.resource)
        self._role = PolicyRole.TRUST if self._is_role else PolicyRole.RESOURCE
        self.speaking = Speaking(self._typical, parts=self.in_parts)

    @property
    def _is_role(self) -> bool:
        return self.owner is not None and self.owner.kind == "aws.iam.role"

    @property
    def in_parts(self) -> bool:
        """Whether all objects of a bucket are meant, of which policies may single some out."""
        owner = self.owner
        return owner is not None and owner.kind == "aws.s3.bucket" and self.resource == f"{owner.id}/*"

    @cached_property
    def assumptions(self) -> tuple[str, ...]:
        """Layers unread for a whole account, which are taken to deny nothing."""
        return tuple(unread_layers(self.inventory, self.members).values())

    @cached_property
    def side(self) -> tuple[Compiled, ...]:
        """The documents on the resource's side."""
        return () if self.owner is None else self.library.all(self.owner, (self._role,))

    @cached_property
    def side_unread(self) -> tuple[str, ...]:
        """In words, what of the resource's side was not read."""
        if self.owner is None:
            return () if has_wildcard(self.resource) else (f"{self.resource} is not in the snapshot",)
        hidden = self.inventory.hidden(self.owner, f"policies.{self._role.value}") is not None
        return (f"the policy of {self.owner.id} was not read",) if hidden else ()

    def ask(self, parties: Iterable[Party]) -> Iterator[Verdict]:
        """The answers for ``parties``, in their order.

        Raises:
            UsageError: the inventory holds nothing of AWS.
        """
        asked, side = list(parties), self.side
        stand_in = self.owner or next((one for one in self.inventory.resources if one.cloud == "aws"), None)
        if stand_in is None:
            raise UsageError("the snapshot holds nothing of AWS")
        rcps = {
            account: tuple(
                tuple(one for policy in level for one in self.library.all(policy, (PolicyRole.RCP,)))
                for level in member.rcps
            )
            for account, member in self.members.items()
        }
        mentioned = frozenset(key for one in self.library.compiled.values() for key in one.keys)
        alone = structs.replace(self.inventory, resources=(stand_in,))
        universe = Universe(alone, (), (), ())
        requests = Requests(universe, self.members, mentioned)
        act = requests.act(self.action, {})
        concerned = (stand_in, *(one for one in self.inventory.of_kind("aws.account") if one is not stand_in))
        near = structs.replace(self.inventory, resources=concerned)
        sides = Sides(near, universe, self.library, requests, {})
        decider = Decider(universe, requests, sides, {}, rcps)
        item = None if self.owner is None else universe.number[self.owner.id]
        documents = {*side, *(one for levels in rcps.values() for level in levels for one in level)}
        facts = None if self.owner is None else sides.of_resource.get(self.owner.id)
        likeness = Likeness(
            self.speaking,
            requests,
            act,
            tuple(self.speaking.all(sorted(documents, key=lambda one: one.number))),
            () if facts is None else facts.grants,
        )
        asker = _Asker(self, decider, act, item, likeness)
        for party in asked:
            yield asker.verdict(completed(party, mentioned))

    def everyone(self) -> list[Party]:
        """All who could be answered with anything but no: by their own policies, or by the resource's side."""
        found = [
            party
            for party in self.parties.inside()
            if party.unread or any(map(self.speaking.allows, party.own)) or self._may_be_let_in(party)
        ]
        return [*found, *self._outsiders()]

    def _may_be_let_in(self, party: Party) -> bool:
        """Whether a principal whose own policies allow nothing may be allowed by the resource's side, or nobody can say."""
        if self._all_alike or self._granted:
            return True
        account = self.owner.account if self.owner is not None else ids.account_of(self.resource)
        if account not in (None, "", party.account):
            return False
        return bool(self.side_unread) or named_directly(self.speaking.all(self.side), party)

    @cached_property
    def _all_alike(self) -> bool:
        return heeds_no_policy(self.action.lower())

    @cached_property
    def _granted(self) -> bool:
        return self.owner is not None and next(self.owner.documents(PolicyRole.GRANT), None) is not None

    def _outsiders(self) -> list[Party]:
        named: set[tuple[str, str]] = set()
        for one in self.speaking.all(self.side):
            if one.effect == "Allow" and not one.not_principals:
                named.update((principal.type, principal.value) for principal in one.principals or ())
        return [self.parties.anonymous(), self.parties.any_account(), *self.parties.named(sorted(named))]


class _Asker:
    """The engine behind one question, set up for one inventory."""

    def __init__(
        self, question: Question, decider: Decider, act: str, item: int | None, likeness: Likeness
    ) -> None:
        self.question = question
        self.decider = decider
        self.act = act
        self.item = item
        self.keys = _keys(question.side, question)
        self.likeness = likeness
        self._known: dict[tuple[object, ...], Verdict] = {}

    def verdict(self, party: Party) -> Verdict:
        """The answer for one party; that of another where nothing tells the two apart."""
        # The parts that variables make are each principal's own.
        own_parts = self.question.in_parts and any(self.decider.private(party))
        key = None if own_parts else self.likeness.key(party)
        known = None if key is None else self._known.get(key)
        if known is not None:
            return structs.replace(known, principal=party.id, caller=party.caller.text)
        found = self._judged(party)
        if key is not None:
            self._known[key] = found
        return found

    def _judged(self, party: Party) -> Verdict:
        question = self.question
        decision = self._decide(party, question.resource)
        own = (*party.unread, *party.limits)
        state = self._state(party, decision, own)
        return Verdict(
            principal=party.id,
            caller=party.caller.text,
            action=question.action,
            resource=question.resource,
            state=state,
            decision=decision,
            unread=(*own, *question.side_unread),
            parts=tuple(self._parts(party, state, own)),
        )

    def _decide(self, party: Party, resource: str) -> Decision:
        owner = self.question.owner
        if owner is not None and self.item is not None and resource == owner.id:
            return self.decider.exact(party, self.act, self.item)
        return self.decider.single(party, self.act, _typical(resource), self.item)

    def _state(self, party: Party, decision: Decision, own: tuple[str, ...]) -> State:
        """The state of a decision in the light of what was not read."""
        side = self.question.side_unread
        if decision.outcome is Outcome.IMPLICITLY_DENIED:
            by_own = bool(party.unread) and decision.layer == "identity"
            by_side = bool(side) and (decision.layer in _RESOURCE_LAYERS or self._alone(party, decision))
            return State.UNSEEN if by_own or by_side else State.FALSE
        state = decision.outcome.state
        return State.POSSIBLE if state is State.CONFIRMED and (own or side) else state

    def _alone(self, party: Party, decision: Decision) -> bool:
        """Whether the resource's side could allow by itself what the principal's own policies do not."""
        question = self.question
        account = question.owner.account if question.owner is not None else ids.account_of(question.resource)
        return decision.layer == "identity" and account in (None, "", party.account)

    def _parts(self, party: Party, whole: State, own: tuple[str, ...]) -> Iterator[Part]:
        """The key patterns of a bucket's objects that are answered otherwise than the rest of them."""
        owner = self.question.owner
        if owner is None or not self.question.in_parts:
            return
        for key in sorted(self.keys | _keys(party.documents, self.question)):
            decision = self._decide(party, f"{owner.id}/{key}")
            state = self._state(party, decision, own)
            if state is not whole:
                yield Part(pattern=readable(key), state=state, decision=decision)
        for bucket, key in sorted(set(self.decider.private(party))):
            found = self.decider.private_part(party, self.act, bucket, key)
            if found is not None and found[1].state > whole:
                cell = found[1]
                outcome = Outcome.ALLOWED if cell.state is State.CONFIRMED else Outcome.CONDITIONAL
                decision = Decision(outcome=outcome, allowed=cell.statements, conditions=cell.conditions)
                yield Part(pattern=found[0], state=cell.state, decision=decision)


def _typical(resource: str) -> str:
    return resource if resource == "*" else typical(resource)


def _keys(documents: Iterable[Compiled], question: Question) -> set[str]:
    """The key patterns inside the bucket asked about that statements on the action single out."""
    if question.owner is None:
        return set()
    found = set()
    for compiled in documents:
        for one, mask in compiled.statements:
            for pattern in one.resources or () if mask else ():
                head, slash, key = pattern.partition("/")
                inside = slash and key.strip("*") and "${" not in pattern
                if inside and matches_resource(head, question.owner.id):
                    found.add(key)
    return found


def _meant(inventory: Inventory, action: str, word: str) -> tuple[Resource | None, str]:
    """The resource of the inventory that ``word`` names or lies in, and the ARN to ask about."""
    head, slash, rest = _owner_of(inventory, word)
    if head is None:
        return None, word
    if not slash and _on_objects(head, action):
        return head, f"{head.id}/*"
    return head, f"{head.id}{slash}{rest}"


def _owner_of(inventory: Inventory, word: str) -> tuple[Resource | None, str, str]:
    """The resource whose id, alias or unique name is ``word``, or what stands before one of its slashes or colons."""
    found = inventory.get(word) or _named(inventory, word)
    if found is not None:
        return found, "", ""
    for at in range(len(word) - 1, 0, -1):
        if word[at] in "/:" and (head := word[:at]):
            found = inventory.get(head) or (_named(inventory, head) if word[at] == "/" else None)
            if found is not None:
                return found, word[at], word[at + 1 :]
    return None, "", ""


def _named(inventory: Inventory, name: str) -> Resource | None:
    """The bucket called ``name``, or the only resource called so.

    Raises:
        UsageError: several are.
    """
    if name.startswith("arn:") or name == "*":
        return None
    found = [one for one in inventory.resources if one.name == name and one.cloud == "aws"]
    found = [one for one in found if one.kind == "aws.s3.bucket"] or found
    if len(found) > 1:
        some = ", ".join(one.id for one in found[:5])
        raise UsageError(f"{len(found)} things are called '{name}'; give one of the ids: {some}")
    return found[0] if found else None


def _on_objects(resource: Resource, action: str) -> bool:
    """Whether ``action`` is asked about the objects in a resource, never about the resource as such."""
    asked = {
        leg.arn
        for one in capabilities()
        if one.kind == resource.kind
        for option in one.any_of
        for leg in option
        if leg.on == "self" and leg.action.lower() == action.lower()
    }
    return bool(asked) and all("{object}" in arn for arn in asked)


def principal(question: Question, word: str) -> Party:
    """The party that ``word`` names.

    That is a user, role or group by id, alias or name, what something runs as, a session, an account, a service, a class
    of actors, or ``*``.

    Raises:
        UsageError: it names none.
    """
    inventory, parties = question.inventory, question.parties
    if word.lower() in ("*", "anonymous", "internet", "class:anonymous", "class:internet"):
        return parties.anonymous()
    if word.lower() in ("any-account", "class:any-account"):
        return parties.any_account()
    resource = inventory.get(word) or _sole_principal(inventory, word)
    for ref in ("authenticates_as", "runs_as"):
        if resource is not None and resource.kind not in _PRINCIPALS:
            resource = next(filter(None, map(inventory.get, resource.targets(ref))), resource)
    found = parties.of(resource) if resource is not None and resource.kind in _PRINCIPALS else None
    found = found or _stranger(parties, inventory, word)
    if found is None:
        raise UsageError(
            f"'{word}' names no user, role, account or service of the snapshot, nor anything that runs as one"
        )
    return found


def _sole_principal(inventory: Inventory, name: str) -> Resource | None:
    """The user, role or group called ``name``, else the only other thing called so.

    Raises:
        UsageError: several are.
    """
    found = [one for one in inventory.resources if one.name == name and one.cloud == "aws"]
    found = [one for one in found if one.kind in _PRINCIPALS] or found
    if len(found) > 1:
        some = ", ".join(one.id for one in found[:5])
        raise UsageError(f"{len(found)} things are called '{name}'; give one of the ids: {some}")
    return found[0] if found else None


def _stranger(parties: Parties, inventory: Inventory, word: str) -> Party | None:
    """A session of a role, an account as such, or somebody from outside."""
    caller = parse_caller(word)
    if caller is None:
        return None
    roles = inventory.of_kind("aws.iam.role")
    role = next((one for one in roles if (one.account, one.name) == (caller.account, caller.name)), None)
    if caller.type == "AssumedRole" and role is not None:
        party = parties.of(role)
        unique = str(role.attrs.get("unique_id") or ANY)
        own = {"aws:userid": (f"{unique}:{caller.session}",)}
        return party and structs.replace(party, caller=caller, context={**party.context, **own})
    if caller.type == "Account" and any(one.account == caller.account for one in inventory.resources):
        node = ids.account_node(caller.account)
        context = parties.account_context(caller.account)
        return Party(id=node, caller=caller, scps=parties.scps(caller.account), context=context)
    kind = "Service" if caller.type == "Service" else "AWS"
    return next(iter(parties.named([(kind, word)])), None)
