"""The hand-worked network cases of cases.yaml, each built as resources and judged as a whole."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from aisposture.exposure import OUTSIDE, evaluate
from aisposture.model import ids
from aisposture.model.graph import EdgeKind, EdgeRow, Label, State
from aisposture.model.inventory import Inventory
from aisposture.model.resource import Gap, Listener, Net, NetRule, Ref, Resource, Route

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("cases.yaml").read_text("utf-8"))
OPEN_ACL = [
    "100 in allow any all 0.0.0.0/0",
    "100 out allow any all 0.0.0.0/0",
    "101 in allow any all ::/0",
    "101 out allow any all ::/0",
]
SUBNETS = {"a": ("vpc-1", "10.0.1.0/24"), "b": ("vpc-1", "10.0.2.0/24"), "z": ("vpc-2", "10.9.1.0/24")}


def resource(id_: str, kind: str, net: Net | None, **more: Any) -> Resource:
    return Resource(id=id_, kind=kind, account="111111111111", region="eu-west-1", name=id_, net=net, **more)


def ports(text: str) -> tuple[int, int]:
    if text == "all":
        return 0, 65535
    low, _, high = text.partition("-")
    return int(low), int(high or low)


def lines(texts: list[str], *, ordered: bool) -> tuple[NetRule, ...]:
    out = []
    for text in texts:
        words = text.split()
        priority, allow = (int(words.pop(0)), words.pop(1) == "allow") if ordered else (0, True)
        way, protocol, span, peer = words
        out.append(
            NetRule(
                direction="in" if way == "in" else "out",
                allow=allow,
                protocol=protocol,
                ports=ports(span),
                peer=peer,
                priority=priority,
            )
        )
    return tuple(out)


def routes(texts: list[str]) -> tuple[Route, ...]:
    return tuple(
        Route(destination=destination, target=target, target_type=kind)
        for destination, target, kind in (text.split() for text in texts)
    )


def instance(name: str, spec: dict[str, Any], subnet: str, host: str) -> Resource:
    return resource(
        name,
        "aws.ec2.instance",
        Net(
            network=SUBNETS[subnet][0],
            subnets=(f"subnet-{subnet}",),
            groups=tuple(f"sg-{group}" for group in spec.get("groups", ["web"])),
            public_ips=tuple(spec.get("public", [])),
            private_ips=(host,),
            listeners=tuple(Listener(protocol="tcp", port=port) for port in spec.get("listeners", [])),
        ),
        labels=(Label.WORKLOAD,),
        attrs={"instance_state": spec.get("state", "running")},
    )


def plumbing(case: dict[str, Any]) -> list[Resource]:
    out = [
        resource(vpc, "aws.ec2.vpc", Net(cidrs=(cidr,)), labels=(Label.NETWORK_ZONE,))
        for vpc, cidr in (("vpc-1", "10.0.0.0/16"), ("vpc-2", "10.9.0.0/16"))
    ]
    for name, (vpc, cidr) in SUBNETS.items():
        out.append(
            resource(
                f"subnet-{name}",
                "aws.ec2.subnet",
                Net(network=vpc, cidrs=(cidr,)),
                labels=(Label.NETWORK_ZONE,),
            )
        )
    out.append(resource("igw-1", "aws.ec2.internet_gateway", Net(network=case.get("gateway", "vpc-1"))))
    out.append(
        resource(
            "nat-1",
            "aws.ec2.nat_gateway",
            Net(network="vpc-1", subnets=(f"subnet-{case.get('nat_subnet', 'public')}",)),
        )
    )
    public = Net(network="vpc-1", subnets=("subnet-public",), routes=routes(["0.0.0.0/0 igw-1 internet"]))
    out.append(resource("rtb-public", "aws.ec2.route_table", public))
    tables = {
        "a": (case.get("routes", ["10.0.0.0/16 local local", "0.0.0.0/0 igw-1 internet"]), "vpc-1", False),
        "b": (["10.0.0.0/16 local local"], "vpc-1", False),
        "z": (case.get("peer_routes", ["10.9.0.0/16 local local"]), "vpc-2", False),
        "main": (case.get("main_routes"), "vpc-1", True),
    }
    for name, (found, vpc, main) in tables.items():
        if found is not None:
            net = Net(
                network=vpc, subnets=() if main else (f"subnet-{name}",), routes=routes(found), main=main
            )
            out.append(resource(f"rtb-{name}", "aws.ec2.route_table", net))
    acls = {
        "a": (case.get("acl"), False),
        "b": (case.get("peer_acl"), False),
        "main": (case.get("main_acl", OPEN_ACL), True),
    }
    for name, (texts, main) in acls.items():
        if texts is not None:
            net = Net(
                network="vpc-1",
                subnets=() if main else (f"subnet-{name}",),
                rules=lines(texts, ordered=True),
                main=main,
            )
            out.append(resource(f"acl-{name}", "aws.ec2.network_acl", net))
    out.append(
        resource(
            "acl-z",
            "aws.ec2.network_acl",
            Net(network="vpc-2", rules=lines(OPEN_ACL, ordered=True), main=True),
        )
    )
    return out


def world(case: dict[str, Any]) -> Inventory:
    out = plumbing(case)
    for name, texts in case.get("groups", {"web": ["in tcp 443 0.0.0.0/0", "out any all 0.0.0.0/0"]}).items():
        out.append(
            resource(
                f"sg-{name}",
                "aws.ec2.security_group",
                Net(network="vpc-1", rules=lines(texts, ordered=False)),
            )
        )
    out.extend(
        resource(name, "aws.ec2.prefix_list", Net(cidrs=tuple(cidrs)))
        for name, cidrs in case.get("prefix_lists", {}).items()
    )
    spec = {"public": ["198.51.100.9"], **case.get("instance", {})}
    out.append(instance("web", spec, "a", "10.0.1.5"))
    for number, one in enumerate(case.get("interfaces", [])):
        net = instance("eni", one, "a", one["private"][0]).net
        out.append(
            resource(
                f"eni-{number}",
                "aws.ec2.network_interface",
                net,
                refs=(Ref(name="attached_to", target="web"),),
            )
        )
    if "address" in case:
        out.append(
            resource(
                "eip",
                "aws.ec2.address",
                Net(public_ips=(case["address"],)),
                refs=(Ref(name="attached_to", target="web"),),
            )
        )
    if "peer" in case:
        host = {"a": "10.0.1.77", "b": "10.0.2.77", "z": "10.9.1.77"}[case["peer"]["subnet"]]
        out.append(instance("peer", case["peer"], case["peer"]["subnet"], host))
    if case.get("peering"):
        joined = tuple(Ref(name="in_network", target=vpc) for vpc in ("vpc-1", "vpc-2"))
        out.append(resource("pcx-1", "aws.ec2.peering", Net(), refs=joined))
    gone = {"web-group": {"sg-web"}, "table": {"rtb-a", "rtb-main"}}
    missing = {id_ for word in case.get("missing", []) for id_ in gone[word]}
    return Inventory.of(
        [one for one in out if one.id not in missing and not hidden_kind(case, one)], gaps=gaps(case)
    )


def hidden_kind(case: dict[str, Any], one: Resource) -> bool:
    return bool(case.get("hide", {}).get("kind") == one.kind)


def gaps(case: dict[str, Any]) -> list[Gap]:
    hide = case.get("hide")
    if not hide:
        return []
    return [
        Gap(
            call="ec2:Describe",
            account="111111111111",
            region="eu-west-1",
            resource=hide.get("resource"),
            reason="denied",
            hides=tuple(hide.get("fields", [hide.get("kind")])),
            needs="ec2:Describe",
        )
    ]


def only(rows: tuple[EdgeRow, ...], kind: EdgeKind, source: str, target: str) -> EdgeRow | None:
    found = [row for row in rows if (row.kind, row.source, row.target) == (kind, source, target)]
    assert len(found) <= 1
    return found[0] if found else None


def test_there_are_enough_cases_and_no_two_are_the_same() -> None:
    assert len(CASES) >= 60
    assert len({case["name"] for case in CASES}) >= len(CASES) - 1
    assert len({str({**case, "name": ""}) for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_network(case: dict[str, Any]) -> None:
    exposure = evaluate(world(case))
    expect = case["expect"]
    for word, kind, source, target in (
        ("state", EdgeKind.EXPOSES, ids.INTERNET, "web"),
        ("egress", EdgeKind.EGRESS_TO, "web", OUTSIDE),
        ("reach", EdgeKind.NETWORK_REACH, "web", "peer"),
    ):
        if word not in expect:
            continue
        row = only(exposure.edges, kind, source, target)
        why = exposure.explanations.get("web")
        assert (row.state if row else State.FALSE).name.lower() == expect[word], why
        if row is not None:
            attrs = dict(row.attrs)
            for key, attr in {
                "ports": "ports",
                "restricted": "ip_restricted",
                "egress_restricted": "ip_restricted",
                "reach_ports": "ports",
            }.items():
                if key in expect and (
                    key.split("_")[0] == word or (key in {"ports", "restricted"} and word == "state")
                ):
                    assert attrs[attr] == expect[key]
            assert row.evidence
            assert bool(row.conditions) == (row.state is State.POSSIBLE)
    if "says" in expect:
        assert expect["says"] in " ".join(exposure.explanations["web"])
