"""``rules``: what is looked for; write and test rules of your own."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aisposture.cli import options
from aisposture.cli.exits import BANDS, Exit
from aisposture.errors import UsageError

if TYPE_CHECKING:
    from aisposture.rules.words import Rule

more = click.option(
    "--rules",
    "folders",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="A folder with rules of your own; repeatable.",
)


@click.group()
def rules() -> None:
    """List, show, write and test rules."""


@rules.command("list")
@more
@click.option("--family", type=click.Choice(("path", "posture")), help="Only attack paths, or only posture.")
@options.as_json
def listed(*, folders: tuple[Path, ...], family: str | None, as_json: bool) -> int:
    """List every rule with its ceiling, the worst band that it can give."""
    from aisposture.pipeline import bundled_rules

    found = [rule for rule in bundled_rules(folders) if family in (None, rule.family)]
    if as_json:
        options.print_json({"rules": [_facts(rule) for rule in found]})
        return Exit.OK
    from rich.table import Table

    from aisposture.report.text import visible

    table = Table(box=None, pad_edge=False, show_header=False)
    for rule in found:
        table.add_row(visible(rule.id), rule.severity.value, visible(rule.title))
    options.console().print(table)
    return Exit.OK


@rules.command()
@click.argument("rule")
@more
@options.as_json
def show(*, rule: str, folders: tuple[Path, ...], as_json: bool) -> int:
    """Show one rule as it is written, with the file that it stands in."""
    from aisposture.report.text import block, visible

    chosen = _one(rule, folders)
    if as_json:
        options.print_json({**_facts(chosen), "rule": chosen})
        return Exit.OK
    click.echo(f"# {visible(chosen.file, 4096)}")
    click.echo(block(Path(chosen.file).read_text(encoding="utf-8"), 100_000).rstrip())
    return Exit.OK


@rules.command()
@click.argument("ids", nargs=-1, metavar="[RULE]...")
@more
@options.quiet
def test(*, ids: tuple[str, ...], folders: tuple[Path, ...], quiet: bool) -> int:
    """Run the cases beside the rules, or beside the named ones, and say what disagrees.

    Exit code 2 where a case disagrees, or a rule has none.
    """
    from aisposture.pipeline import bundled_rules
    from aisposture.report.stakes import plural
    from aisposture.report.text import visible

    known = bundled_rules(folders)
    chosen = [rule for rule in known if not ids or rule.id in ids]
    if unknown := sorted(set(ids) - {rule.id for rule in chosen}):
        _one(unknown[0], folders)
    told = [words for rule in chosen for words in _disagreements(rule)]
    for words in told:
        click.echo(visible(words, 1000), err=True)
    if not quiet:
        click.echo(f"{plural(len(chosen), 'rule')} tested, {plural(len(told), 'disagreement')}")
    return Exit.USAGE if told else Exit.OK


def _disagreements(rule: "Rule") -> Iterator[str]:
    from aisposture.collect import labels_of_kind
    from aisposture.pipeline import answers, emitted, survey
    from aisposture.rules.cases import case_file, disagreements, load_cases
    from aisposture.rules.paths_doc import answers_today
    from aisposture.scope import Context

    file = case_file(Path(rule.file))
    if not file.exists():
        if answers_today(rule, emitted()):
            yield f"{rule.file}: has no cases beside it ({file.name})"
        return
    for case in load_cases(file, labels_of_kind()):
        context = Context.of(case.params)
        yield from disagreements(
            case, answers(survey(case.inventory, context=context), [rule], context=context)
        )


@rules.command()
@click.argument("rule")
@click.option("--title", required=True, help="What it finds, in a few words.")
@click.option(
    "--severity",
    type=click.Choice(BANDS),
    default="medium",
    show_default=True,
    help="The worst band it may give.",
)
@click.option(
    "--folder", type=click.Path(path_type=Path), required=True, metavar="DIR", help="The pack to put it into."
)
def new(*, rule: str, title: str, severity: str, folder: Path) -> int:
    """Write a first version of a rule and its cases, which pass, to be changed from there."""
    import json

    from aisposture.rules.schema import load_files

    if not rule.replace("-", "").isalnum():
        raise UsageError(f"'{rule}' is no rule id, such as MY-01")
    file, cases = folder / f"{rule}.yaml", folder / f"{rule}.test.yaml"
    for one in (file, cases):
        if one.exists():
            raise UsageError(f"{one} exists already")
    made = {file: RULE.format(rule=rule, title=json.dumps(title), severity=severity), cases: CASES}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for one, content in made.items():
            one.write_text(content, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write to {folder}: {error.strerror}") from None
    try:
        load_files([file])
    except UsageError:
        for one in made:
            one.unlink()
        raise
    for one in made:
        click.echo(str(one))
    return Exit.OK


def _one(rule: str, folders: tuple[Path, ...]) -> "Rule":
    import difflib

    from aisposture.pipeline import bundled_rules

    known = {one.id: one for one in bundled_rules(folders)}
    if rule in known:
        return known[rule]
    near = difflib.get_close_matches(rule.upper(), known, n=1)
    raise UsageError(
        f"there is no rule {rule}"
        + (f"; did you mean {near[0]}?" if near else "; see 'aisposture rules list'")
    )


def _facts(rule: "Rule") -> dict[str, object]:
    return {
        "id": rule.id,
        "title": rule.title,
        "family": rule.family,
        "pack": rule.pack,
        "severity": rule.severity,
        "clouds": rule.clouds,
        "frameworks": rule.frameworks,
        "file": rule.file,
    }


RULE = """\
id: {rule}
title: {title}
severity: {severity}
why: >-
  Say in one or two sentences what goes wrong where this is found, and for whom.
node: DataStore
kind: aws.s3.bucket
fails: {{versioning: {{eq: false}}}}
fixes:
  - {{node: resource, effect: cut, cost: 1, text: "Say what to change"}}
"""

CASES = """\
cases:
  - name: a bucket that keeps no old versions
    expect: fires
    bindings: {resource: "@reports"}
    resources:
      - {kind: aws.s3.bucket, name: reports, attrs: {versioning: false}}
  - name: old versions are kept
    extends: a bucket that keeps no old versions
    expect: quiet
    patch: [{resource: reports, op: replace, path: /attrs/versioning, value: true}]
  - name: the setting could not be read
    extends: a bucket that keeps no old versions
    expect: unknown
    patch: [{resource: reports, op: remove, path: /attrs/versioning}]
    gaps: [{resource: "@reports", hides: [attrs.versioning], call: "s3:GetBucketVersioning"}]
"""

COMMANDS = (rules,)
