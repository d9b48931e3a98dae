"""A plan: candidates from the hops of findings, the cheapest cover, and round after round of proof.

Each round covers every path known so far, runs the whole analysis on the patched inventory and learns from what is left:
a path that shows up only now joins the known ones, and a change after which a path stands is no longer believed to break it.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from aisposture.fix.actions import Change, Changes
from aisposture.fix.commands import Difference
from aisposture.fix.costs import COSTS
from aisposture.fix.cover import Edge, Option, bound, cover, packed
from aisposture.fix.patch import patched
from aisposture.fix.prove import Look, Proof, applied, compare
from aisposture.fix.terraform import blocks
from aisposture.model.finding import Band, Finding, FixStep, Walk
from aisposture.model.inventory import Inventory, encode
from aisposture.model.resource import Resource
from aisposture.rules.words import Fix, Rule

WEIGHTS = {Band.CRITICAL: 8.0, Band.HIGH: 4.0, Band.MEDIUM: 2.0, Band.LOW: 1.0, Band.INFO: 0.5}
"""What breaking a path of each band is worth."""

ROUNDS = 25
"""Rounds after which the planner stops, whatever is left."""

PRODUCTION = frozenset({"prod", "production", "live"})


class Jewel(Struct, frozen=True, kw_only=True):
    """What some paths end at, and a lower bound of what any plan costs that touches all of them.

    Attributes:
        paths: how many known paths end there.
        spent: cost of the steps of the plan that touch these paths.
    """

    resource: str
    paths: int
    lower_bound: float
    spent: float


class Plan(Struct, frozen=True, kw_only=True):
    """What to change, and the proof.

    Attributes:
        down_to: the mildest band that was planned for.
        steps: in the order in which to take them: most weight broken for the cost first.
        advice: what rules recommend for paths that no step breaks; cannot be proved and is not counted.
        alternatives: other steps that touch the same paths.
        lower_bound: no choice among all known steps that touches every path which these steps touch costs less.
        gap: cost minus lower bound.
        rounds: how often the analysis was run again.
    """

    down_to: str
    steps: tuple[FixStep, ...]
    proof: Proof
    advice: tuple[FixStep, ...]
    alternatives: tuple[FixStep, ...]
    cost: float
    lower_bound: float
    gap: float
    jewels: tuple[Jewel, ...]
    rounds: int


class _Path(Struct, kw_only=True):
    """A known path: one walk of a finding with the branches that it needs.

    Attributes:
        edges: in order, main walk first.
        touched: id of a step -> edges of the path that it touches.
        weak: ids of the steps that only weaken it.
        survived: ids of the steps after which it was still there.
        wanted: the plan has to break it.
    """

    finding: Finding
    wanted: bool = False
    edges: tuple[Edge, ...]
    touched: dict[str, set[Edge]]
    weak: set[str]
    survived: set[str]

    def cut_by(self) -> set[str]:
        """Steps that are believed to break it; those that weaken it where nothing else is left."""
        left = set(self.touched) - self.survived
        return left - self.weak or left


class Planner:
    """Plans for one inventory.

    Args:
        inventory: as it was read.
        rules: the rules that were run, for the effects and costs that they give to actions.
        look: the whole analysis.
    """

    def __init__(self, inventory: Inventory, rules: Iterable[Rule], look: Look) -> None:
        self.inventory = inventory
        self.rules = {rule.id: rule for rule in rules}
        self.look = look
        self.changes = Changes(inventory)
        self.steps: dict[str, FixStep] = {}
        self.paths: dict[tuple[Edge, ...], _Path] = {}

    def plan(self, found: Sequence[Finding], *, down_to: Band = Band.HIGH, quick: bool = False) -> Plan:
        """The plan after which, if it can be had, no attack path of band ``down_to`` or worse is left.

        Args:
            found: what the analysis says of the inventory as it is.
            down_to: the mildest band to plan for.
            quick: prove only the plan as a whole; what each step closes is then an estimate.
        """
        self._learn(found, down_to, ())
        chosen: list[Option] = []
        after, rounds = found, 0
        while rounds < ROUNDS:
            chosen = self._cover()
            after = self._after(chosen)
            rounds += 1
            if not self._learn(after, down_to, [one.id for one in chosen]):
                break
        if quick:
            return self._told(found, after, self._estimated(found, after, chosen), down_to, rounds)
        taken, last = self._one_by_one(found, chosen, down_to)
        if _open(last, down_to) - _open(after, down_to):
            taken, last = self._estimated(found, after, chosen), after
        return self._told(found, last, taken, down_to, rounds)

    def candidates(self, found: Sequence[Finding]) -> dict[str, FixStep]:
        """Every step that touches one of ``found``, by id."""
        self._learn(found, Band.INFO, ())
        for finding in found:
            for change in self._advised(finding):
                self._step(change, self._fix(finding, change.action), finding)
        return self.steps

    # --- what is known

    def _learn(self, found: Sequence[Finding], down_to: Band, taken: Sequence[str]) -> bool:
        """Whether ``found``, after the steps ``taken``, teaches anything that another choice of steps could use."""
        news = False
        for finding in sorted(found, key=lambda one: one.fingerprint):
            wanted = finding.band.rank >= down_to.rank
            if finding.family != "path" or (taken and not wanted):
                continue
            edges = _edges(finding)
            path = self.paths.get(edges)
            if path is None:
                path = self.paths[edges] = self._known(finding, edges)
            path.wanted = path.wanted or wanted
            # Every path with a way to break it was covered: one that stands all the same is news.
            news = news or bool(path.cut_by())
            path.survived |= set(taken) & set(path.touched)
        return news

    def _known(self, finding: Finding, edges: tuple[Edge, ...]) -> _Path:
        path = _Path(finding=finding, edges=edges, touched={}, weak=set(), survived=set())
        for walk in _needed(finding):
            for hop in walk.hops:
                edge = (hop.source, hop.kind.value, hop.target)
                for change in self.changes.of_hop(hop):
                    fix = self._fix(finding, change.action)
                    step = self._step(change, fix, finding)
                    path.touched.setdefault(step.id, set()).add(edge)
                    if (fix.effect if fix else step.effect) == "weaken":
                        path.weak.add(step.id)
        return path

    def _fix(self, finding: Finding, action: str) -> Fix | None:
        rule = self.rules.get(finding.rule)
        return next((fix for fix in rule.fixes if fix.action == action), None) if rule else None

    def _advised(self, finding: Finding) -> Iterable[Change]:
        rule = self.rules.get(finding.rule)
        for fix in rule.fixes if rule else ():
            if fix.action and fix.node:
                yield from self.changes.on(fix.action, finding.bindings.get(fix.node, ""))

    def _step(self, change: Change, fix: Fix | None, finding: Finding) -> FixStep:
        name = _step_id(change)
        known = self.steps.get(name)
        cost = self._cost(change, fix)
        if known is not None:
            if cost < known.cost:
                known = self.steps[name] = replace(known, cost=cost)
            return known
        after = patched(self.inventory, change.patches).by_id
        # What is new comes first: the rest may name it.
        changed = sorted(
            (
                Difference(self.inventory.by_id.get(patch.resource), after[patch.resource])
                for patch in change.patches
            ),
            key=lambda one: one.before is not None,
        )
        step = FixStep(
            id=name,
            title=change.title,
            action=change.action,
            resource=change.resource,
            effect=COSTS[change.action].effect,
            cost=cost,
            patches=change.patches,
            disruption=COSTS[change.action].disruption,
            owner=self._owner(change.resource) or finding.owner,
            cli="\n".join(dict.fromkeys(line for one in changed for line in one.cli())),
            terraform="\n\n".join(block for one in changed for block in blocks(one)),
        )
        self.steps[name] = step
        return step

    def _cost(self, change: Change, fix: Fix | None) -> float:
        known = COSTS[change.action]
        whole = self._whole(change.resource)
        factor = known.in_production if whole is not None and _in_production(whole) else 1.0
        return round((fix.cost if fix and fix.cost is not None else known.effort) * factor, 2)

    def _owner(self, resource: str) -> str:
        found = self._whole(resource)
        return found.tags.get("owner", "") if found is not None else ""

    def _whole(self, resource: str) -> Resource | None:
        """The resource, or the one it is a part of where it has no tags of its own."""
        found = self.inventory.by_id.get(resource)
        whole = self.inventory.by_id.get(resource.partition("#")[0])
        return found if found is not None and (found.tags or whole is None) else whole

    # --- what is chosen

    def _cover(self) -> list[Option]:
        paths = list(self.paths.values())
        hits: dict[str, set[int]] = {}
        weakens: dict[str, set[int]] = {}
        for number, path in enumerate(paths):
            cutting = path.cut_by()
            for step in path.touched:
                (hits if step in cutting else weakens).setdefault(step, set()).add(number)
        options = [
            Option(
                id=step,
                cost=self.steps[step].cost,
                hits=frozenset(hit),
                weakens=frozenset(weakens.get(step, ())),
            )
            for step, hit in hits.items()
        ]
        weights = {n: WEIGHTS[path.finding.band] for n, path in enumerate(paths) if path.wanted}
        return cover(options, weights)

    def _after(self, chosen: Iterable[Option]) -> Sequence[Finding]:
        return self.look(applied(self.inventory, [self.steps[one.id] for one in chosen]))

    def _one_by_one(
        self, found: Sequence[Finding], chosen: Sequence[Option], down_to: Band
    ) -> tuple[list[FixStep], Sequence[Finding]]:
        """The steps with what each closes, proved in this order, and what is left; steps with nothing left to do are dropped."""
        taken: list[Option] = []
        steps: list[FixStep] = []
        last = found
        for one in chosen:
            left = _open(last, down_to)
            if not any(path.edges in left for n, path in enumerate(self.paths.values()) if n in one.hits):
                continue
            taken.append(one)
            after = self._after(taken)
            steps.append(replace(self.steps[one.id], breaks=compare(last, after).closed))
            last = after
        return steps, last

    def _estimated(
        self, found: Sequence[Finding], after: Sequence[Finding], chosen: Sequence[Option]
    ) -> list[FixStep]:
        """The steps with those of the closed findings all of whose known paths they touch."""
        closed = compare(found, after).closed
        paths = list(self.paths.values())
        mine = {
            name: {n for n, path in enumerate(paths) if path.finding.fingerprint == name} for name in closed
        }
        return [
            replace(
                self.steps[one.id],
                breaks=tuple(name for name in closed if mine[name] and mine[name] <= one.hits),
            )
            for one in chosen
        ]

    def _told(
        self,
        found: Sequence[Finding],
        after: Sequence[Finding],
        steps: Sequence[FixStep],
        down_to: Band,
        rounds: int,
    ) -> Plan:
        proof = compare(found, after)
        taken = {step.id for step in steps}
        cost = round(sum(step.cost for step in steps), 2)
        # A path that fell although no step touches it (its agent lost its power, say) asks for no cut of its own.
        breakable = {
            n: path for n, path in enumerate(self.paths.values()) if path.wanted and path.cut_by() & taken
        }
        lowest = self._bound(breakable)
        return Plan(
            down_to=down_to.value,
            steps=tuple(steps),
            proof=proof,
            advice=self._advice(proof, down_to),
            alternatives=tuple(step for name, step in sorted(self.steps.items()) if name not in taken),
            cost=cost,
            lower_bound=lowest,
            gap=round(cost - lowest, 2),
            jewels=self._jewels(breakable, taken),
            rounds=rounds,
        )

    def _bound(self, paths: Mapping[int, _Path]) -> float:
        touched: dict[str, dict[int, set[Edge]]] = {}
        for number, path in paths.items():
            for step in path.cut_by():
                touched.setdefault(step, {})[number] = path.touched[step]
        costs = {step: self.steps[step].cost for step in touched}
        options = [Option(id=step, cost=costs[step], hits=frozenset(mine)) for step, mine in touched.items()]
        lowest = bound({number: path.edges for number, path in paths.items()}, touched, costs)
        return round(max(lowest, packed(options)), 2)

    def _jewels(self, paths: Mapping[int, _Path], taken: set[str]) -> tuple[Jewel, ...]:
        ends: dict[str, dict[int, _Path]] = {}
        for number, path in paths.items():
            hops = path.finding.walks[0].hops
            end = (hops[-1].target if hops[-1].forward else hops[-1].source) if hops else ""
            ends.setdefault(end, {})[number] = path
        return tuple(
            Jewel(
                resource=end,
                paths=len(mine),
                lower_bound=self._bound(mine),
                spent=round(
                    sum(
                        self.steps[step].cost
                        for step in taken
                        if any(step in path.cut_by() for path in mine.values())
                    ),
                    2,
                ),
            )
            for end, mine in sorted(ends.items())
        )

    def _advice(self, proof: Proof, down_to: Band) -> tuple[FixStep, ...]:
        advice: dict[str, FixStep] = {}
        for finding in proof.residual:
            if finding.band.rank < down_to.rank:
                continue
            for fix in self.rules[finding.rule].fixes if finding.rule in self.rules else ():
                name = f"advice-{hashlib.sha256(f'{finding.rule} {fix.text}'.encode()).hexdigest()[:8]}"
                advice.setdefault(
                    name,
                    FixStep(
                        id=name, title=fix.text, effect=fix.effect, cost=fix.cost or 0.0, owner=finding.owner
                    ),
                )
        return tuple(advice.values())


def _needed(finding: Finding) -> tuple[Walk, ...]:
    return tuple(walk for walk in finding.walks if walk.role != "unless")


def _edges(finding: Finding) -> tuple[Edge, ...]:
    return tuple((hop.source, hop.kind.value, hop.target) for walk in _needed(finding) for hop in walk.hops)


def _open(found: Iterable[Finding], down_to: Band) -> set[tuple[Edge, ...]]:
    return {
        _edges(finding) for finding in found if finding.family == "path" and finding.band.rank >= down_to.rank
    }


def _step_id(change: Change) -> str:
    content = encode((change.action, sorted(change.patches, key=encode)))
    return f"{change.action.replace('_', '-')}-{hashlib.sha256(content).hexdigest()[:10]}"


def _in_production(resource: Resource) -> bool:
    tags = {key.lower(): value.lower() for key, value in resource.tags.items()}
    return any(tags.get(key) in PRODUCTION for key in ("env", "environment", "stage"))
