"""Ways in which a local cloud may fail on purpose: refusals, throttling and truncated answers as plain values."""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from threading import Lock


@dataclass(frozen=True, kw_only=True)
class Target:
    """The requests meant by a fault; every field that is given must match.

    Attributes:
        operation: ``service:Operation`` in the provider's own words, with ``*`` and ``?`` (``s3:GetBucketPolicy``, ``iam:*``).
        account: account the caller's credentials belong to.
        region: region the request was signed for.
        resource: pattern that one string of the request's parameters must match (a bucket, a role name, an ARN).
    """

    operation: str = "*"
    account: str | None = None
    region: str | None = None
    resource: str | None = None

    def meets(self, operation: str, account: str, region: str, values: frozenset[str]) -> bool:
        """Whether the request is meant; ``values`` are all strings among its parameters."""
        return (
            fnmatchcase(operation, self.operation)
            and self.account in {None, account}
            and self.region in {None, region}
            and (self.resource is None or any(fnmatchcase(value, self.resource) for value in values))
        )


@dataclass(frozen=True, kw_only=True)
class Deny(Target):
    """A refusal, every time.

    Attributes:
        code: the provider's error code; None takes the word the service itself uses for a missing permission.
        status: HTTP status.
    """

    code: str | None = None
    status: int = 403


@dataclass(frozen=True, kw_only=True)
class Throttle(Target):
    """HTTP 429 with ``Retry-After`` for the first ``times`` requests that match.

    Attributes:
        retry_after: seconds, as sent.
    """

    times: int = 1
    retry_after: int = 1


@dataclass(frozen=True, kw_only=True)
class Truncate(Target):
    """The first ``times`` matching answers lose the second half of their body.

    Attributes:
        honest: the headers promise the whole body and the connection ends early, as on a broken line; else the headers fit
            the half, as behind a broken proxy. botocore minds neither: it takes half a JSON body for an empty answer.
    """

    times: int = 1
    honest: bool = True


@dataclass
class Budget:
    """How often each limited fault has been spent; shared by all threads of a server."""

    _spent: dict[int, int] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def take(self, fault: Throttle | Truncate) -> bool:
        """Whether ``fault`` still applies; counts the use."""
        with self._lock:
            spent = self._spent.get(id(fault), 0)
            if spent >= fault.times:
                return False
            self._spent[id(fault)] = spent + 1
            return True
