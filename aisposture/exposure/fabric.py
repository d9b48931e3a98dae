"""An index over the network facets of an inventory: which filter, table and gateway applies to which interface."""

from collections import defaultdict
from functools import cached_property

from msgspec import Struct
from msgspec.structs import replace

from aisposture.exposure.algebra import Ranges, prefix, prefixes
from aisposture.model.graph import Label, State
from aisposture.model.inventory import Inventory
from aisposture.model.resource import Net, NetRule, Resource

PARTS = {
    "routes": ("route_table",),
    "acl": ("network_acl",),
    "groups": ("security_group",),
    "gateways": ("internet_gateway",),
    "interfaces": ("network_interface",),
    "subnets": ("subnet",),
}
"""What a Gap over a whole kind hides from the network, by the last word of the kind."""

ATTACHABLE = frozenset({Label.WORKLOAD, Label.ENDPOINT, Label.DATA_STORE, Label.AGENT, Label.TOOL})


class Interface(Struct, frozen=True, kw_only=True):
    """One way into or out of a resource.

    Attributes:
        owner: resource that answers behind it.
        carrier: resource whose ``net`` facet it is (the owner itself, or an interface attached to it).
    """

    owner: Resource
    carrier: Resource
    net: Net


class Filters(Struct, frozen=True, kw_only=True):
    """The filters of one interface, and how far they were read.

    Attributes:
        state: CONFIRMED where all were read; POSSIBLE or UNSEEN where some were not.
        carriers: ids of the resources that hold the rules.
    """

    rules: tuple[NetRule, ...] = ()
    state: State = State.CONFIRMED
    carriers: tuple[str, ...] = ()


class Fabric:
    """Lookups over everything in an inventory that has a ``net`` facet."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self._tables: dict[str, Resource] = {}
        self._acls: dict[str, Resource] = {}
        self._main_tables: dict[str, Resource] = {}
        self._main_acls: dict[str, Resource] = {}
        self._attached: dict[str, list[Resource]] = defaultdict(list)
        self._addresses: dict[str, list[str]] = defaultdict(list)
        for resource in inventory.resources:
            if resource.net is not None:
                self._index(resource, resource.net)

    def _index(self, resource: Resource, net: Net) -> None:
        for owner in resource.targets("attached_to"):
            if net.subnets:
                self._attached[self.inventory.resolve(owner)].append(resource)
            else:
                self._addresses[self.inventory.resolve(owner)].extend(net.public_ips)
        for held, main, per_subnet in (
            (net.routes, self._main_tables, self._tables),
            (net.rules, self._main_acls, self._acls),
        ):
            if not held:
                continue
            for subnet in net.subnets:
                per_subnet[self.inventory.resolve(subnet)] = resource
            if net.main and net.network is not None:
                main[self.inventory.resolve(net.network)] = resource

    @cached_property
    def _hidden_parts(self) -> set[tuple[str, str, str]]:
        return {
            (part, gap.account, gap.region)
            for gap in self.inventory.gaps
            for part, words in PARTS.items()
            for hidden in (*gap.hides, *(gap.kinds if "net" in gap.hides else ()))
            if hidden.rpartition(".")[2] in words
        }

    def hides(self, part: str, resource: Resource) -> bool:
        """Whether a Gap hides ``part`` (a key of ``PARTS``) where ``resource`` is."""
        return any(
            (part, resource.account, region) in self._hidden_parts
            for region in (resource.region, "*", "global")
        )

    def unread(self, resource: Resource) -> bool:
        """Whether a Gap hides the ``net`` facet of ``resource``."""
        return self.inventory.hidden(resource, "net") is not None

    def interfaces(self, resource: Resource) -> tuple[Interface, ...]:
        """The interfaces of ``resource``: those attached to it, else the one it describes itself.

        An only interface has all the addresses that the resource says it has.
        """
        attached = self._attached.get(resource.id, [])
        carriers = [carrier for carrier in attached if carrier.net is not None] or [resource]
        out = []
        for carrier in carriers:
            if carrier.net is None:
                continue
            extra = set(self._addresses.get(carrier.id, ()))
            if len(carriers) == 1:
                extra.update(
                    self._addresses.get(resource.id, ()), resource.net.public_ips if resource.net else ()
                )
            net = replace(
                carrier.net,
                public_ips=tuple(sorted({*carrier.net.public_ips, *extra})),
                listeners=carrier.net.listeners or (resource.net.listeners if resource.net else ()),
            )
            out.append(Interface(owner=resource, carrier=carrier, net=net))
        return tuple(out)

    def network_of(self, interface: Interface) -> str | None:
        """The id of the virtual network that ``interface`` sits in."""
        if interface.net.network is not None:
            return self.inventory.resolve(interface.net.network)
        for subnet in interface.net.subnets:
            found = self.inventory.get(subnet)
            if found is not None and found.net is not None and found.net.network is not None:
                return self.inventory.resolve(found.net.network)
        return None

    def table(self, subnet: str, network: str | None) -> Resource | None:
        """The route table of ``subnet``: its own, else the main one of ``network``; None where none was read."""
        found = self._tables.get(self.inventory.resolve(subnet))
        return found or (self._main_tables.get(network) if network else None)

    def acl(self, subnet: str, network: str | None) -> Filters:
        """The network ACL of ``subnet``; without one, in a subnet that was read, everything passes."""
        found = self._acls.get(self.inventory.resolve(subnet))
        found = found or (self._main_acls.get(network) if network else None)
        if found is not None and found.net is not None and not self.unread(found):
            return Filters(rules=found.net.rules, carriers=(found.id,))
        known = self.inventory.get(subnet)
        if found is None and known is not None and not self.hides("acl", known):
            return Filters(
                rules=tuple(
                    NetRule(
                        direction=way, allow=True, protocol="any", ports=(0, 65535), peer=peer, priority=100
                    )
                    for way in ("in", "out")
                    for peer in ("0.0.0.0/0", "::/0")
                )
            )
        return Filters(state=State.POSSIBLE)

    def groups(self, interface: Interface) -> Filters:
        """The union of the groups of ``interface``; groups that were not read make it UNSEEN."""
        rules: list[NetRule] = []
        carriers: list[str] = []
        state = State.CONFIRMED
        for group in interface.net.groups:
            found = self.inventory.get(group)
            if found is None or found.net is None or self.unread(found):
                state = State.UNSEEN
                continue
            rules.extend(found.net.rules)
            carriers.append(found.id)
        return Filters(rules=tuple(rules), state=state, carriers=tuple(carriers))

    def prefix(self, peer: str) -> Ranges | None:
        """The addresses of a CIDR, or of a prefix list or network that was read; None for anything else."""
        found = prefix(peer)
        if found is not None:
            return found
        known = self.inventory.get(peer)
        if known is not None and known.net is not None and known.net.cidrs:
            return prefixes(known.net.cidrs)
        return None
