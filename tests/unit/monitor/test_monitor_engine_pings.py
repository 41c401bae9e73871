"""One ping check under a clock that the test turns: echoes, knocks, judgements, and whose lateness it was."""

from __future__ import annotations

import errno
import socket
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fed_common.core.health import Check, Outcome, ProbeKind, Verdict
from fed_common.monitor.engine.names import Address, literal
from fed_common.monitor.engine.pings import PATIENCE, Ping, Pings
from fed_common.monitor.engine.sockets import Heard
from fed_common.monitor.engine.wheel import SLOT

ADDRESS = literal("192.0.2.1")
OTHER = literal("192.0.2.2")
assert ADDRESS
assert OTHER


class Bench:
    """Pings on a socket that is a list, one slot after the other."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.sent: list[tuple[float, Address, int, int, int]] = []
        self.waiting: list[Heard] = []
        self.error: int | None = None
        self.full, self.most = False, 512
        self.outcomes: list[Outcome] = []
        self.pings = Pings({socket.AF_INET: self}, lambda: self.now)  # type: ignore[dict-item]

    def send(self, address: Address, serial: int, nonce: int, stamp: int) -> None:
        if self.error:
            raise OSError(self.error, "no")
        self.sent.append((self.now, address, serial, nonce, stamp))

    def receive(self) -> tuple[list[Heard], bool]:
        heard, self.waiting = self.waiting[: self.most], self.waiting[self.most :]
        return heard, not (self.full or self.waiting)

    def begin(self, **check: object) -> Ping:
        ping = Ping(Check(ProbeKind.PING, "192.0.2.1", **check), [ADDRESS], self.outcomes.append)  # type: ignore[arg-type]
        assert self.pings.begin(ping, self.now)
        return ping

    def go(self, seconds: float, *, slot: float = SLOT, most: int = 1_000) -> None:
        until = self.now + seconds - slot / 2
        while self.now < until:
            self.now += slot
            self.pings.turn(self.now, most)

    def answer(self, number: int = -1) -> None:
        _, address, serial, nonce, stamp = self.sent[number]
        self.waiting.append((address.packed, serial, nonce, stamp))

    def at(self) -> list[float]:
        return [round(moment - 1_000, 1) for moment, *_ in self.sent]


def test_an_answer_is_up_and_tells_how_long_it_took() -> None:
    bench = Bench()
    bench.begin()
    bench.now += 0.25
    bench.answer()
    bench.pings.hear()
    assert bench.outcomes[0].verdict is Verdict.UP
    assert bench.outcomes[0].seconds == pytest.approx(0.25, abs=0.001)
    bench.go(5)
    assert len(bench.outcomes) == len(bench.sent) == 1


def test_no_answer_is_knocked_for_once_more_and_down_after_the_timeout() -> None:
    bench = Bench()
    bench.begin(timeout=1.0)
    bench.go(0.9)
    assert bench.at() == [0.0, 0.5]
    assert not bench.outcomes
    bench.go(0.15)
    assert bench.outcomes == [Outcome(Verdict.DOWN, "no answer within 1 s")]
    bench.go(5)
    assert len(bench.outcomes) == 1
    assert len(bench.sent) == 2


def test_one_lost_packet_is_no_failure() -> None:
    bench = Bench()
    bench.begin()
    bench.go(0.6)
    bench.answer(1)
    bench.go(0.1)
    assert [outcome.verdict for outcome in bench.outcomes] == [Verdict.UP]


@pytest.mark.parametrize("answered", [0, 1, 2], ids=["T70 first", "T70 second", "T70 third"])
def test_one_answer_of_three_echoes_is_enough(answered: int) -> None:
    bench = Bench()
    bench.begin(count=3, interval=0.2, timeout=1.0)
    bench.go(0.2 * answered + 0.1)
    assert bench.at() == [0.0, 0.2, 0.4][: answered + 1]
    bench.answer()
    bench.go(5)
    assert [outcome.verdict for outcome in bench.outcomes] == [Verdict.UP]


def test_a_check_of_several_echoes_fails_when_the_last_was_not_answered_in_time() -> None:
    bench = Bench()
    bench.begin(count=3, interval=1.0, timeout=1.0)
    bench.go(2.9)
    assert bench.at() == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]
    assert not bench.outcomes
    bench.go(0.2)
    assert [outcome.verdict for outcome in bench.outcomes] == [Verdict.DOWN]


WRONG: dict[str, Callable[[Heard], Heard]] = {
    "T108 another source": lambda one: (OTHER.packed, *one[1:]),
    "T108 another nonce": lambda one: (one[0], one[1], one[2] ^ 1, one[3]),
    "T108 another check": lambda one: (one[0], one[1] + 1, one[2], one[3]),
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG.keys())
def test_what_does_not_answer_this_echo_is_ignored(change: Callable[[Heard], Heard]) -> None:
    bench = Bench()
    bench.begin()
    bench.answer()
    bench.waiting = [change(one) for one in bench.waiting]
    bench.go(2)
    assert [outcome.verdict for outcome in bench.outcomes] == [Verdict.DOWN]


def test_a_late_and_a_second_answer_are_ignored() -> None:  # T108
    bench = Bench()
    ping = bench.begin()
    bench.go(2)
    bench.answer(0)
    bench.pings.begin(ping, bench.now)
    bench.go(0.1)
    assert [outcome.verdict for outcome in bench.outcomes] == [Verdict.DOWN], "late"
    bench.answer()
    bench.answer()
    bench.go(0.1)
    assert [outcome.verdict for outcome in bench.outcomes] == [Verdict.DOWN, Verdict.UP]


def test_what_is_forgotten_is_not_heard_of() -> None:
    bench = Bench()
    bench.pings.forget(bench.begin())
    bench.answer()
    bench.go(3)
    assert not bench.outcomes
    assert len(bench.sent) == 1


def test_who_hears_of_one_may_forget_another_that_is_due_as_well() -> None:
    bench = Bench()
    pings: list[Ping] = []

    def done(outcome: Outcome) -> None:
        bench.outcomes.append(outcome)
        for ping in pings:
            bench.pings.forget(ping)

    for _ in range(3):
        pings.append(Ping(Check(ProbeKind.PING, "192.0.2.1"), [ADDRESS], done))
        bench.pings.begin(pings[-1], bench.now)
    bench.go(3)
    assert len(bench.outcomes) == 1


def test_answers_that_waited_while_we_were_away_count() -> None:
    bench = Bench()
    bench.begin()
    bench.answer()
    bench.now += 60
    bench.pings.turn(bench.now, 100)
    assert [outcome.verdict for outcome in bench.outcomes] == [Verdict.UP]


@pytest.mark.parametrize("away_from", [0.1, 0.7], ids=["before the knock", "after the knock"])
def test_whoever_was_away_asks_again_instead_of_judging(away_from: float) -> None:
    bench = Bench()
    bench.begin(timeout=1.0)
    bench.go(away_from)
    bench.now += 60
    bench.go(0.3)
    assert not bench.outcomes
    bench.answer()
    bench.go(0.1)
    assert [outcome.verdict for outcome in bench.outcomes] == [Verdict.UP]


def test_who_is_always_late_judges_all_the_same() -> None:
    bench = Bench()
    bench.begin(timeout=1.0)
    bench.go(6, slot=0.5)
    assert [outcome.verdict for outcome in bench.outcomes] == [Verdict.DOWN]


@pytest.mark.parametrize(
    ("number", "verdict"),
    [
        (errno.EHOSTUNREACH, Verdict.DOWN),
        (errno.ENETUNREACH, Verdict.DOWN),
        (errno.EPERM, Verdict.ERROR),
        (errno.EACCES, Verdict.ERROR),
        (errno.EINVAL, Verdict.ERROR),
    ],
)
def test_an_echo_that_cannot_be_sent(number: int, verdict: Verdict) -> None:
    bench = Bench()
    bench.error = number
    bench.begin()
    assert [outcome.verdict for outcome in bench.outcomes] == [verdict]
    assert bench.outcomes[0].reason
    bench.go(3)
    assert len(bench.outcomes) == 1


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.ENOBUFS])
def test_a_full_socket_is_no_failure(number: int) -> None:
    bench = Bench()
    bench.error = number
    ping = Ping(Check(ProbeKind.PING, "192.0.2.1"), [ADDRESS], bench.outcomes.append)
    assert not bench.pings.begin(ping, bench.now)
    bench.go(3)
    assert not bench.outcomes
    bench.error = None
    assert bench.pings.begin(ping, bench.now)
    bench.error = number
    bench.go(0.7)  # the knock finds no room, either
    bench.error = None
    bench.go(0.1)
    assert len(bench.sent) == 2
    assert not bench.outcomes


def test_knocks_are_spread_too() -> None:
    bench = Bench()
    for _ in range(100):
        bench.begin()
    bench.go(0.49)
    bench.sent.clear()
    bench.go(0.2, most=10)
    assert len(bench.sent) == 100
    per_turn: dict[float, int] = {}
    for moment, *_ in bench.sent:
        per_turn[moment] = per_turn.get(moment, 0) + 1
    assert max(per_turn.values()) == 10


def test_more_answers_than_are_taken_at_one_go_are_all_heard_before_anybody_is_judged() -> None:
    bench = Bench()
    for _ in range(2_000):
        bench.begin()
        bench.answer()
    bench.most = 100
    bench.now += 60
    bench.pings.turn(bench.now, 1_000)
    assert Counter(outcome.verdict for outcome in bench.outcomes) == {Verdict.UP: 2_000}


def test_a_flood_delays_the_judgement_but_does_not_end_it() -> None:
    bench = Bench()
    bench.begin()
    bench.full = True
    bench.go(PATIENCE)
    assert not bench.outcomes
    bench.go(2)
    assert [outcome.verdict for outcome in bench.outcomes] == [Verdict.DOWN]


@given(
    count=st.integers(1, 4),
    interval=st.floats(0.02, 3),
    timeout=st.floats(0.02, 3),
    steps=st.lists(st.floats(0.001, 0.5), min_size=1, max_size=60),
    answers=st.sets(st.integers(0, 60)),
)
def test_every_check_has_one_outcome_whatever_the_times(
    count: int, interval: float, timeout: float, steps: list[float], answers: set[int]
) -> None:
    bench = Bench()
    bench.begin(count=count, interval=interval, timeout=timeout)
    for number, step in enumerate(steps):
        bench.now += step
        if number in answers:
            bench.answer()
        bench.pings.turn(bench.now, 10)
    bench.go(4 * (count * max(interval, timeout) + timeout) + 1, slot=0.05)
    assert len(bench.outcomes) == 1
    assert count <= len(bench.sent) <= 2 * count + 1 or bench.outcomes[0].verdict is Verdict.UP
