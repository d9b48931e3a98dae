"""What a scan says: findings with their paths, what each rule answered, and what was not assessed."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from msgspec import Struct

from aisposture.model.access import PolicyProblem
from aisposture.model.graph import EdgeKind, Label, State
from aisposture.model.resource import Gap

REPORT_FORMAT = 1
"""Version of the JSON report; raised when a reader of the old one could misunderstand the new one."""


class Band(StrEnum):
    """How bad, for people and gates; worst first in ``ORDER``."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """4 for critical down to 0 for info."""
        return len(Band) - 1 - list(Band).index(self)


class Answer(StrEnum):
    """What a rule says of an estate."""

    FIRES = "fires"
    QUIET = "quiet"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"
    NOT_IMPLEMENTED = "not_implemented"


class Node(Struct, frozen=True, kw_only=True):
    """A node as a report shows it."""

    id: str
    name: str
    kind: str
    labels: tuple[Label, ...]
    account: str
    region: str
    attrs: dict[str, Any] = {}


class Evidence(Struct, frozen=True, kw_only=True):
    """One thing a person can read again to check a hop.

    Attributes:
        operation, parameters, account, region, seen_at: the call.
        pointer: JSON pointer into its answer.
        statement: the policy statement as JSON text, or "".
        note: what it shows.
    """

    resource: str
    field: str
    operation: str = ""
    parameters: str = ""
    account: str = ""
    region: str = ""
    seen_at: str = ""
    pointer: str = ""
    statement: str = ""
    note: str = ""


class Hop(Struct, frozen=True, kw_only=True):
    """One edge of a reported walk.

    Attributes:
        forward: False where the walk goes against the arrow.
        weight: likelihood factor of the hop, 1.0 for structure.
        via: ids of nodes folded into this hop (the Grant and the scope of a verb hop).
    """

    source: str
    target: str
    kind: EdgeKind
    state: State
    forward: bool = True
    weight: float = 1.0
    attrs: dict[str, Any] = {}
    conditions: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    via: tuple[str, ...] = ()


class Walk(Struct, frozen=True, kw_only=True):
    """A cheapest walk of a binding: the main path, or a branch of it.

    Attributes:
        role: ``path``, ``with`` or ``unless``.
    """

    hops: tuple[Hop, ...]
    state: State
    role: str = "path"


class Factor(Struct, frozen=True, kw_only=True):
    """One number of a likelihood, and why it is what it is."""

    name: str
    value: float
    why: str = ""


class Score(Struct, frozen=True, kw_only=True):
    """How severe (likelihood class x impact class, from a table) and, apart from it, how sure.

    Attributes:
        likelihood: product of the factors, after folding several paths.
        likelihood_class: L4 (>= 0.30), L3, L2 or L1.
        impact_class: I1 to I4.
        impact_why: what gave it, in words.
        blast_radius: distinct sensitive stores, strong identities, accounts and agents reachable after the sink.
        grade: E3 read, E2 open condition, E1 heuristic.
        caps: what lowered the band (rule ceiling, no-entry cap, grade cap), in words.
        display: 0 to 100, an ordinal aid for sorting only.
        counterfactuals: the cheapest changes that lower the band, in words.
    """

    band: Band
    likelihood: float
    likelihood_class: str
    impact_class: str
    impact_why: tuple[str, ...] = ()
    blast_radius: int = 0
    grade: str = "E3"
    factors: tuple[Factor, ...] = ()
    caps: tuple[str, ...] = ()
    display: int = 0
    counterfactuals: tuple[str, ...] = ()


class Patch(Struct, frozen=True, kw_only=True):
    """A change of the inventory: a JSON Patch (RFC 6902) on one resource's canonical JSON."""

    resource: str
    operations: tuple[dict[str, Any], ...]


class FixStep(Struct, frozen=True, kw_only=True):
    """One change that breaks or weakens paths.

    Attributes:
        action: word for what is done (``require_auth``), as the ``action`` of a rule's fix.
        resource: id of what is changed.
        patches: empty for advice that cannot be proved; such a step is never counted.
        cost: relative effort, as in the cost table.
        effect: ``cut`` or ``weaken``.
        cli, terraform: how to do it; text for people, never executed.
        breaks: fingerprints of the findings it closes.
    """

    id: str
    title: str
    effect: str
    cost: float
    action: str = ""
    resource: str = ""
    patches: tuple[Patch, ...] = ()
    disruption: str = ""
    owner: str = ""
    cli: str = ""
    terraform: str = ""
    breaks: tuple[str, ...] = ()


class Finding(Struct, frozen=True, kw_only=True):
    """One thing to act on: an attack path (folded) or a posture failure.

    Attributes:
        fingerprint: sha256 over rule, agent (stable id), entry class, sink class and account; survives re-scans.
        family: ``path`` or ``posture``.
        likely: True where it rests on a POSSIBLE hop.
        story: one sentence for the owner of the service.
        bindings: key node name -> node id.
        walks: the main path first, then its branches.
        paths, sinks: how many distinct paths and ends were folded into this finding.
        causes: fingerprints of posture findings that enable it.
        extends: fingerprint of the worse finding on whose path this one lies, or ""; shown under that one while it is shown.
        fixes: ids of fix steps, or advice where no step exists, in order.
    """

    fingerprint: str
    rule: str
    family: str
    title: str
    why: str
    story: str
    likely: bool
    state: State
    score: Score
    account: str
    bindings: dict[str, str]
    walks: tuple[Walk, ...]
    agent: str = ""
    entry: str = ""
    sink: str = ""
    paths: int = 1
    sinks: int = 1
    resources: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    extends: str = ""
    fixes: tuple[str, ...] = ()
    owner: str = "unowned"
    owner_why: str = ""
    frameworks: dict[str, tuple[str, ...]] = {}

    @property
    def band(self) -> Band:
        """The band of its score."""
        return self.score.band


def headlines(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings to list on their own: all but those that lie on the path of another one that is listed too."""
    listed = tuple(findings)
    present = {finding.fingerprint for finding in listed}
    return tuple(finding for finding in listed if finding.extends not in present)


class RuleResult(Struct, frozen=True, kw_only=True):
    """What one rule answered.

    Attributes:
        ceiling: the rule's severity, the worst band it can give.
        unknown: resource ids (or scope ids) for which it could not be settled.
        checked: for a posture rule, how many resources it applies to.
        because: the Gaps that hide what it needs, as indexes into ``Report.gaps``.
        reason: for not_applicable and not_implemented.
    """

    rule: str
    title: str
    family: str
    ceiling: Band
    answer: Answer
    findings: int = 0
    checked: int = 0
    unknown: tuple[str, ...] = ()
    because: tuple[int, ...] = ()
    reason: str = ""


class Suppressed(Struct, frozen=True, kw_only=True):
    """A finding that somebody accepted; it never touches a gate.

    Attributes:
        by, until, note: who accepted it, up to which day (YYYY-MM-DD, "" for good), and why.
    """

    finding: Finding
    by: str = ""
    until: str = ""
    note: str = ""


class Report(Struct, frozen=True, kw_only=True):
    """Everything that the renderers show; the JSON report is exactly this.

    Attributes:
        taken_at: when the snapshot was taken; the only clock after collection.
        snapshot: content hash of the snapshot.
        accounts: account -> name.
        nodes: the nodes that walks mention, by id.
        counts: findings by band, per family.
        gaps: everything that was not read.
        accepted: the gaps that somebody accepted, as indexes into ``gaps``; they no longer make a scan incomplete.
        suppressed: findings that somebody accepted; they are not among ``findings`` and not counted.
        expired: suppressions and acceptances whose day has passed, in words; what they covered counts again.
    """

    format: int = REPORT_FORMAT
    version: str
    taken_at: str
    snapshot: str
    accounts: dict[str, str] = {}
    resources: int = 0
    findings: tuple[Finding, ...] = ()
    rules: tuple[RuleResult, ...] = ()
    nodes: dict[str, Node] = {}
    agents: tuple[str, ...] = ()
    counts: dict[str, dict[str, int]] = {}
    gaps: tuple[Gap, ...] = ()
    accepted: tuple[int, ...] = ()
    assumptions: tuple[str, ...] = ()
    problems: tuple[PolicyProblem, ...] = ()
    suppressed: tuple[Suppressed, ...] = ()
    expired: tuple[str, ...] = ()
