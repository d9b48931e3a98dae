"""Every rule over one graph: what it found, and whether its silence means anything."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from aisposture.graph.labels import Bounds
from aisposture.graph.query import ChoiceStep, EdgeStep, Match, NodeStep, NodeTest, Path, Query
from aisposture.graph.search import search
from aisposture.graph.store import Store
from aisposture.model import ids
from aisposture.model.finding import Answer
from aisposture.model.graph import Label, State
from aisposture.model.inventory import Inventory
from aisposture.rules.compile import compile_rule
from aisposture.rules.gaps import Gaps
from aisposture.rules.words import DERIVED_KEYS, Rule


class RuleAnswer(Struct, frozen=True, kw_only=True):
    """What one rule says of one estate.

    Attributes:
        matches: the bindings that are CONFIRMED or POSSIBLE; there are some exactly where the answer is FIRES.
        unknown: ids of resources or accounts for which it could not be settled, sorted; may be there beside matches.
        because: indexes of the Gaps that hide what it needs.
        checked: for a posture rule, how many resources it applies to.
        reason: in words, for NOT_APPLICABLE and NOT_IMPLEMENTED.
        limits: limits of the search that were reached, in words; its answer is then incomplete.
    """

    rule: Rule
    answer: Answer
    matches: tuple[Match, ...] = ()
    unknown: tuple[str, ...] = ()
    because: tuple[int, ...] = ()
    checked: int = 0
    reason: str = ""
    limits: tuple[str, ...] = ()


def run(
    store: Store,
    rules: Sequence[Rule],
    *,
    inventory: Inventory,
    labels_of_kind: Mapping[str, frozenset[Label]],
    params: Mapping[str, Any] | None = None,
    emitted: Collection[str] | None = None,
    walks: int = 1,
) -> tuple[RuleAnswer, ...]:
    """The answer of every rule, in the order given.

    Args:
        store: holds the graph, facts included.
        rules: see ``rules/schema.py``.
        inventory: what the graph was built from, for its Gaps.
        labels_of_kind: every label that a resource of a kind may get, classification included.
        params: values from ``aisposture.yaml``, in place of the rules' defaults.
        emitted: edge kinds and labels that some builder can draw; a rule that needs another is NOT_IMPLEMENTED. None: all.
        walks: how many of the cheapest walks each match carries.
    """
    gaps = Gaps(inventory, labels_of_kind)
    clouds = {"azure" if one.cloud == "entra" else one.cloud for one in inventory.resources}
    return tuple(_answer(store, rule, gaps, clouds, dict(params or {}), emitted, walks) for rule in rules)


def _answer(
    store: Store,
    rule: Rule,
    gaps: Gaps,
    clouds: set[str],
    params: Mapping[str, Any],
    emitted: Collection[str] | None,
    walks: int,
) -> RuleAnswer:
    plain = compile_rule(rule, params)
    missing = _missing(rule, plain, emitted)
    if missing:
        reason = f"no builder draws {' or '.join(missing)} yet"
        return RuleAnswer(rule=rule, answer=Answer.NOT_IMPLEMENTED, reason=reason)
    if rule.clouds and clouds and not clouds & set(rule.clouds):
        return RuleAnswer(
            rule=rule, answer=Answer.NOT_APPLICABLE, reason=f"no {' or '.join(rule.clouds)} resources"
        )
    bounds = Bounds()
    found = search(store, gaps.blinded(plain), k=walks, bounds=bounds)
    matches = tuple(one for one in found if one.state >= State.POSSIBLE)
    unseen = [one for one in found if one.state is State.UNSEEN]
    checked = len(store.seeds(_root(plain.path)).nodes) if rule.family == "posture" else 0
    hiding = gaps.hiding(plain)
    because = set(gaps.about({node for one in unseen for node in _nodes(one)}))
    if not matches:
        because |= set(hiding)
    unknown = {_subject(rule, one) for one in unseen}
    if not matches and hiding:
        unknown |= gaps.places(hiding)
    if matches:
        answer, reason = Answer.FIRES, ""
    elif unknown:
        answer, reason = Answer.UNKNOWN, ""
    elif lacking := _lacking(store, rule, plain.path):
        answer, reason = Answer.NOT_APPLICABLE, f"there is no {lacking}"
    else:
        answer, reason = Answer.QUIET, ""
    return RuleAnswer(
        rule=rule,
        answer=answer,
        matches=matches,
        unknown=tuple(sorted(unknown)),
        because=tuple(sorted(because)),
        checked=checked,
        reason=reason,
        limits=tuple(bounds.bit),
    )


def _root(path: Path) -> tuple[NodeTest, ...]:
    step = path[0]
    return (step.test,) if isinstance(step, NodeStep) else ()


def _nodes(match: Match) -> set[str]:
    hops = [*match.walk, *(hop for leg in match.branches for hop in leg.walk)]
    return {*match.bindings.values(), *(end for hop in hops for end in (hop.source, hop.target, *hop.via))}


def _subject(rule: Rule, match: Match) -> str:
    """The node that an unsettled match is about."""
    for name in rule.group_by:
        if name not in DERIVED_KEYS and match.bindings.get(name):
            return match.bindings[name]
    return match.walk[0].source if match.walk else ids.INTERNET


def _lacking(store: Store, rule: Rule, path: Path) -> str:
    """What the estate has none of, though every walk of the rule passes one; "" where nothing lacks."""
    for place, step in enumerate(path):
        if not isinstance(step, NodeStep) or not (step.test.labels or step.test.kinds):
            continue
        if Label.SINK in step.test.labels:
            continue  # a sink stands for a power: where nobody holds it, there is none
        whole = rule.family == "posture" and place == 0
        test = step.test if whole else NodeTest(labels=step.test.labels, kinds=step.test.kinds)
        if not len(store.seeds((test,)).nodes):
            words = [*step.test.labels, *step.test.kinds]
            return " or ".join(words) + (" that the rule speaks of" if whole and step.test.where else "")
    return ""


def _missing(rule: Rule, query: Query, emitted: Collection[str] | None) -> tuple[str, ...]:
    """The words of one step that no builder draws, if the rule cannot do without that step."""
    if emitted is None:
        return ()
    posture = rule.family == "posture"
    paths = [query.path, *(branch.path for branch in query.branches if posture or not branch.negated)]
    for path in paths:
        if found := _undrawn(path, emitted):
            return found
    return ()


def _undrawn(path: Path, emitted: Collection[str]) -> tuple[str, ...]:
    for step in path:
        if isinstance(step, ChoiceStep):
            each = [_undrawn(one, emitted) for one in step.paths]
            if all(each):
                return each[0]
            continue
        words: Iterable[str] = step.kinds if isinstance(step, EdgeStep) else step.test.labels
        needed = not isinstance(step, EdgeStep) or step.low > 0
        if needed and words and not any(word in emitted for word in words):
            return tuple(str(word) for word in words)
    return ()
