"""The four answers, and what Gaps make of silence."""

from collections.abc import Collection

from aisposture.graph.columns import Graph, GraphBuilder
from aisposture.graph.memory import MemoryStore
from aisposture.model.finding import Answer
from aisposture.model.graph import EdgeKind, EdgeRow, Label, State
from aisposture.model.inventory import Inventory
from aisposture.model.resource import Gap, Resource
from aisposture.rules.run import RuleAnswer, run
from aisposture.rules.words import Rule
from tests.rules.graphs import graph, rule

LABELS = {
    "aws.bedrock.agent": frozenset({Label.AGENT}),
    "aws.s3.bucket": frozenset({Label.DATA_STORE}),
    "aws.bedrock.guardrail": frozenset({Label.GUARDRAIL}),
    "aws.cloudtrail.trail": frozenset({Label.LOG_SINK}),
}
FED = rule("path: [{node: DataStore}, {edge: feeds}, {node: Agent, as: agent}]")
UNGUARDED = rule(
    "path: [{node: Agent, as: agent}]\nunless: [{from: agent, path: [{edge: protected_by}, {node: Guardrail}]}]"
)
UNLOGGED = rule("node: Account\nunless: [{from: resource, path: [{edge: contains}, {node: LogSink}]}]")


def resource(kind: str, name: str) -> Resource:
    return Resource(id=name, kind=kind, account="1", region="r", name=name, labels=tuple(LABELS[kind]))


def gap(*hides: str, resource: str | None = None, kinds: tuple[str, ...] = ()) -> Gap:
    return Gap(
        call="x:Y",
        account="1",
        region="*",
        reason="denied",
        hides=hides,
        needs="x:Y",
        resource=resource,
        kinds=kinds,
    )


def ask(one: Rule, over: Graph, *gaps: Gap, emitted: Collection[str] | None = None) -> RuleAnswer:
    inventory = Inventory.of(
        [resource("aws.bedrock.agent", "a"), resource("aws.s3.bucket", "b")], gaps=gaps, accounts={"1": ""}
    )
    (answer,) = run(MemoryStore(over), [one], inventory=inventory, labels_of_kind=LABELS, emitted=emitted)
    return answer


NODES: dict[str, Label | tuple[Label, ...]] = {
    "a": Label.AGENT,
    "b": Label.DATA_STORE,
    "account:1": Label.ACCOUNT,
    "t": Label.LOG_SINK,
}
FEEDS = graph(NODES, ("b", EdgeKind.FEEDS, "a"), ("account:1", EdgeKind.CONTAINS, "t"))
NOTHING = graph(NODES)


def test_it_fires_on_what_was_found_and_is_quiet_where_all_was_read() -> None:
    answer = ask(FED, FEEDS)
    assert answer.answer is Answer.FIRES
    assert answer.matches[0].bindings["agent"] == "a"
    answer = ask(FED, NOTHING)
    assert (answer.answer, answer.matches, answer.unknown, answer.because) == (Answer.QUIET, (), (), ())


def test_a_sink_that_nobody_reaches_is_no_reason_not_to_ask() -> None:
    spends = rule(
        "path: [{node: Agent, as: agent}, {edge: acts_as}, {edge: can_spend}, {node: Sink, as: cost}]"
    )
    assert ask(spends, NOTHING).answer is Answer.QUIET


def test_what_does_not_exist_is_not_applicable() -> None:
    answer = ask(FED, graph({"a": Label.AGENT}))
    assert (answer.answer, answer.reason) == (Answer.NOT_APPLICABLE, "there is no DataStore")
    answer = ask(rule("clouds: [gcp]\npath: [{node: Agent, as: agent}]"), NOTHING)
    assert (answer.answer, answer.reason) == (Answer.NOT_APPLICABLE, "no gcp resources")


def test_a_kind_that_was_not_read_makes_silence_unknown_but_takes_nothing_from_what_was_found() -> None:
    answer = ask(FED, NOTHING, gap("aws.s3.bucket"))
    assert (answer.answer, answer.unknown, answer.because) == (Answer.UNKNOWN, ("account:1",), (0,))
    answer = ask(FED, graph({"a": Label.AGENT}), gap("aws.s3.bucket"))
    assert answer.answer is Answer.UNKNOWN
    assert ask(FED, FEEDS, gap("aws.s3.bucket")).answer is Answer.FIRES
    assert ask(FED, NOTHING, gap("aws.bedrock.guardrail")).answer is Answer.QUIET


def test_refs_that_were_not_read_make_silence_unknown() -> None:
    answer = ask(FED, NOTHING, gap("refs.fed_by", resource="a"))
    assert (answer.answer, answer.unknown, answer.because) == (Answer.UNKNOWN, ("a",), (0,))
    assert ask(FED, NOTHING, gap("refs.uses_tool", resource="a")).answer is Answer.QUIET
    assert ask(FED, NOTHING, gap("refs", kinds=("aws.bedrock.agent",))).answer is Answer.UNKNOWN


def test_a_control_that_may_stand_in_an_unread_field_is_not_absent() -> None:
    assert ask(UNGUARDED, NOTHING).answer is Answer.FIRES
    answer = ask(UNGUARDED, NOTHING, gap("refs.guarded_by", resource="a"))
    assert (answer.answer, answer.unknown, answer.because) == (Answer.UNKNOWN, ("a",), (0,))
    # The agent itself says that it has no guardrail, whatever guardrails there may be.
    assert ask(UNGUARDED, NOTHING, gap("aws.bedrock.guardrail")).answer is Answer.FIRES


def test_an_absence_inside_a_scope_needs_every_kind_that_could_fill_it() -> None:
    assert ask(UNLOGGED, FEEDS).answer is Answer.QUIET
    answer = ask(UNLOGGED, NOTHING)
    assert (answer.answer, answer.checked) == (Answer.FIRES, 1)
    answer = ask(UNLOGGED, NOTHING, gap("aws.cloudtrail.trail"))
    assert (answer.answer, answer.unknown) == (Answer.UNKNOWN, ("account:1",))


def test_a_hidden_attribute_is_unknown_for_its_resource_and_fires_for_others() -> None:
    open_buckets = rule("node: DataStore\nfails: {public: true}")
    builder = GraphBuilder()
    builder.node("b", (Label.DATA_STORE,), states={"public": State.UNSEEN})
    answer = ask(open_buckets, builder.freeze(), gap("attrs.public", resource="b"))
    assert (answer.answer, answer.unknown, answer.because) == (Answer.UNKNOWN, ("b",), (0,))
    builder.node("c", (Label.DATA_STORE,), props={"public": True})
    answer = ask(open_buckets, builder.freeze(), gap("attrs.public", resource="b"))
    assert (answer.answer, answer.unknown, answer.checked) == (Answer.FIRES, ("b",), 2)


def test_an_unseen_hop_is_unknown_and_a_possible_one_fires() -> None:
    for state, expected in ((State.UNSEEN, Answer.UNKNOWN), (State.POSSIBLE, Answer.FIRES)):
        builder = GraphBuilder()
        builder.node("a", (Label.AGENT,))
        builder.node("b", (Label.DATA_STORE,))
        builder.edge(EdgeRow(source="b", target="a", kind=EdgeKind.FEEDS, state=state))
        assert ask(FED, builder.freeze()).answer is expected


def test_a_word_that_nothing_draws_makes_a_rule_not_implemented() -> None:
    answer = ask(FED, FEEDS, emitted={"DataStore", "Agent"})
    assert (answer.answer, answer.reason) == (Answer.NOT_IMPLEMENTED, "no builder draws feeds yet")
    assert ask(FED, FEEDS, emitted={"DataStore", "Agent", "feeds"}).answer is Answer.FIRES
    # A control that is never drawn only leaves an attack path as it is, but would make a posture rule fire everywhere.
    assert ask(UNGUARDED, NOTHING, emitted={"Agent"}).answer is Answer.FIRES
    assert ask(UNLOGGED, NOTHING, emitted={"Account", "contains"}).answer is Answer.NOT_IMPLEMENTED


def test_one_alternative_that_can_be_drawn_is_enough() -> None:
    choice = rule("path: [{node: Agent, as: agent}, {any: [[{edge: runs_as}], [{edge: acts_as}]]}, {as: x}]")
    assert ask(choice, NOTHING, emitted={"Agent", "acts_as"}).answer is Answer.QUIET
    assert ask(choice, NOTHING, emitted={"Agent"}).answer is Answer.NOT_IMPLEMENTED
