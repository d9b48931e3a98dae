"""What a packet filter lets through: unordered allow lists (groups) and ordered lists with denies (network ACLs)."""

from collections.abc import Callable, Iterable

from aisposture.exposure.algebra import EVERYWHERE, NONE, UNKNOWN, Fuzzy, Range, Ranges
from aisposture.model.resource import NetRule

Peers = Callable[[str], Fuzzy]
"""The addresses that the peer of a rule stands for, in the case at hand."""

EPHEMERAL: Range = (1024, 65535)
"""Source ports of ordinary clients; answers go back to them."""


def meant(rules: Iterable[NetRule], direction: str, protocol: str) -> tuple[NetRule, ...]:
    """The rules of one direction that can match ``protocol``, in the order in which they are tried."""
    return tuple(
        sorted(
            (rule for rule in rules if rule.direction == direction and rule.protocol in {protocol, "any"}),
            key=lambda rule: rule.priority,
        )
    )


def _matches(rule: NetRule, ports: Range) -> bool:
    low, high = rule.ports
    return low <= ports[0] and ports[1] <= high


def admitted(rules: Iterable[NetRule], ports: Range, peers: Peers) -> Fuzzy:
    """Peers that an unordered allow list admits on ``ports`` (a piece of ``cut``, so no rule matches half of it)."""
    out = Fuzzy(NONE, NONE)
    for rule in rules:
        if rule.allow and _matches(rule, ports):
            out = out | peers(rule.peer)
    return out


def passed(rules: Iterable[NetRule], ports: Range, peers: Peers) -> Fuzzy:
    """Peers that an ordered list lets through on ``ports``: the first rule that matches decides, and none means no."""
    out = Fuzzy(NONE, NONE)
    rest = Fuzzy.known(EVERYWHERE)
    for rule in rules:
        if not _matches(rule, ports):
            continue
        hit = rest & peers(rule.peer)
        if rule.allow:
            out = out | hit
        rest = rest - hit
    return out


def answers(rules: Iterable[NetRule], pieces: Iterable[Range], peers: Peers) -> Fuzzy:
    """Peers to whom an ordered list lets answers go back.

    Certain for clients with ordinary source ports; who can only be answered on a lower port is a maybe, because he has to
    choose that source port himself.
    """
    listed = tuple(rules)
    sure = maybe = NONE
    for piece in pieces:
        through = passed(listed, piece, peers)
        maybe = maybe | through.maybe
        if EPHEMERAL[0] <= piece[0]:
            sure = sure | through.sure
    return Fuzzy(sure, maybe)


def borders(rules: Iterable[NetRule]) -> tuple[Range, ...]:
    """Port ranges at whose borders the behaviour of ``rules`` can change, the ephemeral range included."""
    return (*(rule.ports for rule in rules), EPHEMERAL)


def by_prefix(of: Callable[[str], Ranges | None], group: Callable[[str], Fuzzy]) -> Peers:
    """Peers resolver: CIDRs and known prefix lists through ``of``, everything else through ``group``."""

    def resolve(peer: str) -> Fuzzy:
        found = of(peer)
        if found is not None:
            return Fuzzy.known(found)
        if "pl-" in peer or "prefix-list" in peer:
            return UNKNOWN
        return group(peer)

    return resolve
