"""Which kinds of node an edge can join, told coarsely: enough to see that a pattern can never match."""

from enum import Enum, auto

from aisposture.model.graph import VERBS, EdgeKind, Label


class Family(Enum):
    """Labels of different families never meet on one node."""

    ACTOR = auto()
    SCOPE = auto()
    PRINCIPAL = auto()
    SINK = auto()
    EXTERNAL = auto()
    THING = auto()


_FAMILIES: dict[Label, Family] = {
    Label.INTERNET: Family.ACTOR,
    Label.ANONYMOUS: Family.ACTOR,
    Label.ANY_ACCOUNT: Family.ACTOR,
    Label.ANY_AUTHENTICATED: Family.ACTOR,
    Label.EXT_AUTHOR: Family.ACTOR,
    Label.ORGANIZATION: Family.SCOPE,
    Label.ACCOUNT: Family.SCOPE,
    Label.REGION: Family.SCOPE,
    Label.IDENTITY: Family.PRINCIPAL,
    Label.GROUP: Family.PRINCIPAL,
    Label.EXT_ACCOUNT: Family.PRINCIPAL,
    Label.VENDOR: Family.PRINCIPAL,
    Label.PUBLISHER: Family.PRINCIPAL,
    Label.INSIDER: Family.PRINCIPAL,
    Label.SINK: Family.SINK,
    Label.EXTERNAL: Family.EXTERNAL,
}


def family(label: Label) -> Family:
    """The family of ``label``."""
    return _FAMILIES.get(label, Family.THING)


_ANY = frozenset(Family)
_WHO = frozenset({Family.ACTOR, Family.PRINCIPAL})
_THING = frozenset({Family.THING})
_PRINCIPAL = frozenset({Family.PRINCIPAL})
_POWER = frozenset({Family.PRINCIPAL, Family.SINK})
_OUT = frozenset({Family.EXTERNAL, Family.ACTOR, Family.THING})

_ENDS: dict[EdgeKind, tuple[frozenset[Family], frozenset[Family]]] = {
    EdgeKind.EXPOSES: (_WHO, _THING),
    EdgeKind.FRONTS: (_THING, _THING),
    EdgeKind.NETWORK_REACH: (_ANY, _THING),
    EdgeKind.EGRESS_TO: (_THING, _OUT),
    EdgeKind.FEEDS: (_THING, _THING),
    EdgeKind.TRIGGERS: (_ANY, _THING),
    EdgeKind.AUTHORS: (_WHO, _THING),
    EdgeKind.PUBLISHES: (_WHO, _THING),
    EdgeKind.USES_TOOL: (_THING, _THING),
    EdgeKind.ACTS_AS: (_THING, _PRINCIPAL),
    EdgeKind.RUNS_AS: (_THING, _PRINCIPAL),
    EdgeKind.DELEGATES_TO: (_THING, _THING),
    EdgeKind.LOADS: (_THING, _THING),
    EdgeKind.HOSTED_ON: (_THING, _THING),
    EdgeKind.CAN_ASSUME: (_WHO, _PRINCIPAL),
    EdgeKind.CAN_ESCALATE: (_WHO, _POWER | {Family.SCOPE}),
    EdgeKind.MEMBER_OF: (_PRINCIPAL, _PRINCIPAL),
    EdgeKind.CONTAINS_SECRET: (_THING, _THING),
    EdgeKind.AUTHENTICATES_AS: (_THING, _PRINCIPAL | {Family.EXTERNAL, Family.THING}),
    EdgeKind.STEALS_VIA_IMDS: (_THING, _PRINCIPAL),
    **dict.fromkeys(VERBS, (_WHO, _ANY - {Family.ACTOR})),
}
"""Where an edge may start and where it may end; kinds that are not listed may join anything."""


def ends(kind: EdgeKind, *, back: bool) -> tuple[frozenset[Family], frozenset[Family]]:
    """The families at which a hop of ``kind`` may start and arrive."""
    start, arrive = _ENDS.get(kind, (_ANY, _ANY))
    return (arrive, start) if back else (start, arrive)
