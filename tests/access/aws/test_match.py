"""Wildcards, and relations between patterns, against plain definitions."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisposture.access.aws.match import (
    covers,
    literal,
    matches,
    matches_action,
    matches_arn,
    matches_resource,
    overlaps,
    readable,
)

PATTERN = st.text("ab*?", max_size=7)
TEXT = st.text("ab", max_size=7)


def defined(pattern: str, text: str) -> bool:
    """The definition of a wildcard, by the slow regular expression."""
    parts = {"*": ".*", "?": "."}
    return re.fullmatch("".join(parts.get(char, re.escape(char)) for char in pattern), text) is not None


@given(PATTERN, TEXT)
def test_matches_as_defined(pattern: str, text: str) -> None:
    assert matches(pattern, text) is defined(pattern, text)


@given(PATTERN, PATTERN, TEXT)
def test_relations_hold_for_every_text(left: str, right: str, text: str) -> None:
    if covers(left, right) and matches(right, text):
        assert matches(left, text)
    if matches(left, text) and matches(right, text):
        assert overlaps(left, right)


@given(PATTERN, PATTERN)
def test_overlap_is_symmetric_and_has_a_witness(left: str, right: str) -> None:
    assert overlaps(left, right) is overlaps(right, left)
    if covers(left, right):
        assert overlaps(left, right)


@pytest.mark.parametrize(
    ("left", "right"), [("a*", "b*"), ("a?", "?b?"), ("*a", "*b"), ("a*b", "a*c"), ("??", "a")]
)
def test_disjoint_patterns_do_not_overlap(left: str, right: str) -> None:
    assert not overlaps(left, right)


@pytest.mark.parametrize(
    ("general", "special"), [("a*", "ab*"), ("*", "x"), ("s3:*", "s3:get*"), ("a?c", "a?c")]
)
def test_wider_pattern_covers(general: str, special: str) -> None:
    assert covers(general, special)


@given(st.text("ab*?", max_size=5), st.text("ab*?", max_size=5))
def test_literal_matches_only_itself(text: str, other: str) -> None:
    assert matches(literal(text), other) is (text == other)
    assert readable(literal(text)) == text


def test_hostile_pattern_takes_no_time() -> None:
    start = time.perf_counter()
    assert not matches("*a" * 200 + "*b", "a" * 5000)
    assert not matches_resource(":".join(["*x*"] * 5) + ":*y", ":" * 500)
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize(
    ("pattern", "resource", "hit"),
    [
        ("execute-api:/prod/GET/*", "arn:aws:execute-api:eu-west-1:111122223333:a1b2/prod/GET/pets", True),
        ("execute-api:/prod/GET/*", "arn:aws:execute-api:eu-west-1:111122223333:a1b2/test/GET/pets", False),
        ("arn:aws:s3:::a", "arn:aws:s3:::a", True),
        ("arn:aws:s3", "arn:aws:s3:::a/b", True),
        ("arn:aws:ec2:??-west-1:*:instance/*", "arn:aws:ec2:eu-west-1:1:instance/i", True),
        ("arn:aws:ec2:??????????:*:instance/*", "arn:aws:ec2:eu-west-1:1:instance/i", False),
    ],
)
def test_resource_patterns(pattern: str, resource: str, hit: bool) -> None:
    assert matches_resource(pattern, resource) is hit


def test_action_ignores_case_and_arn_keeps_it() -> None:
    assert matches_action("S3:Get*", "s3:getobject")
    assert not matches_arn("arn:aws:s3:::A", "arn:aws:s3:::a")
    assert not matches_arn("arn:aws:s3:::a", "a")
