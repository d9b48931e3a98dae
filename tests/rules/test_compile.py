"""Operators reduced to what a store knows, parameters put in, keys resolved."""

import pytest

from aisposture.errors import FileError
from aisposture.graph.query import FIRST, LAST, ChoiceStep, EdgeStep, NodeStep, Op, Operand
from aisposture.rules.compile import compile_rule
from tests.rules.graphs import rule


def test_ordered_classes_become_sets_and_unknown_stays_possible() -> None:
    query = compile_rule(
        rule("""\
path:
  - node: Agent
    as: agent
    where:
      sensitivity: {gte: D2}
      tier: {stronger_than: P1}
      trust: {lte: T3}
      auth: none
      openness: {not_in: [closed, unknown]}
      idle_days: {gte: 90, lte: 100}
      owner: {exists: false}
      status: {differs: ACTIVE}
""")
    )
    (step,) = query.path
    assert isinstance(step, NodeStep)
    assert [(one.name, one.op, one.value, one.maybe) for one in step.test.where] == [
        ("sensitivity", Op.IN, ("D2", "D3"), ()),
        ("tier", Op.IN, ("P0",), ()),
        ("trust", Op.IN, ("T4", "T3"), ()),
        ("auth", Op.IN, ("none",), ("unknown",)),
        ("openness", Op.NOT_IN, ("closed", "unknown"), ()),
        ("idle_days", Op.GTE, 90, ()),
        ("idle_days", Op.LTE, 100, ()),
        ("owner", Op.EXISTS, False, ()),
        ("status", Op.NOT_IN, ("ACTIVE",), ()),
    ]


def test_keys_name_nodes_and_derived_keys_the_ends_of_the_path() -> None:
    query = compile_rule(rule("path: [{node: Agent, as: agent}, {edge: runs_as}]"))
    assert {key.name: key.operand for key in query.keys} == {
        "agent": Operand(node="agent"),
        "entry_class": Operand(node=FIRST, field="entry_class"),
        "sink_class": Operand(node=LAST, field="sink_class"),
        "account": Operand(node=LAST, field="account"),
    }


def test_a_posture_rule_fails_by_any_whole_alternative() -> None:
    one = compile_rule(rule("kind: aws.s3.bucket\nfails: {versioning: false}"))
    assert [type(step) for step in one.path] == [NodeStep, NodeStep]
    two = compile_rule(rule("kind: aws.s3.bucket\nfails: [{versioning: false}, {encryption: none}]"))
    assert isinstance(two.path[1], ChoiceStep)


PARAMS = """\
path: [{node: Agent, as: agent, where: {idle_days: {gte: param.idle}, account: {in: [param.mine, "9"]}}}]
with: [{from: agent, path: [{edge: uses_tool}], count: {gte: param.many}}]
compare: [{left: agent.region, op: not_in, right: param.regions}]
params: {idle: 90, mine: ["1"], many: 3, regions: [eu-west-1]}
"""


def test_parameters_of_the_user_replace_defaults_and_others_are_ignored() -> None:
    query = compile_rule(rule(PARAMS), {"idle": 7, "mine": ("2", "3"), "elsewhere": 1, "regions": []})
    (step,) = query.path
    assert isinstance(step, NodeStep)
    assert [one.value for one in step.test.where] == [7, ("2", "3", "9")]
    assert query.branches[0].count == 3
    assert query.compare[0].right == ()


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"idle": "long"}, "expected a value of type int"),
        ({"many": 0}, "at least 1"),
        ({"idle": [1]}, "one value"),
    ],
)
def test_a_parameter_that_does_not_fit_is_told(params: dict[str, object], words: str) -> None:
    with pytest.raises(FileError, match=words):
        compile_rule(rule(PARAMS), params)


def test_edges_keep_direction_repetition_and_tests() -> None:
    query = compile_rule(
        rule(
            "path: [{node: Agent, as: agent}, {edge: feeds, back: true, times: 0..2, where: {scanned: false}}]"
        )
    )
    step = query.path[1]
    assert isinstance(step, EdgeStep)
    assert (step.back, step.low, step.high, step.where[0].value) == (True, 0, 2, (False,))
