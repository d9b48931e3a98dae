"""Rules as Cypher for people."""

from aisposture.rules.cypher import cypher
from tests.rules.graphs import rule


def test_a_path_with_alternatives_branches_and_tests() -> None:
    text = cypher(
        rule("""\
path:
  - {node: [Internet, Anonymous]}
  - {edge: exposes, where: {auth: none}}
  - {node: Agent, as: agent}
  - any: [[{edge: acts_as}], [{edge: uses_tool}, {edge: acts_as}]]
  - {node: Identity, as: token, where: {tier: {gte: P1}}}
  - {edge: can_assume, times: 0..3}
  - {kind: aws.s3.*}
unless: [{from: agent, path: [{edge: gated_by}, {node: Approval}]}]
with: [{from: token, path: [{edge: acts_as, back: true}], count: {gte: 2}}]
compare: [{left: token.tier, op: stronger_than, right: agent.tier}, {left: agent, op: differs, right: token}]
""")
    )
    assert text == (
        "// AP-99: A test\n"
        "MATCH (entry:Internet|Anonymous)-[r1:exposes]->(agent:Agent)-[:acts_as]->(token:Identity)"
        "-[:can_assume*0..3]->(sink)\n"
        'WHERE r1.auth IN ["none", "unknown"]\n'
        '  AND token.tier IN ["P1", "P0"]\n'
        '  AND sink.kind STARTS WITH "aws.s3."\n'
        "  AND COUNT { MATCH (token)<-[:acts_as]-() } >= 2\n"
        "  AND NOT EXISTS { MATCH (agent)-[:gated_by]->(:Approval) }\n"
        '  AND (CASE token.tier WHEN "P4" THEN 1 WHEN "P3" THEN 2 WHEN "P2" THEN 3 WHEN "P1" THEN 4 WHEN "P0" THEN 5 ELSE 0 END)'
        ' > (CASE agent.tier WHEN "P4" THEN 1 WHEN "P3" THEN 2 WHEN "P2" THEN 3 WHEN "P1" THEN 4 WHEN "P0" THEN 5 ELSE 0 END)\n'
        "  AND agent <> token\n"
        "RETURN DISTINCT agent, entry.entry_class AS entry_class, sink.sink_class AS sink_class, sink.account AS account\n"
        "UNION\n" + text.partition("UNION\n")[2]
    )
    assert "(agent:Agent)-[:uses_tool]->()-[:acts_as]->(token:Identity)" in text.partition("UNION")[2]


def test_a_posture_rule_and_hostile_literals() -> None:
    text = cypher(
        rule("""\
kind: aws.s3.bucket
where: {"tag.a`b": 'x" OR 1=1 //'}
fails: [{versioning: false}, {owner: {exists: false}}]
""")
    )
    assert text.count("MATCH") == 2
    assert '(resource)\nWHERE resource.kind = "aws.s3.bucket"' in text
    assert r'resource.`tag.a``b` = "x\" OR 1=1 //"' in text
    assert "resource.versioning = false" in text
    assert "resource.owner IS NULL" in text


def test_a_title_cannot_leave_its_comment() -> None:
    made = rule(
        'title: "x\\nMATCH (n) DETACH DELETE n"\nnode: Account\nfails: {owner: null}\n',
        head="id: AP-99\nseverity: low\nwhy: w\n",
    )
    assert cypher(made).splitlines()[0] == "// AP-99: x MATCH (n) DETACH DELETE n"
