"""Three-valued truth, and an answer that remembers what it still depends on."""

from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import NamedTuple


class Truth(IntEnum):
    """Kleene's three values: conjunction is ``min``, disjunction ``max``, negation ``2 - x``."""

    FALSE = 0
    UNKNOWN = 1
    TRUE = 2

    def negated(self) -> "Truth":
        """The opposite; unknown stays unknown."""
        return Truth(2 - self)

    @classmethod
    def of(cls, known: bool) -> "Truth":
        """A plain boolean as a truth."""
        return cls.TRUE if known else cls.FALSE


class Answer(NamedTuple):
    """A truth with the open conditions it depends on, in words; ``open`` is empty unless the truth is UNKNOWN."""

    truth: Truth
    open: frozenset[str] = frozenset()

    def negated(self) -> "Answer":
        """The opposite, depending on the same conditions."""
        return Answer(self.truth.negated(), self.open)

    def capped(self, why: str) -> "Answer":
        """This answer, but never certain: TRUE becomes UNKNOWN because of ``why``."""
        return self if self.truth is Truth.FALSE else Answer(Truth.UNKNOWN, self.open | {why})


YES = Answer(Truth.TRUE)
NO = Answer(Truth.FALSE)


def answer(known: bool) -> Answer:
    """A plain boolean as an answer."""
    return YES if known else NO


def every(answers: Iterable[Answer]) -> Answer:
    """All of ``answers`` hold; YES where there are none."""
    return _fold(answers, stop=Truth.FALSE, start=YES)


def some(answers: Iterable[Answer]) -> Answer:
    """At least one of ``answers`` holds; NO where there are none."""
    return _fold(answers, stop=Truth.TRUE, start=NO)


def lazily(*makers: Callable[[], Answer]) -> Iterable[Answer]:
    """The answers of ``makers``, each computed only when the fold still needs it."""
    return (make() for make in makers)


def _fold(answers: Iterable[Answer], *, stop: Truth, start: Answer) -> Answer:
    words: set[str] = set()
    unsure = False
    for one in answers:
        if one.truth is stop:
            return Answer(stop)
        if one.truth is Truth.UNKNOWN:
            unsure = True
            words |= one.open
    return Answer(Truth.UNKNOWN, frozenset(words)) if unsure else start
