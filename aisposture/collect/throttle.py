"""A token bucket that learns: it slows down where the provider throttles and speeds up again while it does not."""

import threading
import time
from collections.abc import Callable

RATES: dict[str, float] = {"iam": 20.0, "organizations": 8.0, "sts": 40.0, "account": 5.0}
"""Requests a second at which a service of one account is asked, where it is known to stand less than ``DEFAULT_RATE``."""

DEFAULT_RATE = 200.0
_LEAST = 0.5


class TokenBucket:
    """Spaces requests out; thread-safe. Each request waits for ``take`` and reports its answer to ``heard``."""

    def __init__(
        self,
        rate: float,
        *,
        burst: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``rate`` is requests a second, ``burst`` how many may go at once (default: one second's worth)."""
        self.rate = rate
        self._most = rate
        self._burst = burst if burst is not None else rate
        self._tokens = self._burst
        self._clock = clock
        self._sleep = sleep
        self._at = clock()
        self._slowed = self._at
        self._lock = threading.Lock()

    def take(self) -> float:
        """Wait for the right to send one request; the seconds waited."""
        with self._lock:
            now = self._clock()
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self.rate)
            self._at = now
            self._tokens -= 1
            wait = max(0.0, -self._tokens / self.rate)
        if wait:
            self._sleep(wait)
        return wait

    def heard(self, *, throttled: bool) -> None:
        """Learn from an answer: halve the rate when throttled (at most once a second), else let it grow back."""
        with self._lock:
            now = self._clock()
            if not throttled:
                self.rate = min(self._most, self.rate + self._most / 500)
            elif now - self._slowed >= 1 or self.rate == self._most:
                self.rate = max(_LEAST, self.rate / 2)
                self._tokens = min(self._tokens, 0.0)
                self._slowed = now


class Buckets:
    """One bucket per account and service."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str], TokenBucket] = {}
        self._lock = threading.Lock()

    def of(self, account: str, service: str) -> TokenBucket:
        """The bucket of ``service`` in ``account``."""
        with self._lock:
            if (account, service) not in self._buckets:
                self._buckets[account, service] = TokenBucket(RATES.get(service, DEFAULT_RATE))
            return self._buckets[account, service]
