"""The seed of a local AWS: readable lists of create calls, made through real clients.

``cloud.yaml`` names the accounts (the management account first). Each ``seed/*.yaml`` has a default ``account`` and
``region`` and a list of ``steps``::

    - iam.CreateRole: {RoleName: support-tools, AssumeRolePolicyDocument: {Version: "2012-10-17", ...}}
      as: role                    # later steps say ${role.Role.Arn}
      tags: {owner: support, env: prod}

A mapping where the API wants text becomes JSON; ``ZipFile`` text becomes an archive with that source; ``tags`` take the form
that the operation wants; ``pin`` chooses an id that moto would draw; ``each`` repeats a step over its list as ``${each}``.
"""

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jmespath
import yaml

from aisposture.errors import FileError
from aisposture.replay.aws.emulator import PINS, Emulator

NOT_A_SECRET = "local-cloud-not-a-secret"  # noqa: S105 - and it is none
"""What stands in the place of a secret key: the local cloud checks no signatures."""

_REFERENCE = re.compile(r"\$\{([A-Za-z_][\w-]*)((?:\.|\[)[^}]*)?\}")
_SIDE = {"as", "account", "region", "tags", "pin", "each"}


@dataclass(frozen=True)
class Settings:
    """What ``cloud.yaml`` says.

    Attributes:
        names: name -> account id, the management account first.
        default_network: whether each region keeps the default VPC that AWS makes.
        management_email: address of the management account, or "".
        scan_role, scan_external_id: name of the role that every account has for a scanner, and what its trust asks for; or "".
        scan_regions: the regions in use; empty: all.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    default_network: bool = True
    management_email: str = ""
    scan_role: str = ""
    scan_external_id: str = ""
    scan_regions: tuple[str, ...] = ()

    @property
    def accounts(self) -> tuple[str, ...]:
        """The account ids."""
        return tuple(self.names.values())


@dataclass(frozen=True)
class Step:
    """One call of a seed.

    Attributes:
        line: 1-based line of the step in its file.
        each: values it is repeated for, or None for once.
    """

    path: Path
    line: int
    service: str
    operation: str
    params: dict[str, Any]
    account: str
    region: str
    name: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    pin: dict[str, str] = field(default_factory=dict)
    each: list[Any] | None = None


class _Lines(yaml.CSafeLoader):
    """Remembers at which line each mapping of a sequence began."""


def _mapping(loader: _Lines, node: yaml.MappingNode) -> dict[Any, Any]:
    made: dict[Any, Any] = {}
    loader.flatten_mapping(node)
    for key, value in node.value:
        made[loader.construct_object(key, deep=True)] = loader.construct_object(value, deep=True)
    return made


_Lines.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def settings(folder: Path) -> Settings:
    """The settings of the cloud in ``folder``; defaults where it has no ``cloud.yaml``.

    Raises:
        FileError: the file is not as it should be.
    """
    path = folder / "cloud.yaml"
    if not path.is_file():
        return Settings()
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    accounts = content.get("accounts") if isinstance(content, dict) else None
    if not isinstance(accounts, dict) or not all(
        re.fullmatch(r"\d{12}", str(one)) for one in accounts.values()
    ):
        raise FileError("accounts maps names to ids of twelve digits", path=path, field="accounts")
    return Settings(
        {str(name): str(account) for name, account in accounts.items()},
        bool(content.get("default_network", True)),
        str(content.get("management_email", "")),
        str(content.get("scan_role", "")),
        str(content.get("scan_external_id", "")),
        tuple(map(str, content.get("scan_regions", ()))),
    )


def steps(folder: Path, chosen: Settings) -> Iterator[Step]:
    """All steps under ``folder``, in the order of file names.

    Raises:
        FileError: a step that is not one.
    """
    for path in sorted((folder / "seed").glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        try:
            content = yaml.load(text, Loader=_Lines)  # noqa: S506 - a SafeLoader with another mapping constructor
            lines = _lines_of_steps(text)
        except yaml.YAMLError as problem:
            raise FileError(f"is not YAML: {problem}", path=path) from problem
        for line, raw in zip(lines, content["steps"], strict=True):
            calls = [key for key in raw if key not in _SIDE]
            if len(calls) != 1 or "." not in calls[0] or set(raw.get("pin", {})) - set(PINS):
                raise FileError("a step has one service.Operation and known options", path=path, line=line)
            service, _, operation = calls[0].partition(".")
            account = str(raw.get("account", content.get("account", "")))
            if account not in chosen.names:
                raise FileError(
                    f"unknown account '{account}': {', '.join(chosen.names)}", path=path, line=line
                )
            yield Step(
                path=path,
                line=line,
                service=service,
                operation=operation,
                params=raw[calls[0]] or {},
                account=account,
                region=str(raw.get("region", content.get("region", "us-east-1"))),
                name=raw.get("as"),
                tags=raw.get("tags", {}),
                pin=raw.get("pin", {}),
                each=raw.get("each"),
            )


def _lines_of_steps(text: str) -> list[int]:
    root = yaml.compose(text, Loader=yaml.CSafeLoader)
    if isinstance(root, yaml.MappingNode):
        for key, value in root.value:
            if key.value == "steps" and isinstance(value, yaml.SequenceNode):
                return [int(item.start_mark.line) + 1 for item in value.value]
    return []


def apply(folder: Path, chosen: Settings, *, url: str, key: Callable[[str], str], emulator: Emulator) -> None:
    """Makes every call of the seed against the server at ``url``.

    Args:
        folder: the cloud's folder.
        chosen: its settings.
        url: the local server.
        key: account id -> access key id that stands for it.
        emulator: gives out the pinned ids.

    Raises:
        FileError: a call that was refused, with its file and line.
    """
    clients = _Clients(url, key)
    results: dict[str, Any] = {"accounts": dict(chosen.names)}
    try:
        for step in steps(folder, chosen):
            client = clients.get(step.service, chosen.names[step.account], step.region)
            made = [_make(step, client, each, results, chosen, emulator) for each in step.each or [None]]
            if step.name:
                results[step.name] = made if step.each is not None else made[0]
        if chosen.management_email:
            name, account = next(iter(chosen.names.items()))
            emulator.name_management_account(account, name=name, email=chosen.management_email)
    finally:
        clients.close()


class _Clients:
    """One client per service, account and region, kept for the whole seed."""

    def __init__(self, url: str, key: Callable[[str], str]) -> None:
        import botocore.session
        from botocore.config import Config

        self._session = botocore.session.Session(profile=None)
        self._config = Config(retries={"total_max_attempts": 1})
        self._url = url
        self._key = key
        self._made: dict[tuple[str, str, str], Any] = {}

    def get(self, service: str, account: str, region: str) -> Any:
        """The client of ``service`` for ``account`` in ``region``."""
        place = (service, account, region)
        if place not in self._made:
            self._made[place] = self._session.create_client(
                service,
                region_name=region,
                endpoint_url=self._url,
                config=self._config,
                aws_access_key_id=self._key(account),
                aws_secret_access_key=NOT_A_SECRET,
                aws_session_token=NOT_A_SECRET,
            )
            self._made[place].meta.events.register("before-sign.*", _without_account_host)
        return self._made[place]

    def close(self) -> None:
        """Closes every client's connections."""
        for client in self._made.values():
            client.close()


def _without_account_host(request: Any, **_rest: Any) -> None:
    """s3control calls ``ACCOUNT.127.0.0.1``, a host that there is not."""
    request.url = re.sub(r"^(http://)\d{12}\.", r"\1", request.url)


def _make(
    step: Step, client: Any, each: Any, results: dict[str, Any], chosen: Settings, emulator: Emulator
) -> dict[str, Any]:
    from botocore import xform_name
    from botocore.exceptions import BotoCoreError, ClientError

    known = {**results, "account": chosen.names[step.account], "region": step.region, "each": each}
    shape = client.meta.service_model.operation_model(step.operation).input_shape
    try:
        params = _fitted(shape, _resolved(step.params, known))
        tags = _resolved(step.tags, known)
        params |= _tags(step.operation, shape, tags)
        method = getattr(client, xform_name(step.operation))
        if not step.pin:
            answer = method(**params)
        else:
            with emulator.pinned({name: str(_resolved(value, known)) for name, value in step.pin.items()}):
                answer = method(**params)
        if step.service == "s3" and step.operation == "CreateBucket" and tags:
            client.put_bucket_tagging(Bucket=params["Bucket"], Tagging={"TagSet": _pairs(tags)})
    except (BotoCoreError, ClientError, LookupError) as problem:
        raise FileError(
            str(problem), path=step.path, line=step.line, field=f"{step.service}.{step.operation}"
        ) from problem
    answer.pop("ResponseMetadata", None)
    return dict(answer)


def _resolved(value: Any, known: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        return {_resolved(name, known): _resolved(inner, known) for name, inner in value.items()}
    if isinstance(value, list):
        return [_resolved(inner, known) for inner in value]
    if not isinstance(value, str):
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole and whole[1] in known:
        return _reference(whole, known)
    # ``${aws:PrincipalTag/team}`` and the like are policy variables: no name of ours holds a colon.
    return _REFERENCE.sub(
        lambda found: str(_reference(found, known)) if found[1] in known else found[0], value
    )


def _reference(found: re.Match[str], known: Mapping[str, Any]) -> Any:
    expression = (found[2] or "").lstrip(".")
    value = jmespath.search(expression, known[found[1]]) if expression else known[found[1]]
    if value is None:
        raise LookupError(f"{found[0]} leads nowhere")
    return value


def _fitted(shape: Any, value: Any) -> Any:
    """Mappings become JSON where the API wants text, source text becomes an archive where it wants one."""
    if shape is None:
        return value
    if shape.type_name == "structure" and isinstance(value, dict):
        return {
            name: _archive(inner)
            if name == "ZipFile" and isinstance(inner, str)
            else _fitted(shape.members.get(name), inner)
            for name, inner in value.items()
        }
    if shape.type_name == "list" and isinstance(value, list):
        return [_fitted(shape.member, inner) for inner in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {name: _fitted(shape.value, inner) for name, inner in value.items()}
    if shape.type_name == "string" and isinstance(value, dict | list):
        return json.dumps(value, indent=None, separators=(",", ":"))
    return value


def _archive(source: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(zipfile.ZipInfo("app.py", (2025, 1, 1, 0, 0, 0)), source)
    return made.getvalue()


def _tags(operation: str, shape: Any, tags: dict[str, str]) -> dict[str, Any]:
    members = shape.members if shape is not None else {}
    if not tags:
        return {}
    if "Tags" in members and members["Tags"].type_name == "map":
        return {"Tags": tags}
    if "Tags" in members:
        return {"Tags": _pairs(tags, *list(members["Tags"].member.members))}
    if "TagSpecifications" in members:
        kind = {"RunInstances": "instance"}.get(operation) or _kebab(
            operation.removeprefix("Create").removeprefix("Allocate")
        )
        kind = {"address": "elastic-ip", "nat-gateway": "natgateway"}.get(kind, kind)
        return {"TagSpecifications": [{"ResourceType": kind, "Tags": _pairs(tags)}]}
    return {}


def _pairs(tags: dict[str, str], key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    return [{key: name, value: text} for name, text in tags.items()]


def _kebab(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()
