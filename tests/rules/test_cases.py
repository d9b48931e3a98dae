"""Cases in short form become inventories, and disagreements are told."""

import json
from pathlib import Path

import pytest

from aisposture.errors import FileError
from aisposture.graph.query import Match
from aisposture.model.finding import Answer
from aisposture.model.graph import Label, State
from aisposture.model.resource import PolicyRole
from aisposture.rules.cases import Case, case_file, disagreements, load_cases
from aisposture.rules.run import RuleAnswer
from tests.rules.graphs import rule

LABELS = {
    "aws.s3.bucket": frozenset({Label.DATA_STORE}),
    "aws.iam.role": frozenset({Label.IDENTITY}),
    "aws.ssm.parameter": frozenset({Label.SECRET, Label.DATA_STORE}),
}
TEXT = """\
cases:
  - name: base
    expect: fires
    bindings: {agent: "@data"}
    count: 1
    likely: false
    params: {n: 3}
    resources:
      - kind: aws.s3.bucket
        name: data
        tags: {team: red}
        attrs: {versioning: true, public: null}
        refs: {encrypted_with: key-1, logs_to: ["@role", b]}
        policies:
          - {role: resource, id: p, document: [{Effect: Allow, Principal: "*", Action: "s3:*", Resource: "@data/*"}]}
      - {kind: aws.iam.role, name: role, policies: [{document: {Version: 2012-10-17, Statement: []}}]}
      - {kind: aws.ssm.parameter, name: secret, attrs: {parameter_type: secure}}
  - name: child
    extends: base
    expect: unknown
    without: secret
    patch:
      - {resource: data, op: replace, path: /attrs/versioning, value: false}
      - {resource: data, op: replace, path: /policies/0/document/0/Effect, value: Deny}
    gaps:
      - {resource: "@data", hides: policies.resource}
      - {hides: [aws.s3.bucket], region: us-west-2, needs: "s3:ListAllMyBuckets"}
"""


def cases(tmp_path: Path, text: str = TEXT) -> tuple[Case, ...]:
    file = case_file(tmp_path / "AP-99.yaml")
    file.write_text(text)
    return load_cases(file, LABELS)


def test_short_form_is_filled_with_defaults_ids_labels_and_sources(tmp_path: Path) -> None:
    base, _ = cases(tmp_path)
    data = base.inventory.get("arn:aws:s3:::data")
    assert data is not None
    assert (data.account, data.region, data.labels) == ("111122223333", "us-east-1", (Label.DATA_STORE,))
    assert data.attrs == {"versioning": True, "public": None}
    role = "arn:aws:iam::111122223333:role/role"
    assert [(ref.name, ref.target) for ref in data.refs] == [
        ("encrypted_with", "key-1"),
        ("logs_to", role),
        ("logs_to", "b"),
    ]
    (policy,) = data.policies
    document = json.loads(bytes(policy.document))
    assert (policy.role, document["Statement"][0]["Resource"]) == (PolicyRole.RESOURCE, "arn:aws:s3:::data/*")
    wanted = {
        "id",
        "attrs.versioning",
        "attrs.public",
        "refs.encrypted_with",
        "refs.logs_to",
        "policies.p",
        "tags",
    }
    assert set(data.sources) == wanted
    assert policy.source == data.sources["policies.p"]
    assert base.inventory.get(role).region == "global"  # type: ignore[union-attr]
    assert [one.labels for one in base.inventory.of_kind("aws.ssm.parameter")] == [(Label.SECRET,)]
    assert (base.expect, base.count, base.likely, base.params) == (Answer.FIRES, 1, False, {"n": 3})
    assert base.bindings == {"agent": "arn:aws:s3:::data"}
    assert base.rule == "AP-99"


def test_a_case_may_differ_from_another_by_one_fact(tmp_path: Path) -> None:
    base, child = cases(tmp_path)
    before, after = base.inventory.get("arn:aws:s3:::data"), child.inventory.get("arn:aws:s3:::data")
    assert before is not None
    assert after is not None
    assert (before.attrs["versioning"], after.attrs["versioning"]) == (True, False)
    assert b"Deny" in bytes(after.policies[0].document)
    assert b"Deny" not in bytes(before.policies[0].document)
    assert len(child.inventory.resources) == 2
    assert child.params == {"n": 3}
    field, kind = sorted(child.inventory.gaps, key=lambda gap: gap.resource or "", reverse=True)
    assert (field.resource, field.hides, field.region) == (
        "arn:aws:s3:::data",
        ("policies.resource",),
        "us-east-1",
    )
    assert (kind.resource, kind.hides, kind.region) == (None, ("aws.s3.bucket",), "us-west-2")
    assert child.bindings == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cases: [{name: a}]", "needs 'expect'"),
        ("cases: [{name: a, expect: often}]", "unknown answer 'often'"),
        ("cases: [{name: a, expect: fires}, {name: a, expect: quiet}]", "two cases"),
        ("cases: [{name: a, expect: fires, extends: b}]", "unknown case"),
        ("cases: [{name: a, expect: fires, resources: [{kind: aws.s3.buckt, name: x}]}]", "did you mean 'aws.s3.bucket'"),
        ("cases: [{name: a, expect: fires, resources: [{name: x}]}]", "needs a 'kind'"),
        ("cases: [{name: a, expect: fires, resources: [{kind: aws.s3.bucket}]}]", "'name' or an 'id'"),
        (
            "cases: [{name: a, expect: fires, resources: [{kind: aws.s3.bucket, name: x, attrs: {versionin: 1}}]}]",
            "did you mean 'versioning'",
        ),
        (
            "cases: [{name: a, expect: fires, resources: [{kind: aws.s3.bucket, name: x, refs: {log_to: y}}]}]",
            "did you mean 'logs_to'",
        ),
        (
            "cases: [{name: a, expect: fires, resources: [{kind: aws.s3.bucket, name: x, refs: {logs_to: '@y'}}]}]",
            "no resource is called 'y'",
        ),
        (
            "cases: [{name: a, expect: fires, resources: [{kind: aws.s3.bucket, name: x, labels: [Nope]}]}]",
            "Nope",
        ),
        (
            "cases: [{name: a, expect: fires, resources: [{kind: aws.s3.bucket, name: x, policies: [{role: r, document: []}]}]}]",
            "unknown role of a policy 'r'",
        ),
        (
            "cases: [{name: a, expect: fires, resources: [{kind: aws.s3.bucket, name: x, net: {groups: 3}}]}]",
            "Expected `array`",
        ),
        ("cases: [{name: a, expect: fires, patch: [{resource: x, op: remove, path: /a}]}]", "unknown resource 'x'"),
        (
            ("cases: [{name: a, expect: fires, resources: [{kind: aws.s3.bucket, name: x}],"
            " patch: [{resource: x, op: remove, path: /attrs}]}]"),
            "points to nothing",
        ),
        ("cases: [{name: a, expect: fires, gaps: [{call: x}]}]", "needs 'hides'"),
        ("cases: [{name: a, expect: fires, gaps: [{hides: [x], reason: tired}]}]", "tired"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(FileError) as caught:
        cases(tmp_path, text)
    assert words in str(caught.value)
    assert "AP-99.test.yaml:1" in str(caught.value)


def answer(kind: Answer, *states: State) -> RuleAnswer:
    matches = tuple(
        Match(bindings={"agent": "arn:aws:s3:::data"}, state=state, cost=0, walk=()) for state in states
    )
    return RuleAnswer(rule=rule("path: [{node: Agent, as: agent}]"), answer=kind, matches=matches)


def test_disagreements_are_told(tmp_path: Path) -> None:
    base, child = cases(tmp_path)
    assert disagreements(base, [answer(Answer.FIRES, State.CONFIRMED)]) == ()
    assert (
        "expected 1 matches, found 2"
        in disagreements(base, [answer(Answer.FIRES, State.CONFIRMED, State.CONFIRMED)])[0]
    )
    assert "a certain match" in disagreements(base, [answer(Answer.FIRES, State.POSSIBLE)])[0]
    assert "expected fires, the rule answers quiet" in disagreements(base, [answer(Answer.QUIET)])[0]
    assert disagreements(child, [answer(Answer.UNKNOWN)]) == ()
    with pytest.raises(FileError, match="no rule AP-99"):
        disagreements(base, [])


def test_a_binding_that_no_match_has_is_told(tmp_path: Path) -> None:
    (base, _) = cases(tmp_path, TEXT.replace('{agent: "@data"}', '{agent: "@role"}'))
    assert "no match binds" in disagreements(base, [answer(Answer.FIRES, State.CONFIRMED)])[0]
