"""Everything that docs/rule-language.md shows is real: each YAML block loads, and each rule compiles and runs."""

import re
from pathlib import Path

import pytest
import yaml

from aisposture.bundled import bundled
from aisposture.graph.columns import GraphBuilder
from aisposture.graph.memory import MemoryStore
from aisposture.graph.search import search
from aisposture.model.graph import Label
from aisposture.rules.cases import load_cases
from aisposture.rules.compile import compile_rule
from aisposture.rules.schema import load

PAGE = Path(__file__).parents[2] / "docs" / "rule-language.md"
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
RULES = [block for block in BLOCKS if block.startswith("id:")]
CASES = [block for block in BLOCKS if block.startswith("cases:")]
HARD = {f"AP-{number}" for number in (13, 14, 23, 24, 37, 45, 54, 57, 58, 60, 61)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for block in RULES:
        name = block.splitlines()[0].removeprefix("id:").strip()
        (tmp_path / f"{name}.yaml").write_text(block)
    return tmp_path


def test_every_block_is_a_rule_or_cases_and_the_hard_rules_are_there(folder: Path) -> None:
    assert len(RULES) + len(CASES) == len(BLOCKS)
    assert {rule.id for rule in load(folder)} >= HARD


def test_every_rule_compiles_and_runs(folder: Path) -> None:
    store = MemoryStore(GraphBuilder().freeze())
    for rule in load(folder):
        assert search(store, compile_rule(rule)) == ()


def test_the_cases_load(tmp_path: Path) -> None:
    (block,) = CASES
    file = tmp_path / "SEG-A90.test.yaml"
    file.write_text(block)
    loaded = load_cases(file, {"aws.s3.bucket": frozenset({Label.DATA_STORE})})
    assert [str(case.expect) for case in loaded] == ["fires", "quiet", "unknown"]


@pytest.mark.parametrize("block", RULES, ids=lambda block: block.splitlines()[0])
def test_a_shipped_rule_says_what_the_page_shows(block: str) -> None:
    shown = yaml.safe_load(block)
    if shown["id"] in HARD | {"AP-44"}:
        shipped = yaml.safe_load((bundled("rules") / "attack-paths" / f"{shown['id']}.yaml").read_text())
        shown.pop("fixes", None)  # the page leaves most of them out
        assert {name: shipped.get(name) for name in shown} == shown
        assert shipped["fixes"]
