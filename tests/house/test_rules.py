"""Every word that a rule tests is one that some collector, classifier or fact gives."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import aisposture
from aisposture.collect import labels_of_kind, registry
from aisposture.graph.vocabulary import EDGES
from aisposture.model.attributes import ATTRIBUTES
from aisposture.pipeline import bundled_rules, emitted
from aisposture.rules.compile import all_steps
from aisposture.rules.paths_doc import answers_today
from aisposture.rules.words import EdgeWords, NodeWords, Rule, Where

PACKAGE = Path(aisposture.__file__).parent
RULES = [rule for rule in bundled_rules() if answers_today(rule, emitted())]
OF_NODES = {"id", "name", "kind", "account", "region", "cloud"}
COLLECTED = {field.name for kind in registry() for field in kind.attrs}
NOT_YET = {
    "code_interpreter": "of Bedrock agents the interpreter is a tool; other platforms say it of the agent itself",
    "exploitable": "package scanners are not read yet",
}
"""Attributes that rules test and that no collector gives yet, with the reason; rules that need one of them stay quiet."""


def wheres(rule: Rule) -> Iterator[tuple[EdgeWords | None, Where]]:
    """Every test of ``rule``, with the edge step it belongs to."""
    for alternative in rule.fails:
        for one in alternative:
            yield None, one
    for path in (rule.path, *(branch.path for branch in rule.branches)):
        for step in all_steps(path):
            for one in step.where:
                yield (step if isinstance(step, EdgeWords) else None), one


each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)


@each_rule
def test_what_a_rule_tests_of_nodes_is_emitted(rule: Rule) -> None:
    for edge, one in wheres(rule):
        if edge is None and one.name not in OF_NODES and not one.name.startswith("tag."):
            known = one.name in COLLECTED or one.name in NOT_YET or ATTRIBUTES[one.name].derived
            assert known, f"{rule.file}:{one.line}: nothing gives {one.name}"


@each_rule
def test_what_a_rule_tests_of_edges_is_drawn(rule: Rule) -> None:
    for edge, one in wheres(rule):
        if edge is not None:
            carriers = [kind for kind in edge.kinds if one.name in EDGES[kind].attrs]
            assert carriers, f"{rule.file}:{one.line}: {one.name} stands on no such edge"


@each_rule
def test_the_kinds_a_rule_names_are_collected(rule: Rule) -> None:
    named = [kind for step in all_nodes(rule) for kind in step.kinds if kind.startswith("aws.")]
    for pattern in named:
        assert any(re.fullmatch(pattern.replace("*", ".*"), kind) for kind in labels_of_kind()), pattern


def all_nodes(rule: Rule) -> Iterator[NodeWords]:
    """The node steps of ``rule``, those of branches included."""
    for path in (rule.path, *(branch.path for branch in rule.branches)):
        yield from (step for step in all_steps(path) if isinstance(step, NodeWords))


@pytest.mark.parametrize("name", sorted(name for name, one in ATTRIBUTES.items() if one.derived))
def test_a_derived_attribute_is_derived_somewhere(name: str) -> None:
    sources = [*PACKAGE.glob("classify/*.py"), *PACKAGE.glob("graph/*.py")]
    assert any(f'"{name}"' in file.read_text("utf-8") for file in sources)


def test_exceptions_are_still_needed() -> None:
    used = {one.name for rule in bundled_rules() for edge, one in wheres(rule) if edge is None}
    assert set(NOT_YET) <= used
    assert not set(NOT_YET) & COLLECTED
