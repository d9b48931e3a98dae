"""Effective access of small inventories, told as (holder, verb, target) with states."""

import json
from typing import Any

from msgspec import Raw

from aisposture.access import evaluate
from aisposture.model import ids
from aisposture.model.access import AccessResult
from aisposture.model.graph import EdgeKind, State
from aisposture.model.inventory import Inventory
from aisposture.model.resource import Gap, Policy, PolicyRole, Resource, Source
from tests.access import makers
from tests.access.makers import A, B, allow, bucket, deny, role, trust, user

DATA = "arn:aws:s3:::data"


def told(result: AccessResult, verb: EdgeKind, target: str, prefix: str = "") -> dict[str, State]:
    """Who holds ``verb`` on ``target`` (by a cover of its own), and how surely."""
    grants = {one.id: one for one in result.grants}
    found: dict[str, State] = {}
    for holder, number in result.holds:
        grant = grants[number]
        if grant.verb is verb and any((one.target, one.prefix) == (target, prefix) for one in grant.covers):
            found[holder] = max(found.get(holder, State.FALSE), grant.state)
    return found


def world(*resources: Resource, gaps: tuple[Gap, ...] = ()) -> AccessResult:
    return evaluate(Inventory.of([makers.account(A), makers.account(B), *resources], gaps=gaps))


def test_nothing_was_collected() -> None:
    assert evaluate(Inventory.of([])).grants == ()


def test_objects_whole_and_in_part() -> None:
    whole = user("whole", allow("s3:GetObject", f"{DATA}/*"))
    part = user("part", allow("s3:GetObject", f"{DATA}/reports/*"))
    home = user("ann", allow("s3:GetObject", DATA + "/home/${aws:username}/*"))
    result = world(bucket("data"), whole, part, home)
    assert told(result, EdgeKind.CAN_READ, DATA) == {whole.id: State.CONFIRMED}
    assert told(result, EdgeKind.CAN_READ, DATA, "reports/*") == {part.id: State.CONFIRMED}
    assert told(result, EdgeKind.CAN_READ, DATA, "home/ann/*") == {home.id: State.CONFIRMED}


def test_an_open_condition_is_possible_and_told() -> None:
    test = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    result = world(bucket("data"), user("ann", allow("s3:ListBucket", DATA, Condition=test)))
    [grant] = result.grants
    assert grant.state is State.POSSIBLE
    assert grant.conditions == ("only if Bool aws:MultiFactorAuthPresent [true]",)
    assert [(one.resource, one.policy, one.index) for one in grant.statements] == [
        (f"arn:aws:iam::{A}:user/ann", "own", 0)
    ]


def test_a_customer_key_has_to_open_too() -> None:
    key = f"arn:aws:kms:us-east-1:{A}:key/k"
    through_root = makers.trust({"AWS": f"arn:aws:iam::{A}:root"}, "kms:*", Resource="*")
    made = makers.guarded(key, "aws.kms.key", through_root)
    store = bucket("data", encrypted_with=key)
    ann = user("ann", allow("s3:GetObject", f"{DATA}/*"))
    bob = user("bob", allow("s3:GetObject", f"{DATA}/*"), allow("kms:Decrypt", key))
    elsewhere = {"StringEquals": {"kms:ViaService": "sqs.us-east-1.amazonaws.com"}}
    eve = user("eve", allow("s3:GetObject", f"{DATA}/*"), allow("kms:Decrypt", key, Condition=elsewhere))
    result = world(store, made, ann, bob, eve)
    assert told(result, EdgeKind.CAN_READ, DATA) == {bob.id: State.CONFIRMED}
    unknown = world(bucket("data", encrypted_with=f"arn:aws:kms:us-east-1:{B}:key/far"), ann)
    assert told(unknown, EdgeKind.CAN_READ, DATA) == {ann.id: State.POSSIBLE}


def test_across_accounts_both_sides_must_agree() -> None:
    opens = {"Effect": "Allow", "Principal": {"AWS": B}, "Action": "s3:GetObject", "Resource": f"{DATA}/*"}
    store = bucket("data", opens)
    far = user("far", allow("s3:*"), account=B)
    silent = user("silent", allow("sqs:*"), account=B)
    near = user("near", allow("s3:GetObject", f"{DATA}/*"))
    result = world(store, far, silent, near)
    assert told(result, EdgeKind.CAN_READ, DATA) == {far.id: State.CONFIRMED, near.id: State.CONFIRMED}
    assert told(result, EdgeKind.CAN_WRITE, DATA) == {}


def test_public_buckets_and_the_block_on_them() -> None:
    everyone = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"{DATA}/*"}
    open_ = told(world(bucket("data", everyone)), EdgeKind.CAN_READ, DATA)
    assert open_ == {ids.ANONYMOUS: State.CONFIRMED, ids.ANY_ACCOUNT: State.CONFIRMED}
    blocked = world(bucket("data", everyone, attrs={"restrict_public_buckets": True}))
    assert told(blocked, EdgeKind.CAN_READ, DATA) == {}
    by_account = Inventory.of([makers.account(A, restrict_public_buckets=True), bucket("data", everyone)])
    assert told(evaluate(by_account), EdgeKind.CAN_READ, DATA) == {}


def acl(*permissions: str) -> Policy:
    grantee = {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/AllUsers"}
    document = {"Owner": {}, "Grants": [{"Grantee": grantee, "Permission": one} for one in permissions]}
    return Policy(
        role=PolicyRole.ACL,
        id="acl",
        document=Raw(json.dumps(document).encode()),
        source=Source(call=0, pointer=""),
    )


def test_public_lists_unless_ignored() -> None:
    def listed(**attrs: Any) -> dict[str, State]:
        store = makers.resource(DATA, "aws.s3.bucket", policies=[acl("READ")], attrs=attrs)
        return told(world(store), EdgeKind.CAN_LIST, DATA)

    assert listed() == {ids.ANONYMOUS: State.CONFIRMED}
    assert listed(ignore_public_acls=True) == {}


def test_outsiders_named_by_account_and_by_service() -> None:
    outside = "999999999999"
    named = {"AWS": outside, "Service": "cloudtrail.amazonaws.com"}
    opens = {"Effect": "Allow", "Principal": named, "Action": "s3:PutObject", "Resource": f"{DATA}/*"}
    assert told(world(bucket("data", opens)), EdgeKind.CAN_WRITE, DATA) == {
        ids.account_node(outside): State.CONFIRMED,
        ids.service_principal("cloudtrail.amazonaws.com"): State.CONFIRMED,
    }


def test_many_of_a_kind_become_a_scope_with_exceptions() -> None:
    shut = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::b0", "arn:aws:s3:::b0/*"],
    }
    stores = [bucket("b0", shut), *(bucket(f"b{number}") for number in range(1, 12))]
    result = world(*stores, user("ann", allow("s3:ListBucket")))
    [grant] = [one for one in result.grants if one.verb is EdgeKind.CAN_LIST]
    assert [(one.target, one.kinds) for one in grant.covers] == [(ids.account_node(A), ("aws.s3.bucket",))]
    assert grant.excludes == ("arn:aws:s3:::b0",)


def test_full_control_is_a_sink_and_needs_no_escalation() -> None:
    admin = user("admin", allow("*"))
    nearly = user("nearly", {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})
    result = world(admin, nearly, role("r", [trust({"Service": "lambda.amazonaws.com"})]))
    assert told(result, EdgeKind.CAN_CHANGE_ACCESS, ids.admin_sink(A)) == {admin.id: State.CONFIRMED}
    assert told(result, EdgeKind.CAN_PROVISION, ids.sink("can_provision", A)).keys() == {admin.id, nearly.id}
    assert not [row for row in result.edges if row.source == admin.id and row.kind is EdgeKind.CAN_ESCALATE]


def test_principals_alike_share_their_grants() -> None:
    shared = makers.managed("readers", allow("s3:GetObject"))
    people = [user(name, has_policy=shared.id) for name in ("ann", "bob", "eve")]
    result = world(bucket("data"), shared, *people)
    assert told(result, EdgeKind.CAN_READ, DATA).keys() == {one.id for one in people}
    assert len(result.grants) == 1


def test_a_boundary_and_a_control_policy_limit() -> None:
    limit = makers.managed("limit", allow("sqs:*"))
    ann = user("ann", allow("s3:ListBucket"), bounded_by=limit.id)
    bob = user("bob", allow("s3:ListBucket"))
    assert told(world(bucket("data"), limit, ann, bob), EdgeKind.CAN_LIST, DATA).keys() == {bob.id}
    levels = {
        "root": {PolicyRole.SCP: [[allow("*")]]},
        "ou-a": {PolicyRole.SCP: [[allow("*"), deny("s3:*", "*")]]},
        A: {PolicyRole.SCP: [[allow("*")]]},
    }
    result = world(bucket("data"), bob, *makers.organization({A: "ou-a"}, levels))
    assert told(result, EdgeKind.CAN_LIST, DATA) == {}


def gap(resource: str, *hides: str) -> Gap:
    return Gap(
        call="x:Read",
        account=A,
        region="global",
        resource=resource,
        reason="denied",
        hides=hides,
        needs="x:Read",
    )


def test_unread_policies_of_a_principal_are_unseen_over_its_account() -> None:
    ann = user("ann")
    result = world(bucket("data"), ann, gaps=(gap(ann.id, "policies.inline"),))
    grants = {one.id: one for one in result.grants}
    mine = [grants[number] for holder, number in result.holds if holder == ann.id]
    assert {one.state for one in mine} == {State.UNSEEN}
    reads = next(one for one in mine if one.verb is EdgeKind.CAN_READ)
    assert reads.covers[0].target == ids.account_node(A)
    assert "aws.s3.bucket" in reads.covers[0].kinds
    assert len({(one.verb) for one in mine}) == len(mine)


def test_an_unread_resource_policy_opens_unseen_for_the_classes_only() -> None:
    ann = user("ann", allow("s3:GetObject"))
    bob = user("bob", allow("sqs:*"))
    result = world(bucket("data"), ann, bob, gaps=(gap(DATA, "policies.resource"),))
    assert told(result, EdgeKind.CAN_READ, DATA) == {
        ann.id: State.POSSIBLE,
        ids.ANONYMOUS: State.UNSEEN,
        ids.ANY_ACCOUNT: State.UNSEEN,
    }


def test_an_unread_boundary_leaves_what_is_allowed_possible() -> None:
    ann = user("ann", allow("s3:ListBucket"), bounded_by=f"arn:aws:iam::{A}:policy/unread")
    assert told(world(bucket("data"), ann), EdgeKind.CAN_LIST, DATA) == {ann.id: State.POSSIBLE}


def test_unread_control_policies_are_one_assumption_for_each_account() -> None:
    alone = world(user("ann", allow("s3:*")))
    assert [one.partition(":")[0] for one in alone.assumptions] == [f"account {A}", f"account {B}"]
    levels = {level: {PolicyRole.SCP: [[allow("*")]]} for level in ("root", "ou-a", A, B)}
    known = world(user("ann", allow("s3:*")), *makers.organization({A: "ou-a", B: "ou-a"}, levels))
    assert known.assumptions == ()


def test_assuming_roles_with_and_without_an_external_id() -> None:
    other = {"AWS": f"arn:aws:iam::{B}:root"}
    asked = {"StringEquals": {"sts:ExternalId": "x-1"}}
    plain, pinned = role("plain", [trust(other)]), role("pinned", [trust(other, Condition=asked)])
    far = user("far", allow("sts:AssumeRole"), account=B)
    near = user("near", allow("sts:AssumeRole"))
    rows = {row.target: row for row in world(plain, pinned, far, near).edges if row.source == far.id}
    assert rows[plain.id].state is State.CONFIRMED
    assert dict(rows[plain.id].attrs) == {"cross_account": True, "external_id": False}
    assert rows[pinned.id].state is State.POSSIBLE
    assert dict(rows[pinned.id].attrs)["external_id"] is True
    assert [one.note for one in rows[plain.id].evidence] == ["allows", "trust policy allows"]
    assert not [row for row in world(plain, near).edges if row.source == near.id]


def test_federated_subjects_exact_and_wide() -> None:
    host = "token.actions.githubusercontent.com"
    provider = f"arn:aws:iam::{A}:oidc-provider/{host}"
    registered = makers.resource(
        provider, "aws.iam.oidc_provider", attrs={"issuer": host, "audiences": ["sts.amazonaws.com"]}
    )

    def deployer(operator: str, subject: str, audience: str = "sts.amazonaws.com") -> Resource:
        tests = {operator: {f"{host}:sub": subject}, "StringEquals": {f"{host}:aud": audience}}
        if operator == "StringEquals":
            tests = {operator: {f"{host}:sub": subject, f"{host}:aud": audience}}
        return role(
            "deploy", [trust({"Federated": provider}, "sts:AssumeRoleWithWebIdentity", Condition=tests)]
        )

    [exact] = world(registered, deployer("StringEquals", "repo:acme/app:ref:refs/heads/main")).edges
    assert exact.source == ids.oidc(host, "repo:acme/app:ref:refs/heads/main")
    assert (exact.kind, exact.state, dict(exact.attrs)["subject"]) == (
        EdgeKind.FEDERATES,
        State.CONFIRMED,
        "exact",
    )
    [wide] = world(registered, deployer("StringLike", "repo:acme/*")).edges
    assert (wide.source, dict(wide.attrs)["subject"]) == (ids.oidc(host, "repo:acme/*"), "wildcard")


def test_broken_documents_are_told_and_never_raise() -> None:
    broken = Policy(
        role=PolicyRole.INLINE,
        id="own",
        document=Raw(b'{"Statement": [{"Action": 7}]}'),
        source=Source(call=0, pointer=""),
    )
    ann = makers.resource(f"arn:aws:iam::{A}:user/ann", "aws.iam.user", region="global", policies=[broken])
    result = world(bucket("data"), ann)
    assert {one.resource for one in result.problems} == {ann.id}
    assert told(result, EdgeKind.CAN_READ, DATA) == {}


def test_same_inventory_same_result() -> None:
    people = [user(f"u{number}", allow("s3:*"), allow("iam:PassRole")) for number in range(5)]
    inventory = Inventory.of([makers.account(), bucket("data"), *people])
    assert evaluate(inventory) == evaluate(inventory)
