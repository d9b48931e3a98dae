"""A small server that says what a test tells it to, and remembers what it was asked."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from botocore.credentials import ReadOnlyCredentials

from aisposture.collect.clients import Caller, Clients, Settings
from aisposture.collect.declare import Call
from aisposture.collect.wire import Fetched, Wire
from aisposture.replay.loopback import Loopback
from aisposture.scope import AwsScope

KEYS = ReadOnlyCredentials("AKIDEXAMPLE", "not-a-secret", None)
CALLER = Caller("111111111111", lambda: KEYS)


class Asked(NamedTuple):
    """A request as it came: the operation where body or header names it, else method and path."""

    operation: str
    headers: Mapping[str, str]
    body: bytes


class Said(NamedTuple):
    """An answer."""

    body: Any = b""
    status: int = 200
    wait: float = 0
    headers: tuple[tuple[str, str], ...] = ()


class Script:
    """``answers[operation]`` is a list of answers, the last one repeated, or a function of the request."""

    def __init__(self, answers: Mapping[str, list[Said] | Callable[[Asked], Said]]) -> None:
        self.answers = answers
        self.asked: list[Asked] = []
        self._counts: Counter[str] = Counter()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        asked = Asked(_operation(environ, body), {key: str(value) for key, value in environ.items()}, body)
        self.asked.append(asked)
        said = self._said(asked)
        if said.wait:
            time.sleep(said.wait)
        content = said.body if isinstance(said.body, bytes) else json.dumps(said.body).encode()
        start_response(
            f"{said.status} X", [("Content-Length", str(len(content))), ("Content-Type", "x"), *said.headers]
        )
        return [content]

    def _said(self, asked: Asked) -> Said:
        answers = self.answers.get(asked.operation)
        if answers is None:
            return Said({"__type": "NotScripted"}, 400)
        if callable(answers):
            return answers(asked)
        self._counts[asked.operation] += 1
        return answers[min(self._counts[asked.operation], len(answers)) - 1]


def fetch(script: Script, call: Call, params: Mapping[str, Any] | None = None, **settings: Any) -> Fetched:
    """What the wire makes of ``call`` against the script."""
    with Loopback(script) as server:
        clients = Clients(
            AwsScope(home_region="eu-west-1", endpoints={"*": server.url}), Settings(**settings)
        )
        try:
            return Wire(clients).fetch(CALLER, "eu-west-1", call, params or {})
        finally:
            clients.close()


def _operation(environ: Mapping[str, Any], body: bytes) -> str:
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return str(target).rpartition(".")[2]
    if action := parse_qs(body.decode("latin-1")).get("Action"):
        return action[0]
    return f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
