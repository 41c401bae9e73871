"""The judgement: fall and rise, first check, boot delay, the monitor's own errors, flapping."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from fed_common.core.flapping import Flapping
from fed_common.core.health import Check, Flip, Health, Outcome, ProbeKind, Target, Verdict
from fed_common.core.judge import Judge, Rule

START = datetime(2026, 11, 21, tzinfo=UTC)
UP, DOWN, ERROR = (
    Outcome(Verdict.UP, "", 0.01),
    Outcome(Verdict.DOWN, "no answer"),
    Outcome(Verdict.ERROR, "no socket"),
)


def target(**fields: Any) -> Target:
    check = Check(ProbeKind.PING, "127.0.0.1")
    return Target(1, "an-action", "a-subject", 7, check, **fields)


def told(judge: Judge, *outcomes: Outcome, at: float = 0.0) -> list[tuple[str, str] | None]:
    """Health and rule of what is told after each result, the results a second apart."""
    flips = [judge.hear(one, wall=START + timedelta(seconds=at + second)) for second, one in enumerate(outcomes)]
    return [(flip.health, flip.rule) if flip else None for flip in flips]


def test_the_first_verdict_of_a_pending_target_is_told() -> None:
    assert told(Judge(target()), UP, UP) == [("UP", "first_check"), None]
    assert told(Judge(target()), DOWN, DOWN) == [("DOWN", "first_check"), None]


def test_a_pending_target_is_up_at_once_but_down_only_after_fall() -> None:  # T105
    assert told(Judge(target(fall=3, rise=3)), DOWN, DOWN, DOWN)[1:] == [None, ("DOWN", "first_check")]
    assert told(Judge(target(fall=3, rise=3)), DOWN, UP) == [None, ("UP", "first_check")]


def test_health_changes_after_so_many_results_in_a_row_only() -> None:  # T105
    judge = Judge(target(health=Health.UP, fall=2, rise=3))

    assert told(judge, DOWN, UP, DOWN, DOWN) == [None, None, None, ("DOWN", "fall")]
    judge = Judge(target(health=Health.DOWN, fall=2, rise=3))
    assert told(judge, UP, UP, DOWN, UP, UP, UP) == [None] * 5 + [("UP", "rise")]


def test_how_many_results_speak_against_the_health_is_known() -> None:
    judge = Judge(target(health=Health.UP, fall=3))

    told(judge, DOWN, DOWN)
    assert (judge.health, judge.soft) == (Health.UP, 2)
    told(judge, UP)
    assert judge.soft == 0


def test_what_was_seen_goes_with_what_is_told() -> None:
    judge = Judge(target(health=Health.UP))

    assert judge.hear(DOWN, wall=START) == Flip(Health.DOWN, "fall", "no answer")


@pytest.mark.parametrize("health", Health)
def test_a_fresh_owner_tells_nothing_of_what_is_known(health: Health) -> None:  # T93 T99
    same = {Health.UP: UP, Health.DOWN: DOWN, Health.PENDING: ERROR}[health]

    assert told(Judge(target(health=health)), *[same] * 50) == [None] * 50


def test_a_failure_before_the_end_of_the_delay_is_none_and_one_right_after_counts() -> None:  # T52 T53
    judge = Judge(target(not_before=START + timedelta(seconds=45)))

    assert told(judge, *[DOWN] * 45) == [None] * 45
    assert (judge.health, judge.soft, judge.set_aside) == (Health.PENDING, 0, Rule.BOOT)
    assert told(judge, DOWN, at=45) == [("DOWN", "first_check")]


def test_what_boots_and_answers_is_up_and_may_fail_again_until_the_end_of_the_delay() -> None:  # T52
    judge = Judge(target(not_before=START + timedelta(seconds=45)))

    assert told(judge, DOWN, UP, DOWN, DOWN, UP) == [None, ("UP", "first_check"), None, None, None]
    assert told(judge, DOWN, at=45) == [("DOWN", "fall")]


def test_failures_of_the_boot_delay_do_not_count_for_what_comes_after() -> None:  # T53
    judge = Judge(target(fall=2, not_before=START + timedelta(seconds=30)))
    told(judge, *[DOWN] * 30)

    assert told(judge, DOWN, DOWN, at=30) == [None, ("DOWN", "first_check")]


def test_the_monitors_own_errors_say_nothing_and_are_counted() -> None:  # T106
    judge = Judge(target(health=Health.UP, fall=2))

    assert told(judge, DOWN, ERROR, ERROR) == [None] * 3
    assert (judge.errors, judge.set_aside, judge.soft) == (2, Rule.MONITOR_ERROR, 1)
    assert told(judge, DOWN) == [("DOWN", "fall")]
    assert (judge.errors, judge.set_aside) == (0, None)


def test_what_changes_while_a_target_flaps_is_told_and_marked() -> None:  # T104
    judge = Judge(target(health=Health.UP))
    flips = [judge.hear((UP, DOWN)[second % 2 == 0], wall=START) for second in range(10)]

    assert [flip.flapping for flip in flips if flip] == [False] * 5 + [True] * 5
    assert {flip.rule for flip in flips if flip} == {"fall", "rise"}


def test_a_target_that_flaps_below_its_fall_is_told_once() -> None:  # T104
    judge = Judge(target(health=Health.UP, fall=3))

    assert told(judge, *[DOWN, UP] * 10) == [None] * 5 + [("UP", "flapping")] + [None] * 14
    assert judge.flapping


def test_one_that_ends_up_down_is_told_again_when_it_is_steady() -> None:  # T104
    judge = Judge(target(health=Health.UP))
    told(judge, *[DOWN, UP] * 10)
    flips = [flip for _ in range(30) if (flip := judge.hear(DOWN, wall=START))]

    assert flips == [
        Flip(Health.DOWN, "fall", "no answer", flapping=True),
        Flip(Health.DOWN, "steady", "no answer", flapping=False),
    ]


def test_who_takes_over_a_flapping_target_does_not_take_it_for_steady() -> None:  # T104
    judge = Judge(target(health=Health.UP, flapping=True))
    flip = judge.hear(DOWN, wall=START)

    assert flip
    assert flip.flapping
    assert told(judge, *[DOWN] * 30).count(("DOWN", "steady")) == 1


def test_a_row_read_again_changes_counts_and_a_health_somebody_else_decided() -> None:
    judge = Judge(target(health=Health.UP, fall=3))
    told(judge, DOWN)
    judge.follow(target(health=Health.UP, fall=2))
    assert told(judge, DOWN) == [("DOWN", "fall")]

    judge.follow(target(health=Health.UP, fall=2))
    assert judge.health is Health.DOWN
    judge.follow(target(health=Health.DOWN, fall=2))
    judge.follow(target(health=Health.UP, fall=2))
    assert judge.health is Health.UP


class AnyResults(RuleBasedStateMachine):
    """Any results, beside a judge who keeps all that count and looks through them each time."""

    @initialize(
        health=st.sampled_from(Health), fall=st.integers(1, 4), rise=st.integers(1, 4), boots=st.integers(0, 10)
    )
    def begin(self, health: Health, fall: int, rise: int, boots: int) -> None:
        self.target = target(health=health, fall=fall, rise=rise, not_before=START + timedelta(seconds=boots))
        self.judge = Judge(self.target)
        self.health, self.counted, self.second = health, [], 0
        self.flapping = Flapping({Health.UP: True, Health.DOWN: False}.get(health))

    @rule(outcome=st.sampled_from((UP, UP, DOWN, DOWN, ERROR)), seconds=st.integers(0, 3))
    def a_check_ends(self, outcome: Outcome, seconds: int) -> None:
        self.second += seconds
        wall = START + timedelta(seconds=self.second)
        before, flapped = self.health, self.flapping.active
        assert self.target.not_before
        if outcome is UP or (outcome is DOWN and wall >= self.target.not_before):
            self.counted.append(outcome)
            self.flapping.note(outcome is UP)
        needed = {UP: self.target.rise, DOWN: self.target.fall}.get(outcome, 0)
        if self.health is Health.PENDING and outcome is UP:
            needed = 1
        latest = self.counted[-needed:] if needed else []
        if len(latest) == needed and set(latest) == {outcome} and self.counted[-1:] == [outcome]:
            self.health = Health.UP if outcome is UP else Health.DOWN

        flip = self.judge.hear(outcome, wall=wall)
        turned = self.flapping.active is not flapped
        assert bool(flip) is (self.health is not before or turned)
        if flip:
            assert (flip.health, flip.flapping) == (self.health, self.flapping.active)
            assert (flip.rule in ("flapping", "steady")) is (self.health is before)
            assert flip.reason == outcome.reason

    @rule(fall=st.integers(1, 4), rise=st.integers(1, 4))
    def its_row_is_read_again(self, fall: int, rise: int) -> None:
        assume(not self.judge.soft)
        self.target = replace(self.target, fall=fall, rise=rise)
        self.judge.follow(self.target)

    @invariant()
    def both_think_the_same(self) -> None:
        if hasattr(self, "judge"):
            assert self.judge.health is self.health
            assert self.judge.flapping is self.flapping.active


TestAnyResults = AnyResults.TestCase
