"""The local AWS: one loopback server for several accounts, moto behind it and recordings beside it."""

import io
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec import Struct

from aisposture.errors import AispostureError
from aisposture.replay.aws.amendments import Amendments
from aisposture.replay.aws.emulator import Emulator
from aisposture.replay.aws.recordings import Recordings
from aisposture.replay.aws.seed import NOT_A_SECRET, Settings, apply, settings
from aisposture.replay.aws.wire import Answer, Call, denied, error, signature, understand
from aisposture.replay.faults import Budget, Deny, Throttle, Truncate
from aisposture.replay.loopback import Loopback


class Credentials(Struct, frozen=True, kw_only=True):
    """Static credentials that name an account of the local cloud; worthless anywhere else."""

    access_key: str
    secret_key: str
    session_token: str

    def environment(self) -> dict[str, str]:
        """The environment variables under which SDKs look for them."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_SESSION_TOKEN": self.session_token,
        }


class Seen(Struct, frozen=True, kw_only=True, order=True):
    """One request that reached the local cloud.

    Attributes:
        status: HTTP status of the answer.
    """

    service: str
    operation: str
    account: str
    region: str
    status: int


@dataclass(eq=False)
class Cloud:
    """A running local AWS.

    Attributes:
        url: what ``AWS_ENDPOINT_URL`` must say.
        accounts: account ids of the seed, the management account first.
        missed: requests that nothing could answer, each with the file to add.
    """

    url: str
    accounts: tuple[str, ...]
    missed: list[str] = field(default_factory=list)
    _seen: list[Seen] = field(default_factory=list)
    _recordings: Recordings | None = None

    @property
    def calls(self) -> tuple[Seen, ...]:
        """Every request since the seed was applied, in the order of their answers."""
        return tuple(self._seen)

    def credentials(self, account: str) -> Credentials:
        """Credentials of the scanner in ``account``; any twelve digits will do."""
        return Credentials(access_key=_key(account), secret_key=NOT_A_SECRET, session_token=NOT_A_SECRET)

    def unused(self) -> tuple[str, ...]:
        """Places of recordings that no request has asked for."""
        return self._recordings.unused() if self._recordings else ()


def _key(account: str) -> str:
    return f"ASIA{account}LOCL"


def _account_of(access_key: str) -> str | None:
    body = access_key.removeprefix("ASIA").removesuffix("LOCL")
    return body if len(body) == 12 and body.isdigit() and access_key == _key(body) else None


@dataclass(eq=False)
class _Front:
    """The WSGI application: faults first, then recordings, then moto."""

    emulator: Emulator
    amendments: Amendments
    recordings: Recordings
    deny: tuple[Deny, ...]
    throttle: tuple[Throttle, ...]
    truncate: tuple[Truncate, ...]
    latency: float
    seeding: bool = True
    cloud: Cloud | None = None
    budget: Budget = field(default_factory=Budget)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = _whole_body(environ)
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        call = understand(environ, self._account(environ))
        answer = self._answer(call, environ)
        if not self.seeding:
            if self.latency:
                time.sleep(self.latency)
            if self.cloud is not None:
                seen = Seen(
                    service=call.service,
                    operation=call.operation,
                    account=call.account,
                    region=call.region,
                    status=answer.status,
                )
                self.cloud._seen.append(seen)  # noqa: SLF001 - the front fills what the cloud shows
        headers = [
            (name, value) for name, value in answer.headers.items() if name.lower() != "content-length"
        ]
        headers.append(("Content-Length", str(answer.promised or len(answer.body))))
        if answer.promised is not None:
            headers.append(("connection", "close"))
        start_response(f"{answer.status} {'OK' if answer.status < 400 else 'Error'}", headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else answer.body]

    def _account(self, environ: dict[str, Any]) -> str:
        key = signature(environ).access_key
        account = _account_of(key)
        return self.emulator.account_of(key) if account is None else account

    def _answer(self, call: Call, environ: dict[str, Any]) -> Answer:
        if self.seeding:
            return self._made(call, environ)
        values = call.strings
        where = (call.name, call.account, call.region, values)
        for refusal in self.deny:
            if refusal.meets(*where):
                return denied(call, code=refusal.code, status=refusal.status)
        for brake in self.throttle:
            if brake.meets(*where) and self.budget.take(brake):
                wait = {"Retry-After": str(brake.retry_after)}
                return error(call, "ThrottlingException", "Rate exceeded", status=429, headers=wait)
        answer = self._made(call, environ)
        for cut in self.truncate:
            if cut.meets(*where) and self.budget.take(cut):
                promised = len(answer.body) if cut.honest else None
                return Answer(answer.status, answer.body[: len(answer.body) // 2], answer.headers, promised)
        return answer

    def _made(self, call: Call, environ: dict[str, Any]) -> Answer:
        if self.recordings.concern(call):
            return self.recordings.answer(call) or self._missing(call, "no recording answers it")
        try:
            answer = self.amendments.answer(call, environ)
        except Exception as problem:  # noqa: BLE001 - moto raises whatever it likes where it lacks an operation
            return self._missing(call, f"moto failed with {type(problem).__name__}: {problem}")
        if answer.status >= 500 or (answer.status == 404 and b"Not yet implemented" in answer.body):
            return self._missing(call, f"moto answered {answer.status}")
        return answer

    def _missing(self, call: Call, why: str) -> Answer:
        path = self.recordings.folder / f"{call.service}.json"
        shown = {name: value for name, value in call.params.items() if isinstance(value, str | int | bool)}
        message = f"{call.name} {shown} (account {call.account}, region {call.region}): {why}; add a response to {path}"
        if self.cloud is not None and message not in self.cloud.missed:
            self.cloud.missed.append(message)
        return error(call, "MissingRecording", message, status=501)


def _whole_body(environ: dict[str, Any]) -> bytes:
    if environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked":
        return bytes(environ["wsgi.input"].read())
    return bytes(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))


@contextmanager
def serve(
    folder: Path | None = None,
    *,
    latency_ms: float = 0,
    deny: Sequence[Deny] = (),
    throttle: Sequence[Throttle] = (),
    truncate: Sequence[Truncate] = (),
    page_size: int | None = None,
    strict: bool = True,
) -> Iterator[Cloud]:
    """A local AWS filled from ``folder`` (``seed/*.yaml``, ``recordings/*.json``), or an empty one.

    The seed is applied through real clients before the faults and the latency begin.

    Args:
        folder: the cloud's folder, or None.
        latency_ms: milliseconds added to each answer.
        deny: refusals.
        throttle: requests answered with 429 and Retry-After.
        truncate: answers cut in half.
        page_size: items per page of recorded lists, where the caller asks for no fewer.
        strict: leaving the context raises where a request was missed.

    Raises:
        MissingExtra: moto or boto3 is not installed.
        AispostureError: another local AWS runs in this process, or (``strict``) a request could not be answered.
        FileError: a seed or recording that cannot be used.
    """
    chosen = settings(folder) if folder else Settings()
    emulator = Emulator()
    try:
        recordings = Recordings(
            (folder or Path()) / "recordings" if folder else Path("recordings"), page_size=page_size
        )
        front = _Front(
            emulator,
            Amendments(
                emulator,
                max_items=page_size or 100,
                default_network=chosen.default_network,
                scanner=lambda key: _account_of(key) is not None,
            ),
            recordings,
            tuple(deny),
            tuple(throttle),
            tuple(truncate),
            latency_ms / 1000,
        )
        with Loopback(front) as server:
            cloud = Cloud(server.url, chosen.accounts, _recordings=recordings)
            if folder:
                apply(folder, chosen, url=server.url, key=_key, emulator=emulator)
            front.cloud = cloud
            front.seeding = False
            yield cloud
        if strict and cloud.missed:
            raise AispostureError("the local AWS could not answer:\n  " + "\n  ".join(cloud.missed))
    finally:
        emulator.close()
