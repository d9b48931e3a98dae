"""Networking answers in the words of ``Net``."""

import pytest

from aisposture.collect.aws import network
from aisposture.collect.aws.ec2 import imds, weakest_imds
from aisposture.model.resource import NetRule, Route


def test_a_group_has_a_line_for_each_peer() -> None:
    ingress = [
        {
            "IpProtocol": "tcp",
            "FromPort": 443,
            "ToPort": 443,
            "IpRanges": [{"CidrIp": "0.0.0.0/0"}, {"CidrIp": "10.0.0.0/8", "Description": "office"}],
            "Ipv6Ranges": [{"CidrIpv6": "::/0"}],
            "PrefixListIds": [{"PrefixListId": "pl-1"}],
            "UserIdGroupPairs": [{"GroupId": "sg-2", "UserId": "222222222222"}],
        }
    ]
    rules = network.group_rules(ingress, [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
    assert {rule.peer for rule in rules if rule.direction == "in"} == {
        "0.0.0.0/0",
        "10.0.0.0/8",
        "::/0",
        "pl-1",
        "sg-2",
    }
    assert NetRule(direction="out", allow=True, protocol="any", ports=(0, 65535), peer="0.0.0.0/0") in rules
    assert all(rule.ports == (443, 443) for rule in rules if rule.direction == "in")


@pytest.mark.parametrize(
    ("permission", "protocol", "ports"),
    [
        ({"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1}, "icmp", (0, 65535)),
        ({"IpProtocol": "icmpv6", "FromPort": -1, "ToPort": -1}, "icmp", (0, 65535)),
        ({"IpProtocol": "udp", "FromPort": 0, "ToPort": 53}, "udp", (0, 53)),
        ({"IpProtocol": "tcp", "FromPort": -1, "ToPort": -1}, "tcp", (0, 65535)),
        ({"IpProtocol": "50"}, "50", (0, 65535)),
    ],
)
def test_protocols_and_ports(permission: dict[str, object], protocol: str, ports: tuple[int, int]) -> None:
    (rule,) = network.group_rules([{**permission, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}], [])
    assert (rule.protocol, rule.ports) == (protocol, ports)


def test_an_acl_keeps_its_order_and_its_denies() -> None:
    entries = [
        {
            "RuleNumber": 32767,
            "Protocol": "-1",
            "RuleAction": "deny",
            "Egress": False,
            "CidrBlock": "0.0.0.0/0",
        },
        {
            "RuleNumber": 100,
            "Protocol": "6",
            "RuleAction": "allow",
            "Egress": False,
            "CidrBlock": "0.0.0.0/0",
            "PortRange": {"From": 443, "To": 443},
        },
        {"RuleNumber": 100, "Protocol": "17", "RuleAction": "allow", "Egress": True, "Ipv6CidrBlock": "::/0"},
    ]
    net = network.acl_net(
        "vpc-1", entries, [{"SubnetId": "subnet-2"}, {"SubnetId": "subnet-1"}], default=True
    )
    assert [(rule.direction, rule.priority, rule.allow, rule.protocol, rule.ports) for rule in net.rules] == [
        ("in", 100, True, "tcp", (443, 443)),
        ("in", 32767, False, "any", (0, 65535)),
        ("out", 100, True, "udp", (0, 65535)),
    ]
    assert net.subnets == ("subnet-1", "subnet-2")
    assert net.main


@pytest.mark.parametrize(
    ("line", "target", "kind"),
    [
        ({"GatewayId": "local"}, "local", "local"),
        ({"GatewayId": "igw-1"}, "igw-1", "internet"),
        ({"GatewayId": "vpce-1"}, "vpce-1", "endpoint"),
        ({"GatewayId": "vgw-1"}, "vgw-1", "other"),
        ({"NatGatewayId": "nat-1"}, "nat-1", "nat"),
        ({"EgressOnlyInternetGatewayId": "eigw-1"}, "eigw-1", "egress-only"),
        ({"TransitGatewayId": "tgw-1"}, "tgw-1", "transit"),
        ({"VpcPeeringConnectionId": "pcx-1"}, "pcx-1", "peering"),
        ({"NetworkInterfaceId": "eni-1", "InstanceId": "i-1"}, "eni-1", "interface"),
        ({"GatewayId": "igw-1", "State": "blackhole"}, "blackhole", "other"),
        ({}, "", "other"),
    ],
)
def test_targets_of_routes(line: dict[str, str], target: str, kind: str) -> None:
    route = network.route({"DestinationCidrBlock": "0.0.0.0/0", **line})
    assert route == Route(destination="0.0.0.0/0", target=target, target_type=kind)


def test_a_route_table_is_main_or_of_its_subnets() -> None:
    lines = [{"DestinationIpv6CidrBlock": "::/0", "GatewayId": "igw-1"}, {"GatewayId": "local"}]
    net = network.table_net("vpc-1", lines, [{"Main": True}, {"SubnetId": "subnet-1", "Main": False}])
    assert net.main
    assert net.subnets == ("subnet-1",)
    assert [route.destination for route in net.routes] == ["::/0"]


def test_a_detached_gateway_stands_nowhere() -> None:
    assert network.gateway_net([{"VpcId": "vpc-1", "State": "detached"}]).network is None
    assert network.gateway_net([{"VpcId": "vpc-1", "State": "available"}]).network == "vpc-1"
    assert network.gateway_net(None).network is None


def test_a_private_nat_gateway_has_no_public_address() -> None:
    given = [{"PublicIp": "203.0.113.9", "PrivateIp": "10.0.0.9"}]
    assert network.nat_net("vpc-1", "subnet-1", given, "public").public_ips == ("203.0.113.9",)
    assert network.nat_net("vpc-1", "subnet-1", given, "private").public_ips == ()


def test_every_address_of_an_interface_counts() -> None:
    net = network.interface_net(
        {
            "VpcId": "vpc-1",
            "SubnetId": "subnet-1",
            "Groups": [{"GroupId": "sg-2"}, {"GroupId": "sg-1"}],
            "PrivateIpAddresses": [
                {"PrivateIpAddress": "10.0.0.5", "Association": {"PublicIp": "203.0.113.5"}},
                {"PrivateIpAddress": "10.0.0.6"},
            ],
            "Ipv6Addresses": [{"Ipv6Address": "2001:db8::5"}],
        }
    )
    assert net.public_ips == ("203.0.113.5",)
    assert net.private_ips == ("10.0.0.5", "10.0.0.6", "2001:db8::5")
    assert net.groups == ("sg-1", "sg-2")


def test_metadata_services() -> None:
    assert imds("optional", "enabled") == "v1"
    assert imds("required", "enabled") == "v2"
    assert imds("optional", "disabled") == "off"
    assert imds(None, None) is None
    strict, loose = (
        {"MetadataOptions": {"HttpTokens": "required"}},
        {"MetadataOptions": {"HttpTokens": "optional"}},
    )
    assert weakest_imds([strict, loose]) == "v1"
    assert weakest_imds([strict, {}]) is None
    assert weakest_imds([strict]) == "v2"
    assert weakest_imds([]) is None
