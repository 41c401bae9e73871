"""The timer wheel against a list of moments."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from fed_common.monitor.engine.wheel import SLOT, Wheel

ITEMS = st.integers(0, 20)


class Model(RuleBasedStateMachine):
    """Moments are whole thousandths, so that the model need not know about rounding."""

    def __init__(self) -> None:
        super().__init__()
        self.wheel: Wheel[int] = Wheel()
        self.moments: dict[int, int] = {}
        self.now = 0

    @rule(item=ITEMS, ahead=st.integers(-3_000, 100_000))
    def put(self, item: int, ahead: int) -> None:
        moment = max(0, self.now + ahead)
        self.wheel.put(item, moment / 1000)
        self.moments[item] = moment

    @rule(item=ITEMS)
    def remove(self, item: int) -> None:
        self.wheel.remove(item)
        self.moments.pop(item, None)

    @rule(ahead=st.integers(0, 50_000), most=st.none() | st.integers(0, 25))
    def due(self, ahead: int, most: int | None) -> None:
        self.now += ahead
        found = self.wheel.due(self.now / 1000, most)
        assert len(found) == len(set(found))
        assert all(self.moments[item] <= self.now for item in found), "before its moment"
        over = [item for item, moment in self.moments.items() if moment <= self.now - 2 * SLOT * 1000]
        left = [item for item in over if item not in found]
        assert not left or len(found) == most, "forgotten"
        latest = max((self.moments[item] for item in found), default=0)
        assert all(self.moments[item] >= latest - SLOT * 1000 - 1 for item in left), "not the oldest first"
        for item in found:
            del self.moments[item]

    @invariant()
    def holds_the_same(self) -> None:
        assert len(self.wheel) == len(self.moments)
        assert all(item in self.wheel for item in self.moments)


TestWheel = Model.TestCase
TestWheel.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


def test_a_wheel_that_things_come_and_go_in_does_not_grow() -> None:
    wheel: Wheel[int] = Wheel()
    for number in range(10_000):
        wheel.put(1, 3_600 + number / 1000)
    assert len(wheel) == 1
    assert wheel.due(10_000.0) == [1]
    assert not wheel._order
    assert not wheel._slots


def test_a_day_away_costs_only_what_was_due() -> None:
    wheel: Wheel[int] = Wheel()
    wheel.put(1, 1.0)
    assert wheel.due(86_400.0 * 365) == [1]
