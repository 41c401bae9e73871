"""What an executor watches: put, changed, ended, by target, action, subject and shard."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fed_common.core.health import Check, Flip, Health, Outcome, ProbeKind, Target, Verdict
from fed_common.monitor.executor import watching as module
from fed_common.monitor.executor.watching import Watching
from fed_common.telemetry import metrics

UP, DOWN = Outcome(Verdict.UP), Outcome(Verdict.DOWN, "no answer")


class Asked:
    """Engine and kill queues that only remember."""

    def __init__(self) -> None:
        self.put_: list[tuple[int, Check, bool]] = []
        self.removed: list[int] = []
        self.queues: set[str] = set()

    def put(self, key: int, check: Check, *, at_once: bool = True) -> None:
        self.put_.append((key, check, at_once))

    def remove(self, key: Any) -> None:
        if isinstance(key, str):
            self.queues.discard(key)
        else:
            self.removed.append(key)

    def add(self, subject: str) -> None:
        assert subject not in self.queues
        self.queues.add(subject)


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def flips() -> list[tuple[int, Flip, Health]]:
    return []


@pytest.fixture
def watching(asked: Asked, flips: list[tuple[int, Flip, Health]]) -> Watching:
    return Watching(asked, asked, lambda target, flip, before: flips.append((target.id, flip, before)))


def target(id: int = 1, action: str = "a", subject: str = "s", **more: Any) -> Target:
    return Target(id, action, subject, more.pop("shard", 0), Check(ProbeKind.PING, f"10.0.0.{id}"), **more)


def test_a_target_is_probed_at_once_and_its_first_answer_is_told(
    watching: Watching, asked: Asked, flips: list[Any]
) -> None:
    watching.put([target()])
    assert asked.put_ == [(1, target().check, True)]
    assert asked.queues == {"s"}
    watching.hear(1, UP)
    assert [(id, flip.health, before) for id, flip, before in flips] == [(1, Health.UP, Health.PENDING)]


def test_a_steady_target_tells_nothing(watching: Watching, flips: list[Any]) -> None:
    watching.put([target(health=Health.UP), target(2, health=Health.DOWN)])
    for _ in range(100):
        watching.hear(1, UP)
        watching.hear(2, DOWN)
    assert flips == []  # T15, T93


def test_a_new_owner_of_a_failing_target_makes_the_flip_its_former_owner_would_have_made(
    watching: Watching, flips: list[Any]
) -> None:
    watching.put([target(health=Health.UP, fall=2)], anew=True)
    watching.hear(1, DOWN)
    assert flips == []
    watching.hear(1, DOWN)
    assert [(flip.health, flip.rule, before) for _, flip, before in flips] == [
        (Health.DOWN, "fall", Health.UP)
    ]  # T94


def test_a_row_that_was_read_again_unchanged_keeps_the_count_of_failures(
    watching: Watching, asked: Asked, flips: list[Any]
) -> None:
    watching.put([target(health=Health.UP, fall=2)])
    watching.hear(1, DOWN)
    watching.put([target(health=Health.UP, fall=2)])
    watching.hear(1, DOWN)
    assert len(flips) == 1
    assert len(asked.put_) == 1


def test_a_health_that_somebody_else_decided_is_taken_over(watching: Watching, flips: list[Any]) -> None:
    watching.put([target(health=Health.UP)])
    watching.put([target(health=Health.DOWN)])
    watching.hear(1, DOWN)
    assert flips == []
    watching.hear(1, UP)
    assert [(flip.health, flip.rule) for _, flip, _ in flips] == [(Health.UP, "rise")]


def test_a_shard_that_was_gained_anew_begins_with_its_rows_and_keeps_the_phase_of_its_probes(
    watching: Watching, asked: Asked, flips: list[Any]
) -> None:
    watching.put([target(health=Health.UP)])
    watching.hear(1, DOWN)
    watching.put([target(health=Health.UP)], anew=True)
    watching.hear(1, DOWN)
    assert [flip.health for _, flip, _ in flips] == [Health.DOWN, Health.DOWN]  # the first was said to nobody
    assert len(asked.put_) == 1


@pytest.mark.parametrize(
    "change",
    [{"check": Check(ProbeKind.PING, "10.9.9.9")}, {"action_id": "b"}],
    ids=["address", "action"],
)
def test_a_target_that_is_asked_otherwise_is_put_anew(
    watching: Watching, asked: Asked, change: dict[str, Any]
) -> None:
    watching.put([target(health=Health.UP)])
    changed = replace(target(health=Health.UP), **change)
    watching.put([changed])
    assert asked.put_[-1] == (1, changed.check, True)
    assert len(asked.put_) == 2
    assert watching.has(changed.action_id)
    assert watching.has("a") is (changed.action_id == "a")
    assert asked.queues == {"s"}


def test_a_target_that_went_is_forgotten_and_its_queue_with_the_last_of_its_subject(
    watching: Watching, asked: Asked, flips: list[Any]
) -> None:
    watching.put([target(1), target(2)])
    watching.remove([1, 99])
    assert asked.queues == {"s"}
    watching.remove([2])
    assert (asked.queues, asked.removed, len(watching)) == (set(), [1, 2], 0)
    watching.hear(1, UP)
    assert flips == []
    assert not watching.has("a")


def test_an_action_ends_with_all_its_targets_and_no_other(watching: Watching) -> None:
    watching.put([target(1), target(2), target(3, action="b", subject="t")])
    assert watching.actions_of("s") == {"a"}
    assert watching.drop("a")
    assert not watching.drop("a")  # T33
    assert not watching.drop("unknown")  # T32
    assert len(watching) == 1
    assert watching.target(1) is None
    assert watching.actions_of("s") == set()
    assert watching.actions_of("t") == {"b"}


def test_shards_that_are_another_s_are_not_watched(watching: Watching) -> None:
    watching.put([target(1, shard=1), target(2, shard=2), target(3, shard=2)])
    watching.keep({2})
    assert [id for id in (1, 2, 3) if watching.target(id)] == [2, 3]
    watching.retain({2}, {3})
    assert [id for id in (1, 2, 3) if watching.target(id)] == [3]


def test_what_is_watched_and_what_flips_is_measured(watching: Watching) -> None:
    def flipped() -> float:
        return metrics.MONITOR_FLIPS.labels("UP", "first_check")._value.get()

    before = flipped()
    watching.put([target(1), target(2)])
    watching.hear(1, UP)
    assert metrics.MONITOR_TARGETS._value.get() == 2
    assert flipped() == before + 1


def test_why_targets_cannot_be_asked_is_logged_once_and_flips_nothing(
    watching: Watching, flips: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(module.log, "warning", lambda event, **fields: said.append(fields["reason"]))
    watching.put([target(1, health=Health.UP), target(2, health=Health.UP)])
    for _ in range(3):
        watching.hear(1, Outcome(Verdict.ERROR, "no permission"))
        watching.hear(2, Outcome(Verdict.ERROR, "no permission"))
    assert (said, flips) == (["no permission"], [])
    watching.hear(1, UP)
    watching.hear(1, Outcome(Verdict.ERROR, "no resolver"))
    assert said == ["no permission", "no resolver"]
