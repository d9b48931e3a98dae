"""The resource's side: what resource policies say, to whom, and to which of them alike.

Items whose policies say the same are one *shape*. A shape means the same to every principal of an account unless it names
the principal, or tests something that differs from one to the next; only for those it is looked at again. So cost follows
the policies and the principals they name, not principals times resources.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from pyroaring import BitMap

from aisposture.access.aws.authorize import TRUST_ACTIONS
from aisposture.access.aws.document import Document, Statement, parse
from aisposture.access.aws.grants import KmsGrant
from aisposture.access.aws.layers import judge, matches_statement_resource
from aisposture.access.aws.match import has_wildcard, matches
from aisposture.access.aws.principals import parse_caller
from aisposture.access.aws.publicness import is_public
from aisposture.access.documents import Compiled, Library, merged
from aisposture.access.parties import Party
from aisposture.access.requests import Requests
from aisposture.access.truth import Truth
from aisposture.access.universe import Universe
from aisposture.model import ids
from aisposture.model.access import PolicyProblem, StatementRef
from aisposture.model.inventory import Inventory
from aisposture.model.resource import PolicyRole, Resource

_SHARED_KEYS = frozenset(
    {
        "aws:principalaccount",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:principalorgmasteraccountid",
        "aws:principalisawsservice",
        "aws:principaltype",
    }
)
"""Principal keys whose value all principals of one type and account share."""

_TRUST_ACTS = TRUST_ACTIONS

Effect = frozenset[tuple[object, ...]]
"""What a shape says to one principal: allows with how directly they name it, denies, and what is open about each."""


class Shape(Struct, frozen=True, kw_only=True, eq=False):
    """What the resource's side says for one action, common to many items.

    Attributes:
        statements: without action and resource, which are met.
        unread: in words, what could not be read of it.
        blocked: S3 RestrictPublicBuckets stops its policy for strangers.
    """

    number: int
    act: str
    item: int
    statements: tuple[Statement, ...]
    grants: tuple[KmsGrant, ...]
    unread: tuple[str, ...]
    blocked: bool


class Resourceful(Struct, frozen=True, kw_only=True, eq=False):
    """The documents on the resource's side of one resource."""

    documents: tuple[Compiled, ...]
    grants: tuple[KmsGrant, ...]
    unread: tuple[str, ...]
    blocked: bool
    whole: Document | None


class Sides:
    """Shapes of all items for all actions, with indexes from principals to the shapes that single them out."""

    def __init__(
        self,
        inventory: Inventory,
        universe: Universe,
        library: Library,
        requests: Requests,
        act_items: dict[str, BitMap],
    ) -> None:
        self.inventory = inventory
        self.universe = universe
        self.library = library
        self.requests = requests
        self.of_resource: dict[str, Resourceful] = {}
        self.shapes: list[Shape] = []
        self.table: dict[tuple[str, str], dict[int, BitMap]] = defaultdict(dict)
        """(act, account) -> shape -> items."""
        self.star = set[int]()
        self.by_account: dict[str, set[int]] = defaultdict(set)
        self.by_name: dict[str, set[int]] = defaultdict(set)
        self.by_pattern: dict[str, set[int]] = defaultdict(set)
        self.keyed: dict[str, set[int]] = defaultdict(set)
        self.named: set[tuple[str, str]] = set()
        self.acts_of: dict[int, list[tuple[str, str]]] = defaultdict(list)
        self._interned: dict[tuple[object, ...], int] = {}
        self._contents: dict[object, int] = {}
        self._generic: dict[tuple[str, str, str], list[tuple[Effect, BitMap]]] = {}
        self._allows: dict[int, list[tuple[int, StatementRef]]] = {}
        self._effects: dict[tuple[int, str, str], Effect] = {}
        self._delegating: dict[tuple[str, str], Document] = {}
        self._read()
        self._tabulate(act_items)

    def _read(self) -> None:
        accounts = {one.account: one for one in self.inventory.of_kind("aws.account")}
        for resource in self.inventory.resources:
            if resource.cloud != "aws" or resource.id not in self.universe.number:
                continue
            role = PolicyRole.TRUST if resource.kind == "aws.iam.role" else PolicyRole.RESOURCE
            documents = self.library.all(resource, (role,))
            grants = tuple(self._kms_grants(resource))
            gap = self.inventory.hidden(resource, f"policies.{role.value}")
            unread = (
                (f"the policy of {resource.id} was not read",) if gap is not None and not documents else ()
            )
            restricts = resource.attrs.get("restrict_public_buckets") or (
                resource.account in accounts
                and accounts[resource.account].attrs.get("restrict_public_buckets")
            )
            whole = merged(role, (one for compiled in documents for one in compiled.document.statements))
            if documents or grants or unread:
                self.of_resource[resource.id] = Resourceful(
                    documents=documents,
                    grants=grants,
                    unread=unread,
                    blocked=bool(restricts) and resource.kind == "aws.s3.bucket" and is_public(whole),
                    whole=whole if documents else None,
                )

    def _kms_grants(self, resource: Resource) -> Iterator[KmsGrant]:
        for policy in resource.documents(PolicyRole.GRANT):
            try:
                yield _grant(msgspec.json.decode(policy.document))
            except (msgspec.MsgspecError, TypeError, AttributeError) as error:
                self.library.problems.add(
                    PolicyProblem(
                        resource=resource.id, policy=policy.id, where="", message=f"no grant: {error}"
                    )
                )

    def _tabulate(self, act_items: dict[str, BitMap]) -> None:
        acts_of_item: dict[int, list[str]] = defaultdict(list)
        carriers = BitMap(
            item
            for item, owner in enumerate(self.universe.owner)
            if owner is not None and owner.id in self.of_resource
        )
        for act, items in act_items.items():
            for item in items & carriers:
                acts_of_item[item].append(act)
        found: dict[tuple[str, str], dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        for item, acts in acts_of_item.items():
            owner = self.universe.owner[item]
            if owner is None:
                continue
            side = self.of_resource[owner.id]
            matched = [
                (self._content(one, item), one, mask)
                for compiled in side.documents
                for one, mask in compiled.statements
                if self._matches(one, item)
            ]
            for act in acts:
                if owner.kind == "aws.iam.role" and self.requests.action(act).lower() not in _TRUST_ACTS:
                    continue
                number = self._shape(act, item, matched, side)
                if number is not None:
                    found[act, self.universe.account[item]][number].append(item)
        for key, shapes in found.items():
            for number, items_ in shapes.items():
                self.table[key][number] = BitMap(items_)
                self.acts_of[number].append(key)

    def _matches(self, statement: Statement, item: int) -> bool:
        arn = self.universe.arns[item]
        return matches_statement_resource(statement, arn, lambda _: Truth.UNKNOWN).truth is not Truth.FALSE

    def _content(self, statement: Statement, item: int) -> int:
        templated = statement.variables and any("${" in one for one in statement.resources or ())
        bare = _bare(statement, keep=templated)
        values = tuple(
            self.requests.item_value(key, item)
            for key in sorted(statement.context_keys())
            if self.requests.of_item(key)
        )
        return self._contents.setdefault((bare, values, item if templated else None), len(self._contents))

    def _shape(
        self, act: str, item: int, matched: list[tuple[int, Statement, int]], side: Resourceful
    ) -> int | None:
        bit = 1 << self.library.acts.number[self.requests.action(act).lower()]
        mine = [(content, one) for content, one, mask in matched if mask & bit]
        operation = self.requests.action(act).partition(":")[2].lower()
        grants = tuple(one for one in side.grants if operation in {name.lower() for name in one.operations})
        blocked = side.blocked and self.requests.action(act).lower().startswith("s3:")
        if not mine and not grants and not side.unread:
            # A key policy that says nothing of the action says as much as no statement: the default is no.
            return None
        context = self.requests.context(act)
        key = (
            tuple(content for content, _ in mine),
            msgspec.json.encode(grants),
            side.unread,
            blocked,
            context,
        )
        number = self._interned.get(key)
        if number is None:
            number = self._interned[key] = len(self.shapes)
            shape = Shape(
                number=number,
                act=act,
                item=item,
                statements=tuple(
                    _bare(one, keep=one.variables and any("${" in text for text in one.resources or ()))
                    for _, one in mine
                ),
                grants=grants,
                unread=side.unread,
                blocked=blocked,
            )
            self.shapes.append(shape)
            self._index(shape)
        return number

    def _index(self, shape: Shape) -> None:
        for grant in shape.grants:
            kind = "AWS" if grant.grantee_principal.startswith("arn:") else "Service"
            self._index_principal(shape.number, kind, grant.grantee_principal, allow=True)
        for statement in shape.statements:
            allow = statement.effect == "Allow"
            if allow and statement.not_principals:
                self.star.add(shape.number)
            for one in statement.principals or ():
                self._index_principal(
                    shape.number, one.type, one.value, allow=allow and not statement.not_principals
                )
            for condition in statement.conditions:
                self._index_key(shape.number, condition.key.lower(), condition.values)
            if statement.variables:
                for key in statement.context_keys() - {one.key.lower() for one in statement.conditions}:
                    self._index_key(shape.number, key, ("${",))

    def _index_principal(self, number: int, kind: str, value: str, *, allow: bool) -> None:
        if allow:
            self.named.add((kind, value))
        if value == "*":
            if allow:
                self.star.add(number)
            return
        if has_wildcard(value):
            self.by_pattern[value].add(number)
            return
        caller = parse_caller(value)
        if caller is not None and caller.type == "Account":
            if allow:
                self.by_account[caller.account].add(number)
            return
        self.by_name[value].add(number)
        if caller is not None and caller.is_role:
            self.by_name[f"role/{caller.account}/{caller.name}"].add(number)

    def _index_key(self, number: int, key: str, values: Iterable[str]) -> None:
        if key in _SHARED_KEYS or not (
            key.startswith("aws:principal") or key in ("aws:userid", "aws:username")
        ):
            return
        for value in values:
            head = value.partition(":")[0] if key == "aws:userid" else value
            if "${" in value or key not in ("aws:principalarn", "aws:userid"):
                self.keyed[key].add(number)
            elif has_wildcard(head):
                (self.by_pattern[value] if key == "aws:principalarn" else self.keyed[key]).add(number)
            else:
                self.by_name[head].add(number)

    def special(self, party: Party) -> set[int]:
        """The shapes that may treat ``party`` unlike the rest of its account."""
        caller = party.caller
        found = set(self.by_name.get(caller.text, ()))
        found.update(self.by_name.get(caller.arn, ()))
        if caller.is_role:
            found.update(self.by_name.get(f"role/{caller.account}/{caller.name}", ()))
        for value in party.context.get("aws:userid", ()):
            found.update(self.by_name.get(value.partition(":")[0], ()))
        for pattern, numbers in self.by_pattern.items():
            if matches(pattern, caller.text) or matches(pattern, caller.arn):
                found |= numbers
        for numbers in self.keyed.values():
            found |= numbers
        return found

    def abroad(self, party: Party, special: set[int]) -> set[int]:
        """The shapes that may let ``party`` into another account."""
        return special | self.star | self.by_account.get(party.account, set())

    def effect(self, party: Party, number: int) -> Effect:
        """What a shape says to ``party``."""
        shape = self.shapes[number]
        request = self.requests.build(party, shape.act, shape.item)
        identity = request.identity(bounded=party.boundary is not None)
        layer = judge("resource", (merged(PolicyRole.RESOURCE, shape.statements),), request, identity)
        said: set[tuple[object, ...]] = set()
        for hit in layer.allows:
            said.add(("allow", hit.level, hit.applies.truth, hit.applies.open))
        for hit in layer.denies:
            certain = hit.applies.truth is Truth.TRUE
            said.add(("deny", certain, frozenset() if certain else hit.applies.open))
        if shape.grants and self._is_grantee(party, shape):
            said.add(("grants", msgspec.json.encode(shape.grants), party.id))
        if shape.unread:
            said.add(("unread", shape.unread))
        if shape.blocked and said:
            said.add(("blocked",))
        return frozenset(said)

    def _is_grantee(self, party: Party, shape: Shape) -> bool:
        forms = {party.caller.text, party.caller.arn}
        role = f"role/{party.caller.account}/{party.caller.name}"
        return any(
            one.grantee_principal in forms
            or shape.number in self.by_name.get(role, ())
            or (parse_caller(one.grantee_principal) or party.caller).type == "Account"
            for one in shape.grants
        )

    def groups(self, party: Party, special: set[int], act: str) -> list[tuple[Effect, BitMap]]:
        """Items of the party's own account by what their side says to it; items of no group have no say."""
        table = self.table.get((act, party.account))
        if not table:
            return []
        mine = special & table.keys()
        generic = self._generic_groups(party, act)
        if not mine:
            return generic
        apart: dict[Effect, BitMap] = {}
        taken = BitMap()
        for number in sorted(mine):
            said = self.effect_of(party, number)
            apart[said] = apart.get(said, BitMap()) | table[number]
            taken |= table[number]
        found = {said: items - taken for said, items in generic}
        for said, items in apart.items():
            if said:
                found[said] = found.get(said, BitMap()) | items
        return [(said, items) for said, items in found.items() if items]

    def effect_of(self, party: Party, number: int) -> Effect:
        """``effect``, remembered for the party."""
        key = (number, party.caller.text, party.id)
        known = self._effects.get(key)
        if known is None:
            known = self._effects[key] = self.effect(party, number)
        return known

    def _generic_groups(self, party: Party, act: str) -> list[tuple[Effect, BitMap]]:
        key = (act, party.account, party.caller.type)
        known = self._generic.get(key)
        if known is None:
            nobody = self.requests.nobody(party)
            merged_groups: dict[Effect, BitMap] = {}
            for number, items in self.table[act, party.account].items():
                said = self.effect_of(nobody, number)
                if said:
                    merged_groups[said] = merged_groups.get(said, BitMap()) | items
            known = self._generic[key] = list(merged_groups.items())
        return known

    def references(self, act: str, items: Iterable[int]) -> set[StatementRef]:
        """The statements of the resource's side that may allow ``act`` on ``items``."""
        bit = 1 << self.library.acts.number[self.requests.action(act).lower()]
        return {ref for item in items for mask, ref in self._allowing(item) if mask & bit}

    def _allowing(self, item: int) -> list[tuple[int, StatementRef]]:
        """The allows of the resource's side about an item, with the actions each is about."""
        known = self._allows.get(item)
        if known is None:
            owner = self.universe.owner[item]
            side = self.of_resource.get(owner.id) if owner is not None else None
            known = self._allows[item] = [
                (mask, one.ref)
                for compiled in (side.documents if side is not None else ())
                for one, mask in compiled.statements
                if one.effect == "Allow" and self._matches(one, item)
            ]
        return known

    def document(self, act: str, item: int) -> Document | None:
        """The resource policy of an item as ``authorize`` takes it; where one must exist and none was read, the default."""
        action = self.requests.action(act).lower()
        owner = self.universe.owner[item]
        side = self.of_resource.get(owner.id) if owner is not None else None
        if owner is not None and owner.kind == "aws.iam.role" and action not in _TRUST_ACTS:
            return None
        if side is not None and side.whole is not None:
            return side.whole
        must = action in _TRUST_ACTS or action.startswith("kms:")
        absent = owner is None or (side is not None and side.unread)
        return self._default(self.universe.account[item], action) if must and absent else None

    def _default(self, account: str, action: str) -> Document:
        role = PolicyRole.TRUST if action in _TRUST_ACTS else PolicyRole.RESOURCE
        key = (account, role.value)
        if key not in self._delegating:
            root = ids.arn("iam", "root", account=account)
            resource = "" if role is PolicyRole.TRUST else ',"Resource":"*"'
            text = (
                '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Principal":{"AWS":"'
                f'{root}"}}{resource}}}]}}'
            )
            self._delegating[key] = parse(text, role=role)
        return self._delegating[key]


def _bare(statement: Statement, *, keep: bool) -> Statement:
    """``statement`` as if action and (unless ``keep``) resource were met, and without its place."""
    nowhere = StatementRef(resource="", policy="", role=statement.ref.role, index=0)
    if keep:
        return replace(statement, ref=nowhere, actions=("*",), not_actions=False)
    return replace(
        statement, ref=nowhere, actions=("*",), not_actions=False, resources=None, not_resources=False
    )


def _grant(value: dict[str, object]) -> KmsGrant:
    """A grant of KMS from the collector's words or from the provider's."""
    lower = {key[:1].lower() + key[1:]: one for key, one in value.items()}
    kept = {key: lower[key] for key in ("granteePrincipal", "operations", "constraints") if lower.get(key)}
    return msgspec.convert(kept, KmsGrant)
