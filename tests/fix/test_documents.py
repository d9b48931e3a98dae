import json
from typing import Any

import msgspec
import pytest

from aisposture.fix.documents import Place, asked, named_by, narrowed, places, without_principal
from aisposture.fix.patch import canonical, joined
from aisposture.model.finding import Evidence
from aisposture.model.graph import EdgeKind
from aisposture.model.inventory import Inventory
from aisposture.model.resource import Policy, PolicyRole, Resource, Source
from aisposture.rules.patch import apply

BUCKET = "arn:aws:s3:::data"
ALLOW: dict[str, Any] = {"Effect": "Allow"}


def holder(*statements: object, role: PolicyRole = PolicyRole.RESOURCE, bare: bool = False) -> Resource:
    document = {"Statement": statements[0] if bare else list(statements)}
    policy = Policy(
        role=role,
        id="p",
        document=msgspec.Raw(msgspec.json.encode(document)),
        source=Source(call=0, pointer=""),
    )
    return Resource(id=BUCKET, kind="aws.s3.bucket", account="1", region="r", name="data", policies=(policy,))


def place(statement: dict[str, Any], **more: Any) -> Place:
    (found,) = places(holder(statement, **more))
    return found


def after(one: Place, operations: list[dict[str, Any]] | None) -> Any:
    assert operations is not None
    return apply(canonical(one.resource), joined(operations))["policies"][0]["document"]["Statement"]


def test_places_of_odd_documents() -> None:
    assert [one.at for one in places(holder(ALLOW, "text", ALLOW))] == [0, 2]
    assert place(ALLOW, bare=True).at is None
    odd = msgspec.structs.replace(
        holder(),
        policies=(msgspec.structs.replace(holder().policies[0], document=msgspec.Raw(b'"no json"')),),
    )
    assert not list(places(odd))


def test_statement_is_found_by_what_evidence_shows() -> None:
    resource = holder({**ALLOW, "Action": "a"}, {**ALLOW, "Action": "b"})
    shown = Evidence(
        resource=BUCKET, field="policies.p", statement=json.dumps({**ALLOW, "Action": "b"}, indent=2)
    )
    inventory = Inventory.of([resource])
    assert [one.at for one in named_by(inventory, shown)] == [1]
    assert not named_by(inventory, msgspec.structs.replace(shown, field="policies.q"))
    assert not named_by(inventory, msgspec.structs.replace(shown, resource="gone"))


@pytest.mark.parametrize(
    ("principal", "who", "left"),
    [
        ("*", "class:internet", []),
        ({"AWS": "*"}, "class:anonymous", []),
        (
            {"AWS": ["arn:aws:iam::2:root", "arn:aws:iam::3:root"]},
            "account:2",
            {"AWS": ["arn:aws:iam::3:root"]},
        ),
        ({"AWS": "2", "Service": "s3.amazonaws.com"}, "account:2", {"Service": "s3.amazonaws.com"}),
        ({"AWS": ["arn:aws:iam::1:role/r"]}, "arn:aws:iam::1:role/r", []),
        (
            {"Federated": "arn:aws:iam::1:oidc-provider/token.actions.githubusercontent.com"},
            "oidc:token.actions.githubusercontent.com#repo:x/*",
            [],
        ),
    ],
)
def test_principal_is_taken_out(principal: Any, who: str, left: Any) -> None:
    one = place({**ALLOW, "Principal": principal})
    statements = after(one, without_principal(one, who))
    assert [each["Principal"] for each in statements] == ([left] if left else [])


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": "arn:aws:iam::1:root"}, None, 7])
def test_principal_that_is_not_named_stays(principal: Any) -> None:
    """An account's root stands for its administration; taking it out of a key policy would lock everyone out."""
    assert without_principal(place({**ALLOW, "Principal": principal}), "arn:aws:iam::1:role/r") is None


def test_last_statement_of_a_trust_policy_is_turned_round() -> None:
    one = place({**ALLOW, "Principal": {"AWS": "arn:aws:iam::2:root"}}, role=PolicyRole.TRUST)
    assert [each["Effect"] for each in after(one, without_principal(one, "account:2"))] == ["Deny"]


def test_bare_statement_leaves_an_empty_list() -> None:
    one = place({**ALLOW, "Principal": "*"}, bare=True)
    assert after(one, without_principal(one, "class:internet")) == []


READS = ["s3:GetObject", "s3:GetObjectVersion"]


@pytest.mark.parametrize(
    ("action", "resource", "left"),
    [
        ("s3:GetObject", f"{BUCKET}/*", []),
        (["s3:GetObject", "s3:PutObject"], f"{BUCKET}/*", [(["s3:PutObject"], f"{BUCKET}/*")]),
        (
            ["s3:GetObject"],
            [BUCKET, f"{BUCKET}/*", "arn:aws:s3:::data-other/*"],
            [(["s3:GetObject"], ["arn:aws:s3:::data-other/*"])],
        ),
    ],
)
def test_access_is_taken_out_of_a_statement(action: Any, resource: Any, left: Any) -> None:
    one = place({**ALLOW, "Action": action, "Resource": resource})
    found = after(one, narrowed(one, READS, BUCKET))
    assert [(each["Action"], each["Resource"]) for each in found] == left


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:*", f"{BUCKET}/*"),
        ("s3:GetObject", "*"),
        ("s3:GetObject", "arn:aws:s3:::da*"),
        ("s3:GetObject", []),
    ],
)
def test_wildcards_cannot_be_narrowed(action: str, resource: Any) -> None:
    assert narrowed(place({**ALLOW, "Action": action, "Resource": resource}), READS, BUCKET) is None


def test_what_a_verb_asks() -> None:
    actions, resources = asked("aws.s3.bucket", EdgeKind.CAN_READ, BUCKET)
    assert "s3:GetObject" in actions
    assert resources == [f"{BUCKET}/*"]
    assert asked("aws.none", EdgeKind.CAN_READ, BUCKET) == ([], [])
    everywhere, anything = asked("", EdgeKind.CAN_WEAKEN_LOGGING, "sink:can_weaken_logging@1")
    assert {"cloudtrail:StopLogging", "s3:PutBucketLogging"} <= set(everywhere)
    assert anything == ["*"]


def test_hostile_ids_are_no_templates() -> None:
    assert asked("aws.s3.bucket", EdgeKind.CAN_READ, "arn:aws:s3:::{x}{id}")[1] == ["arn:aws:s3:::{x}{id}/*"]
