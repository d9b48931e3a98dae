"""``fix``: what to change first, and the proof that it helps."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from aisposture.cli import options
from aisposture.cli.exits import BANDS, Exit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from aisposture.fix.plan import Plan
    from aisposture.model.finding import Finding, FixStep


@click.command()
@options.snapshots
@click.option(
    "--down-to",
    type=click.Choice(BANDS),
    default="high",
    show_default=True,
    help="The mildest band of attack paths to break.",
)
@click.option(
    "--show",
    type=click.Choice(("cli", "terraform", "none")),
    default="cli",
    show_default=True,
    help="How each change is spelt out.",
)
@click.option(
    "--quick",
    is_flag=True,
    help="Prove only the plan as a whole; what each change closes is then an estimate.",
)
@options.analysis
@options.as_json
def fix(
    *,
    snapshots: tuple[Path, ...],
    down_to: str,
    show: str,
    quick: bool,
    analysis: options.Analysis,
    as_json: bool,
) -> int:
    """Plan the cheapest changes that break the attack paths, proved by running everything again on what they leave.

    Nothing is changed anywhere: commands are printed for people. With --json: `steps`, `before` and `after` (attack paths
    by band), `residual` and `lower_bound`.
    """
    from aisposture.fix.plan import Planner
    from aisposture.model.finding import Band
    from aisposture.pipeline import judge

    inventory, context, rules = analysis.inventory(snapshots), analysis.context(), analysis.rules()
    planner = Planner(
        inventory, rules, lambda each: judge(each, rules, context=context, strict=analysis.strict)
    )
    with options.console(err=True).status("Trying changes on a copy of what was read ..."):
        plan = planner.plan(
            judge(inventory, rules, context=context, strict=analysis.strict),
            down_to=Band(down_to),
            quick=quick,
        )
    if as_json:
        options.print_json(described(plan))
    else:
        _print(plan, show, options.console())
    return Exit.OK


def described(plan: "Plan") -> dict[str, object]:
    """The plan as JSON has it."""
    from msgspec.structs import asdict

    proof = plan.proof
    return {
        **{name: value for name, value in asdict(plan).items() if name != "proof"},
        "before": proof.before,
        "after": proof.after,
        "posture": {"before": proof.posture_before, "after": proof.posture_after},
        "closed": proof.closed,
        "lowered": proof.lowered,
        "opened": proof.opened,
        "residual": proof.residual,
    }


def _print(plan: "Plan", show: str, console: "Console") -> None:
    from aisposture.report.stakes import plural

    if not plan.steps:
        console.print("No change is needed." if not plan.advice else "No change is known that would help.")
    else:
        console.print(
            f"{plural(len(plan.steps), 'change')}, cost {plan.cost:g}. "
            f"No choice of known changes on these paths costs less than {plan.lower_bound:g} (gap {plan.gap:g})."
        )
    before_and_after(plan.proof.before, plan.proof.after, console)
    for number, step in enumerate(plan.steps, start=1):
        _step(f"{number}. ", step, show, console)
    remaining(plan.proof.residual, console)
    opened(plan.proof.opened, console)
    if plan.advice:
        console.print("\nAdvice for what remains; it cannot be proved here and is not counted:")
        for step in plan.advice:
            say(console, f"- {step.title}", indent=2)
    if plan.alternatives:
        count = plural(len(plan.alternatives), "other change")
        console.print(
            f"\n{count} would touch the same paths: see --json, and try them with 'whatif --apply'."
        )


def _step(place: str, step: "FixStep", show: str, console: "Console") -> None:
    from aisposture.report.stakes import plural
    from aisposture.report.text import visible

    console.print()
    say(console, f"{place}{step.title}")
    owner = f", owner {step.owner}" if step.owner else ""
    closes = f", closes {plural(len(step.breaks), 'finding')}" if step.breaks else ""
    say(console, f"cost {step.cost:g}{owner}{closes}; id {step.id}", indent=3)
    say(console, f"Mind: {step.disruption}", indent=3)
    text = {"cli": step.cli, "terraform": step.terraform, "none": ""}[show]
    for line in text.splitlines():
        # A command is copied: it is never wrapped.
        click.echo("   " + visible(line, 20_000))


def say(console: "Console", words: str, *, indent: int = 0) -> None:
    """Print words that come from a cloud, wrapped lines indented like the first."""
    from rich.padding import Padding
    from rich.text import Text

    from aisposture.report.text import visible

    text = Text(visible(words, 2_000), overflow="fold")
    console.print(Padding(text, (0, 0, 0, indent), expand=False))


def before_and_after(before: "Mapping[str, int]", after: "Mapping[str, int]", console: "Console") -> None:
    """Print attack paths by band, before and after."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False, title=None, padding=(0, 2, 0, 0))
    made.add_column("Attack paths")
    for band in BANDS:
        made.add_column(band, justify="right")
    for name, counted in (("before", before), ("after", after)):
        made.add_row(name, *(str(counted[band]) for band in BANDS))
    console.print()
    console.print(made)


def remaining(residual: "tuple[Finding, ...]", console: "Console") -> None:
    """Print the attack paths that are left."""
    if residual:
        console.print("\nWhat remains:")
    for finding in residual:
        say(
            console,
            f"{finding.band.value}: {finding.rule} {finding.story} ({finding.fingerprint[:12]})",
            indent=2,
        )


def opened(found: "tuple[Finding, ...]", console: "Console") -> None:
    """Print what was not there before."""
    if found:
        console.print("\nNew, and not there before:")
    for finding in found:
        say(console, f"{finding.band.value}: {finding.rule} {finding.story}", indent=2)


COMMANDS = (fix,)
