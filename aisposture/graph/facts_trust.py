"""How far the least trusted writer or caller is trusted, and the best way in to each agent."""

from typing import Any, NamedTuple

from aisposture.graph.columns import Graph
from aisposture.graph.facts_holders import Holders
from aisposture.graph.facts_values import Cells, Ranked, targets
from aisposture.model.graph import EdgeKind, Label, State

TRUST = ("T4", "T3", "T2", "T1", "T0")
"""Trust by rank, most trusted first: the higher the rank, the easier it is to be this writer."""

ENTRIES = ("none", "internal", "content", "any-account", "internet")
"""Ways in by rank, hardest first."""

_ACTORS = {
    Label.INTERNET: "T0",
    Label.ANONYMOUS: "T0",
    Label.ANY_ACCOUNT: "T1",
    Label.ANY_AUTHENTICATED: "T1",
    Label.EXT_AUTHOR: "T1",
    Label.EXT_ACCOUNT: "T1",
    Label.VENDOR: "T1",
    Label.PUBLISHER: "T1",
}
CONTENT = (
    Label.DATA_STORE,
    Label.CHANNEL,
    Label.KNOWLEDGE,
    Label.WEB_CONTENT,
    Label.CODE_REPO,
    Label.MEMORY,
    Label.VECTOR_STORE,
)
"""What is written and read as text."""

WRITES = frozenset({EdgeKind.CAN_WRITE, EdgeKind.CAN_SEND, EdgeKind.CAN_INGEST, EdgeKind.CAN_PUSH})
CALLS = frozenset({EdgeKind.CAN_INVOKE, EdgeKind.CAN_SEND})
BECOMING = (EdgeKind.CAN_ASSUME, EdgeKind.FEDERATES, EdgeKind.CAN_ADD_CREDENTIAL, EdgeKind.CAN_MINT)
PASSING = (EdgeKind.FRONTS, EdgeKind.DELEGATES_TO, EdgeKind.TRIGGERS)
"""Hops over which a caller's text reaches what stands behind."""

_T2, _T3 = TRUST.index("T2"), TRUST.index("T3")

_CALLER_ENTRY = {"T0": "internet", "T1": "any-account"}
_CONTENT_ENTRY = {"T0": "content", "T1": "content", "T2": "content"}

Trusts = dict[int, Ranked]


class Listeners(NamedTuple):
    """What does not change between rounds.

    Attributes:
        who: actors and identities with their trust.
    """

    who: Trusts
    writers: Holders
    callers: Holders
    broad: int


def listeners(graph: Graph, *, broad: int) -> Listeners:
    """Everyone who may write or call, and how far they are trusted.

    Args:
        graph: with all edges.
        broad: number of principals from which writers count as T2.
    """
    actors = _actors(graph)
    who = {**actors, **_principals(graph, actors, broad)}
    return Listeners(who, Holders(graph, WRITES, who), Holders(graph, CALLS, who), broad)


def entries_and_trust(graph: Graph, around: Listeners, known: Trusts) -> tuple[Cells, Trusts]:
    """``entry`` and ``trust``, and the trust of agents, which what they emit inherits in the next round."""
    content = _content(graph, around, known)
    entries, agents = _entries(graph, around, content)
    cells: Cells = {"trust": {}, "entry": {}}
    for found in (around.who, content, agents):
        for node, ranked in found.items():
            _settle(cells["trust"], node, ranked, TRUST, _T2)
    for node, ranked in entries.items():
        ranked.offer(0, State.CONFIRMED)
        _settle(cells["entry"], node, ranked, ENTRIES, ENTRIES.index("content"))
    return cells, agents


def _settle(
    cells: dict[int, tuple[Any, State]], node: int, ranked: Ranked, names: tuple[str, ...], enough: int
) -> None:
    settled = ranked.settled(enough)
    if settled is not None:
        rank, state = settled
        cells[node] = (None if state is State.UNSEEN else names[rank], state)


def _actors(graph: Graph) -> Trusts:
    out: Trusts = {}
    for label, trust in _ACTORS.items():
        for node in graph.labelled(label).tolist():
            out.setdefault(node, Ranked()).offer(TRUST.index(trust), State.CONFIRMED)
    return out


def _principals(graph: Graph, actors: Trusts, broad: int) -> Trusts:
    """Identities: as trusted as whoever can become them; T2 where so many can that nobody knows them all."""
    out: Trusts = {}
    for node in graph.labelled(Label.IDENTITY).tolist():
        if node not in actors:
            out[node] = Ranked()
            out[node].offer(_T3, State.CONFIRMED)
            crowd = _crowd(graph, node, broad)
            if crowd is not State.FALSE:
                out[node].offer(_T2, crowd)
    pending = [*actors, *out]
    while pending:
        source = pending.pop()
        mine = actors.get(source) or out[source]
        for kind in BECOMING:
            for target, state in targets(graph, source, kind):
                if target not in out:
                    continue
                if _take(out[target], mine, state):
                    pending.append(target)
    return out


def _crowd(graph: Graph, identity: int, broad: int) -> State:
    """How surely at least ``broad`` principals can act as ``identity``, itself included."""
    for least in (State.CONFIRMED, State.POSSIBLE, State.UNSEEN):
        found, pending = {identity}, [identity]
        while pending and len(found) < broad:
            node = pending.pop()
            for kind in (EdgeKind.CAN_ASSUME, EdgeKind.MEMBER_OF):
                for other, state in targets(graph, node, kind, back=True):
                    if state >= least and other not in found:
                        found.add(other)
                        pending.append(other)
        if len(found) >= broad:
            return least
    return State.FALSE


def _content(graph: Graph, around: Listeners, agents: Trusts) -> Trusts:
    """Stores, channels and knowledge: as trusted as their least trusted writer, or as what feeds them."""
    out = {node: _written(graph, node, around, agents) for node in graph.labelled(*CONTENT).tolist()}
    pending = list(out)
    while pending:
        source = pending.pop()
        for kind in (EdgeKind.FEEDS, EdgeKind.EMITS):
            for target, state in targets(graph, source, kind):
                if target in out and _take(out[target], out[source], state):
                    pending.append(target)
    return out


def _written(graph: Graph, node: int, around: Listeners, agents: Trusts) -> Ranked:
    """The trust of those who write on ``node`` itself."""
    mine = Ranked()
    mine.offer(_T3, State.CONFIRMED)
    if not graph.nodes[node].kind and Label.WEB_CONTENT not in graph.labels_of(node):
        mine.offer(_T2, State.POSSIBLE)  # named somewhere, never read: nobody knows its writers
    _take(mine, around.writers.best(node), State.CONFIRMED)
    crowd = around.writers.at_least(node, around.broad)
    if crowd is not State.FALSE:
        mine.offer(_T2, crowd)
    for writer, state in targets(graph, node, EdgeKind.AUTHORS, back=True):
        if writer in around.who:
            _take(mine, around.who[writer], state)
    for agent, state in targets(graph, node, EdgeKind.EMITS, back=True):
        if agent in agents:
            _take(mine, agents[agent], min(state, State.POSSIBLE))
    return mine


def _take(mine: Ranked, other: Ranked, state: State) -> bool:
    """Offers all ranks of ``other`` at most in ``state``; whether that changed anything."""
    changed = False
    for level, rank in list(other.best.items()):
        changed |= mine.offer(rank, min(level, state))
    return changed


def _entries(graph: Graph, around: Listeners, content: Trusts) -> tuple[Trusts, Trusts]:
    """The best way in to each agent, and the trust of the least trusted who can use one."""
    entries: Trusts = {node: Ranked() for node in graph.labelled(Label.AGENT).tolist()}
    trusts: Trusts = {node: Ranked() for node in entries}

    def enter(agent: int, ranked: Ranked, state: State, *, as_content: bool = False) -> None:
        for level, rank in ranked.best.items() if agent in entries else ():
            word = _CONTENT_ENTRY if as_content else _CALLER_ENTRY
            entries[agent].offer(ENTRIES.index(word.get(TRUST[rank], "internal")), min(level, state))
            trusts[agent].offer(rank, min(level, state))

    for start, ranked in around.who.items():
        for node, state in _fronted(graph, start):
            enter(node, ranked, state)
    for node in around.callers.nodes():
        behind = [one for one in _behind(graph, node) if one[0] in entries]
        ranked = around.callers.best(node) if behind else Ranked()
        for agent, state in behind:
            enter(agent, ranked, state)
    for source, ranked in content.items():
        for kind in (EdgeKind.FEEDS, EdgeKind.TRIGGERS):
            for agent, state in targets(graph, source, kind):
                enter(agent, ranked, state, as_content=True)
    return entries, trusts


def _fronted(graph: Graph, start: int) -> list[tuple[int, State]]:
    """What ``start`` is exposed to, and what stands behind it, each by its surest way."""
    out: list[tuple[int, State]] = []
    for node, state in targets(graph, start, EdgeKind.EXPOSES):
        out.extend((other, min(state, passed)) for other, passed in _behind(graph, node))
    return out


def _behind(graph: Graph, node: int) -> list[tuple[int, State]]:
    """``node`` and everything to which it passes its callers on."""
    found: dict[int, State] = {node: State.CONFIRMED}
    pending = [node]
    while pending:
        current = pending.pop()
        for kind in PASSING:
            for other, state in targets(graph, current, kind):
                sure = min(state, found[current])
                if sure > found.get(other, State.FALSE):
                    found[other] = sure
                    pending.append(other)
    return list(found.items())
