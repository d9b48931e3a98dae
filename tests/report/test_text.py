import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisposture.report.text import block, middle, name_of, short_id, visible
from tests.report.sample_extremes import HOSTILE


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain name", "plain name"),
        ("two\n lines\tand tabs", "two lines and tabs"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("a\x00b", "a\\x00b"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("Zürich 東京 café", "Zürich 東京 café"),
        ("x" * 12, "xxxxxxxxxx… (12 characters)"),
    ],
)
def test_visible(raw: str, shown: str) -> None:
    assert visible(raw, 10 if raw.startswith("xx") else 400) == shown


@given(st.text() | st.sampled_from(HOSTILE))
def test_visible_is_printable_short_and_can_be_encoded(raw: str) -> None:
    shown = visible(raw, 50)
    assert "\n" not in shown
    assert not any(ord(letter) < 0x20 or 0x7F <= ord(letter) < 0xA0 for letter in shown)
    assert len(shown) <= 50 + len(f"… ({len(raw)} characters)")
    shown.encode()


@given(st.text(min_size=1), st.integers(3, 30))
def test_middle_keeps_both_ends(name: str, limit: int) -> None:
    short = middle(name, limit)
    assert len(short) <= limit
    assert short[0] == name[0]


def test_block_puts_each_member_of_a_statement_on_its_line() -> None:
    assert block('{"Effect":"Allow","Action":["a","b"]}') == '{"Effect": "Allow",\n "Action": ["a", "b"]}'


@pytest.mark.parametrize("raw", ["{not json", "[" * 100_000, "{}", '"text"', ""])
def test_block_shows_what_is_no_object_as_it_stands(raw: str) -> None:
    assert block(raw, 200_000) == raw


def test_block_says_how_much_it_cut() -> None:
    assert block("y" * 30, 10) == "yyyyyyyyyy…\n(30 characters)"


@pytest.mark.parametrize(
    ("node", "words"),
    [
        ("arn:aws:iam::111122223333:role/path/reader", "reader"),
        ("arn:aws:s3:::bucket", "bucket"),
        ("sink:admin@111122223333", "full control of 111122223333"),
        ("sink:can_pay@111122223333", "can pay in 111122223333"),
        ("class:any-account", "any account"),
        ("/", "/"),
    ],
)
def test_short_id(node: str, words: str) -> None:
    assert short_id(node) == words
    assert name_of(node, {}) == words
