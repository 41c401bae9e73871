"""The breaker: opens, rests, lets one try, closes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from fed_common.core.breaker import Breaker, State

FAILURES, REST = 3, 10.0


class Hand:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def opened() -> tuple[Breaker, Hand]:
    hand = Hand()
    breaker = Breaker(failures=FAILURES, rest=REST, clock=hand)
    for _ in range(FAILURES):
        breaker.failed(breaker.enter())
    return breaker, hand


def test_it_opens_after_so_many_failures_in_a_row_only() -> None:
    breaker = Breaker(failures=FAILURES, rest=REST)
    for _ in range(10):
        for _ in range(FAILURES - 1):
            breaker.failed(breaker.enter())
        breaker.answered(breaker.enter())

    assert breaker.state is State.CLOSED


def test_while_open_nothing_goes_and_the_wait_is_told() -> None:
    breaker, hand = opened()
    hand.now += 4

    assert breaker.state is State.OPEN
    assert breaker.enter() == 0
    assert breaker.retry_after == REST - 4


def test_after_its_rest_one_goes_and_only_one() -> None:
    breaker, hand = opened()
    hand.now += REST

    assert breaker.state is State.HALF_OPEN
    assert breaker.enter()
    assert breaker.enter() == 0


def test_a_trial_that_fails_has_it_rest_again_and_one_that_answers_closes_it() -> None:
    breaker, hand = opened()
    hand.now += REST
    breaker.failed(breaker.enter())
    assert breaker.state is State.OPEN

    hand.now += REST
    breaker.answered(breaker.enter())
    assert breaker.state is State.CLOSED


def test_a_trial_whose_caller_left_makes_room_for_another() -> None:
    breaker, hand = opened()
    hand.now += REST
    breaker.abandoned(breaker.enter())

    assert breaker.enter()


def test_what_began_before_it_opened_does_not_lengthen_its_rest() -> None:
    hand = Hand()
    breaker = Breaker(failures=1, rest=REST, clock=hand)
    old, first = breaker.enter(), breaker.enter()
    breaker.failed(first)
    hand.now += 6
    breaker.failed(old)

    assert breaker.retry_after == REST - 6


class AnyUse(RuleBasedStateMachine):
    """Whatever callers do, and in whatever order attempts end."""

    def __init__(self) -> None:
        super().__init__()
        self.hand = Hand()
        self.breaker = Breaker(failures=FAILURES, rest=REST, clock=self.hand)
        self.under_way: list[int] = []
        self.in_a_row = 0

    @rule(seconds=st.floats(0, 20))
    def time_passes(self, seconds: float) -> None:
        self.hand.now += seconds

    @rule()
    def enter(self) -> None:
        before, wait = self.breaker.state, self.breaker.retry_after
        attempt = self.breaker.enter()
        if before is State.CLOSED:
            assert attempt
        if before is State.OPEN:
            assert not attempt
            assert wait > 0
        if attempt:
            self.under_way.append(attempt)

    @precondition(lambda self: self.under_way)
    @rule(which=st.integers(0), how=st.sampled_from(["answered", "failed", "abandoned"]))
    def end(self, which: int, how: str) -> None:
        attempt = self.under_way.pop(which % len(self.under_way))
        was_closed = self.breaker.state is State.CLOSED
        getattr(self.breaker, how)(attempt)
        if how == "answered":
            self.in_a_row = 0
            assert self.breaker.state is State.CLOSED
        elif how == "failed" and was_closed:
            self.in_a_row += 1
            assert (self.breaker.state is State.OPEN) == (self.in_a_row >= FAILURES)
        if self.breaker.state is not State.CLOSED:
            self.in_a_row = 0

    @invariant()
    def a_shut_one_is_not_shut_for_ever(self) -> None:
        assert 0 <= self.breaker.retry_after <= REST + 1e-6


TestAnyUse = AnyUse.TestCase


@given(st.lists(st.booleans()))
def test_half_open_never_has_two_trials(ends: list[bool]) -> None:
    breaker, hand = opened()
    for answers in ends:
        hand.now += REST
        attempt = breaker.enter()
        assert attempt
        assert breaker.enter() == 0 or breaker.state is State.CLOSED
        (breaker.answered if answers else breaker.failed)(attempt)
        while breaker.state is State.CLOSED:
            breaker.failed(breaker.enter())
