"""Every policy document of an inventory, compiled once, and the actions each of its statements is about."""

from collections.abc import Iterable, Sequence

from aisposture.access.aws.document import Document, Statement, parse
from aisposture.access.aws.match import matches
from aisposture.model.access import PolicyProblem
from aisposture.model.resource import Policy, PolicyRole, Resource


class Acts:
    """The actions that matter, numbered; sets of them are bits of an integer."""

    def __init__(self, actions: Iterable[str]) -> None:
        self.names = tuple(sorted(set(actions)))
        self.number = {name: index for index, name in enumerate(self.names)}
        self.all = (1 << len(self.names)) - 1
        self._by_pattern: dict[str, int] = {}

    def matching(self, statement: Statement) -> int:
        """The actions that a statement is about."""
        found = 0
        for pattern in statement.actions:
            found |= self._of_pattern(pattern)
        return self.all & ~found if statement.not_actions else found

    def _of_pattern(self, pattern: str) -> int:
        bits = self._by_pattern.get(pattern)
        if bits is None:
            bits = 0
            for index, name in enumerate(self.names):
                if matches(pattern, name):
                    bits |= 1 << index
            self._by_pattern[pattern] = bits
        return bits


class Compiled:
    """A document with what its statements are about.

    Attributes:
        statements: the statements that can decide anything, with the bits of the actions each is about.
        keys: context keys that it mentions.
    """

    __slots__ = ("document", "keys", "number", "statements")

    def __init__(self, document: Document, acts: Acts, number: int) -> None:
        self.document = document
        self.number = number
        self.statements: tuple[tuple[Statement, int], ...] = tuple(
            (one, acts.matching(one))
            for one in document.statements
            if not (one.mistakes and one.effect == "Allow")
        )
        self.keys = frozenset(key for one, _ in self.statements for key in one.context_keys())


class Library:
    """Compiles policies once each and gathers their mistakes."""

    def __init__(self, acts: Acts) -> None:
        self.acts = acts
        self.compiled: dict[tuple[str, PolicyRole, str], Compiled] = {}
        self.problems: set[PolicyProblem] = set()

    def of(self, resource: Resource, policy: Policy, role: PolicyRole | None = None) -> Compiled:
        """The compiled document of one policy of a resource."""
        key = (resource.id, role or policy.role, policy.id)
        found = self.compiled.get(key)
        if found is None:
            document = parse(
                policy.document, role=role or policy.role, resource=resource.id, policy=policy.id
            )
            self.problems.update(document.problems)
            found = self.compiled[key] = Compiled(document, self.acts, len(self.compiled))
        return found

    def all(
        self, resource: Resource, roles: Sequence[PolicyRole], role: PolicyRole | None = None
    ) -> tuple[Compiled, ...]:
        """The compiled documents that a resource carries in ``roles``, read as ``role`` where given."""
        return tuple(self.of(resource, one, role) for one in resource.documents(*roles))


def merged(role: PolicyRole, statements: Iterable[Statement]) -> Document:
    """A document of ``statements``, whatever documents they came from."""
    return Document(role=role, statements=tuple(statements))
