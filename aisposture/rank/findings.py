"""From the answers of the rules to findings: scored, folded, explained, in the order in which to act."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from math import prod
from typing import NamedTuple

from aisposture.graph.columns import Graph
from aisposture.graph.query import Match, WalkEdge
from aisposture.model import ids
from aisposture.model.finding import Answer, Finding, Hop, Node, Score, Walk
from aisposture.model.graph import VERBS, EdgeKind, Label, State
from aisposture.model.inventory import Inventory
from aisposture.model.resource import Resource
from aisposture.rank.attach import attached
from aisposture.rank.evidence import EvidenceBook
from aisposture.rank.impact import Impacts
from aisposture.rank.likelihood import Likelihoods
from aisposture.rank.score import Factors, noisy_or, score
from aisposture.rank.story import headline, story
from aisposture.rules.run import RuleAnswer
from aisposture.rules.words import Rule

STACK_TAGS = ("aws:cloudformation:stack-name", "aws:cloudformation:logical-id")
"""Tags that name a resource by its infrastructure code, which outlives generated suffixes."""

GRADES = {State.CONFIRMED: "E3", State.POSSIBLE: "E2", State.UNSEEN: "E0"}


class Judged(NamedTuple):
    """A match with what the score of its walk depends on."""

    match: Match
    factors: Factors
    score: Score


class Findings:
    """Makes findings over one graph and the inventory behind it."""

    def __init__(self, graph: Graph, inventory: Inventory) -> None:
        self.graph = graph
        self.inventory = inventory
        self.book = EvidenceBook(inventory)
        self.impacts = Impacts(graph)
        self.likelihoods = Likelihoods(graph)

    def of(self, answers: Iterable[RuleAnswer]) -> tuple[Finding, ...]:
        """Every finding, worst first; posture findings are attached to the paths they enable."""
        found = [
            finding
            for answer in answers
            if answer.answer is Answer.FIRES
            for finding in (self._paths(answer) if answer.rule.family == "path" else self._posture(answer))
        ]
        return tuple(attached(sorted(_with_causes(found), key=order)))

    def _paths(self, answer: RuleAnswer) -> Iterable[Finding]:
        groups: dict[tuple[str, ...], list[Judged]] = {}
        for match in answer.matches:
            key = tuple(match.bindings.get(name, "") for name in answer.rule.group_by)
            groups.setdefault(key, []).append(self._judged(answer.rule, match))
        return [self._folded(answer.rule, key, group) for key, group in groups.items()]

    def _judged(self, rule: Rule, match: Match, lifted: float | None = None) -> Judged:
        nodes = self._numbers(match)
        likelihood = self.likelihoods.of(match)
        impact, why = self.impacts.of(nodes, self._leg_ends(match))
        factors = Factors(
            hops=likelihood.factors,
            impact=impact,
            impact_why=why,
            ceiling=rule.severity,
            grade=self._grade(match, nodes),
            internet=likelihood.internet,
            entered=likelihood.entered,
            blast=self.impacts.blast(nodes),
            lifted=lifted,
        )
        return Judged(match, factors, score(factors))

    def _leg_ends(self, match: Match) -> list[int]:
        """The nodes at which the other legs that a rule needs end."""
        walks = [leg.walk for leg in match.branches if leg.role == "with" and leg.walk]
        return [self.graph.number[walk[-1].target if walk[-1].forward else walk[-1].source] for walk in walks]

    def _grade(self, match: Match, nodes: list[int]) -> str:
        heuristic = any(
            self.graph.prop(node, "agent_class") == ("possible_agent", State.POSSIBLE) for node in nodes
        )
        return "E1" if heuristic else GRADES[match.state]

    def _folded(self, rule: Rule, key: tuple[str, ...], group: list[Judged]) -> Finding:
        group.sort(
            key=lambda judged: (
                -judged.score.band.rank,
                -judged.score.likelihood,
                len(judged.match.walk),
                sorted(judged.match.bindings.items()),
            )
        )
        best = group[0]
        lifted = noisy_or(
            tuple(prod(factor.value for factor in judged.factors.hops) for judged in _disjoint(group))
        )
        best = self._judged(rule, best.match, lifted=lifted)
        walk = self.walk(best.match.walk, best.match.state)
        passed = _passed(best.match, self.graph)
        agent = best.match.bindings.get("agent") or next(
            (node for node in passed if self._is(node, Label.AGENT)), ""
        )
        account = best.match.bindings.get("account") or self._account(agent or passed[-1])
        nodes = {node: self.node(node) for node in (*passed, *filter(None, [agent]))}
        owner, owner_why = self._owner(agent or passed[-1])
        return Finding(
            fingerprint=self._fingerprint(rule, key),
            rule=rule.id,
            family=rule.family,
            title=rule.title,
            why=rule.why,
            story=story(walk, nodes, agent) or headline(nodes[passed[-1]], rule.title),
            likely=best.match.state is State.POSSIBLE,
            state=best.match.state,
            score=best.score,
            account=account,
            bindings=dict(sorted(best.match.bindings.items())),
            walks=(
                walk,
                *(self.walk(leg.walk, leg.state, leg.role) for leg in best.match.branches if leg.walk),
            ),
            agent=agent,
            entry=best.match.bindings.get("entry_class", ""),
            sink=best.match.bindings.get("sink_class", ""),
            paths=len(group),
            sinks=sum(judged.match.sinks for judged in group),
            resources=tuple(node for node in passed if node in self.inventory.by_id),
            fixes=tuple(fix.text for fix in rule.fixes),
            owner=owner,
            owner_why=owner_why,
            frameworks=rule.frameworks,
        )

    def _posture(self, answer: RuleAnswer) -> Iterable[Finding]:
        rule = answer.rule
        for match in answer.matches:
            resource = match.bindings["resource"]
            node = self.node(resource)
            owner, owner_why = self._owner(resource)
            yield Finding(
                fingerprint=self._fingerprint(rule, (resource,)),
                rule=rule.id,
                family=rule.family,
                title=rule.title,
                why=rule.why,
                story=headline(node, rule.title),
                likely=match.state is State.POSSIBLE,
                state=match.state,
                score=Score(
                    band=rule.severity,
                    likelihood=0.0,
                    likelihood_class="",
                    impact_class="",
                    grade=GRADES[match.state],
                    display=rule.severity.rank * 20,
                ),
                account=node.account,
                bindings=dict(sorted(match.bindings.items())),
                walks=tuple(self.walk(leg.walk, leg.state, leg.role) for leg in match.branches if leg.walk),
                agent=resource if Label.AGENT in node.labels else "",
                resources=(resource,),
                fixes=tuple(fix.text for fix in rule.fixes),
                owner=owner,
                owner_why=owner_why,
                frameworks=rule.frameworks,
            )

    def walk(self, edges: Sequence[WalkEdge], state: State, role: str = "path") -> Walk:
        """A walk of the search as a report shows it: every hop with its evidence."""
        return Walk(hops=tuple(self._hop(edge) for edge in edges), state=state, role=role)

    def _hop(self, edge: WalkEdge) -> Hop:
        row = self.graph.rows[edge.edge] if edge.edge is not None else None
        return Hop(
            source=edge.source,
            target=edge.target,
            kind=edge.kind,
            state=edge.state,
            forward=edge.forward,
            weight=round(edge.weight, 6),
            attrs=dict(row.attrs) if row is not None else {},
            conditions=row.conditions if row is not None else (),
            evidence=self.book.resolve(row.evidence) if row is not None else (),
            via=edge.via,
        )

    def node(self, node: str) -> Node:
        """A node as a report shows it."""
        number = self.graph.number[node]
        row = self.graph.nodes[number]
        return Node(
            id=node,
            name=row.name or node,
            kind=row.kind,
            labels=self.graph.labels_of(number),
            account=row.account,
            region=row.region,
            attrs=self.graph.props_of(number),
        )

    def _is(self, node: str, label: Label) -> bool:
        return label in self.graph.labels_of(self.graph.number[node])

    def _account(self, node: str) -> str:
        return self.graph.nodes[self.graph.number[node]].account

    def _owner(self, node: str) -> tuple[str, str]:
        cell = self.graph.prop(self.graph.number[node], "owner")
        if cell is None or not cell[0]:
            return "unowned", ""
        return str(cell[0]), "tag"

    def _numbers(self, match: Match) -> list[int]:
        return [self.graph.number[node] for node in _passed(match, self.graph)]

    def _fingerprint(self, rule: Rule, key: Iterable[str]) -> str:
        parts = [rule.id, *(self._stable(part) for part in key)]
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()

    def _stable(self, part: str) -> str:
        resource = self.inventory.by_id.get(part)
        return _stack_id(resource) if resource is not None else part


def _stack_id(resource: Resource) -> str:
    stack = [resource.tags.get(tag, "") for tag in STACK_TAGS]
    return "/".join(["stack", resource.account, *stack]) if all(stack) else resource.id


def findings(answers: Iterable[RuleAnswer], graph: Graph, inventory: Inventory) -> tuple[Finding, ...]:
    """Every finding of ``answers``, in the order in which to act."""
    return Findings(graph, inventory).of(answers)


_BY_LAW = frozenset(
    {
        *VERBS,
        EdgeKind.CAN_ASSUME,
        EdgeKind.CAN_ESCALATE,
        EdgeKind.FEDERATES,
        EdgeKind.CAN_ADD_CREDENTIAL,
        EdgeKind.CAN_MINT,
    }
)
"""Hops that rest on a permission."""


def assumed(found: Iterable[Finding], assumptions: Mapping[str, str]) -> tuple[Finding, ...]:
    """``found`` with each path told which of ``assumptions`` (account -> words) its permissions rest on."""
    from msgspec.structs import replace

    if not assumptions:
        return tuple(found)
    told = []
    for finding in found:
        hops = [hop for walk in finding.walks for hop in walk.hops if hop.kind in _BY_LAW]
        accounts = {finding.account} if hops else set[str]()
        accounts |= {ids.account_of(end) or "" for hop in hops for end in (hop.source, hop.target)}
        words = tuple(assumptions[account] for account in sorted(accounts) if account in assumptions)
        told.append(replace(finding, assumptions=words) if words else finding)
    return tuple(told)


def shown_nodes(found: Iterable[Finding], graph: Graph, inventory: Inventory) -> dict[str, Node]:
    """The nodes that the findings mention, by id."""
    maker = Findings(graph, inventory)
    mentioned = {
        node
        for finding in found
        for node in (
            *finding.resources,
            *filter(None, [finding.agent]),
            *(
                end
                for walk in finding.walks
                for hop in walk.hops
                for end in (hop.source, hop.target, *hop.via)
            ),
        )
    }
    return {node: maker.node(node) for node in sorted(mentioned) if node in graph.number}


def order(finding: Finding) -> tuple[object, ...]:
    """Sort key: paths before posture, band, impact, likelihood, blast radius, then id."""
    value = finding.score
    return (
        finding.family != "path",
        -value.band.rank,
        -int(value.impact_class[1:] or 0),
        -int(value.likelihood_class[1:] or 0),
        -value.likelihood,
        -value.blast_radius,
        finding.rule,
        finding.fingerprint,
    )


def _visited(match: Match) -> list[str]:
    """The nodes of the main walk in the order in which it visits them."""
    visited: list[str] = []
    for edge in match.walk:
        start, end = (edge.source, edge.target) if edge.forward else (edge.target, edge.source)
        if not visited:
            visited.append(start)
        visited.append(end)
    return visited


def _passed(match: Match, graph: Graph) -> list[str]:
    """The nodes of the main walk; of a walk without a hop, the nodes that the match names."""
    return _visited(match) or [node for node in match.bindings.values() if node in graph.number]


def _disjoint(group: Sequence[Judged]) -> list[Judged]:
    """A greedy set of walks that share no edge, strongest first."""
    used: set[tuple[str, str, str]] = set()
    chosen = []
    for judged in group:
        edges = {(edge.source, edge.kind.value, edge.target) for edge in judged.match.walk}
        if not edges & used:
            used |= edges
            chosen.append(judged)
    return chosen


def _with_causes(found: Sequence[Finding]) -> list[Finding]:
    """Posture findings on a resource of a path are attached to it as causes, worst first."""
    import msgspec

    by_resource: dict[str, list[Finding]] = {}
    for finding in found:
        if finding.family == "posture":
            by_resource.setdefault(finding.resources[0], []).append(finding)
    joined = []
    for finding in found:
        causes: list[Finding] = []
        if finding.family == "path":
            causes = [cause for resource in finding.resources for cause in by_resource.get(resource, ())]
            causes.sort(key=order)
        joined.append(
            msgspec.structs.replace(
                finding, causes=tuple(dict.fromkeys(cause.fingerprint for cause in causes))
            )
        )
    return joined
