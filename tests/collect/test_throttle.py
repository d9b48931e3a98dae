import pytest

from aisposture.collect.throttle import Buckets, TokenBucket


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def bucket(rate: float, burst: float | None = None) -> tuple[TokenBucket, Time]:
    time = Time()
    return TokenBucket(rate, burst=burst, clock=time.clock, sleep=time.sleep), time


def test_requests_beyond_the_burst_are_spaced() -> None:
    made, time = bucket(10, burst=1)
    for _ in range(21):
        made.take()
    assert time.now == pytest.approx(2.0)


def test_a_throttled_answer_halves_the_rate_once_a_second() -> None:
    made, time = bucket(100)
    for _ in range(50):
        made.heard(throttled=True)
    assert made.rate == 50
    time.now += 1
    made.heard(throttled=True)
    assert made.rate == 25


def test_the_rate_grows_back_and_no_further() -> None:
    made, _ = bucket(100)
    made.heard(throttled=True)
    for _ in range(1000):
        made.heard(throttled=False)
    assert made.rate == 100


def test_the_rate_never_reaches_zero() -> None:
    made, time = bucket(4)
    for _ in range(40):
        made.heard(throttled=True)
        time.now += 1
    assert made.rate == 0.5


def test_accounts_and_services_do_not_slow_each_other() -> None:
    buckets = Buckets()
    assert buckets.of("1", "iam") is buckets.of("1", "iam")
    assert len({id(buckets.of(account, service)) for account in "12" for service in ("iam", "s3")}) == 4
