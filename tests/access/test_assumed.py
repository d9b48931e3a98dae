from aisposture.access import evaluate
from aisposture.access.assumed import assumptions, lowered
from aisposture.model.graph import EdgeKind, State
from aisposture.model.inventory import Inventory
from aisposture.model.resource import CallRecord, PolicyRole
from tests.access import makers
from tests.access.makers import A, B, C, allow, trust

ALL = [[allow("*")]]


def estate(*more: object, calls: tuple[CallRecord, ...] = ()) -> Inventory:
    people = [
        makers.user("ann", allow("s3:GetObject", "arn:aws:s3:::data/*"), allow("sts:AssumeRole")),
        makers.role("ops", [trust({"AWS": f"arn:aws:iam::{A}:user/ann"})]),
        makers.bucket("data"),
        makers.account(A),
    ]
    return Inventory.of([*people, *more], calls=calls)  # type: ignore[list-item]


def states(inventory: Inventory, *, strict: bool) -> dict[EdgeKind, set[State]]:
    result = evaluate(inventory)
    result = lowered(result, inventory) if strict else result
    found: dict[EdgeKind, set[State]] = {}
    for grant in result.grants:
        found.setdefault(grant.verb, set()).add(grant.state)
    for row in result.edges:
        found.setdefault(row.kind, set()).add(row.state)
    held = {name for _, name in result.holds}
    assert held == {grant.id for grant in result.grants}
    return found


def test_unread_organisation_is_assumed_silent_unless_strict() -> None:
    inventory = estate()
    assert list(assumptions(inventory)) == [A]
    assert states(inventory, strict=False)[EdgeKind.CAN_READ] == {State.CONFIRMED}
    strict = states(inventory, strict=True)
    assert strict[EdgeKind.CAN_READ] == {State.POSSIBLE}
    assert strict[EdgeKind.CAN_ASSUME] == {State.POSSIBLE}
    grants = lowered(evaluate(inventory), inventory).grants
    assert all(f"above account {A}" in " ".join(grant.conditions) for grant in grants)


def test_account_known_to_stand_alone_assumes_nothing() -> None:
    call = CallRecord(
        operation="organizations:DescribeOrganization",
        parameters="{}",
        account=A,
        region="us-east-1",
        seen_at="2026-11-01T00:00:00Z",
    )
    inventory = estate(calls=(call,))
    assert assumptions(inventory) == {}
    assert lowered(evaluate(inventory), inventory) == evaluate(inventory)


def test_read_organisation_assumes_nothing() -> None:
    levels = {name: {PolicyRole.SCP: ALL} for name in ("root", "ou-a", A)}
    inventory = estate(*makers.organization({A: "ou-a"}, levels, management=C))
    assert assumptions(inventory) == {}
    assert states(inventory, strict=True)[EdgeKind.CAN_READ] == {State.CONFIRMED}


def test_only_what_touches_the_account_is_lowered() -> None:
    levels = {name: {PolicyRole.SCP: ALL} for name in ("root", "ou-a", A)}
    theirs = [makers.user("eve", allow("s3:GetObject"), account=B), makers.bucket("far", account=B)]
    inventory = estate(*makers.organization({A: "ou-a"}, levels, management=C), makers.account(B), *theirs)
    assert list(assumptions(inventory)) == [B]
    result = lowered(evaluate(inventory), inventory)
    grants = {grant.id: grant.state for grant in result.grants if grant.verb is EdgeKind.CAN_READ}
    by_user = {holder.rpartition("/")[2]: grants[name] for holder, name in result.holds if name in grants}
    assert by_user == {"ann": State.CONFIRMED, "eve": State.POSSIBLE}
