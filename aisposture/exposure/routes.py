"""Where the packets of a subnet go: the longest prefix wins."""

from collections import defaultdict

from aisposture.exposure.algebra import INTERNET, INTERNET_V4, NONE, UNKNOWN, Fuzzy, Ranges
from aisposture.exposure.fabric import Fabric
from aisposture.model.resource import Resource, Route

IN_AND_OUT = "internet"
"""Target type through which packets go out and come in."""


def destinations(fabric: Fabric, table: Resource) -> dict[tuple[str, str], Ranges]:
    """(target type, target) -> the addresses that ``table`` sends there."""
    if table.net is None:
        return {}
    known: list[tuple[int, Route, Ranges]] = []
    for route in table.net.routes:
        covered = fabric.prefix(route.destination)
        if covered is not None:
            known.append((covered.size, route, covered))
    out: dict[tuple[str, str], Ranges] = defaultdict(Ranges)
    taken = NONE
    for _, route, covered in sorted(known, key=lambda item: item[0]):
        out[route.target_type, route.target] |= covered - taken
        taken |= covered
    return dict(out)


def attached(fabric: Fabric, gateway: str, network: str | None) -> bool:
    """Whether ``gateway`` stands at ``network``; a gateway that was not read is taken at the route table's word."""
    found = fabric.inventory.get(gateway)
    if found is None or found.net is None or network is None:
        return True
    return found.net.network is not None and fabric.inventory.resolve(found.net.network) == network


def through_gateway(fabric: Fabric, subnet: str, network: str | None) -> Fuzzy:
    """Public addresses to and from which ``subnet`` has a route over an internet gateway of its network."""
    table = fabric.table(subnet, network)
    if table is None or table.net is None or fabric.unread(table):
        return UNKNOWN & Fuzzy.known(INTERNET)
    reached = NONE
    for (kind, target), covered in destinations(fabric, table).items():
        if kind == IN_AND_OUT and attached(fabric, target, network):
            reached |= covered
    return Fuzzy.known(reached & INTERNET)


def outward(
    fabric: Fabric, subnet: str, network: str | None, *, public: bool
) -> tuple[Fuzzy, tuple[str, ...]]:
    """Public addresses that something in ``subnet`` can open connections to, and over what.

    Args:
        fabric: the index.
        subnet: where it sits.
        network: the virtual network of ``subnet``.
        public: whether it has an address of its own that an internet gateway lets out.
    """
    table = fabric.table(subnet, network)
    if table is None or table.net is None or fabric.unread(table):
        return UNKNOWN & Fuzzy.known(INTERNET), ("route table not read",)
    out = Fuzzy(NONE, NONE)
    over: list[str] = []
    for (kind, target), covered in destinations(fabric, table).items():
        wanted = covered & INTERNET
        if not wanted or target in {"", "blackhole"}:
            continue
        if kind == IN_AND_OUT and public and attached(fabric, target, network):
            out |= Fuzzy.known(wanted)
            over.append("internet gateway")
        elif kind == "egress-only":
            out |= Fuzzy.known(wanted - INTERNET_V4)
            over.append("egress-only gateway")
        elif kind == "nat":
            behind = _behind_nat(fabric, target)
            out |= Fuzzy(wanted & behind.sure, wanted & behind.maybe)
            over.append("NAT gateway")
        elif kind in {"transit", "interface", "endpoint", "other"} and covered.size > INTERNET_V4.size // 2:
            out |= Fuzzy(NONE, wanted)
            over.append(f"{kind} target whose own way out was not followed")
    return out, tuple(sorted(set(over)))


def _behind_nat(fabric: Fabric, gateway: str) -> Fuzzy:
    """What a NAT gateway reaches: the routes of the subnet it stands in; one that was not read reaches everything."""
    found = fabric.inventory.get(gateway)
    if found is None or found.net is None or not found.net.subnets:
        return Fuzzy.known(INTERNET)
    network = fabric.inventory.resolve(found.net.network) if found.net.network else None
    reached = Fuzzy(NONE, NONE)
    for subnet in found.net.subnets:
        reached |= through_gateway(fabric, subnet, network)
    return reached
