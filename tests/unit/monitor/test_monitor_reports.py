"""Reports on their way to a conductor: batches, kept until answered, fenced, refused."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from fed_common.core.errors import Retryable
from fed_common.core.health import BAD_ACTION, Check, Flip, Health, ProbeKind, Report, Target
from fed_common.monitor.executor import reports as module
from fed_common.monitor.executor.reports import BATCH, Reports

WENT_DOWN, CAME_UP = Flip(Health.DOWN, "fall", "no answer"), Flip(Health.UP, "rise")


class Conductor:
    """Answers what ``answer`` says; holds calls while ``open`` is not set."""

    def __init__(self) -> None:
        self.calls: list[list[Report]] = []
        self.answer: Callable[[Report], str] = lambda report: report.flip.health.value
        self.away = False
        self.open = threading.Event()
        self.open.set()

    def __call__(self, reports: Sequence[Report]) -> list[str]:
        self.calls.append(list(reports))
        assert self.open.wait(60)
        if self.away:
            raise Retryable("nobody answered report in time")
        return [self.answer(one) for one in reports]


class Told:
    """A Reports with a conductor, its shards, and what was refused."""

    def __init__(self) -> None:
        self.conductor = Conductor()
        self.epochs = {0: 7, 1: 8}
        self.refused: list[int] = []
        self.believed = True
        self.asked: list[list[int]] = []
        self.reports = Reports(
            self.conductor,
            lambda: dict(self.epochs),
            self._believes,
            lambda report: self.refused.append(report.target),
        )

    def _believes(self, failed: Sequence[Target]) -> bool:
        self.asked.append([one.id for one in failed])
        return self.believed

    def heard(self) -> list[tuple[int, Health]]:
        return [(one.target, one.flip.health) for call in self.conductor.calls for one in call]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    monkeypatch.setattr(module, "TRY_AGAIN_AFTER", 0.01)
    made = Told()
    made.reports.start()
    yield made
    made.conductor.open.set()
    made.reports.stop()


def target(id: int, shard: int = 0) -> Target:
    return Target(id, f"action-{id}", "s", shard, Check(ProbeKind.PING, "10.0.0.1"))


def test_a_flip_is_told_with_its_action_and_the_epoch_of_its_shard(told: Told, eventually: Any) -> None:
    told.reports.put(target(5, shard=1), WENT_DOWN)
    eventually(lambda: told.conductor.calls)
    assert told.conductor.calls == [[Report(5, "action-5", 8, WENT_DOWN)]]
    eventually(lambda: len(told.reports) == 0)


def test_what_flips_during_a_call_goes_in_few_calls(told: Told, eventually: Any) -> None:
    told.conductor.open.clear()
    told.reports.put(target(0), CAME_UP)
    eventually(lambda: told.conductor.calls)
    for id in range(1, BATCH + 11):
        told.reports.put(target(id), CAME_UP)
    told.conductor.open.set()
    eventually(lambda: len(told.heard()) == BATCH + 11)
    assert [len(call) for call in told.conductor.calls] == [1, BATCH, 10]


def test_a_report_is_told_again_until_a_conductor_answers(told: Told, eventually: Any) -> None:
    told.conductor.away = True  # T45
    told.reports.put(target(1), WENT_DOWN)
    eventually(lambda: len(told.conductor.calls) > 3)
    assert len(set(map(tuple, told.conductor.calls))) == 1
    told.conductor.away = False
    eventually(lambda: len(told.reports) == 0)
    calls = len(told.conductor.calls)
    told.reports.put(target(2), WENT_DOWN)
    eventually(lambda: len(told.conductor.calls) > calls)
    assert told.conductor.calls[calls:] == [[Report(2, "action-2", 7, WENT_DOWN)]]


def test_of_a_target_that_flipped_again_meanwhile_the_newest_is_told(told: Told, eventually: Any) -> None:
    told.conductor.open.clear()
    told.conductor.away = True
    told.reports.put(target(1), WENT_DOWN)
    eventually(lambda: told.conductor.calls)
    told.reports.put(target(1), CAME_UP)
    told.reports.put(target(2), WENT_DOWN)
    told.conductor.away = False
    told.conductor.open.set()
    eventually(lambda: len(told.reports) == 0)
    assert told.heard() == [(1, Health.DOWN), (1, Health.UP), (2, Health.DOWN)]


def test_nothing_is_told_of_a_shard_that_is_not_ours(told: Told, eventually: Any) -> None:
    told.reports.put(target(1, shard=9), WENT_DOWN)
    told.reports.put(target(2), WENT_DOWN)
    eventually(lambda: told.heard() == [(2, Health.DOWN)])


@pytest.mark.parametrize("epochs", [{}, {0: 8}], ids=["T95-fenced", "T95-new-epoch"])
def test_what_was_seen_under_a_lease_that_is_over_is_not_told(
    told: Told, eventually: Any, epochs: dict[int, int]
) -> None:
    told.conductor.away = True
    told.reports.put(target(1), WENT_DOWN)
    eventually(lambda: told.conductor.calls)
    told.epochs = epochs
    eventually(lambda: len(told.reports) == 0)
    calls = len(told.conductor.calls)
    told.conductor.away, told.epochs = False, {0: 9}
    told.reports.put(target(2), WENT_DOWN)
    eventually(lambda: len(told.conductor.calls) > calls)
    assert [one.target for call in told.conductor.calls[calls:] for one in call] == [2]


def test_bad_action_is_passed_on_for_that_target_alone(told: Told, eventually: Any) -> None:
    told.conductor.answer = lambda report: BAD_ACTION if report.target == 2 else report.flip.health.value
    for id in (1, 2, 3):
        told.reports.put(target(id), WENT_DOWN)
    eventually(lambda: told.refused == [2] and len(told.reports) == 0)


def test_too_few_answers_are_no_answer(told: Told, eventually: Any) -> None:
    short = [True, True, False]
    told.conductor.answer = lambda report: BAD_ACTION
    original = told.conductor.__call__
    told.reports._send = lambda reports: original(reports)[: 0 if short.pop() is False else None]
    told.reports.put(target(1), WENT_DOWN)
    eventually(lambda: told.refused == [1])
    assert len(told.conductor.calls) == 2


def test_failures_that_are_not_believed_are_left_to_others(told: Told, eventually: Any) -> None:
    told.believed = False
    told.reports.put(target(1), WENT_DOWN)
    eventually(lambda: told.asked == [[1]] and len(told.reports) == 0)
    told.believed = True
    told.reports.put(target(2), CAME_UP)
    eventually(lambda: told.heard() == [(2, Health.UP)])
    assert told.asked == [[1]]  # what came up is believed without asking
