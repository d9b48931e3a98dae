"""The grammar: what is understood, and what a mistake is told."""

from pathlib import Path

import pytest

from aisposture.errors import FileError
from aisposture.model.finding import Band
from aisposture.model.graph import EdgeKind, Label
from aisposture.rules.schema import load, load_files
from aisposture.rules.words import ChoiceWords, EdgeWords, NodeWords, Param, Side
from tests.rules.graphs import HEAD, rule

PATH = "path: [{node: Internet}, {edge: exposes}, {node: Agent, as: agent}]\n"


def fails(text: str, head: str = HEAD) -> str:
    with pytest.raises(FileError) as caught:
        rule(text, head=head)
    return str(caught.value)


def test_every_part_of_a_path_is_read() -> None:
    found = rule("""\
path:
  - {node: [Internet, Anonymous]}
  - {edge: [exposes, fronts], times: 1..3, where: {auth: none}}
  - {node: Agent, kind: aws.bedrock.*, as: agent, where: {trust: {gte: T2}, tag.team: red}}
  - any:
      - [{edge: acts_as}]
      - [{edge: uses_tool}, {node: Tool, as: tool}, {edge: acts_as}]
  - {as: token}
  - {edge: can_read, back: true}
compare:
  - {left: agent, op: differs, right: token}
  - {left: token.tier, op: stronger_than, right: agent.tier}
  - {left: token.tier, op: in, right: [P0, P1]}
with:
  - {from: agent, path: [{edge: feeds, back: true}], count: {gte: 2}}
unless:
  - {from: tool, path: [{edge: gated_by}, {node: Approval}]}
  - {from: token, path: [{edge: can_read}], to: agent}
clouds: aws
frameworks: {owasp_llm: "LLM01:2025", attack: [T1190, T1078.004]}
fixes: ["Do it", {hop: exposes, text: Close it, effect: weaken, cost: 2.5}]
story: One sentence.
""")
    internet, edge, agent, choice, token, back = found.path
    assert isinstance(internet, NodeWords)
    assert internet.labels == (Label.INTERNET, Label.ANONYMOUS)
    assert isinstance(edge, EdgeWords)
    assert (edge.kinds, edge.low, edge.high) == ((EdgeKind.EXPOSES, EdgeKind.FRONTS), 1, 3)
    assert isinstance(agent, NodeWords)
    assert [(one.name, one.op, one.value) for one in agent.where] == [
        ("trust", "gte", "T2"),
        ("tag.team", "eq", "red"),
    ]
    assert isinstance(choice, ChoiceWords)
    assert isinstance(token, NodeWords)
    assert isinstance(back, EdgeWords)
    assert back.back
    assert [branch.negated for branch in found.branches] == [False, True, True]
    assert found.compare[1].right == Side("agent", "tier")
    assert found.compare[2].right == ("P0", "P1")
    assert found.group_by == ("agent", "entry_class", "sink_class", "account")
    assert (found.severity, found.family, found.clouds) == (Band.HIGH, "path", ("aws",))
    assert found.frameworks == {"owasp_llm": ("LLM01:2025",), "attack": ("T1190", "T1078.004")}
    assert [fix.hop for fix in found.fixes] == [None, EdgeKind.EXPOSES]
    assert found.lines["clouds"] > found.lines["path"]


def test_a_posture_rule_has_a_root_and_ways_to_fail() -> None:
    found = rule("""\
kind: aws.s3.bucket
where: {sensitivity: {gte: D2}}
fails:
  - {block_public_policy: false}
  - {encryption: {in: [none]}, versioning: {exists: false}}
""")
    assert (found.family, found.group_by, len(found.fails)) == ("posture", ("resource",), 2)


def test_a_posture_rule_may_fail_by_what_is_absent() -> None:
    found = rule("""\
node: Account
unless:
  - {from: resource, path: [{edge: contains}, {node: LogSink}]}
""")
    assert found.fails == ()


def test_a_parameter_has_a_default_and_may_stand_in_a_list_and_a_count() -> None:
    found = rule("""\
path: [{node: Agent, as: agent, where: {idle_days: {gte: param.idle}, account: {in: [param.mine]}}}]
with: [{from: agent, path: [{edge: uses_tool}], count: {gte: param.many}}]
params: {idle: 90, mine: ["1"], many: 3}
""")
    (step,) = found.path
    assert isinstance(step, NodeWords)
    assert [one.value for one in step.where] == [Param("idle"), (Param("mine"),)]
    assert found.branches[0].count == Param("many")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("path: [{node: Agnet, as: agent}]", ("AP-99.yaml:5", "path[0].node", "'Agnet'", "'Agent'")),
        ("path: [{node: Agent, as: agent}, {edge: acts}]", ("path[1].edge", "unknown edge 'acts'", "acts_as")),
        ("path: [{node: Agent, as: agent, were: {}}]", ("unknown word 'were'", "'where'")),
        ("path: [{node: Agent, as: agent, where: {teir: P0}}]", ("unknown attribute 'teir'", "'tier'")),
        ("path: [{node: Agent, as: agent, where: {tier: P9}}]", ("'P9' is none of its values",)),
        ("path: [{node: Agent, as: agent, where: {tier: {above: P2}}}]", ("unknown word 'above'", "gte")),
        ("path: [{node: Agent, as: agent, where: {auth: {gte: iam}}}]", ("'gte' compares numbers",)),
        ("path: [{node: Agent, as: agent, where: {public: 'yes'}}]", ("expected a value of type bool",)),
        ("path: [{node: Agent, as: agent, where: {auth: {stronger_than: iam}}}]", ("ordered classes",)),
        ("path: [{node: Agent, as: agent}, {edge: feeds, where: {tier: P0}}]", ("unknown edge attribute",)),
        ("path: [{node: Agent, as: agent}, {edge: feeds, times: 3..1}]", ("3..1 can never be walked",)),
        ("path: [{node: Agent, as: agent}, {edge: feeds, times: 0..99}]", ("at most 12",)),
        ("path: [{node: Agent, as: agent}, {edge: feeds, times: often}]", ("expected a..b",)),
        ("path: [{node: Agent, as: agent}, {any: [[{edge: feeds}]]}]", ("at least two alternatives",)),
        ("path: [{node: Agent, as: agent}, {edge: feeds}, {node: Agent, as: agent}]", ("bound twice",)),
        ("path: [{node: Agent}]", ("as: agent", "group_by")),
        ("path: []", ("at least one step",)),
        ("path: {node: Agent}", ("expected a list, found a mapping",)),
        (PATH + "group_by: [agnet]", ("unknown key 'agnet'", "'agent'")),
        (PATH + "unless: [{from: agnet, path: []}]", ("unknown name 'agnet'", "'agent'")),
        (PATH + "unless: [{from: agent, path: [{edge: gated_by}], to: agent, count: {gte: 2}}]", ("one end",)),
        (PATH + "with: [{path: [{edge: feeds}]}]", ("a branch needs 'from'",)),
        (PATH + "compare: [{left: agent, op: stronger_than, right: agent}]", ("ordered classes",)),
        (PATH + "compare: [{left: agent.tier, op: eq, right: agent}]", ("attribute with an attribute",)),
        (PATH + "compare: [{left: nobody.tier, op: eq, right: P0}]", ("unknown name 'nobody'",)),
        (PATH + "frameworks: {owasp_lmm: [x]}", ("'owasp_lmm'", "'owasp_llm'")),
        (PATH + "frameworks: {owasp_llm: [LLM06]}", ("'LLM06' is no identifier",)),
        (PATH + "fixes: [{hop: feeds, text: x}]", ("unknown hop of this path 'feeds'",)),
        (PATH + "fixes: [{hop: exposes}]", ("needs 'text'",)),
        (PATH + "clouds: [awss]", ("unknown cloud 'awss'", "'aws'")),
        (PATH + "fails: {auth: none}", ("belongs to posture rules",)),
        (PATH + PATH, ("stands here twice",)),
        ("path: [{node: Agent, as: agent, where: {idle_days: {gte: param.x}}}]", ("param.x has no default",)),
        ("fails: {auth: none}", ("needs a 'path'",)),
        ("node: Account", ("needs 'fails'",)),
        ("path: [{node: Agent, as: agent", ("not YAML",)),
("path: &a [*a]", ("aliases make this too large",)),
        ("path: " + "[" * 60 + "]" * 60, ("nested deeper",)),
        ("path: [{node: !!binary aGk=, as: agent}]", ("put it in quotes",)),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place_and_what_was_meant(text: str, words: tuple[str, ...]) -> None:
    message = fails(text)
    for word in ("AP-99.yaml", *words):
        assert word in message


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("path: [{node: Agent, as: agent}, {edge: exposes}]", "no exposes starts there"),
        (
            "path: [{node: Agent, as: agent}, {edge: acts_as}, {node: Tool}]",
            "no edge before it arrives at Tool",
        ),
        ("path: [{node: Agent, as: agent}, {edge: acts_as, back: true}]", "no acts_as arrives there"),
        (PATH + "unless: [{from: agent, path: [{edge: runs_as, times: 2..2}]}]", "never be walked"),
    ],
)
def test_a_pattern_that_can_never_match_is_a_mistake(text: str, word: str) -> None:
    assert word in fails(text)


def test_a_pattern_that_comes_back_is_none() -> None:
    rule("path: [{node: Agent, as: agent}, {edge: runs_as}, {edge: runs_as, back: true}, {node: Agent}]\n")


@pytest.mark.parametrize("missing", ["id", "title", "severity", "why"])
def test_a_rule_needs_its_head(missing: str) -> None:
    head = "".join(line + "\n" for line in HEAD.splitlines() if not line.startswith(missing))
    assert f"needs an {missing!r}" in fails(PATH, head=head) or f"needs {missing!r}" in fails(PATH, head=head)


def write(folder: Path, name: str, text: str, fields: str = "title: T\nseverity: low\nwhy: W\n") -> Path:
    file = folder / f"{name}.yaml"
    file.write_text(f"id: {name}\n{fields}{text}")
    return file


def test_a_rule_may_extend_another(tmp_path: Path) -> None:
    write(
        tmp_path, "AP-01", PATH + "with: [{from: agent, path: [{edge: uses_tool}]}]\nparams: {a: 1, b: 2}\n"
    )
    write(
        tmp_path,
        "AP-02",
        "extend: AP-01\nseverity: critical\nwith: [{from: agent, path: [{edge: loads}]}]\nparams: {b: 3}\n",
        fields="",
    )
    (tmp_path / "AP-02.test.yaml").write_text("cases: []")
    base, extended = load(tmp_path)
    assert extended.path == base.path
    assert (extended.title, extended.severity, extended.params) == ("T", Band.CRITICAL, {"a": 1, "b": 3})
    assert len(extended.branches) == 2
    assert len(base.branches) == 1


def test_extending_in_a_loop_or_something_unknown_is_told(tmp_path: Path) -> None:
    write(tmp_path, "AP-01", "extend: AP-02\n")
    with pytest.raises(FileError, match="unknown rule 'AP-02'"):
        load(tmp_path)
    write(tmp_path, "AP-02", "extend: AP-01\n")
    with pytest.raises(FileError, match="a loop: AP-01 extends AP-02 extends AP-01"):
        load(tmp_path)


def test_files_that_are_no_rules_are_told(tmp_path: Path) -> None:
    file = write(tmp_path, "AP-01", PATH)
    with pytest.raises(FileError, match="is taken by"):
        load_files([file, file])
    file.rename(tmp_path / "AP-07.yaml")
    with pytest.raises(FileError, match=r"must stand in a file AP-01\.yaml"):
        load(tmp_path)
    with pytest.raises(FileError, match="no such folder"):
        load(tmp_path / "nowhere")
    with pytest.raises(FileError, match="No such file"):
        load_files([tmp_path / "AP-00.yaml"])
    (tmp_path / "AP-07.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FileError, match="not YAML"):
        load(tmp_path)
    (tmp_path / "AP-07.yaml").write_text("")
    with pytest.raises(FileError, match="one YAML document"):
        load(tmp_path)
    (tmp_path / "AP-07.yaml").write_text("x" * 3_000_000)
    with pytest.raises(FileError, match="larger than"):
        load(tmp_path)


def test_a_word_such_as_on_is_text_as_a_key(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="unknown word 'on'"):
        load_files([write(tmp_path, "AP-01", PATH + "on: x\n")])


def test_an_alias_repeats_a_value_but_not_without_end(tmp_path: Path) -> None:
    (found,) = load_files(
        [write(tmp_path, "AP-01", "path: [&a {node: Agent, as: agent}, {edge: feeds}, {node: Tool}]\n")]
    )
    assert len(found.path) == 3
    bomb = "story: &a0 x\nparams:\n  b0: &b0 [*a0, *a0, *a0, *a0, *a0, *a0, *a0, *a0, *a0, *a0]\n"
    bomb += "".join(f"  b{n}: &b{n} [{', '.join([f'*b{n - 1}'] * 10)}]\n" for n in range(1, 9))
    with pytest.raises(FileError, match="aliases make this too large"):
        load_files([write(tmp_path, "AP-02", PATH + bomb)])
