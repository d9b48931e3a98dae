"""A scan: every account and region of a scope, in parallel, into a snapshot."""

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from aisposture.collect import kinds_of
from aisposture.collect.extract import Failure
from aisposture.collect.job import GLOBAL, Family, Job
from aisposture.collect.join import gap_of
from aisposture.errors import MissingExtra, UsageError
from aisposture.model.resource import Gap
from aisposture.model.snapshot import ShardEntry, ShardWriter, begin, write_manifest
from aisposture.redact import Redactor
from aisposture.scope import AwsScope, Scope

if TYPE_CHECKING:
    from aisposture.collect.accounts import Account
    from aisposture.collect.clients import Caller, Settings
    from aisposture.collect.wire import Wire

_AT_ONCE = 12
"""Accounts read at the same time; what is read of an account stays in memory until its shards are written."""


class Progress(Protocol):
    """Hears how a scan goes; called from many threads, never at the same time."""

    def step(self, done: int, total: int, what: str) -> None:
        """``done`` of ``total`` steps known by now are made; ``what`` is the account just finished, or ""."""
        ...


class Summary(Struct, frozen=True, kw_only=True):
    """What a scan did.

    Attributes:
        regions: pairs of account and region that were asked.
        requests: HTTP requests sent, retries and pages included.
        gaps: Gaps by reason.
    """

    accounts: int
    regions: int
    resources: int
    calls: int
    requests: int
    gaps: dict[str, int]
    seconds: float


def collect_aws(
    scope: Scope, *, out: Path, progress: Progress | None = None, settings: "Settings | None" = None
) -> Summary:
    """Read the AWS part of ``scope`` and write it as a snapshot into the folder ``out``.

    What cannot be read becomes Gaps of the snapshot, not errors.

    Raises:
        UsageError: profile, region, credentials or folder cannot be used.
        ScanError: the credentials have expired, or no account can be read at all.
        MissingExtra: the AWS SDK is not installed.
        WriteAttempt: a collector asked for something that is no declared read.
    """
    try:
        from aisposture.collect.accounts import accounts, check_regions, connect
        from aisposture.collect.clients import Settings as Defaults
        from aisposture.collect.wire import Wire as OverTheWire
    except ModuleNotFoundError as error:
        raise MissingExtra("aws", "scanning AWS") from error
    if scope.aws is None:
        raise UsageError("the scope names no AWS accounts")
    began = time.monotonic()
    taken_at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    chosen = settings or Defaults()
    clients = connect(scope.aws, chosen)
    try:
        found = accounts(clients, scope.aws)
        wire = OverTheWire(clients)
        check_regions(wire, scope.aws, found)
        begin(out)
        scan = _Scan(wire, scope.aws, out, chosen.workers)
        scan.progress = progress
        scan.run(found)
    finally:
        clients.close()
    manifest = write_manifest(
        out,
        taken_at=taken_at,
        scope=scope.described(),
        accounts=scan.names,
        shards=scan.shards,
        gaps=scan.gaps,
    )
    reasons: dict[str, int] = {}
    for gap in manifest.gaps:
        reasons[gap.reason] = reasons.get(gap.reason, 0) + 1
    return Summary(
        accounts=len(found),
        regions=sum(entry.region != GLOBAL for entry in manifest.shards),
        resources=sum(entry.resources for entry in manifest.shards),
        calls=sum(entry.calls for entry in manifest.shards),
        requests=clients.requests,
        gaps=dict(sorted(reasons.items())),
        seconds=round(time.monotonic() - began, 3),
    )


class _Scan:
    """The accounts of one scan over one pool of threads."""

    def __init__(self, wire: "Wire", scope: AwsScope, out: Path, workers: int) -> None:
        self.names: dict[str, str] = {}
        self.shards: list[ShardEntry] = []
        self.gaps: list[Gap] = []
        self.progress: Progress | None = None
        self._scope = scope
        self._out = out
        self._wire = wire
        self._family = Family(kinds_of("aws"))
        self._redactor = Redactor(secrets.token_bytes(32))
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="collect")
        self._offered = {
            call.service: frozenset(wire.clients.regions_of(call.service))
            for kind in self._family.kinds
            for call in kind.calls
        }
        self._room = threading.Semaphore(_AT_ONCE)
        self._lock = threading.Lock()
        self._settled = threading.Condition(self._lock)
        self._error: BaseException | None = None
        self._open: Counter[str] = Counter()
        self._done = 0
        self._total = 0

    def run(self, accounts: "tuple[Account, ...]") -> None:
        """Read every account; raises the first error that is not a Gap."""
        readable = frozenset(account.id for account in accounts if account.caller is not None)
        try:
            for account in accounts:
                self.names[account.id] = account.name
                if account.caller is None:
                    self._unreadable(account)
                    continue
                self._room.acquire()
                if self._error is not None:
                    break
                self._begin(account, account.caller, readable)
            with self._settled:
                self._settled.wait_for(lambda: not self._open or self._error is not None)
        finally:
            self._pool.shutdown(wait=True, cancel_futures=True)
        if self._error is not None:
            raise self._error

    def _unreadable(self, account: "Account") -> None:
        failure = account.failure
        if failure is not None:
            self.gaps.append(gap_of(failure, account=account.id, region="*", hides=self._family.everything))

    def _begin(self, account: "Account", caller: "Caller", readable: frozenset[str]) -> None:
        clients = self._wire.clients
        job = Job(
            account.id,
            partition=clients.partition,
            home_region=clients.home_region,
            family=self._family,
            fetch=partial(self._wire.fetch, caller),
            redactor=self._redactor,
            go=lambda task, *args: self._go(job, task, *args),
            offered=self._has,
            others=readable - {account.id},
        )
        self._go(job, self._discover, job, caller)

    def _discover(self, job: Job, caller: "Caller") -> None:
        from aisposture.collect.accounts import regions

        found = regions(self._wire, self._scope, caller)
        if found.failure is not None:
            gap = gap_of(found.failure, account=job.account, region=GLOBAL, hides=("regions",))
            job.shard(GLOBAL).gaps.append(gap)
        for region in found.disabled:
            failure = Failure(
                call="ec2:DescribeRegions",
                reason="disabled",
                needs=f"region {region} enabled in account {job.account}",
                code="not-opted-in",
            )
            gap = gap_of(failure, account=job.account, region=region, hides=self._family.regional)
            job.shard(region).gaps.append(gap)
        job.start(found.enabled)

    def _has(self, service: str, region: str) -> bool:
        """Whether the provider offers ``service`` in ``region``; where the SDK has no list of regions, it is asked."""
        offered = self._offered.get(service)
        return not offered or region in offered

    def _go(self, job: Job, task: Callable[..., None], *args: object) -> None:
        with self._lock:
            if self._error is not None:
                return
            self._open[job.account] += 1
            self._total += 1
            self._pool.submit(self._run, job, task, *args)

    def _run(self, job: Job, task: Callable[..., None], *args: object) -> None:
        try:
            task(*args)
            with self._lock:
                self._open[job.account] -= 1
                last = not self._open[job.account]
            if last:
                self._close(job)
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that waits for the scan
            with self._settled:
                self._error = self._error or error
                self._settled.notify_all()
            self._room.release()
            return
        with self._settled:
            self._done += 1
            if last:
                del self._open[job.account]
                self._room.release()
            if self.progress is not None:
                self.progress.step(self._done, self._total, job.account if last else "")
            self._settled.notify_all()

    def _close(self, job: Job) -> None:
        finished = job.finish(lambda region: ShardWriter(self._out, account=job.account, region=region))
        with self._lock:
            self.shards.extend(finished.shards)
            self.gaps.extend(finished.gaps)
            self.names[job.account] = self.names[job.account] or finished.title
