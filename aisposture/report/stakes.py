"""What is at stake, and how much of the estate that statement rests on: the first lines of every report for people."""

from collections import Counter
from itertools import groupby

from msgspec import Struct

from aisposture.model.finding import Answer, Band, Finding, Report, RuleResult, headlines
from aisposture.model.graph import Label
from aisposture.model.ids import ADMIN, parse_sink


class Stakes(Struct, frozen=True, kw_only=True):
    """Counts and lists of a report.

    Attributes:
        paths, posture: findings of each family by band, every band present.
        stores: ids of restricted (D3) data stores on some attack path.
        accounts: accounts over which some attack path gives full control.
        agents: ids of agents on some attack path.
        assessed: rules that were answered for everything they apply to.
        unknown: rules that could not be settled, wholly or for some resources; worst ceiling first.
        beside: rules that do not apply or are not implemented.
    """

    paths: dict[Band, int]
    posture: dict[Band, int]
    stores: tuple[str, ...]
    accounts: tuple[str, ...]
    agents: tuple[str, ...]
    assessed: tuple[RuleResult, ...]
    unknown: tuple[RuleResult, ...]
    beside: tuple[RuleResult, ...]


_BESIDE = {Answer.NOT_APPLICABLE, Answer.NOT_IMPLEMENTED}


def is_unknown(rule: RuleResult) -> bool:
    """Whether ``rule`` leaves something open."""
    return rule.answer is Answer.UNKNOWN or bool(rule.unknown)


def stakes(report: Report) -> Stakes:
    """What ``report`` puts at stake."""
    listed = headlines(report.findings)
    paths = [finding for finding in report.findings if finding.family == "path"]
    touched = {
        end
        for finding in paths
        for walk in finding.walks
        for hop in walk.hops
        for end in (hop.source, hop.target)
    }
    known = [report.nodes[end] for end in sorted(touched) if end in report.nodes]
    sinks = (parse_sink(end) for end in touched)
    by_family = Counter((finding.family == "path", finding.band) for finding in listed)
    return Stakes(
        paths={band: by_family[True, band] for band in Band},
        posture={band: by_family[False, band] for band in Band},
        stores=tuple(
            node.id
            for node in known
            if Label.DATA_STORE in node.labels and node.attrs.get("sensitivity") == "D3"
        ),
        accounts=tuple(sorted({sink[1] for sink in sinks if sink is not None and sink[0] == ADMIN})),
        agents=tuple(sorted({finding.agent for finding in paths if finding.agent})),
        assessed=tuple(rule for rule in report.rules if rule.answer not in _BESIDE and not is_unknown(rule)),
        unknown=tuple(
            sorted((rule for rule in report.rules if is_unknown(rule)), key=lambda rule: -rule.ceiling.rank)
        ),
        beside=tuple(rule for rule in report.rules if rule.answer in _BESIDE and not is_unknown(rule)),
    )


def along(finding: Finding, report: Report) -> tuple[Finding, ...]:
    """The findings that lie on the path of ``finding`` and are told with it."""
    return tuple(other for other in report.findings if other.extends == finding.fingerprint)


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def plural(count: int, one: str, many: str = "") -> str:
    """``count`` with its noun: ``1 store``, ``3 stores``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def in_words(report: Report, at_stake: Stakes) -> str:
    """One or two sentences that a manager understands; never says clean where something was not read."""
    bands = [f"{count:,} {band.value}" for band, count in at_stake.paths.items() if count]
    if not bands:
        open_ends = bool(report.gaps or at_stake.unknown)
        return (
            "No attack path was found in what could be read."
            if open_ends
            else "No attack path was found, and everything in scope was read."
        )
    total = sum(at_stake.paths.values())
    said = f"{_listed(bands)} attack {'path' if total == 1 else 'paths'}."
    ends = []
    if at_stake.stores:
        ends.append(f"reach {plural(len(at_stake.stores), 'restricted data store')}")
    if at_stake.accounts:
        ends.append(f"give full control of {plural(len(at_stake.accounts), 'account')}")
    if ends:
        said += f" They {' and '.join(ends)}."
    if at_stake.agents:
        of_all = f" of {len(report.agents)}" if len(report.agents) >= len(at_stake.agents) else ""
        said += f" {len(at_stake.agents)}{of_all} agents {'is' if len(at_stake.agents) == 1 else 'are'} on a path."
    return said


def by_rule(findings: tuple[Finding, ...], family: str) -> list[tuple[Finding, ...]]:
    """Findings of ``family`` folded by rule, the worst band first, each group in the order of the report."""
    chosen = sorted((finding for finding in findings if finding.family == family), key=lambda one: one.rule)
    groups = [tuple(group) for _, group in groupby(chosen, key=lambda one: one.rule)]
    return sorted(groups, key=lambda group: (-max(one.band.rank for one in group), group[0].rule))
