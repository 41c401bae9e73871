"""Token buckets: never more than promised, never less, and no memory without bound."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fed_common.access import throttle
from fed_common.access.throttle import Buckets
from tests.callers import Caller, caller


class Clock:
    """Time that passes when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


RATES = st.floats(0.1, 1000)
BURSTS = st.floats(1, 50)
PAUSES = st.lists(st.floats(0, 5), min_size=1, max_size=200)


@given(RATES, BURSTS, PAUSES)
def test_as_many_pass_as_burst_and_rate_allow(rate: float, burst: float, pauses: list[float]) -> None:
    clock = Clock()
    buckets = Buckets(rate, burst, now=clock)
    level = burst
    for pause in pauses:
        clock.now += pause
        level = min(burst, level + pause * rate)
        passed = not buckets.take("a")
        if abs(level - 1) > 1e-6:
            assert passed == (level >= 1)
        level -= passed


@given(RATES, BURSTS, PAUSES)
def test_who_waits_as_long_as_told_passes(rate: float, burst: float, pauses: list[float]) -> None:
    clock = Clock()
    buckets = Buckets(rate, burst, now=clock)
    for pause in pauses:
        clock.now += pause / 100
        if wait := buckets.take("a"):
            assert wait == buckets.wait("a")
            clock.now += wait + 1e-6
            assert not buckets.take("a")


def test_one_pays_nothing_for_another() -> None:
    buckets = Buckets(1, 2, now=Clock())
    assert [bool(buckets.take(key)) for key in "aaabbb"] == [False, False, True, False, False, True]


def test_looking_takes_nothing() -> None:
    buckets = Buckets(1, 1, now=Clock())
    assert [buckets.wait("a"), buckets.wait("a"), buckets.take("a"), buckets.wait("a")] == [0, 0, 0, 1]


def test_without_a_rate_everything_passes_and_nothing_is_kept() -> None:
    buckets = Buckets(0, 0)
    assert not any(buckets.take("a") or buckets.wait("a") for _ in range(1000))
    assert len(buckets) == 0


def test_memory_is_bounded_and_the_busiest_are_not_forgotten() -> None:
    clock = Clock()
    buckets = Buckets(1, 5, most=100, now=clock)
    for _ in range(5):
        buckets.take("busy")
    for number in range(10_000):
        buckets.take(f"guest {number}")
        assert len(buckets) <= 100
    assert buckets.take("busy")


def test_those_that_have_rested_are_forgotten_first() -> None:
    clock = Clock()
    buckets = Buckets(1, 5, most=20, now=clock)
    for number in range(20):
        buckets.take(f"old {number}")
    clock.now += 10
    buckets.take("new")
    assert len(buckets) == 1


@pytest.mark.django_db
def test_too_many_requests_are_429_naming_when_to_come_back(settings: Any) -> None:
    settings.RATE_PER_SECOND, settings.RATE_BURST = 0.1, 3
    reader, other = caller("reader"), caller("operator")

    answers = [reader.ask("GET", "/words") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    said = answers[-1].json()
    assert (said["code"], said["status"]) == ("throttled", 429)
    assert "'the reader'" in said["detail"]
    assert 1 <= int(answers[-1]["Retry-After"]) <= 10
    assert other.ask("GET", "/words").status_code == 200


@pytest.mark.django_db
def test_wrong_tokens_are_throttled_by_address_and_right_ones_are_not(settings: Any, reader: Caller) -> None:
    settings.FAILURES_PER_MINUTE = 2

    answers = [Caller(f"wrong {number}").ask("GET", "/words") for number in range(4)]

    assert [answer.status_code for answer in answers] == [401, 401, 429, 429]
    assert int(answers[-1]["Retry-After"]) in range(1, 31)
    assert reader.ask("GET", "/words").status_code == 200
    assert Caller().ask("GET", "/words").status_code == 401
    assert Caller("wrong").ask("GET", "/words", **{"X-Forwarded-For": "10.0.0.1"}).status_code == 429


@pytest.mark.django_db
def test_the_limits_are_what_the_settings_say(settings: Any) -> None:
    settings.RATE_PER_SECOND, settings.RATE_BURST, settings.FAILURES_PER_MINUTE = 0, 0, 0
    reader = caller("reader")

    assert {reader.ask("GET", "/words").status_code for _ in range(30)} == {200}
    assert {Caller("wrong").ask("GET", "/words").status_code for _ in range(30)} == {401}
    assert throttle.failures().wait("127.0.0.1") == 0
