"""The mass-failure brake: takes hold of many failures at once, lets go after a quiet window."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from fed_common.core.brake import Brake

PERCENT, COUNT, WINDOW = 20, 3, 10.0


def braked(failures: int, total: int) -> bool:
    brake = Brake(PERCENT, COUNT, WINDOW)
    for _ in range(failures):
        brake.note(100.0)
    return brake.holds(100.0, total)


def test_it_takes_more_than_the_share_and_more_than_the_number() -> None:  # T97 T103
    assert not braked(20, 100)
    assert braked(21, 100)
    assert not braked(3, 3)
    assert braked(4, 4)
    assert not braked(0, 0)


def test_failures_spread_over_more_than_a_window_do_not_count_together() -> None:
    brake = Brake(PERCENT, COUNT, WINDOW)
    for number in range(40):
        brake.note(100.0 + 4 * number)
        assert not brake.holds(100.0 + 4 * number, 10)


def test_it_lets_go_only_when_a_whole_window_was_quiet() -> None:  # T97
    brake = Brake(PERCENT, COUNT, WINDOW)
    for _ in range(30):
        brake.note(100.0)
    assert brake.holds(100.0, 100)
    brake.note(109.0)

    assert brake.holds(118.9, 100)
    assert not brake.holds(119.0, 100)
    assert not brake.holds(119.1, 100)


def test_a_failure_after_a_quiet_window_does_not_keep_it() -> None:
    brake = Brake(PERCENT, COUNT, WINDOW)
    for _ in range(30):
        brake.note(100.0)
    assert brake.holds(100.0, 100)
    brake.note(130.0)

    assert not brake.holds(130.0, 100)


class AnyFailures(RuleBasedStateMachine):
    """Any failures and questions, beside a list of all of them that is counted anew each time."""

    def __init__(self) -> None:
        super().__init__()
        self.brake = Brake(PERCENT, COUNT, WINDOW)
        self.now, self.all, self.held = 1000.0, [], False

    def recent(self) -> int:
        return sum(1 for moment in self.all if self.now - moment < WINDOW)

    @rule(seconds=st.sampled_from((0.0, 0.5, 3.0, 10.0, 30.0)))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(many=st.integers(1, 8))
    def targets_fail(self, many: int) -> None:
        for _ in range(many):
            self.brake.note(self.now)
        self.held = self.held and bool(self.recent())
        self.all += [self.now] * many

    @rule(total=st.integers(0, 60))
    def it_is_asked(self, total: int) -> None:
        recent = self.recent()
        many = recent > COUNT and recent > total * PERCENT / 100
        self.held = many or (self.held and recent > 0)
        assert self.brake.holds(self.now, total) is self.held


TestAnyFailures = AnyFailures.TestCase
