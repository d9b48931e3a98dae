"""Recorded answers for the operations that moto lacks.

A recording file is JSON: ``{"service": ..., "owns": "service" | "operations", "responses": [{"op", "match", "account",
"region", "result" | "error"}]}``. ``match`` holds parameters that must be equal; without ``account`` or ``region`` a
response holds for all of them; the most specific response answers. Times are RFC 3339, blobs are base64.
"""

import base64
import json
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from aisposture.errors import FileError
from aisposture.replay.aws.wire import Answer, Call, error, serialise, session

_FIELDS = {"op", "match", "account", "region", "result", "error"}


@dataclass(frozen=True)
class Recording:
    """One recorded answer.

    Attributes:
        index: its place in the file's list.
    """

    path: Path
    index: int
    service: str
    operation: str
    account: str | None
    region: str | None
    match: dict[str, Any] = field(hash=False)
    result: dict[str, Any] | None = field(hash=False)
    error: dict[str, Any] | None = field(hash=False)

    @property
    def place(self) -> str:
        """Where it stands, for people."""
        return f"{self.path}: responses[{self.index}] ({self.service}:{self.operation})"

    def meets(self, call: Call) -> bool:
        """Whether it answers ``call``."""
        return (
            (self.service, self.operation) == (call.service, call.operation)
            and self.account in {None, call.account}
            and self.region in {None, call.region}
            and all(call.params.get(name) == value for name, value in self.match.items())
        )

    @property
    def precision(self) -> tuple[int, int]:
        """How specific it is; the greater answers first."""
        return (len(self.match), (self.account is not None) + (self.region is not None))


def load(folder: Path) -> tuple[list[Recording], frozenset[str]]:
    """All recordings under ``folder``, and the services that are answered from recordings alone.

    Raises:
        FileError: a file that is not a recording.
    """
    recordings: list[Recording] = []
    owned: set[str] = set()
    for path in sorted(folder.glob("*.json")):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as problem:
            raise FileError(f"is not JSON: {problem}", path=path) from problem
        if content.get("owns", "service") == "service":
            owned.add(content["service"])
        for index, response in enumerate(content["responses"]):
            unknown = set(response) - _FIELDS
            if unknown or "op" not in response or ("result" in response) == ("error" in response):
                raise FileError(
                    "a response has op, one of result and error, and perhaps match, account and region",
                    path=path,
                    field=f"responses[{index}]",
                )
            recordings.append(
                Recording(
                    path,
                    index,
                    content["service"],
                    response["op"],
                    response.get("account"),
                    response.get("region"),
                    response.get("match", {}),
                    response.get("result"),
                    response.get("error"),
                )
            )
    return recordings, frozenset(owned)


def typed(shape: Any, value: Any) -> Any:
    """A recorded JSON value as botocore has it: times as datetimes, blobs as bytes. Unknown members stay, to be refused."""
    kind = shape.type_name if shape is not None else ""
    if kind == "structure" and isinstance(value, dict) and not shape.is_document_type:
        value = {name: typed(shape.members.get(name), inner) for name, inner in value.items()}
    elif kind == "list" and isinstance(value, list):
        value = [typed(shape.member, inner) for inner in value]
    elif kind == "map" and isinstance(value, dict):
        value = {name: typed(shape.value, inner) for name, inner in value.items()}
    elif kind == "timestamp" and isinstance(value, str):
        value = datetime.fromisoformat(value)
    elif kind == "blob" and isinstance(value, str):
        value = base64.b64decode(value)
    return value


@cache
def output_shape(service: str, operation: str) -> Any:
    """The shape of an operation's answer, None where it has none."""
    from moto.core.utils import get_service_model

    return get_service_model(service).operation_model(operation).output_shape


@cache
def _pages(service: str, operation: str) -> dict[str, Any] | None:
    from botocore.exceptions import DataNotFoundError, UnknownServiceError

    try:
        page: dict[str, Any] = session().get_paginator_model(service).get_paginator(operation)
    except (DataNotFoundError, UnknownServiceError, ValueError):
        return None
    simple = all(isinstance(page.get(part), str) for part in ("input_token", "output_token", "result_key"))
    return page if simple else None


class Recordings:
    """All recordings of a cloud, with what has been used of them."""

    def __init__(self, folder: Path, *, page_size: int | None = None) -> None:
        self.folder = folder
        self.page_size = page_size
        self.all, self.owned = load(folder)
        self.used: set[int] = set()
        self._operations = {(one.service, one.operation) for one in self.all}

    def concern(self, call: Call) -> bool:
        """Whether ``call`` is for recordings to answer."""
        return call.service in self.owned or (call.service, call.operation) in self._operations

    def unused(self) -> tuple[str, ...]:
        """Places of the recordings that no request has asked for."""
        return tuple(one.place for number, one in enumerate(self.all) if number not in self.used)

    def answer(self, call: Call) -> Answer | None:
        """The recorded answer, a proven "not found", or None where nothing is recorded."""
        best: tuple[tuple[int, int], int] | None = None
        for number, one in enumerate(self.all):
            if one.meets(call) and (best is None or one.precision > best[0]):
                best = (one.precision, number)
        if best is None:
            return self._absent(call)
        self.used.add(best[1])
        found = self.all[best[1]]
        if found.error is not None:
            return error(
                call,
                found.error["code"],
                found.error.get("message", ""),
                status=found.error.get("status", 400),
            )
        result = typed(output_shape(call.service, call.operation), found.result)
        return serialise(call, self._page(call, result))

    def _page(self, call: Call, result: dict[str, Any]) -> dict[str, Any]:
        pages = _pages(call.service, call.operation)
        if pages is None:
            return result
        items = result.get(pages["result_key"]) or []
        asked = call.params.get(pages.get("limit_key", ""))
        size = min((int(limit) for limit in (asked, self.page_size) if limit), default=len(items) or 1)
        start = _offset(call.params.get(pages["input_token"]))
        page = {**result, pages["result_key"]: items[start : start + size]}
        if start + size < len(items):
            page[pages["output_token"]] = base64.urlsafe_b64encode(f"from:{start + size}".encode()).decode()
        return page

    def _absent(self, call: Call) -> Answer | None:
        """A modelled ResourceNotFound for a Get whose id is in none of the recorded lists that this caller can see."""
        from moto.core.utils import get_service_model

        if not call.operation.startswith("Get"):
            return None
        model = get_service_model(call.service).operation_model(call.operation)
        codes = {shape.name for shape in model.error_shapes}
        if "ResourceNotFoundException" not in codes:
            return None
        lists = [
            one.result
            for one in self.all
            if one.service == call.service
            and one.operation.startswith("List")
            and one.account in {None, call.account}
            and one.region in {None, call.region}
            and one.result is not None
        ]
        seen = Call(call.service, "", "", "", {"lists": lists}, "").strings
        if not lists or call.strings & seen:
            return None
        return error(call, "ResourceNotFoundException", "no such resource", status=404)


def _offset(token: Any) -> int:
    if not token:
        return 0
    return int(base64.urlsafe_b64decode(str(token)).decode().removeprefix("from:"))
