"""A classified value with where it comes from and how sure it is."""

from typing import Any

from msgspec import Struct

from aisposture.model.graph import EvidenceRef, Label, State

GRADE_STATE = {"E3": State.CONFIRMED, "E2": State.POSSIBLE, "E1": State.POSSIBLE, "E0": State.UNSEEN}
"""State of a property by the grade of its evidence."""


class Verdict(Struct, frozen=True, kw_only=True):
    """One value.

    Attributes:
        grade: E3 read, E2 inferred, E1 heuristic, E0 hidden by a Gap.
        evidence: the fields that speak for it.
    """

    value: Any
    grade: str
    evidence: tuple[EvidenceRef, ...] = ()


class Classification(Struct, frozen=True, kw_only=True):
    """What was inferred about resources.

    Attributes:
        labels: id -> labels added to those of the collector.
        attrs: id -> derived attributes; a value of None was looked for and is not set (or is hidden, see ``grades``).
        grades: (id, attribute) -> E3, E2, E1 or E0.
        evidence: (id, attribute) -> where it was read.
    """

    labels: dict[str, tuple[Label, ...]] = {}
    attrs: dict[str, dict[str, Any]] = {}
    grades: dict[tuple[str, str], str] = {}
    evidence: dict[tuple[str, str], tuple[EvidenceRef, ...]] = {}
