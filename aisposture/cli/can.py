"""``can`` and ``who-can``: single permissions, with the statements that decide them."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aisposture.cli import options
from aisposture.cli.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aisposture.access.query import Part, Verdict
    from aisposture.model.access import Decision, StatementRef
    from aisposture.model.finding import Evidence
    from aisposture.model.inventory import Inventory


@click.command()
@click.argument("principal")
@click.argument("action")
@click.argument("resource")
@options.snapshots
@options.as_json
def can(*, principal: str, action: str, resource: str, snapshots: tuple[Path, ...], as_json: bool) -> int:
    """Say whether PRINCIPAL may do ACTION on RESOURCE, by which statements, or what stops it.

    PRINCIPAL is an id, an ARN, a name, a service, an account, or `internet`; what runs as a role stands for that role.
    RESOURCE is an id, a name, BUCKET/KEY, an ARN, or `*`.
    """
    from aisposture.access.query import Question
    from aisposture.access.query import principal as named

    inventory = options.load(snapshots)
    question = Question(inventory, action, resource)
    verdict = next(question.ask([named(question, principal)]))
    told = _Told(inventory)
    if as_json:
        options.print_json({**told.fields(verdict), "assumptions": question.assumptions})
        return Exit.OK
    told.say(verdict)
    for words in question.assumptions:
        told.line(f"assumed: {words}")
    return Exit.OK


@click.command("who-can")
@click.argument("action")
@click.argument("resource")
@options.snapshots
@options.as_json
def who_can(*, action: str, resource: str, snapshots: tuple[Path, ...], as_json: bool) -> int:
    """List everybody who may do ACTION on RESOURCE, for certain, under conditions, or as far as is known.

    RESOURCE is an id, a name, BUCKET/KEY, BUCKET/* for its objects, an ARN, or `*`.
    """
    from aisposture.access.query import Question
    from aisposture.report.stakes import plural

    inventory = options.load(snapshots)
    question = Question(inventory, action, resource)
    found = [verdict for verdict in question.ask(question.everyone()) if verdict.reaches]
    found.sort(key=lambda verdict: (-verdict.state, verdict.principal, verdict.caller))
    told = _Told(inventory)
    if as_json:
        options.print_json(
            {
                "action": question.action,
                "resource": question.resource,
                "principals": [told.fields(verdict) for verdict in found],
                "unread": question.side_unread,
                "assumptions": question.assumptions,
            }
        )
        return Exit.OK
    told.line(f"{plural(len(found), 'principal')} for {question.action} on {question.resource}")
    for verdict in found:
        told.say(verdict)
    for words in (*question.side_unread, *(f"assumed: {one}" for one in question.assumptions)):
        told.line(words)
    return Exit.OK


class _Told:
    """Verdicts in words and as JSON values."""

    def __init__(self, inventory: "Inventory") -> None:
        from aisposture.rank.evidence import EvidenceBook

        self.book = EvidenceBook(inventory)

    def fields(self, verdict: "Verdict") -> dict[str, Any]:
        return {
            "principal": verdict.principal,
            "caller": verdict.caller,
            "action": verdict.action,
            "resource": verdict.resource,
            **self._decision(verdict),
            "unread": verdict.unread,
            "parts": [{"pattern": part.pattern, **self._decision(part)} for part in verdict.parts],
        }

    def _decision(self, said: "Verdict | Part") -> dict[str, Any]:
        from aisposture.model.graph import State

        decision = said.decision
        return {
            "decision": "Unknown" if said.state is State.UNSEEN else decision.outcome.value,
            "state": said.state.name.lower(),
            "layer": decision.layer,
            "statements": [
                {
                    "effect": effect,
                    "resource": ref.resource,
                    "role": ref.role.value,
                    "policy": ref.policy,
                    "index": ref.index,
                    "sid": ref.sid,
                    "statement": self._evidence(ref).statement,
                }
                for effect, ref in _deciding(decision)
            ],
            "conditions": decision.conditions,
        }

    def _evidence(self, ref: "StatementRef") -> "Evidence":
        from aisposture.model.graph import EvidenceRef

        where = EvidenceRef(resource=ref.resource, field=f"policies.{ref.policy}", statement=ref.index)
        return self.book.resolve([where])[0]

    def say(self, verdict: "Verdict") -> None:
        self.line(f"{verdict.principal}: {_answer(verdict)}")
        if verdict.caller != verdict.principal:
            self.line(f"  asking as {verdict.caller}")
        self._reasons(verdict.decision, "  ")
        for part in verdict.parts:
            self.line(f"  on {part.pattern}: {_answer(part)}")
            self._reasons(part.decision, "    ")
        for words in verdict.unread:
            self.line(f"  not read: {words}")

    def _reasons(self, decision: "Decision", indent: str) -> None:
        for effect, ref in _deciding(decision):
            sid = f" '{ref.sid}'" if ref.sid else ""
            name = f"{ref.role.value} policy {ref.policy}" if ref.policy else f"{ref.role.value} policy"
            self.line(f"{indent}{effect} in statement {ref.index}{sid} of {name} at {ref.resource or '?'}")
        for condition in decision.conditions:
            self.line(f"{indent}if {condition}")

    def line(self, words: str) -> None:
        from aisposture.report.text import visible

        indent = len(words) - len(words.lstrip())
        click.echo(" " * indent + visible(words.lstrip(), 4000))


def _answer(said: "Verdict | Part") -> str:
    from aisposture.model.access import Outcome
    from aisposture.model.graph import State

    outcome, layer = said.decision.outcome, said.decision.layer
    if said.state is State.UNSEEN:
        return f"unknown: what was read does not allow it (layer {layer}), but not all was read"
    if outcome is Outcome.EXPLICITLY_DENIED:
        return f"denied, by layer {layer}"
    if outcome is Outcome.IMPLICITLY_DENIED:
        return f"not allowed: layer {layer} does not allow it"
    if outcome is Outcome.CONDITIONAL:
        return "allowed under conditions"
    return "allowed" if said.state is State.CONFIRMED else "allowed by what was read"


def _deciding(decision: "Decision") -> "Iterator[tuple[str, StatementRef]]":
    """The statements that decided: a refusal for want of an allow has none, a denial only those that deny."""
    from aisposture.model.access import Outcome

    yield from (("Deny", ref) for ref in decision.denied)
    if decision.outcome in (Outcome.ALLOWED, Outcome.CONDITIONAL):
        yield from (("Allow", ref) for ref in decision.allowed)


COMMANDS = (can, who_can)
