"""Whether the internet reaches an interface, and the interface the internet: every layer must agree, and each is named."""

from collections.abc import Iterator

from msgspec import Struct

from aisposture.exposure import routes
from aisposture.exposure.algebra import (
    INTERNET,
    NONE,
    UNKNOWN,
    V4,
    V6,
    Fuzzy,
    Range,
    Ranges,
    cut,
    in_words,
    is_wide,
    prefixes,
)
from aisposture.exposure.fabric import Fabric, Filters, Interface
from aisposture.exposure.filters import Peers, admitted, answers, borders, by_prefix, meant, passed
from aisposture.model.graph import EvidenceRef, State
from aisposture.model.resource import Listener

PROTOCOLS = ("tcp", "udp")
_RUNNING = frozenset({"running", "pending", "available", "active", "in-service", "inservice"})
_OPEN: Fuzzy = Fuzzy.known(INTERNET)


class Reach(Struct, frozen=True, kw_only=True):
    """The answer for one interface.

    Attributes:
        ports: destination ports on which it holds.
        restricted: only an allow-list of addresses, less than half of the internet.
        reasons: one line each, in the order of the layers: why, or why not.
    """

    state: State
    ports: Ranges = NONE
    restricted: bool = False
    reasons: tuple[str, ...] = ()
    evidence: tuple[EvidenceRef, ...] = ()
    conditions: tuple[str, ...] = ()


class _Layers(Struct, frozen=True, kw_only=True):
    """What each layer lets through on one piece of the ports of one protocol."""

    group: Fuzzy
    acl: Fuzzy
    answer: Fuzzy


class _Tally:
    """Ports and hosts that get through all layers, by how sure that is, gathered piece by piece."""

    def __init__(self, route: Fuzzy, family: Ranges) -> None:
        self._route = route
        self._family = family & INTERNET
        self.ports = {State.CONFIRMED: NONE, State.POSSIBLE: NONE, State.UNSEEN: NONE}
        self.hosts = dict(self.ports)
        self.grouped = self.filtered = NONE

    def add(self, piece: Range, layers: _Layers) -> None:
        """Counts one piece of the ports. An unread layer that can only deny leaves what was allowed POSSIBLE."""
        if layers.group.maybe & INTERNET:
            self.grouped |= Ranges([piece])
        if layers.group.maybe & layers.acl.maybe & layers.answer.maybe & (self._family or INTERNET):
            self.filtered |= Ranges([piece])
        base = layers.group.sure & self._route.sure & self._family
        for state, hosts in (
            (State.CONFIRMED, base & layers.acl.sure & layers.answer.sure),
            (State.POSSIBLE, base & layers.acl.maybe & layers.answer.maybe),
            (
                State.UNSEEN,
                layers.group.maybe
                & self._route.maybe
                & self._family
                & layers.acl.maybe
                & layers.answer.maybe,
            ),
        ):
            if hosts:
                self.ports[state] |= Ranges([piece])
                self.hosts[state] |= hosts

    @property
    def state(self) -> State:
        """The best state in which anything gets through."""
        return next((state for state, ports in self.ports.items() if ports), State.FALSE)


def running(fabric: Fabric, interface: Interface) -> State:
    """Whether the owner of ``interface`` can answer now."""
    if fabric.inventory.hidden(interface.owner, "attrs.instance_state") is not None:
        return State.UNSEEN
    state = interface.owner.attrs.get("instance_state")
    return State.CONFIRMED if state is None or str(state).lower() in _RUNNING else State.FALSE


def addressed(interface: Interface) -> Ranges:
    """The address families in which ``interface`` can be met from the internet."""
    if interface.owner.attrs.get("public") is True and not interface.net.public_ips:
        return V4
    mine = prefixes((*interface.net.public_ips, *interface.net.private_ips)) & INTERNET
    return (V4 if mine & V4 else NONE) | (V6 if mine & V6 else NONE)


def inbound(fabric: Fabric, interface: Interface) -> Reach:
    """Whether hosts on the internet can open connections to ``interface``."""
    net = interface.net
    if fabric.unread(interface.carrier) or fabric.unread(interface.owner):
        return Reach(state=State.UNSEEN, reasons=("its network settings were not read",))
    network = fabric.network_of(interface)
    group = fabric.groups(interface)
    acl = _acls(fabric, net.subnets, network)
    family = addressed(interface)
    route = Fuzzy(NONE, NONE) if net.subnets else UNKNOWN & _OPEN
    for subnet in net.subnets:
        route |= routes.through_gateway(fabric, subnet, network)
    peers = by_prefix(fabric.prefix, lambda _: Fuzzy(NONE, NONE))
    tally = _Tally(route, family)
    for protocol in PROTOCOLS:
        for piece in _pieces(group, acl, protocol, net.listeners):
            tally.add(piece, _inward(group, acl, protocol, piece, peers))
    state = min(tally.state, running(fabric, interface))
    reasons = _why(fabric, interface, group, tally, route)
    evidence = _evidence(fabric, interface, network, (*group.carriers, *acl.carriers))
    if state is State.FALSE:
        return Reach(state=state, reasons=reasons, evidence=evidence)
    restricted = not is_wide(tally.hosts[tally.state])
    conditions = []
    if state is State.POSSIBLE:
        conditions.append("the network ACL lets the request in and its answer back")
    if restricted and state is not State.UNSEEN:
        state = State.POSSIBLE
        conditions.append("the caller's address is on the allow-list")
    return Reach(
        state=state,
        ports=tally.ports[tally.state],
        restricted=restricted,
        reasons=reasons,
        evidence=evidence,
        conditions=tuple(sorted(conditions)),
    )


def _inward(group: Filters, acl: Filters, protocol: str, piece: Range, peers: Peers) -> _Layers:
    ins, outs = meant(acl.rules, "in", protocol), meant(acl.rules, "out", protocol)
    if acl.state is State.CONFIRMED:
        acl_in = passed(ins, piece, peers)
        back = answers(outs, cut(borders(outs)), peers)
    else:
        acl_in = back = UNKNOWN
    allowed = admitted(meant(group.rules, "in", protocol), piece, peers)
    return _Layers(
        group=allowed if group.state is State.CONFIRMED else allowed | UNKNOWN, acl=acl_in, answer=back
    )


def _pieces(group: Filters, acl: Filters, protocol: str, listeners: tuple[Listener, ...]) -> Iterator[Range]:
    """Pieces of the ports on which all filters behave alike; only those that something listens on, where that is known."""
    rules = (*meant(group.rules, "in", protocol), *meant(acl.rules, "in", protocol))
    heard = {listener.port for listener in listeners}
    for piece in cut((*borders(rules), *((port, port) for port in heard))):
        if not heard or piece[0] in heard:
            yield piece


def _acls(fabric: Fabric, subnets: tuple[str, ...], network: str | None) -> Filters:
    """The ACL of the first subnet: an interface has one, and a load balancer's nodes are judged by the first."""
    return fabric.acl(subnets[0], network) if subnets else Filters(state=State.POSSIBLE)


def _why(
    fabric: Fabric, interface: Interface, group: Filters, tally: _Tally, route: Fuzzy
) -> tuple[str, ...]:
    """One line for each layer, so that both answers can be checked."""
    family = addressed(interface)
    lines = []
    if group.state is not State.CONFIRMED:
        lines.append("a security group was not read")
    elif tally.grouped:
        lines.append(f"security group open to internet addresses on ports {in_words(tally.grouped)}")
    else:
        lines.append("no security group admits an internet address")
    if tally.grouped and not tally.filtered:
        lines.append("the network ACL stops the request or its answer")
    if not route.maybe:
        lines.append("no route to an internet gateway")
    elif not route.sure:
        lines.append("the route table was not read")
    else:
        lines.append("route to an internet gateway")
    if not family:
        lines.append("no public address")
    elif route.sure and not route.sure & family:
        lines.append("the route to the internet gateway is for the other address family")
    else:
        lines.append("public address")
    if running(fabric, interface) is State.FALSE:
        lines.append(f"not running ({interface.owner.attrs.get('instance_state')})")
    return tuple(lines)


def _evidence(
    fabric: Fabric, interface: Interface, network: str | None, carriers: tuple[str, ...]
) -> tuple[EvidenceRef, ...]:
    out = [EvidenceRef(resource=interface.carrier.id, field="net", note="address, subnet and groups")]
    for subnet in interface.net.subnets:
        table = fabric.table(subnet, network)
        if table is not None:
            out.append(EvidenceRef(resource=table.id, field="net", note="route"))
    out.extend(EvidenceRef(resource=carrier, field="net", note="filter") for carrier in sorted(set(carriers)))
    if "attrs.instance_state" in interface.owner.sources:
        out.append(EvidenceRef(resource=interface.owner.id, field="attrs.instance_state", note="running"))
    return tuple(dict.fromkeys(out))


def outbound(fabric: Fabric, interface: Interface) -> Reach:
    """Whether ``interface`` can open connections to hosts on the internet."""
    net = interface.net
    if fabric.unread(interface.carrier) or fabric.unread(interface.owner):
        return Reach(state=State.UNSEEN, reasons=("its network settings were not read",))
    network = fabric.network_of(interface)
    group = fabric.groups(interface)
    acl = _acls(fabric, net.subnets, network)
    family = addressed(interface)
    route, over = Fuzzy(NONE, NONE), set[str]()
    for subnet in net.subnets:
        for mine in (V4, V6):
            found, ways = routes.outward(fabric, subnet, network, public=bool(family & mine))
            route |= Fuzzy(found.sure & mine, found.maybe & mine)
            over.update(ways)
    peers = by_prefix(fabric.prefix, lambda _: Fuzzy(NONE, NONE))
    tally = _Tally(route, V4 | V6)
    for protocol in PROTOCOLS:
        outs = (*meant(group.rules, "out", protocol), *meant(acl.rules, "out", protocol))
        for piece in cut(borders(outs)):
            tally.add(piece, _outward(group, acl, protocol, piece, peers))
    state = tally.state
    reasons = tuple(f"way out over {way}" for way in sorted(over)) or ("no route to the internet",)
    if over and state is State.FALSE:
        reasons = (*reasons, "no filter lets connections out")
    evidence = _evidence(fabric, interface, network, (*group.carriers, *acl.carriers))
    if state is State.FALSE:
        return Reach(state=state, reasons=reasons, evidence=evidence)
    return Reach(
        state=state,
        ports=tally.ports[state],
        restricted=not is_wide(tally.hosts[state]),
        reasons=reasons,
        evidence=evidence,
        conditions=("the network ACL lets it through",) if state is State.POSSIBLE else (),
    )


def _outward(group: Filters, acl: Filters, protocol: str, piece: Range, peers: Peers) -> _Layers:
    ins, outs = meant(acl.rules, "in", protocol), meant(acl.rules, "out", protocol)
    if acl.state is State.CONFIRMED:
        acl_out, back = passed(outs, piece, peers), answers(ins, cut(borders(ins)), peers)
        back = Fuzzy(back.sure, back.sure)  # the way out uses ordinary source ports
    else:
        acl_out = back = UNKNOWN
    allowed = admitted(meant(group.rules, "out", protocol), piece, peers)
    return _Layers(
        group=allowed if group.state is State.CONFIRMED else allowed | UNKNOWN, acl=acl_out, answer=back
    )
