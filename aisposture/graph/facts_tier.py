"""The power of identities: what they hold, then the strongest that they can become."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from aisposture.graph.columns import KIND_CODE, Graph
from aisposture.graph.facts_values import Cells, Ranked, targets
from aisposture.graph.weights import weight_of
from aisposture.model import ids
from aisposture.model.graph import EdgeKind, EdgeRow, EvidenceRef, Label, State

TIERS = ("P4", "P3", "P2", "P1", "P0")
"""Tiers by rank, weakest first."""

CONTROL = frozenset(
    {
        EdgeKind.CAN_CHANGE_ACCESS,
        EdgeKind.CAN_ADMINISTER_KEYS,
        EdgeKind.CAN_OPEN_NETWORK,
        EdgeKind.CAN_WEAKEN_LOGGING,
        EdgeKind.CAN_EXECUTE_ON,
    }
)
"""Verbs that make P2 where they hold over a whole account."""

ADMINISTRATOR = CONTROL - {EdgeKind.CAN_EXECUTE_ON}
"""Verbs that together, over one account, are its administration."""

READING = frozenset(
    {
        EdgeKind.CAN_READ,
        EdgeKind.CAN_LIST,
        EdgeKind.CAN_INVOKE,
        EdgeKind.CAN_READ_CONFIG,
        EdgeKind.CAN_REQUEST,
    }
)
BULK = frozenset({EdgeKind.CAN_READ, EdgeKind.CAN_WRITE, EdgeKind.CAN_DELETE})
"""Verbs that make P2 over all data or all secrets of an account."""

SEVERAL = 3
"""Fewer stores of a kind than this, all of them named one by one, are not yet all data or all secrets of an account."""

BECOMES = (EdgeKind.CAN_ASSUME, EdgeKind.CAN_ESCALATE)

_CROWN = "grant:administrator@"
"""Ids of the Grants by which an administrator holds the admin sink of an account."""


def tiers(graph: Graph) -> Cells:
    """``tier_held``, ``tier`` and ``tier_possible`` of every identity."""
    powers = _held(graph)
    cells: Cells = {"tier_held": {}, "tier": {}, "tier_possible": {}}
    for node in graph.labelled(Label.IDENTITY).tolist():
        power = powers.get(node) or Ranked()
        hidden = power.rank(State.UNSEEN) > max(power.rank(State.POSSIBLE), 0)
        sure = max(power.rank(State.CONFIRMED), 0)
        cells["tier_held"][node] = (None, State.UNSEEN) if hidden else (TIERS[sure], State.CONFIRMED)
    _become(graph, powers)
    for node in graph.labelled(Label.IDENTITY).tolist():
        power = powers.get(node) or Ranked()
        sure, likely = max(power.rank(State.CONFIRMED), 0), max(power.rank(State.POSSIBLE), 0)
        unseen = power.rank(State.UNSEEN)
        hidden = unseen > likely and sure < TIERS.index("P2")
        cells["tier"][node] = (None, State.UNSEEN) if hidden else (TIERS[sure], State.CONFIRMED)
        state = State.UNSEEN if unseen > likely else State.CONFIRMED if likely == sure else State.POSSIBLE
        cells["tier_possible"][node] = (None if state is State.UNSEEN else TIERS[likely], state)
    return cells


def _held(graph: Graph) -> dict[int, Ranked]:
    """Tiers by what identities hold themselves."""
    grants = _grants(graph)
    management = _management(graph)
    powers: dict[int, Ranked] = defaultdict(Ranked)
    for holder, grant in _holds(graph):
        powers[holder].offer(grants[grant].rank, grants[grant].state)
    for (holder, account), state in _administrators(graph, grants).items():
        powers[holder].offer(_admin(account, management), state)
    return powers


class _Power(NamedTuple):
    """A Grant as far as tiers are concerned.

    Attributes:
        accounts: accounts over all of which it holds a verb of control.
    """

    verb: EdgeKind
    rank: int
    state: State
    accounts: tuple[str, ...]


def _grants(graph: Graph) -> dict[int, _Power]:
    stores = Counter(
        (graph.nodes[node].account, graph.nodes[node].kind)
        for node in graph.labelled(Label.SECRET, Label.DATA_STORE).tolist()
    )
    return {
        node: _of_grant(graph, node, stores)
        for node in graph.labelled(Label.GRANT).tolist()
        if not graph.ids[node].startswith(_CROWN)
    }


def _holds(graph: Graph) -> list[tuple[int, int]]:
    """Holder and Grant of every ``holds`` edge but those of ``crowned``."""
    edges = np.flatnonzero(graph.kind == KIND_CODE[EdgeKind.HOLDS])
    pairs = zip(graph.source[edges].tolist(), graph.target[edges].tolist(), strict=True)
    return [(holder, grant) for holder, grant in pairs if not graph.ids[grant].startswith(_CROWN)]


def _administrators(graph: Graph, grants: dict[int, _Power]) -> dict[tuple[int, str], State]:
    """(holder, account) -> how surely it holds every verb that makes an administrator of the account."""
    controls: dict[tuple[int, str], dict[EdgeKind, State]] = defaultdict(dict)
    for holder, grant in _holds(graph):
        power = grants[grant]
        for account in power.accounts:
            held = controls[holder, account]
            held[power.verb] = max(held.get(power.verb, State.FALSE), power.state)
    found = {
        key: min(held.get(verb, State.FALSE) for verb in ADMINISTRATOR) for key, held in controls.items()
    }
    return {key: state for key, state in found.items() if state is not State.FALSE}


def _management(graph: Graph) -> set[str]:
    return {graph.nodes[node].account for node in graph.labelled(Label.ORGANIZATION).tolist()}


def _admin(account: str, management: set[str]) -> int:
    """Rank of an administrator: of the organisation in its management account, else of the account."""
    return TIERS.index("P0" if account in management else "P1")


def _of_grant(graph: Graph, grant: int, stores: Mapping[tuple[str, str], int]) -> _Power:
    verb = EdgeKind(graph.nodes[grant].kind.removeprefix("grant."))
    rank = TIERS.index("P4" if verb in READING else "P3")
    state = State.FALSE
    accounts = set()
    sensitive = {kind for _, kind in stores}
    named: Counter[tuple[str, str]] = Counter()
    for edge in graph.edges_of(grant, EdgeKind.COVERS).tolist():
        target = graph.ids[int(graph.target[edge])]
        row = graph.nodes[int(graph.target[edge])]
        named[row.account, row.kind] += 1
        state = max(state, State(int(graph.state[edge])))
        kinds = set(str(graph.attr_values[graph.attr[edge]].get("kinds", "")).split(","))
        sink = ids.parse_sink(target)
        wide = target.startswith(("account:", "org:"))
        if sink is not None and verb in CONTROL:
            accounts.add(sink[1])
        if (verb in CONTROL and (wide or sink is not None)) or (verb in BULK and wide and kinds & sensitive):
            rank = TIERS.index("P2")
    if verb in BULK and any(
        count >= max(stores.get(where, 0), SEVERAL) for where, count in named.items() if where in stores
    ):
        rank = TIERS.index("P2")
    return _Power(verb, rank, state, tuple(sorted(accounts)))


def _become(graph: Graph, powers: dict[int, Ranked]) -> None:
    """Spreads tiers backwards over ``can_assume`` and ``can_escalate``; the surest chain counts."""
    management = _management(graph)
    for node in graph.labelled(Label.SINK).tolist():
        sink = ids.parse_sink(graph.ids[node])
        if sink is not None and sink[0] == ids.ADMIN:
            powers[node].offer(_admin(sink[1], management), State.CONFIRMED)
    pending = list(powers)
    while pending:
        stronger = pending.pop()
        reached = powers[stronger].best
        for kind in BECOMES:
            for weaker, state in targets(graph, stronger, kind, back=True):
                mine = powers.setdefault(weaker, Ranked())
                changed = [mine.offer(rank, min(level, state)) for level, rank in list(reached.items())]
                if any(changed):
                    pending.append(weaker)


def crowned(graph: Graph) -> Graph:
    """The graph in which every administrator holds the admin sink of its account; former ones no longer do."""
    grants = _grants(graph)
    wanted = {
        f"{_CROWN}{account}#{graph.ids[holder]}": (holder, account, state)
        for (holder, account), state in _administrators(graph, grants).items()
    }
    old = {
        edge
        for node, name in enumerate(graph.ids)
        if name.startswith(_CROWN)
        for kind, back in ((EdgeKind.COVERS, False), (EdgeKind.HOLDS, True))
        for edge in graph.edges_of(node, kind, back=back).tolist()
    }
    standing = {
        (graph.rows[edge].source, graph.rows[edge].state)
        for edge in old
        if graph.rows[edge].kind is EdgeKind.COVERS
    }
    if standing == {(grant, state) for grant, (_, _, state) in wanted.items()}:
        return graph
    builder = graph.without(old).thaw()
    for grant, (holder, account, state) in sorted(wanted.items()):
        sink = ids.admin_sink(account)
        builder.node(grant, (Label.GRANT,), kind=f"grant.{EdgeKind.CAN_CHANGE_ACCESS}", name="administrator")
        builder.node(sink, (Label.SINK,), account=account)
        evidence = _shown(graph, grants, holder, account)
        row = EdgeRow(
            source=grant,
            target=sink,
            kind=EdgeKind.COVERS,
            state=state,
            conditions=("the conditions of its permissions hold",) if state is State.POSSIBLE else (),
            evidence=evidence,
        )
        builder.edge(row, weight_of(row, EdgeKind.CAN_CHANGE_ACCESS))
        builder.edge(EdgeRow(source=graph.ids[holder], target=grant, kind=EdgeKind.HOLDS, evidence=evidence))
    return builder.freeze()


def _shown(graph: Graph, grants: dict[int, _Power], holder: int, account: str) -> tuple[EvidenceRef, ...]:
    """One statement for each verb that makes ``holder`` the administrator of ``account``."""
    found: dict[EdgeKind, EvidenceRef] = {}
    for edge in graph.edges_of(holder, EdgeKind.HOLDS).tolist():
        grant = int(graph.target[edge])
        if grant not in grants or account not in grants[grant].accounts:
            continue
        for cover in graph.edges_of(grant, EdgeKind.COVERS).tolist():
            for ref in graph.rows[cover].evidence[:1]:
                found.setdefault(grants[grant].verb, ref)
    return tuple(dict.fromkeys(found[verb] for verb in sorted(found)))
