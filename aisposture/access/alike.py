"""Who is worth asking about one action on one resource, and which of them need not be asked apart."""

from collections.abc import Iterable, Iterator

from aisposture.access.aws.authorize import ALWAYS, TOKEN_ACTIONS
from aisposture.access.aws.document import Statement
from aisposture.access.aws.grants import KmsGrant, level_of
from aisposture.access.aws.match import matches_resource, overlaps
from aisposture.access.aws.principals import Identity, Level, excludes, meet
from aisposture.access.documents import Compiled
from aisposture.access.parties import Party
from aisposture.access.requests import Requests


class Speaking:
    """The statements that may be about one action on one resource.

    Args:
        asked: the ARN of the request; with ``parts``, of any object in the bucket it begins with.
    """

    def __init__(self, asked: str, *, parts: bool) -> None:
        self.asked = asked
        self.within = f"{asked.partition('/')[0]}/*" if parts else ""
        self._of_document: dict[Compiled, tuple[Statement, ...]] = {}
        self._of_pattern: dict[str, bool] = {}

    def of(self, compiled: Compiled) -> tuple[Statement, ...]:
        """The statements of a document that the request may meet."""
        known = self._of_document.get(compiled)
        if known is None:
            known = self._of_document[compiled] = tuple(
                one
                for one, mask in compiled.statements
                if mask
                and (one.resources is None or one.not_resources or any(map(self._meets, one.resources)))
            )
        return known

    def allows(self, compiled: Compiled) -> bool:
        """Whether some statement of a document may allow the request."""
        return any(one.effect == "Allow" for one in self.of(compiled))

    def all(self, documents: Iterable[Compiled]) -> Iterator[Statement]:
        """All statements of ``documents`` that the request may meet."""
        for one in documents:
            yield from self.of(one)

    def _meets(self, pattern: str) -> bool:
        known = self._of_pattern.get(pattern)
        if known is None:
            known = self._of_pattern[pattern] = (
                "${" in pattern
                or matches_resource(pattern, self.asked)
                or (
                    bool(self.within)
                    and any(overlaps(form, self.within) for form in (pattern, f"{pattern}:*"))
                )
            )
        return known


def named_directly(side: Iterable[Statement], party: Party) -> bool:
    """Whether a resource policy may allow ``party`` of its own account something that nothing else allows it."""
    who = _identity(party)
    for one in side:
        if one.effect != "Allow":
            continue
        if one.not_principals or one.principals is None:
            return True
        meeting = meet(one.principals, party.caller, who)
        if meeting.level >= Level.ROLE or meeting.perhaps:
            return True
    return False


def heeds_no_policy(action: str) -> bool:
    """Whether an action (in lower case) is decided without regard to who the caller is among the principals of accounts."""
    return action in ALWAYS or action in TOKEN_ACTIONS


def _identity(party: Party) -> Identity:
    return Identity(
        user_id=next(iter(party.context.get("aws:userid", ())), ""),
        complete=False,
        bounded=party.boundary is not None,
    )


class Likeness:
    """Tells principals apart where one question can be answered differently for them.

    Args:
        side: the statements of resource policies and resource control policies that speak on the request.
    """

    def __init__(
        self,
        speaking: Speaking,
        requests: Requests,
        act: str,
        side: tuple[Statement, ...],
        grants: tuple[KmsGrant, ...],
    ) -> None:
        self.speaking = speaking
        self.requests = requests
        self.act = act
        self.side = side
        self.grants = grants
        self.keys = frozenset(key for one in side for key in one.context_keys())
        self._keys_of: dict[tuple[Compiled, ...], tuple[str, ...]] = {}

    def key(self, party: Party) -> tuple[object, ...] | None:
        """Equal for parties that get equal answers; None where an answer speaks of the party itself."""
        request = self.requests.build(party, self.act, 0)
        who = request.identity(bounded=party.boundary is not None)
        named: list[object] = []
        for one in self.side:
            if one.principals is None:
                continue
            meeting = meet(one.principals, party.caller, who)
            if meeting.perhaps:
                return None
            named.append(meeting.level)
            if one.not_principals:
                named.append(excludes(one.principals, party.caller, who))
        caller = party.caller
        return (
            party.account,
            caller.type,
            caller.partition,
            caller.is_service_linked,
            party.inside,
            party.unread,
            party.limits,
            self._ids(party.own),
            None if party.boundary is None else self._ids(party.boundary),
            tuple(map(self._ids, party.scps)),
            tuple(named),
            tuple(level_of(one, caller, who) for one in self.grants),
            tuple((key, request.lookup(key)) for key in self._keys(party)),
        )

    def _ids(self, documents: Iterable[Compiled]) -> tuple[int, ...]:
        return tuple(one.number for one in documents if self.speaking.of(one))

    def _keys(self, party: Party) -> tuple[str, ...]:
        documents = tuple(one for one in party.documents if self.speaking.of(one))
        known = self._keys_of.get(documents)
        if known is None:
            keys = {key for one in self.speaking.all(documents) for key in one.context_keys()}
            known = self._keys_of[documents] = tuple(sorted(keys | self.keys))
        return known
