"""VPC networking, in the words of ``Net``: who sits where, what filters, where packets go.

Networks, subnets, groups and gateways are named by the ids that EC2 gives (``vpc-...``), which are aliases of the resources:
so they resolve in a VPC shared by another account as well.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aisposture.collect.aws.ec2 import addresses
from aisposture.collect.aws.shapes import named, several
from aisposture.collect.declare import (
    Valueish,
    call,
    computed,
    const,
    detail,
    kind,
    path,
    policy,
    table,
    template,
)
from aisposture.model.graph import Label
from aisposture.model.resource import Net, NetRule, PolicyRole, Route

Items = Sequence[Mapping[str, Any]] | None

ALL_PORTS = (0, 65535)

_PROTOCOLS = {"-1": "any", "6": "tcp", "17": "udp", "1": "icmp", "58": "icmp", "icmpv6": "icmp"}

_TARGETS = (
    ("EgressOnlyInternetGatewayId", "egress-only"),
    ("NatGatewayId", "nat"),
    ("VpcPeeringConnectionId", "peering"),
    ("TransitGatewayId", "transit"),
    ("NetworkInterfaceId", "interface"),
    ("InstanceId", "interface"),
    ("LocalGatewayId", "other"),
    ("CarrierGatewayId", "internet"),
    ("CoreNetworkArn", "transit"),
    ("OdbNetworkArn", "other"),
)
"""Fields of a route that name its target, the gateway apart, with the neutral type."""

_GATEWAYS = {"igw": "internet", "vpce": "endpoint", "eigw": "egress-only", "nat": "nat"}
"""Neutral type of a route's ``GatewayId`` by its prefix; a virtual private gateway is none of them."""


def arn(kind_of: str, field: str, *, account: str = "scope:account") -> Valueish:
    """The ARN of an EC2 resource, which most describe calls leave out."""
    return template(f"arn:{{scope:partition}}:ec2:{{scope:region}}:{{{account}}}:{kind_of}/{{{field}}}")


def protocol(word: str | None) -> str:
    """The neutral word of an IP protocol given by number or name; rare ones keep their number."""
    text = str(word or "-1").lower()
    return _PROTOCOLS.get(text, text)


def group_rules(ingress: Items, egress: Items) -> tuple[NetRule, ...]:
    """The lines of a security group, one for each peer."""
    return tuple(sorted({*_permissions(ingress, "in"), *_permissions(egress, "out")}))


def _permissions(permissions: Items, direction: Any) -> Iterator[NetRule]:
    for permission in permissions or ():
        word = protocol(permission.get("IpProtocol"))
        first, last = permission.get("FromPort", -1), permission.get("ToPort", -1)
        ported = word in {"tcp", "udp"} and 0 <= first <= last
        peers = (
            *(entry.get("CidrIp") for entry in permission.get("IpRanges") or ()),
            *(entry.get("CidrIpv6") for entry in permission.get("Ipv6Ranges") or ()),
            *(entry.get("PrefixListId") for entry in permission.get("PrefixListIds") or ()),
            *(entry.get("GroupId") for entry in permission.get("UserIdGroupPairs") or ()),
        )
        for peer in filter(None, peers):
            yield NetRule(
                direction=direction,
                allow=True,
                protocol=word,
                ports=(first, last) if ported else ALL_PORTS,
                peer=peer,
            )


def group_net(network: str | None, ingress: Items, egress: Items) -> Net:
    """The filter that a security group is."""
    return Net(network=network, rules=group_rules(ingress, egress))


def acl_net(network: str | None, entries: Items, associations: Items, default: bool | None) -> Net:
    """The filter that a network ACL is, its last catch-all deny included."""
    rules = []
    for entry in entries or ():
        word = protocol(entry.get("Protocol"))
        ports = entry.get("PortRange") or {}
        ported = word in {"tcp", "udp"} and "From" in ports and "To" in ports
        peer = entry.get("CidrBlock") or entry.get("Ipv6CidrBlock")
        if peer:
            rules.append(
                NetRule(
                    direction="out" if entry.get("Egress") else "in",
                    allow=entry.get("RuleAction") == "allow",
                    protocol=word,
                    ports=(ports["From"], ports["To"]) if ported else ALL_PORTS,
                    peer=peer,
                    priority=entry.get("RuleNumber") or 0,
                )
            )
    return Net(
        network=network,
        subnets=_subnets(associations),
        rules=tuple(sorted(rules, key=lambda rule: (rule.direction, rule.priority, rule.peer))),
        main=bool(default),
    )


def _subnets(associations: Items) -> tuple[str, ...]:
    return tuple(sorted(several([entry.get("SubnetId") for entry in associations or ()])))


def route(line: Mapping[str, Any]) -> Route | None:
    """One line of a route table; None for a destination of a kind that this tool does not know."""
    destination = (
        line.get("DestinationCidrBlock")
        or line.get("DestinationIpv6CidrBlock")
        or line.get("DestinationPrefixListId")
    )
    if not destination:
        return None
    if line.get("State") == "blackhole":
        return Route(destination=destination, target="blackhole", target_type="other")
    gateway = line.get("GatewayId")
    if gateway:
        word = "local" if gateway == "local" else _GATEWAYS.get(gateway.partition("-")[0], "other")
        return Route(destination=destination, target=gateway, target_type=word)
    for field, word in _TARGETS:
        if line.get(field):
            return Route(destination=destination, target=line[field], target_type=word)
    return Route(destination=destination, target="", target_type="other")


def table_net(network: str | None, lines: Items, associations: Items) -> Net:
    """Where a route table sends packets, and of which subnets."""
    routes = [found for line in lines or () if (found := route(line))]
    return Net(
        network=network,
        subnets=_subnets(associations),
        routes=tuple(sorted(routes)),
        main=any(entry.get("Main") for entry in associations or ()),
    )


def network_net(network: str, blocks: Sequence[str] | None, blocks6: Sequence[str] | None) -> Net:
    """The address ranges of a VPC."""
    return Net(network=network, cidrs=tuple(sorted(several(blocks, blocks6))))


def gateway_net(attachments: Items) -> Net:
    """The VPC that a gateway is attached to; none where it is detached."""
    attached = [
        entry.get("VpcId")
        for entry in attachments or ()
        if entry.get("State") in {"available", "attached", "attaching"}
    ]
    return Net(network=next(filter(None, attached), None))


def nat_net(network: str | None, subnet: str | None, given: Items, connectivity: str | None) -> Net:
    """Where a NAT gateway stands; a private one has no public address."""
    public = [entry.get("PublicIp") for entry in given or ()] if connectivity != "private" else []
    return Net(
        network=network,
        subnets=tuple(several(subnet)),
        public_ips=tuple(sorted(several(public))),
        private_ips=tuple(sorted(several([entry.get("PrivateIp") for entry in given or ()]))),
    )


def interface_net(interface: Mapping[str, Any]) -> Net:
    """One interface with its addresses and groups."""
    public, private = addresses((interface,))
    return Net(
        network=interface.get("VpcId"),
        subnets=tuple(several(interface.get("SubnetId"))),
        groups=tuple(sorted(several([group.get("GroupId") for group in interface.get("Groups") or ()]))),
        public_ips=public,
        private_ips=private,
    )


def endpoint_net(network: str | None, subnets: Sequence[str] | None, groups: Sequence[str] | None) -> Net:
    """Where a VPC endpoint stands; a gateway endpoint stands in no subnet."""
    return Net(network=network, subnets=tuple(sorted(subnets or ())), groups=tuple(sorted(groups or ())))


vpc = kind(
    "aws.ec2.vpc",
    labels=(Label.NETWORK_ZONE,),
    call=call("ec2", "DescribeVpcs", page_size=1000),
    items="Vpcs[*]",
    id=arn("vpc", "VpcId", account="OwnerId"),
    account="OwnerId",
    title=computed(named, "Tags", "VpcId"),
    tables=(
        table(
            "flow_logs",
            call("ec2", "DescribeFlowLogs", page_size=1000),
            rows="FlowLogs[*]",
            key="ResourceId",
            by="VpcId",
        ),
    ),
    attrs={"aliases": computed(several, "VpcId"), "status": "State"},
    refs={"logs_to": "flow_logs:[*].LogDestination"},
    tags="Tags",
    net=computed(
        network_net,
        "VpcId",
        "CidrBlockAssociationSet[*].CidrBlock",
        "Ipv6CidrBlockAssociationSet[*].Ipv6CidrBlock",
    ),
)

subnet = kind(
    "aws.ec2.subnet",
    labels=(Label.NETWORK_ZONE,),
    call=call("ec2", "DescribeSubnets", page_size=1000),
    items="Subnets[*]",
    id=arn("subnet", "SubnetId", account="OwnerId"),
    account="OwnerId",
    title=computed(named, "Tags", "SubnetId"),
    attrs={"aliases": computed(several, "SubnetId"), "status": "State"},
    refs={"in_network": "VpcId"},
    tags="Tags",
    net=computed(
        lambda network, block, blocks6: Net(network=network, cidrs=tuple(sorted(several(block, blocks6)))),
        "VpcId",
        "CidrBlock",
        "Ipv6CidrBlockAssociationSet[*].Ipv6CidrBlock",
    ),
)

security_group = kind(
    "aws.ec2.security_group",
    call=call("ec2", "DescribeSecurityGroups", page_size=1000),
    items="SecurityGroups[*]",
    id=arn("security-group", "GroupId", account="OwnerId"),
    account="OwnerId",
    title="GroupName",
    attrs={"aliases": computed(several, "GroupId"), "description": "Description"},
    refs={"in_network": "VpcId"},
    tags="Tags",
    net=computed(group_net, "VpcId", "IpPermissions", "IpPermissionsEgress"),
)

network_acl = kind(
    "aws.ec2.network_acl",
    call=call("ec2", "DescribeNetworkAcls", page_size=1000),
    items="NetworkAcls[*]",
    id=arn("network-acl", "NetworkAclId"),
    title=computed(named, "Tags", "NetworkAclId"),
    attrs={"aliases": computed(several, "NetworkAclId")},
    refs={"in_network": "VpcId"},
    tags="Tags",
    net=computed(acl_net, "VpcId", "Entries", "Associations", "IsDefault"),
)

route_table = kind(
    "aws.ec2.route_table",
    call=call("ec2", "DescribeRouteTables", page_size=100),
    items="RouteTables[*]",
    id=arn("route-table", "RouteTableId"),
    title=computed(named, "Tags", "RouteTableId"),
    attrs={"aliases": computed(several, "RouteTableId")},
    refs={"in_network": "VpcId"},
    tags="Tags",
    net=computed(table_net, "VpcId", "Routes", "Associations"),
)

internet_gateway = kind(
    "aws.ec2.internet_gateway",
    call=call("ec2", "DescribeInternetGateways", page_size=1000),
    items="InternetGateways[*]",
    id=arn("internet-gateway", "InternetGatewayId"),
    title=computed(named, "Tags", "InternetGatewayId"),
    attrs={"aliases": computed(several, "InternetGatewayId")},
    refs={"in_network": "Attachments[*].VpcId"},
    tags="Tags",
    net=computed(gateway_net, "Attachments"),
)

egress_only_gateway = kind(
    "aws.ec2.egress_only_gateway",
    call=call("ec2", "DescribeEgressOnlyInternetGateways", page_size=255),
    items="EgressOnlyInternetGateways[*]",
    id=arn("egress-only-internet-gateway", "EgressOnlyInternetGatewayId"),
    title=computed(named, "Tags", "EgressOnlyInternetGatewayId"),
    attrs={"aliases": computed(several, "EgressOnlyInternetGatewayId")},
    refs={"in_network": "Attachments[*].VpcId"},
    tags="Tags",
    net=computed(gateway_net, "Attachments"),
)

nat_gateway = kind(
    "aws.ec2.nat_gateway",
    call=call("ec2", "DescribeNatGateways", page_size=1000),
    items="NatGateways[*]",
    id=arn("natgateway", "NatGatewayId"),
    title=computed(named, "Tags", "NatGatewayId"),
    where=computed(lambda state: state not in {"deleted", "deleting", "failed"}, "State"),
    attrs={"aliases": computed(several, "NatGatewayId"), "status": "State"},
    refs={"in_subnet": "SubnetId", "in_network": "VpcId"},
    tags="Tags",
    net=computed(nat_net, "VpcId", "SubnetId", "NatGatewayAddresses", "ConnectivityType"),
)

network_interface = kind(
    "aws.ec2.network_interface",
    call=call("ec2", "DescribeNetworkInterfaces", page_size=1000),
    items="NetworkInterfaces[*]",
    id=arn("network-interface", "NetworkInterfaceId"),
    title=computed(named, "TagSet", "NetworkInterfaceId"),
    attrs={
        "aliases": computed(several, "NetworkInterfaceId"),
        "status": "Status",
        "description": "Description",
    },
    refs={"attached_to": "Attachment.InstanceId", "in_subnet": "SubnetId", "in_network": "VpcId"},
    tags="TagSet",
    net=computed(interface_net, "@"),
)

address = kind(
    "aws.ec2.address",
    call=call("ec2", "DescribeAddresses"),
    items="Addresses[*]",
    id=arn("elastic-ip", "AllocationId"),
    title="PublicIp",
    attrs={"aliases": computed(several, "AllocationId", "PublicIp")},
    refs={"attached_to": ["InstanceId", "NetworkInterfaceId"]},
    tags="Tags",
    net=computed(lambda public: Net(public_ips=tuple(several(public))), "PublicIp"),
)

vpc_endpoint = kind(
    "aws.ec2.vpc_endpoint",
    call=call("ec2", "DescribeVpcEndpoints", page_size=1000),
    items="VpcEndpoints[*]",
    id=arn("vpc-endpoint", "VpcEndpointId"),
    title="ServiceName",
    attrs={
        "aliases": computed(several, "VpcEndpointId"),
        "status": "State",
        "created_at": "CreationTimestamp",
    },
    refs={"in_network": "VpcId", "in_subnet": "SubnetIds[*]"},
    policies=(policy(PolicyRole.ENDPOINT, "PolicyDocument", id=const("endpoint-policy")),),
    tags="Tags",
    net=computed(endpoint_net, "VpcId", "SubnetIds", "Groups[*].GroupId"),
)

peering = kind(
    "aws.ec2.peering",
    call=call("ec2", "DescribeVpcPeeringConnections", page_size=1000),
    items="VpcPeeringConnections[*]",
    # Both sides list it: the requester's account and region name it, so that they agree on one id.
    id=template(
        "arn:{scope:partition}:ec2:{RequesterVpcInfo.Region}:{RequesterVpcInfo.OwnerId}"
        ":vpc-peering-connection/{VpcPeeringConnectionId}"
    ),
    account="RequesterVpcInfo.OwnerId",
    region="RequesterVpcInfo.Region",
    title=computed(named, "Tags", "VpcPeeringConnectionId"),
    where=computed(lambda state: state == "active", "Status.Code"),
    attrs={"aliases": computed(several, "VpcPeeringConnectionId"), "status": "Status.Code"},
    refs={"in_network": ["RequesterVpcInfo.VpcId", "AccepterVpcInfo.VpcId"]},
    tags="Tags",
)

transit_attachment = kind(
    "aws.ec2.transit_attachment",
    call=call("ec2", "DescribeTransitGatewayAttachments", page_size=1000),
    items="TransitGatewayAttachments[*]",
    id=arn("transit-gateway-attachment", "TransitGatewayAttachmentId"),
    title=computed(named, "Tags", "TransitGatewayAttachmentId"),
    where=computed(lambda state: state not in {"deleted", "deleting", "failed", "rejected"}, "State"),
    attrs={"aliases": computed(several, "TransitGatewayAttachmentId"), "status": "State"},
    refs={
        "in_network": computed(
            lambda word, target: target if word == "vpc" else None, "ResourceType", "ResourceId"
        ),
        "part_of": "TransitGatewayId",
    },
    tags="Tags",
)

prefix_list = kind(
    "aws.ec2.prefix_list",
    call=call("ec2", "DescribeManagedPrefixLists", page_size=100),
    items="PrefixLists[*]",
    id="PrefixListArn",
    account=computed(str.lower, "OwnerId"),
    title="PrefixListName",
    # Of the provider's own lists only this one stands in filters; the others are destinations of gateway endpoints.
    where=computed(
        lambda owner, name: owner != "AWS" or "cloudfront.origin-facing" in name, "OwnerId", "PrefixListName"
    ),
    details=(
        detail("entries", call("ec2", "GetManagedPrefixListEntries", {"PrefixListId": path("PrefixListId")})),
    ),
    attrs={"aliases": computed(several, "PrefixListId")},
    net=computed(lambda blocks: Net(cidrs=tuple(sorted(several(blocks)))), "entries:Entries[*].Cidr"),
)
