"""How each hop of a finding is checked by hand: a read-only command, what to look for in its answer, what would disprove it.

Names in commands are hostile: everything is quoted for a POSIX shell, and what a command line client would read as a file,
an option or a control character goes in as JSON.
"""

import fnmatch
import json
import re
import shlex
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import yaml
from msgspec import Struct

from aisposture.model.finding import Evidence, Finding, Hop
from aisposture.model.graph import VERBS, EdgeKind
from aisposture.model.ids import parse_arn

_READS = ("Get", "List", "Describe", "BatchGet")
"""How the names of operations begin that only read; no other operation is ever printed as a command."""

_OPERATION = re.compile(r"[a-z0-9-]+:[A-Za-z0-9]+")
_PLAIN = re.compile(r"[A-Za-z0-9_+=,.@:/*%-]+( [A-Za-z0-9_+=,.@:/*%-]+)*")
_AS_FILE = re.compile(r"(file|fileb|https?)://", re.IGNORECASE)
_WORD_STARTS = (re.compile(r"(.)([A-Z][a-z]+)"), re.compile(r"([a-z0-9])([A-Z])"))
_PLURAL_INITIALS = re.compile(r"[A-Z]{2,}s$")


class Check(Struct, frozen=True, kw_only=True):
    """One thing to run and read.

    Attributes:
        command: for a POSIX shell.
        account, region: where its credentials must be.
        look: JSON pointer into the answer, "" for all of it.
        statement: the policy statement that must stand there, as JSON text, or "".
        shows: what it shows, in a few words.
    """

    command: str
    account: str
    region: str
    look: str
    statement: str = ""
    shows: str = ""


class HopCheck(Struct, frozen=True, kw_only=True):
    """How one hop is checked.

    Attributes:
        hop: its number in the finding, counted over all its walks from 1.
        checks: the most telling first; empty where the hop follows from others.
        disproof: what would show that the hop is not there.
    """

    hop: int
    source: str
    kind: EdgeKind
    target: str
    checks: tuple[Check, ...]
    disproof: str


def checks(finding: Finding) -> tuple[HopCheck, ...]:
    """How every hop of ``finding`` is checked, in the order in which they are shown."""
    hops = [hop for walk in finding.walks for hop in walk.hops]
    return tuple(_of_hop(number, hop) for number, hop in enumerate(hops, start=1))


def _of_hop(number: int, hop: Hop) -> HopCheck:
    found = [check for evidence in sorted(hop.evidence, key=_telling) if (check := check_of(evidence))]
    words = _data()["disproof"]
    key = hop.kind.value if hop.kind.value in words else "verb" if hop.kind in VERBS else "*"
    return HopCheck(
        hop=number,
        source=hop.source,
        kind=hop.kind,
        target=hop.target,
        checks=tuple(dict.fromkeys(found)),
        disproof=words[key],
    )


def _telling(evidence: Evidence) -> tuple[bool, bool]:
    """Sort key: what allows by itself before what merely does not deny, statements before fields."""
    return evidence.operation.startswith("organizations:"), not evidence.statement


def check_of(evidence: Evidence) -> Check | None:
    """How one piece of evidence is read again; None where no read-only call is known for it."""
    call, parameters, look = _narrowed(evidence)
    operation = call.partition(":")[2]
    if not _OPERATION.fullmatch(call) or not operation.startswith(_READS) or parameters is None:
        return None
    service = call.partition(":")[0]
    region = "" if service in _data()["global"] else evidence.region
    return Check(
        command=command(service, operation, parameters, region),
        account=evidence.account,
        region=evidence.region,
        look=look,
        statement=evidence.statement,
        shows=evidence.note,
    )


def _narrowed(evidence: Evidence) -> tuple[str, dict[str, Any] | None, str]:
    """The call that reads no more than is needed, its parameters, and where in its answer to look."""
    given = _parameters(evidence.parameters)
    arn = parse_arn(evidence.resource)
    path = arn.resource if arn is not None else ""
    for entry in _data()["narrower"]:
        if (
            entry["call"] == evidence.operation
            and not given
            and fnmatch.fnmatchcase(path, entry["resource"])
            and fnmatch.fnmatchcase(evidence.field, entry["field"])
            and "#" not in evidence.resource
        ):
            values = {
                "id": evidence.resource,
                "path": path,
                "tail": re.split(r"[/:]", path)[-1],
                "policy": evidence.field.partition(".")[2],
            }
            wanted = {name: _filled(value, values) for name, value in entry["with"].items()}
            look = entry.get("look", _stripped(evidence.pointer, entry.get("strip", 0)))
            # The place in the list is another one where only one thing is asked for.
            same = "use" not in entry
            return entry.get("use", evidence.operation), wanted, _first(look) if same else look
    return evidence.operation, given, evidence.pointer


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_filled(one, values) for one in value]
    return values[value[1:-1]]


def _stripped(pointer: str, parts: int) -> str:
    return "".join(f"/{part}" for part in pointer.split("/")[1 + parts :])


def _first(pointer: str) -> str:
    return re.sub(r"^(/[^/]+)/\d+", r"\1/0", pointer)


def _parameters(text: str) -> dict[str, Any] | None:
    """The parameters of a call; None where they cannot be read."""
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and all(re.fullmatch(r"\w+", name) for name in found) else None


def command(service: str, operation: str, parameters: Mapping[str, Any], region: str = "") -> str:
    """One call as a command of the AWS command line client, quoted for a POSIX shell."""
    words = ["aws", _data()["services"].get(service, service), option(operation)]
    flags: list[str] = []
    for name, value in sorted(parameters.items()):
        made = _flag(name, value)
        if made is None:
            flags = ["--cli-input-json", json.dumps(parameters, sort_keys=True)]
            break
        flags += made
    place = ["--region", region] if re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d+", region) else []
    return shlex.join([*words, *flags, *place])


def _flag(name: str, value: Any) -> list[str] | None:
    """A parameter as words of the command line; None where a value could be taken for something else."""
    flag = f"--{option(name)}"
    if isinstance(value, bool):
        return [flag if value else f"--no-{option(name)}"]
    values = value if isinstance(value, list) else [value]
    texts = [str(one) for one in values if isinstance(one, str | int) and not isinstance(one, bool)]
    if len(texts) < len(values) or not texts:
        return None
    if any(not _PLAIN.fullmatch(one) or _AS_FILE.match(one) or one.startswith("-") for one in texts):
        return None
    return [flag, *texts]


def option(name: str) -> str:
    """The name of an operation or parameter as the command line spells it: ``GetRolePolicy`` as ``get-role-policy``."""
    if (plural := _PLURAL_INITIALS.search(name)) is not None:
        name = f"{name[: plural.start()]}-{plural[0].lower()}"
    for pattern in _WORD_STARTS:
        name = pattern.sub(r"\1-\2", name)
    return re.sub("-+", "-", name).strip("-").lower()


@cache
def _data() -> dict[str, Any]:
    text = (resources.files("aisposture.report") / "verify.yaml").read_text("utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found
