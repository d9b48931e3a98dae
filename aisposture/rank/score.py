"""From the factors of one path to its score: pure, total and monotone."""

from itertools import accumulate
from math import prod

from msgspec import Struct

from aisposture.model.finding import Band, Factor, Score

LIKELIHOOD_FLOORS = (("L4", 0.30), ("L3", 0.10), ("L2", 0.03), ("L1", 0.0))
"""Class of a likelihood: the first whose floor it reaches."""

IMPACTS = ("I1", "I2", "I3", "I4")

_BANDS = {
    "L4": (Band.LOW, Band.MEDIUM, Band.HIGH, Band.CRITICAL),
    "L3": (Band.LOW, Band.LOW, Band.MEDIUM, Band.HIGH),
    "L2": (Band.INFO, Band.LOW, Band.LOW, Band.MEDIUM),
    "L1": (Band.INFO, Band.INFO, Band.INFO, Band.LOW),
}
"""Band by likelihood class and impact class I1 to I4."""

GRADE_CAPS = {"E3": Band.CRITICAL, "E2": Band.CRITICAL, "E1": Band.HIGH, "E0": Band.MEDIUM}
"""The worst band that evidence of a grade can carry."""

DISPLAY_FLOORS = {Band.CRITICAL: 90, Band.HIGH: 70, Band.MEDIUM: 40, Band.LOW: 10, Band.INFO: 0}

WIDE_ACCOUNTS, WIDE_STORES, WIDE_AGENTS = 3, 10, 5
"""A blast radius of so many accounts, sensitive stores or agents lifts the impact by one class."""


class Blast(Struct, frozen=True, kw_only=True):
    """What can be reached beyond the sink, counted once each."""

    stores: int = 0
    identities: int = 0
    accounts: int = 0
    agents: int = 0

    @property
    def total(self) -> int:
        """The sum, which orders findings inside a band."""
        return self.stores + self.identities + self.accounts + self.agents

    @property
    def wide(self) -> bool:
        """Whether it lifts the impact class."""
        return self.accounts >= WIDE_ACCOUNTS or self.stores >= WIDE_STORES or self.agents >= WIDE_AGENTS


class Factors(Struct, frozen=True, kw_only=True):
    """All that the score of one path depends on.

    Attributes:
        hops: the entry prior first, then one factor per hop, a STEER factor where text has to turn into a tool call.
        impact: I1 to I4, before the blast radius.
        internet: the path starts on the internet or with an anonymous caller.
        entered: some attacker can start it; False assumes the breach it starts from and is capped.
        lifted: likelihood of all folded paths together (noisy-or over edge-disjoint ones), or None for a single path.
    """

    hops: tuple[Factor, ...]
    impact: str
    impact_why: tuple[str, ...] = ()
    ceiling: Band = Band.CRITICAL
    grade: str = "E3"
    internet: bool = False
    entered: bool = True
    blast: Blast = Blast()
    lifted: float | None = None


def likelihood_class(value: float) -> str:
    """L1 to L4. A rounding error of one part in 10^9 does not move a value over a floor."""
    return next(name for name, floor in LIKELIHOOD_FLOORS if value >= floor - 1e-9)


def noisy_or(values: tuple[float, ...]) -> float:
    """The likelihood that at least one of several independent paths works."""
    return 1.0 - prod(1.0 - value for value in values)


def steers(factors: Factors) -> bool:
    """Whether text must be turned into an action on the way: such a path is less automatic."""
    return any(factor.name.startswith("steer") for factor in factors.hops)


def score(factors: Factors) -> Score:
    """The score of a path: lookup of likelihood and impact, then ceilings, each said in words."""
    single = prod(factor.value for factor in factors.hops)
    likelihood, klass = _folded(single, factors.lifted)
    impact = _impact(factors)
    band = _BANDS[klass][IMPACTS.index(impact)]
    if band is Band.HIGH and klass == "L4" and impact == "I3" and factors.internet and not steers(factors):
        band = Band.CRITICAL
    caps = []
    for cap, reason in (
        (factors.ceiling, f"ceiling of the rule is {factors.ceiling}"),
        (GRADE_CAPS[factors.grade], f"evidence of grade {factors.grade}"),
        (Band.CRITICAL if factors.entered else Band.MEDIUM, "no entry for an attacker is known"),
    ):
        if cap.rank < band.rank:
            band = cap
            caps.append(reason)
    why = factors.impact_why
    if impact != factors.impact:
        why = (
            *why,
            f"blast radius of {factors.blast.stores} stores, {factors.blast.accounts} accounts, {factors.blast.agents} agents",
        )
    return Score(
        band=band,
        likelihood=round(likelihood, 6),
        likelihood_class=klass,
        impact_class=impact,
        impact_why=why,
        blast_radius=factors.blast.total,
        grade=factors.grade,
        factors=factors.hops,
        caps=tuple(caps),
        display=_display(band, likelihood, impact),
        counterfactuals=_counterfactuals(factors, band),
    )


def _folded(single: float, lifted: float | None) -> tuple[float, str]:
    """Several paths may lift the class of the strongest one by at most one."""
    names = [name for name, _ in LIKELIHOOD_FLOORS]
    strongest = names.index(likelihood_class(single))
    if lifted is None or lifted <= single:
        return single, names[strongest]
    return lifted, names[max(names.index(likelihood_class(lifted)), strongest - 1)]


def _impact(factors: Factors) -> str:
    step = 1 if factors.blast.wide else 0
    return IMPACTS[min(IMPACTS.index(factors.impact) + step, len(IMPACTS) - 1)]


def _display(band: Band, likelihood: float, impact: str) -> int:
    """A place from the floor of the band up to just under the next one."""
    floor = DISPLAY_FLOORS[band]
    ceiling = min((value for value in DISPLAY_FLOORS.values() if value > floor), default=100)
    inside = 0.7 * likelihood + 0.3 * IMPACTS.index(impact) / (len(IMPACTS) - 1)
    return floor + int((ceiling - floor - 1) * min(inside, 1.0))


_CHANGES = (
    ("exposes", 0.25 / 0.95, "a pinned audience on the entry"),
    ("uses_tool", 0.3, "a person's confirmation on the tool"),
    ("steer", 0.5, "a prompt-attack filter on HIGH that blocks"),
)
"""Controls that weaken a hop: name of the factor, multiplier, in words."""


def _counterfactuals(factors: Factors, band: Band) -> tuple[str, ...]:
    """The cheapest controls, alone and together, that would lower the band."""
    found = []
    present = [
        (factor, multiplier, words)
        for name, multiplier, words in _CHANGES
        for factor in factors.hops
        if factor.name.startswith(name) and not factor.why.endswith("weakened")
    ]
    alone = [[change] for change in present]
    together = [
        chain
        for chain in accumulate(([change] for change in present), lambda left, right: left + right)
        if len(chain) > 1
    ]
    for chain in alone + together:
        scale = prod(multiplier for _, multiplier, _ in chain)
        value = prod(factor.value for factor in factors.hops) * scale
        lower = _BANDS[likelihood_class(value)][IMPACTS.index(_impact(factors))]
        if lower.rank < band.rank:
            words = " and ".join(dict.fromkeys(words for _, _, words in chain))
            found.append(f"{words}: {lower} (likelihood {value:.2f}, {likelihood_class(value)})")
    return tuple(dict.fromkeys(found))[:3]
