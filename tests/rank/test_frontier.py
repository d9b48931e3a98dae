"""Where there is no way on: the layer that refuses, its statement, and how far one got."""

import pytest

from aisposture.graph.weights import WALKABLE
from aisposture.model import ids
from aisposture.model.graph import EdgeKind
from aisposture.model.inventory import Inventory
from aisposture.model.resource import PolicyRole, Resource
from aisposture.pipeline import survey
from aisposture.rank.frontier import Frontier, frontiers
from tests.access import makers
from tests.access.makers import A, C, allow, deny, trust

ANN = f"arn:aws:iam::{A}:user/ann"
OPS = f"arn:aws:iam::{A}:role/ops"
DATA = "arn:aws:s3:::data"
HOPS = tuple(
    kind
    for kind in EdgeKind
    if kind in WALKABLE and kind.value not in {"holds", "covers", "excludes", "contains"}
)


def far(resources: list[Resource], start: str = ANN, end: str = DATA) -> tuple[Frontier, ...]:
    inventory = Inventory.of([makers.account(A), *resources])
    estate = survey(inventory)
    return frontiers(estate.graph, inventory, estate.exposure.explanations, (start, end), HOPS)


def people(*statements: makers.Statement, **more: str) -> list[Resource]:
    return [
        makers.user("ann", allow("sts:AssumeRole", OPS)),
        makers.role("ops", [trust({"AWS": ANN})], *statements, **more),
    ]


def test_deny_of_a_bucket_policy_is_named_after_the_furthest_prefix() -> None:
    no = {**deny("s3:*", [DATA, f"{DATA}/*"]), "Principal": "*", "Sid": "Closed"}
    first = far([*people(allow("s3:*")), makers.bucket("data", no)])[0]
    assert first.reached == OPS
    assert first.match is not None
    assert [edge.kind for edge in first.match.walk] == [EdgeKind.CAN_ASSUME]
    stop = first.stops[0]
    assert (stop.toward, stop.layer, stop.decision, stop.action) == (
        DATA,
        "resource",
        "ExplicitlyDenied",
        "s3:GetObject",
    )
    assert stop.statements[0].sid == "Closed"


def test_boundary_is_named() -> None:
    limit = makers.managed("limit", allow("sqs:*"))
    first = far([*people(allow("s3:*"), bounded_by=limit.id), limit, makers.bucket("data")])[0]
    assert (first.reached, first.stops[0].layer, first.stops[0].decision) == (
        OPS,
        "boundary",
        "ImplicitlyDenied",
    )


def test_service_control_policy_is_named() -> None:
    everything = [[allow("*")]]
    levels = {name: {PolicyRole.SCP: everything} for name in ("root", "ou-a")}
    levels[A] = {PolicyRole.SCP: [*everything, [deny("s3:Get*", Sid="NoReads"), deny("s3:Put*")]]}
    organization = makers.organization({A: "ou-a"}, levels, management=C)
    first = far([*people(allow(["s3:GetObject"])), makers.bucket("data"), *organization])[0]
    assert (first.reached, first.stops[0].layer) == (OPS, "scp")
    assert first.stops[0].statements[0].sid == "NoReads"


def test_missing_allow_is_named_last() -> None:
    found = far([*people(), makers.bucket("data")])
    assert {one.reached for one in found} == {OPS, ANN}
    assert all(stop.layer == "identity" for one in found for stop in one.stops)


def test_refused_assumption_before_a_role_that_would_get_there() -> None:
    role = makers.role("ops", [trust({"AWS": f"arn:aws:iam::{C}:root"})], allow("s3:GetObject"))
    found = far([makers.user("ann"), role, makers.bucket("data")])
    stops = [stop for one in found for stop in one.stops if stop.toward == OPS]
    assert [(stop.action, stop.layer) for stop in stops] == [("sts:AssumeRole", "trust")]


def test_network_tells_why_an_endpoint_is_closed() -> None:
    function = makers.resource(f"arn:aws:lambda:us-east-1:{A}:function:f", "aws.lambda.function", runs_as=OPS)
    url = makers.resource(
        f"{function.id}#url/$LATEST", "aws.lambda.url", attrs={"auth": "iam"}, fronts=function.id
    )
    parts = [*people(allow("s3:GetObject")), makers.bucket("data"), function, url]
    from msgspec.structs import replace

    from aisposture.collect import labels_of_kind

    labels = labels_of_kind()
    labelled = [replace(one, labels=tuple(sorted(labels.get(one.kind, one.labels)))) for one in parts]
    first = far(labelled, start=ids.INTERNET)[0]
    assert first.reached == ids.INTERNET
    assert first.match is None
    assert first.stops[0].reasons


@pytest.mark.parametrize("end", [ids.sink("admin", A), "account:" + A])
def test_ends_that_are_no_resource_of_aws(end: str) -> None:
    found = far([*people(), makers.bucket("data")], end=end)
    assert all(one.reached in {OPS, ANN} for one in found)
