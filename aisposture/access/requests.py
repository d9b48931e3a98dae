"""The request that stands for a party, an act and an item, with everything the scan knows of its context."""

from collections.abc import Callable

from msgspec.structs import replace
from pyroaring import BitMap

from aisposture.access.aws.context import Request
from aisposture.access.aws.principals import parse_caller
from aisposture.access.legs import ANY
from aisposture.access.organization import Membership
from aisposture.access.parties import Party
from aisposture.access.universe import Universe
from aisposture.model import ids

_REGION = "aws:requestedregion"
_ORGANIZATION = "aws:resourceorgid"
_PATHS = "aws:resourceorgpaths"
_ACCOUNT = ("aws:resourceaccount", "s3:resourceaccount")

Context = tuple[tuple[str, str], ...]


class Requests:
    """Builds requests over one universe. An *act* is an action, with the context that a way of use fixes."""

    def __init__(self, universe: Universe, members: dict[str, Membership], mentioned: frozenset[str]) -> None:
        self.universe = universe
        self.members = members
        self.tag_keys = tuple(sorted(key for key in mentioned if ":resourcetag/" in key))
        self._acts: dict[str, tuple[str, Context]] = {}
        self._contexts: dict[int, dict[str, tuple[str, ...]]] = {}
        self._groups: dict[str, list[BitMap]] = {}

    def act(self, action: str, context: dict[str, str]) -> str:
        """The name of an act; the action itself where nothing is fixed."""
        pairs = tuple(sorted((key.lower(), value) for key, value in context.items()))
        name = action.lower() + "".join(f" {key}={value}" for key, value in pairs)
        self._acts[name] = (action, pairs)
        return name

    def action(self, act: str) -> str:
        """The action of an act, as the provider spells it."""
        return self._acts[act][0]

    def context(self, act: str) -> Context:
        """The context that an act fixes."""
        return self._acts[act][1]

    def build(self, party: Party, act: str, item: int) -> Request:
        """The request of ``party`` to do ``act`` on ``item``."""
        action, fixed = self._acts[act]
        context = {**party.context, **self.item_context(item)}
        if fixed:
            values = {"region": self._region(item), "account": party.account or self.universe.account[item]}
            context.update({key: (value.format_map(values),) for key, value in fixed})
        return Request(
            caller=party.caller,
            action=action,
            resource=self.universe.arns[item],
            resource_account=self.universe.account[item],
            context=context,
            complete=False,
        )

    def item_context(self, item: int) -> dict[str, tuple[str, ...]]:
        """What is known of an item."""
        known = self._contexts.get(item)
        if known is None:
            known = self._contexts[item] = self._item_context(item)
        return known

    def _item_context(self, item: int) -> dict[str, tuple[str, ...]]:
        account = self.universe.account[item]
        owner = self.universe.owner[item]
        context: dict[str, tuple[str, ...]] = {}
        member = self.members.get(account)
        if member is not None:
            context[_ORGANIZATION], context[_PATHS] = (member.organization,), (member.path,)
        elif self.members and account:
            context[_ORGANIZATION] = context[_PATHS] = ()
        if owner is not None:
            if owner.region not in ("", "global"):
                context[_REGION] = (owner.region,)
            if self.tag_keys and self.universe.inventory.hidden(owner, "tags") is None:
                tags = {key.lower(): value for key, value in owner.tags.items()}
                for key in self.tag_keys:
                    value = tags.get(key.partition("/")[2])
                    context[key] = () if value is None else (value,)
        return context

    def _region(self, item: int) -> str:
        return next(iter(self.item_context(item).get(_REGION, ())), "us-east-1")

    def of_item(self, key: str) -> bool:
        """Whether the value of a context key differs from item to item."""
        return key in (_REGION, _ORGANIZATION, _PATHS, *_ACCOUNT) or key in self.tag_keys

    def item_value(self, key: str, item: int) -> object:
        """The value of such a key for an item, for comparison only."""
        if key in _ACCOUNT:
            return self.universe.account[item]
        if key == _REGION:
            arn = ids.parse_arn(self.universe.arns[item])
            return (self.item_context(item).get(key), arn.region if arn else None)
        return self.item_context(item).get(key)

    def groups(self, key: str) -> list[BitMap]:
        """All items, in groups of equal value of a context key."""
        known = self._groups.get(key)
        if known is None:
            value_of: Callable[[int], object] = lambda item: self.item_value(key, item)  # noqa: E731
            known = self._groups[key] = self.universe.grouped(value_of)
        return known

    def nobody(self, party: Party) -> Party:
        """A principal of the account and type of ``party`` that no policy names."""
        kind = {"User": "user", "Role": "role"}.get(party.caller.type)
        if kind is None:
            return party
        caller = parse_caller(ids.arn("iam", f"{kind}/{ANY}nobody", account=party.account))
        context = {
            key: value
            for key, value in party.context.items()
            if not key.startswith("aws:principaltag/") and key != "aws:userid"
        }
        return replace(party, id="", caller=caller or party.caller, context=context)
