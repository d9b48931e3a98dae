"""Every operator, in every form: an unknown key is decided only as every completion decides it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from aisposture.access.aws.conditions import evaluate_condition
from aisposture.access.aws.document import Condition
from aisposture.access.aws.operators import OPERATORS, parse_operator
from aisposture.access.aws.variables import resolve
from aisposture.access.truth import Truth

VALUES = [
    "",
    "a",
    "*",
    "a*",
    "true",
    "false",
    "7",
    "10.0.0.0/8",
    "10.1.2.3",
    "2026-01-01",
    "QQ==",
    "${aws:j}",
]
VALUES += ["arn:aws:s3:::b", "arn:aws:s3:::*", "${aws:j, 'a'}", "${*}"]
CONDITION = st.builds(
    Condition,
    operator=st.sampled_from(sorted(OPERATORS)),
    qualifier=st.sampled_from(["", "ForAnyValue", "ForAllValues"]),
    if_exists=st.booleans(),
    key=st.just("aws:K"),
    values=st.lists(st.sampled_from(VALUES), max_size=2).map(tuple),
)
FOUND = st.just(Truth.FALSE) | st.lists(st.sampled_from(VALUES), min_size=1, max_size=2).map(tuple)


@settings(max_examples=1000)
@given(CONDITION, FOUND, FOUND, st.booleans(), st.booleans())
def test_unknown_key_is_decided_as_every_completion_decides_it(
    condition: Condition,
    key: Truth | tuple[str, ...],
    other: Truth | tuple[str, ...],
    hide_key: bool,
    hide_other: bool,
) -> None:
    if not condition.qualifier and isinstance(key, tuple):
        key = key[
            :1
        ]  # several values without a set operator are a mistaken request; precedents say what it gets

    def lookup(*, hidden: bool, name: str) -> Truth | tuple[str, ...]:
        is_key = name.lower() == "aws:k"
        if hidden and (hide_key if is_key else hide_other):
            return Truth.UNKNOWN
        return key if is_key else other

    whole = evaluate_condition(condition, lambda name: lookup(hidden=False, name=name), variables=True)
    partial = evaluate_condition(condition, lambda name: lookup(hidden=True, name=name), variables=True)
    assert whole.truth is not Truth.UNKNOWN
    assert partial.truth in (Truth.UNKNOWN, whole.truth)
    assert bool(partial.open) is (partial.truth is Truth.UNKNOWN)


@given(CONDITION)
def test_words_read_back_to_the_operator(condition: Condition) -> None:
    if condition.operator == "Null" and (condition.qualifier or condition.if_exists):
        return
    parsed = parse_operator(condition.words.split(" ")[0].upper())
    assert parsed is not None
    assert parsed[:3] == (condition.operator, condition.qualifier, condition.if_exists)


def test_no_operator_of_another_name() -> None:
    for name in (
        "",
        "StringMatches",
        "ForSomeValue:StringEquals",
        "NullIfExists",
        "StringEqualsIfExistsIfExists",
        ":",
    ):
        assert parse_operator(name) is None, name


def test_variables_resolve_to_what_they_stand_for() -> None:
    known: dict[str, Truth | tuple[str, ...]] = {"a": ("x*",), "many": ("x", "y"), "dark": Truth.UNKNOWN}

    def lookup(name: str) -> Truth | tuple[str, ...]:
        return known.get(name, Truth.FALSE)

    assert resolve("plain", lookup).pattern == "plain"
    assert resolve("${none}", lookup).pattern is None
    assert resolve("${many, 'd'}", lookup).pattern is None
    assert resolve("${none, 'd'}-${a}", lookup).pattern == "d-x\ue02a"
    assert resolve("${dark}/x", lookup) == ("*/x", ("dark",))
