"""Single questions answered from an inventory, against what the set-based engine and the law say."""

from random import Random

import pytest

from aisposture.access.estate import Estate
from aisposture.access.query import Question, Verdict, principal
from aisposture.errors import UsageError
from aisposture.model import ids
from aisposture.model.access import Outcome
from aisposture.model.graph import State
from aisposture.model.inventory import Inventory
from aisposture.model.resource import Gap, PolicyRole, Resource
from tests.access import makers
from tests.access.makers import A, B, allow, deny, trust
from tests.access.worlds import World

BUCKET = "arn:aws:s3:::data"
ANN = f"arn:aws:iam::{A}:user/ann"
EVE = f"arn:aws:iam::{B}:user/eve"


def ask(inventory: Inventory, who: str, action: str, resource: str) -> Verdict:
    question = Question(inventory, action, resource)
    return next(question.ask([principal(question, who)]))


def who(inventory: Inventory, action: str, resource: str) -> dict[str, Verdict]:
    question = Question(inventory, action, resource)
    return {one.principal: one for one in question.ask(question.everyone()) if one.reaches}


def estate(*extra: Resource, bucket: tuple[makers.Statement, ...] = ()) -> Inventory:
    people = (
        makers.user("ann", allow("s3:GetObject", f"{BUCKET}/*"), deny("s3:*", f"{BUCKET}/secret/*")),
        makers.user("bob", allow("s3:GetObject", f"{BUCKET}/reports/*")),
        makers.user("eve", allow("s3:*"), account=B),
        makers.user("zed"),
    )
    things = (makers.account(A), makers.account(B), makers.bucket("data", *bucket))
    return Inventory.of([*people, *things, *extra], taken_at="2026-11-01T00:00:00Z")


def test_allow_names_its_statement_and_the_parts_that_differ() -> None:
    found = ask(estate(), "ann", "s3:GetObject", "data/*")
    assert found.state is State.CONFIRMED
    assert found.decision.allowed[0].resource == ANN
    assert [(part.pattern, part.state) for part in found.parts] == [("secret/*", State.FALSE)]
    assert found.parts[0].decision.outcome is Outcome.EXPLICITLY_DENIED


def test_allow_on_a_part_only() -> None:
    found = ask(estate(), "bob", "s3:GetObject", "data/*")
    assert found.state is State.FALSE
    assert [(part.pattern, part.state) for part in found.parts] == [("reports/*", State.CONFIRMED)]
    assert ask(estate(), "bob", "s3:GetObject", "data/reports/june").state is State.CONFIRMED


def test_object_actions_on_a_bucket_are_about_its_objects() -> None:
    assert Question(estate(), "s3:GetObject", "data").resource == f"{BUCKET}/*"
    assert Question(estate(), "s3:ListBucket", "data").resource == BUCKET


def test_refusal_names_the_layer() -> None:
    found = ask(estate(), EVE, "s3:GetObject", "data/*")
    assert (found.state, found.decision.layer) == (State.FALSE, "resource")
    assert ask(estate(), "zed", "s3:GetObject", "data/*").decision.layer == "identity"


def test_who_can_crosses_accounts_only_where_both_sides_allow() -> None:
    assert set(who(estate(), "s3:GetObject", "data/*")) == {ANN, ANN.replace("ann", "bob")}
    theirs = {"Effect": "Allow", "Principal": {"AWS": B}, "Action": "s3:GetObject", "Resource": f"{BUCKET}/*"}
    assert EVE in who(estate(bucket=(theirs,)), "s3:GetObject", "data/*")


def test_public_bucket_lets_in_the_classes_of_actors() -> None:
    public = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"{BUCKET}/*"}
    found = who(estate(bucket=(public,)), "s3:GetObject", "data/*")
    assert {ids.ANONYMOUS, ids.ANY_ACCOUNT} <= set(found)


def test_unread_policies_are_unknown_never_no() -> None:
    gap = Gap(
        call="iam:GetAccountAuthorizationDetails",
        account=A,
        region="global",
        resource=ANN.replace("ann", "zed"),
        reason="denied",
        hides=("policies.inline",),
        needs="iam:GetAccountAuthorizationDetails",
    )
    inventory = Inventory.of(estate().resources, gaps=[gap])
    found = ask(inventory, "zed", "s3:GetObject", "data/*")
    assert found.state is State.UNSEEN
    assert "were not read" in found.unread[0]


def test_unread_bucket_policy_weakens_an_allow_and_hides_a_refusal() -> None:
    gap = Gap(
        call="s3:GetBucketPolicy",
        account=A,
        region="us-east-1",
        resource=BUCKET,
        reason="denied",
        hides=("policies.resource",),
        needs="s3:GetBucketPolicy",
    )
    inventory = Inventory.of(estate().resources, gaps=[gap])
    assert ask(inventory, "ann", "s3:GetObject", "data/*").state is State.POSSIBLE
    assert ask(inventory, EVE, "s3:GetObject", "data/*").state is State.UNSEEN


def test_principals_by_many_names() -> None:
    role = makers.role("ops/deploy", [trust({"AWS": ANN})], allow("s3:GetObject"))
    function = makers.resource(
        f"arn:aws:lambda:us-east-1:{A}:function:f", "aws.lambda.function", runs_as=role.id
    )
    inventory = estate(role, function)
    question = Question(inventory, "s3:GetObject", "data/*")
    session = f"arn:aws:sts::{A}:assumed-role/deploy/me"
    for name in (role.id, "deploy", "f", function.id, session):
        assert principal(question, name).id == role.id, name
    assert principal(question, session).caller.session == "me"
    assert principal(question, f"arn:aws:iam::{A}:root").caller.type == "Account"
    assert principal(question, "lambda.amazonaws.com").caller.type == "Service"
    assert principal(question, "999999999999").id == "account:999999999999"
    assert principal(question, "internet").id == ids.ANONYMOUS
    with pytest.raises(UsageError, match="names no user"):
        principal(question, "nobody-at-all")


@pytest.mark.parametrize("action", ["s3", "s3:", ":x", "s3:Get*", ""])
def test_only_single_actions(action: str) -> None:
    with pytest.raises(UsageError, match="no single action"):
        Question(estate(), action, "data")


def test_resource_outside_the_snapshot_is_never_certain() -> None:
    found = ask(estate(), EVE, "s3:GetObject", "arn:aws:s3:::elsewhere/key")
    assert found.state is State.POSSIBLE
    assert ask(estate(), EVE, "sqs:SendMessage", f"arn:aws:sqs:us-east-1:{A}:q").state is State.FALSE


def test_single_answers_equal_the_estate() -> None:
    """The same request through the whole estate and through a question gives the same decision."""
    compared = 0
    for seed in range(60):
        world = World(Random(seed))
        inventory = world.inventory()
        whole = Estate(inventory)
        buckets = [one.id for one in inventory.of_kind("aws.s3.bucket")]
        for action, name in [("s3:ListBucket", bucket) for bucket in buckets]:
            question = Question(inventory, action, name)
            act = whole.requests.act(action, {})
            item = whole.universe.number[name]
            for verdict, party in zip(question.ask(question.parties.inside()), whole.inside, strict=True):
                assert verdict.principal == party.id
                assert verdict.decision == whole.decider.exact(party, act, item), (seed, party.id, name)
                compared += 1
            everyone = {one.principal for one in question.ask(question.everyone()) if one.reaches}
            inside = {one.principal for one in question.ask(question.parties.inside()) if one.reaches}
            assert inside <= everyone
    assert compared > 300


def test_roles_are_asked_by_their_trust() -> None:
    role = makers.role("deploy", [trust({"AWS": ANN})])
    caller = makers.user("cal", allow("sts:AssumeRole"))
    found = ask(estate(role, caller), "cal", "sts:AssumeRole", "deploy")
    assert (found.state, found.decision.layer) == (State.FALSE, "trust")
    assert ask(estate(role), "ann", "sts:AssumeRole", "deploy").state is State.CONFIRMED
    assert PolicyRole.TRUST in {
        one.role for one in ask(estate(role), "ann", "sts:AssumeRole", "deploy").decision.allowed
    }


def test_nobody_who_reaches_is_left_out_and_the_shared_answers_are_each_ones_own() -> None:
    """``everyone`` and what it shares among principals, against one question for each principal alone."""
    reached = 0
    for seed in range(24):
        inventory = World(Random(seed)).inventory()
        if seed % 3 == 2:
            inventory = _partly_unread(inventory)
        for action, word in _asked(inventory):
            question = Question(inventory, action, word)
            together = {
                (one.principal, one.caller): one for one in question.ask(question.everyone()) if one.reaches
            }
            apart = {}
            for party in Question(inventory, action, word).parties.inside():
                alone = Question(inventory, action, word)
                resource = inventory.by_id[party.id]
                sole = next(alone.ask(filter(None, [alone.parties.of(resource)])))
                if sole.reaches:
                    apart[sole.principal, sole.caller] = sole
            inside = {key: one for key, one in together.items() if key[0] in inventory.by_id}
            assert inside == apart, (seed, action, word)
            reached += len(apart)
    assert reached > 400


def _partly_unread(inventory: Inventory) -> Inventory:
    hidden = ((f"arn:aws:iam::{A}:user/ann", "policies.inline"), ("arn:aws:s3:::data", "policies.resource"))
    gaps = [
        Gap(call="c", account=A, region="*", resource=name, reason="denied", hides=(field,), needs="c")
        for name, field in hidden
    ]
    return Inventory.of(inventory.resources, gaps=gaps)


def _asked(inventory: Inventory) -> list[tuple[str, str]]:
    actions = {
        "aws.s3.bucket": ("s3:GetObject", "s3:ListBucket", "s3:PutBucketPolicy"),
        "aws.iam.role": ("sts:AssumeRole", "iam:AttachRolePolicy", "sts:AssumeRoleWithWebIdentity"),
        "aws.kms.key": ("kms:Decrypt",),
        "aws.lambda.function": ("lambda:InvokeFunctionUrl",),
        "aws.sqs.queue": ("sqs:SendMessage",),
        "aws.secretsmanager.secret": ("secretsmanager:GetSecretValue",),
    }
    found = [(action, one.id) for one in inventory.resources for action in actions.get(one.kind, ())]
    found += [("s3:GetObject", f"{one.id}/reports/june") for one in inventory.of_kind("aws.s3.bucket")]
    return [*found, ("s3:ListAllMyBuckets", "*"), ("sts:GetCallerIdentity", "*")]
