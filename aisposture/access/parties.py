"""The principals of an inventory with the documents that bind them, and the actors outside it that its policies name."""

from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from aisposture.access.aws.document import parse
from aisposture.access.aws.principals import ANONYMOUS, Caller, parse_caller
from aisposture.access.documents import Compiled, Library
from aisposture.access.legs import ANY
from aisposture.access.organization import Membership
from aisposture.model import ids
from aisposture.model.inventory import Inventory
from aisposture.model.resource import PolicyRole, Resource

OUTSIDE_ACCOUNT = "000000000000"
"""Stands in requests for an account that nobody knows."""

_ALLOW_ALL = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
_OUTSIDE = "outside"
_DIRECT = ("aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths")
_TAG = "aws:principaltag/"


class Party(Struct, frozen=True, kw_only=True):
    """Somebody who may ask.

    Attributes:
        id: of the node that holds what it is granted.
        own: identity policies: own, attached, and those of its groups.
        boundary: None where it has none.
        scps: levels of the organisation above its account, root first.
        context: what is known of it, keys in lower case; an empty tuple means known to be absent.
        inside: whether it belongs to an account of the inventory.
        unread: in words, which of its own policies could not be read.
        limits: in words, which limits on it (boundary) could not be read.
    """

    id: str
    caller: Caller
    own: tuple[Compiled, ...] = ()
    boundary: tuple[Compiled, ...] | None = None
    scps: tuple[tuple[Compiled, ...], ...] = ()
    context: dict[str, tuple[str, ...]] = {}
    inside: bool = True
    unread: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()

    def __hash__(self) -> int:
        return hash((self.id, self.caller))

    @property
    def account(self) -> str:
        """The account it belongs to, "" for services and the anonymous."""
        return self.caller.account

    @property
    def documents(self) -> Iterator[Compiled]:
        """Every document that binds it."""
        yield from self.own
        yield from self.boundary or ()
        for level in self.scps:
            yield from level


class Parties:
    """Makes the parties of one inventory."""

    def __init__(
        self, inventory: Inventory, library: Library, members: dict[str, Membership], now: str
    ) -> None:
        self.inventory = inventory
        self.library = library
        self.members = members
        self.now = now
        self.everything = Compiled(parse(_ALLOW_ALL, role=PolicyRole.IDENTITY), library.acts, -1)
        self._scps: dict[str, tuple[tuple[Compiled, ...], ...]] = {}
        self._policies: dict[tuple[str, PolicyRole], tuple[Compiled, ...]] = {}
        self._accounts: dict[str, dict[str, tuple[str, ...]]] = {}

    def inside(self) -> list[Party]:
        """Users, roles and groups (a group stands for any member it may get), sorted by id."""
        principals = self.inventory.of_kind("aws.iam.user", "aws.iam.role", "aws.iam.group")
        return [party for party in map(self.of, principals) if party is not None]

    def of(self, resource: Resource) -> Party | None:
        """The party of a user, role or group; None where its id names no principal."""
        member = ids.arn("iam", f"user/{ANY}", account=resource.account)
        caller = parse_caller(member if resource.kind == "aws.iam.group" else resource.id)
        return None if caller is None else self._principal(resource, caller)

    def _principal(self, resource: Resource, caller: Caller) -> Party:
        named: dict[str, list[str]] = {"has_policy": [], "member_of": [], "bounded_by": []}
        for ref in resource.refs:
            if ref.name in named:
                named[ref.name].append(ref.target)
        groups = [one for one in map(self.inventory.get, named["member_of"]) if one is not None]
        own: set[Compiled] = set()
        unread: list[str] = []
        self._add_own(resource, named["has_policy"], own, unread)
        for group in groups:
            self._add_own(group, group.targets("has_policy"), own, unread)
        if len(groups) < len(named["member_of"]) or self.inventory.hidden(resource, "refs.member_of"):
            unread.append(f"the groups of {resource.id} were not read")
        limits: list[str] = []
        boundary = self._attached(named["bounded_by"], PolicyRole.BOUNDARY, limits)
        return Party(
            id=resource.id,
            caller=caller,
            own=tuple(sorted(own, key=lambda one: one.number)),
            boundary=tuple(boundary) if named["bounded_by"] and not limits else None,
            scps=self.scps(resource.account),
            context=self._context(resource),
            unread=tuple(unread),
            limits=tuple(limits),
        )

    def _add_own(
        self, bearer: Resource, attached: Iterable[str], own: set[Compiled], unread: list[str]
    ) -> None:
        """The policies that a principal or a group bears, and in words which of them were not read."""
        if bearer.policies:
            own.update(self.library.all(bearer, (PolicyRole.INLINE, PolicyRole.IDENTITY)))
        own.update(self._attached(attached, PolicyRole.IDENTITY, unread))
        if self.inventory.gaps and any(
            self.inventory.hidden(bearer, field) is not None
            for field in ("policies.inline", "policies.identity", "refs.has_policy")
        ):
            unread.append(f"the policies of {bearer.id} were not read")

    def _attached(self, targets: Iterable[str], role: PolicyRole, unread: list[str]) -> list[Compiled]:
        found: list[Compiled] = []
        for target in targets:
            read = self._policies.get((target, role))
            if read is None:
                policy = self.inventory.get(target)
                read = () if policy is None else self.library.all(policy, (PolicyRole.IDENTITY,), role)
                self._policies[target, role] = read
            if not read:
                unread.append(f"{target} was not read")
            found += read
        return found

    def scps(self, account: str) -> tuple[tuple[Compiled, ...], ...]:
        """The service control policies over an account, compiled."""
        if account not in self._scps:
            member = self.members.get(account)
            self._scps[account] = tuple(
                tuple(one for policy in level for one in self.library.all(policy, (PolicyRole.SCP,)))
                for level in (member.scps if member else ())
            )
        return self._scps[account]

    def account_context(self, account: str) -> dict[str, tuple[str, ...]]:
        """What is known of any principal of an account."""
        known = self._accounts.get(account)
        if known is None:
            known = self._accounts[account] = self._account_context(account)
        return dict(known)

    def _account_context(self, account: str) -> dict[str, tuple[str, ...]]:
        context: dict[str, tuple[str, ...]] = {
            "aws:securetransport": ("true",),
            "aws:currenttime": (self.now,),
            "aws:sourceowner": (account,) if account else (),
            **dict.fromkeys(_DIRECT, ()),
        }
        member = self.members.get(account)
        if member is not None:
            context["aws:principalorgid"] = (member.organization,)
            context["aws:principalorgpaths"] = (member.path,)
            context["aws:principalorgmasteraccountid"] = (member.management,)
        elif self.members:
            context["aws:principalorgid"] = context["aws:principalorgpaths"] = ()
            context["aws:principalorgmasteraccountid"] = ()
        return context

    def _context(self, resource: Resource) -> dict[str, tuple[str, ...]]:
        context = self.account_context(resource.account)
        context.update({f"{_TAG}{key.lower()}": (value,) for key, value in resource.tags.items()})
        unique = str(resource.attrs.get("unique_id") or ANY) if resource.kind != "aws.iam.group" else ANY
        context["aws:userid"] = (f"{unique}:{ANY}" if resource.kind == "aws.iam.role" else unique,)
        return context

    def anonymous(self) -> Party:
        """A caller that shows nothing."""
        return self._outsider(ids.ANONYMOUS, ANONYMOUS, own=())

    def any_account(self) -> Party:
        """A caller from an account of its own, where it may do everything."""
        text = ids.arn("iam", f"role/{ANY}", account=OUTSIDE_ACCOUNT)
        return self._outsider(ids.ANY_ACCOUNT, text, own=(self.everything,))

    def _outsider(self, node: str, text: str, own: tuple[Compiled, ...]) -> Party:
        caller = parse_caller(text)
        if caller is None:
            raise AssertionError(f"{text} names no caller")
        nowhere = dict.fromkeys(("aws:sourcevpc", "aws:sourcevpce", "aws:sourceowner"), (_OUTSIDE,))
        context: dict[str, tuple[str, ...]] = {
            "aws:securetransport": ("true",),
            "aws:currenttime": (self.now,),
            **dict.fromkeys(_DIRECT, ()),
            **nowhere,
            "aws:principalorgid": (_OUTSIDE,) if caller.in_account else (),
            "aws:principalorgpaths": (f"{_OUTSIDE}/",) if caller.in_account else (),
            "aws:principalorgmasteraccountid": (),
            "aws:userid": (ANY,) if caller.in_account else (),
        }
        return Party(id=node, caller=caller, own=own, context=context, inside=False)

    def named(self, principals: Iterable[tuple[str, str]]) -> list[Party]:
        """The actors outside the inventory among ``(type, value)`` pairs that its policies name, sorted."""
        accounts = {one.account for one in self.inventory.of_kind("aws.account")} | {
            one.account for one in self.inventory.of_kind("aws.iam.user", "aws.iam.role")
        }
        found: dict[str, Party] = {}
        for kind, value in principals:
            caller = parse_caller(value)
            if caller is None or caller.text in found:
                continue
            if kind == "Service" and caller.type == "Service":
                context: dict[str, tuple[str, ...]] = {
                    "aws:securetransport": ("true",),
                    "aws:currenttime": (self.now,),
                }
                found[caller.text] = Party(
                    id=ids.service_principal(value), caller=caller, context=context, inside=False
                )
            elif kind == "AWS" and caller.in_account and caller.account not in accounts:
                found[caller.text] = Party(
                    id=ids.account_node(caller.account),
                    caller=self._anyone_of(caller),
                    own=(self.everything,),
                    scps=self.scps(caller.account),
                    context={**self.account_context(caller.account), "aws:userid": (ANY,)},
                    inside=False,
                )
        return [found[key] for key in sorted(found)]

    def _anyone_of(self, caller: Caller) -> Caller:
        """Some role of the account where a policy names the whole account: its root user could not assume a role itself."""
        if caller.type != "Account":
            return caller
        text = ids.arn("iam", f"role/{ANY}", account=caller.account, partition=caller.partition)
        return parse_caller(text) or caller


def completed(party: Party, mentioned: frozenset[str]) -> Party:
    """``party`` with the tags that policies mention and it does not bear known to be absent."""
    if not party.inside:
        return party
    missing = {key: () for key in mentioned if key.startswith(_TAG) and key not in party.context}
    if not missing:
        return party
    return replace(party, context={**party.context, **missing})
