"""Which resources of one network, or of two peered ones, can open connections to each other."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from msgspec import Struct

from aisposture.exposure import routes
from aisposture.exposure.algebra import (
    EVERYWHERE,
    NONE,
    UNKNOWN,
    Fuzzy,
    Range,
    Ranges,
    cut,
    in_words,
    prefix,
    prefixes,
)
from aisposture.exposure.fabric import Fabric, Filters, Interface
from aisposture.exposure.filters import Peers, admitted, answers, borders, by_prefix, meant, passed
from aisposture.exposure.internet import PROTOCOLS, running
from aisposture.model.graph import EdgeKind, EdgeRow, EvidenceRef, Label, State

FROM = frozenset({Label.WORKLOAD, Label.AGENT, Label.TOOL, Label.ENDPOINT})
TO = frozenset({Label.WORKLOAD, Label.AGENT, Label.DATA_STORE, Label.ENDPOINT, Label.TOOL})


class Place(Struct, frozen=True, kw_only=True):
    """An interface with everything that decides about it."""

    interface: Interface
    network: str
    groups: Filters
    acl: Filters
    hosts: Ranges


def edges(fabric: Fabric, interfaces: Iterable[Interface]) -> Iterator[EdgeRow]:
    """``network_reach`` edges, the best for each pair of owners."""
    places = [place for interface in interfaces if (place := _place(fabric, interface)) is not None]
    profiles: dict[tuple[object, ...], list[Place]] = defaultdict(list)
    borders_of = _borders(places)
    for place in places:
        profiles[_profile(place, borders_of)].append(place)
    linked = _peered(fabric, {place.network for place in places})
    best: dict[tuple[str, str], EdgeRow] = {}
    for sources in profiles.values():
        for targets in profiles.values():
            first, last = sources[0], targets[0]
            if first.network != last.network and frozenset((first.network, last.network)) not in linked:
                continue
            if sources is targets and len(sources) == 1:
                continue
            verdict = _between(fabric, first, last)
            if verdict is None:
                continue
            for row in _rows(sources, targets, verdict):
                key = (row.source, row.target)
                if key not in best or best[key].state < row.state:
                    best[key] = row
    yield from (best[key] for key in sorted(best))


def _place(fabric: Fabric, interface: Interface) -> Place | None:
    network = fabric.network_of(interface)
    if network is None or not interface.net.subnets or fabric.unread(interface.carrier):
        return None
    if running(fabric, interface) is State.FALSE:
        return None
    hosts = prefixes(interface.net.private_ips)
    if not hosts:
        ranges = [
            found.net.cidrs for s in interface.net.subnets if (found := fabric.inventory.get(s)) and found.net
        ]
        hosts = prefixes(text for cidrs in ranges for text in cidrs)
    return Place(
        interface=interface,
        network=network,
        groups=fabric.groups(interface),
        acl=fabric.acl(interface.net.subnets[0], network),
        hosts=hosts or EVERYWHERE,
    )


def _borders(places: Iterable[Place]) -> tuple[Ranges, ...]:
    """Every CIDR that any filter mentions: two interfaces inside the same ones are alike."""
    peers = {rule.peer for place in places for rule in (*place.groups.rules, *place.acl.rules)}
    return tuple(found for peer in sorted(peers) if (found := prefix(peer)) is not None)


def _profile(place: Place, borders_of: tuple[Ranges, ...]) -> tuple[object, ...]:
    net = place.interface.net
    labels = frozenset(place.interface.owner.labels)
    return (
        place.network,
        net.subnets,
        net.groups,
        net.listeners,
        bool(labels & FROM),
        bool(labels & TO),
        tuple(bool(border & place.hosts) for border in borders_of),
        place.interface.owner.account,
    )


def _peered(fabric: Fabric, networks: set[str]) -> set[frozenset[str]]:
    """Pairs of networks that a peering joins; whether routes use it is asked per pair of interfaces."""
    pairs = set()
    for resource in fabric.inventory.resources:
        joined = {fabric.inventory.resolve(target) for target in resource.targets("in_network")}
        if resource.net is not None and resource.net.network is not None and not resource.net.subnets:
            joined.add(fabric.inventory.resolve(resource.net.network))
        if len(joined) == 2 and joined <= networks:
            pairs.add(frozenset(joined))
    return pairs


def _routed(fabric: Fabric, source: Place, target: Place) -> State:
    """Whether packets of ``source`` have a way to ``target``: always inside one network, else over the peering's routes."""
    if source.network == target.network:
        return State.CONFIRMED
    table = fabric.table(source.interface.net.subnets[0], source.network)
    if table is None or fabric.unread(table):
        return State.UNSEEN
    reached = NONE
    for (kind, _), covered in routes.destinations(fabric, table).items():
        if kind == "peering":
            reached |= covered
    return State.CONFIRMED if reached & target.hosts else State.FALSE


def _as_peer(fabric: Fabric, other: Place) -> Peers:
    """A rule's peer as seen from the other side: all of it if the other interface is meant, else nothing of it."""
    groups = {fabric.inventory.resolve(group) for group in other.interface.net.groups}
    everyone, nobody = Fuzzy.known(EVERYWHERE), Fuzzy(NONE, NONE)

    def resolve(peer: str) -> Fuzzy:
        named = by_prefix(
            fabric.prefix, lambda group: everyone if fabric.inventory.resolve(group) in groups else nobody
        )
        found = named(peer)
        if found in (everyone, nobody, UNKNOWN):
            return found
        return Fuzzy(
            EVERYWHERE if found.sure & other.hosts else NONE,
            EVERYWHERE if found.maybe & other.hosts else NONE,
        )

    return resolve


class _Gate(Struct, frozen=True, kw_only=True):
    """The peers of one ordered pair, each as the other's filters see it."""

    source: Place
    target: Place
    to_source: Peers
    to_target: Peers

    def groups(self, protocol: str, piece: Range) -> Fuzzy:
        """What the groups of both sides admit."""
        if State.UNSEEN in {self.source.groups.state, self.target.groups.state}:
            return UNKNOWN
        out = admitted(meant(self.source.groups.rules, "out", protocol), piece, self.to_target)
        return out & admitted(meant(self.target.groups.rules, "in", protocol), piece, self.to_source)

    def acls(self, protocol: str, piece: Range) -> Fuzzy:
        """What the ACLs of both subnets let through and back; inside one subnet they are not asked."""
        if self.source.interface.net.subnets == self.target.interface.net.subnets:
            return Fuzzy.known(EVERYWHERE)
        if State.POSSIBLE in {self.source.acl.state, self.target.acl.state}:
            return UNKNOWN
        near, far = self.source.acl.rules, self.target.acl.rules
        there = passed(meant(near, "out", protocol), piece, self.to_target)
        there &= passed(meant(far, "in", protocol), piece, self.to_source)
        outs, ins = meant(far, "out", protocol), meant(near, "in", protocol)
        back = answers(outs, cut(borders(outs)), self.to_source)
        back &= answers(ins, cut(borders(ins)), self.to_target)
        return there & Fuzzy.known(back.sure)

    def pieces(self, protocol: str) -> Iterator[Range]:
        """Pieces of the target's ports on which all four filters behave alike."""
        rules = (
            *meant(self.source.groups.rules, "out", protocol),
            *meant(self.target.groups.rules, "in", protocol),
            *meant(self.source.acl.rules, "out", protocol),
            *meant(self.target.acl.rules, "in", protocol),
        )
        heard = {listener.port for listener in self.target.interface.net.listeners}
        for piece in cut((*borders(rules), *((port, port) for port in heard))):
            if not heard or piece[0] in heard:
                yield piece


def _between(fabric: Fabric, source: Place, target: Place) -> tuple[State, Ranges] | None:
    """The best state in which ``source`` reaches ``target``, and on which ports."""
    way = min(_routed(fabric, source, target), _routed(fabric, target, source))
    if way is State.FALSE:
        return None
    gate = _Gate(
        source=source, target=target, to_source=_as_peer(fabric, source), to_target=_as_peer(fabric, target)
    )
    ports = {State.CONFIRMED: NONE, State.POSSIBLE: NONE, State.UNSEEN: NONE}
    for protocol in PROTOCOLS:
        for piece in gate.pieces(protocol):
            groups, acls = gate.groups(protocol, piece), gate.acls(protocol, piece)
            for state, through in (
                (State.CONFIRMED, groups.sure and acls.sure),
                (State.POSSIBLE, groups.sure and acls.maybe),
                (State.UNSEEN, groups.maybe and acls.maybe),
            ):
                if through:
                    ports[state] |= Ranges([piece])
    return next(((min(state, way), found) for state, found in ports.items() if found), None)


def _rows(sources: list[Place], targets: list[Place], verdict: tuple[State, Ranges]) -> Iterator[EdgeRow]:
    state, ports = verdict
    for source in sources:
        if not FROM & set(source.interface.owner.labels):
            continue
        for target in targets:
            if source.interface.owner.id == target.interface.owner.id:
                continue
            if not TO & set(target.interface.owner.labels):
                continue
            carriers = sorted({*source.groups.carriers, *target.groups.carriers})
            yield EdgeRow(
                source=source.interface.owner.id,
                target=target.interface.owner.id,
                kind=EdgeKind.NETWORK_REACH,
                state=state,
                attrs=(("ports", in_words(ports)),),
                conditions=("the network ACLs let it through",) if state is State.POSSIBLE else (),
                evidence=(
                    EvidenceRef(resource=source.interface.carrier.id, field="net", note="from"),
                    EvidenceRef(resource=target.interface.carrier.id, field="net", note="to"),
                    *(EvidenceRef(resource=c, field="net", note="filter") for c in carriers),
                ),
            )
