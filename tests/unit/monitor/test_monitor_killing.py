"""Kills: what is watched ends and a conductor hears of it; what is not is left alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fed_common.core.errors import Retryable
from fed_common.core.health import Check, ProbeKind, Verdict
from fed_common.monitor.executor import killing as module
from fed_common.monitor.executor.endpoints import Endpoints
from fed_common.monitor.executor.killing import Killing
from fed_common.telemetry import metrics


class Watched:
    """Actions by subject, and what the conductor was told."""

    def __init__(self) -> None:
        self.actions = {"vim": {"new"}}
        self.told: list[str] = []
        self.away = 0
        self.looked = 0
        self.killing = Killing(self.drop, lambda subject: self.actions.get(subject, set()), self.killed)
        self.endpoints = Endpoints(self.killing, lambda id: id == "new", self.look, self.ask)

    def drop(self, action_id: str) -> bool:
        found = [subject for subject, actions in self.actions.items() if action_id in actions]
        for subject in found:
            self.actions[subject] = self.actions[subject] - {action_id}
        return bool(found)

    def killed(self, action_id: str) -> str:
        self.told.append(action_id)
        if self.away:
            self.away -= 1
            raise Retryable("nobody answered killed in time")
        return "KILLED"

    def look(self) -> None:
        self.looked += 1

    def ask(self, check: Check) -> Verdict:
        self.asked = check
        return Verdict.DOWN


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    monkeypatch.setattr(module, "TRY_AGAIN_AFTER", 0.01)
    made = Watched()
    made.killing.start()
    yield made
    made.killing.stop()


def stale() -> float:
    return metrics.STALE_KILLS._value.get()


def test_an_action_is_killed_and_a_conductor_hears_of_it_however_long_that_takes(
    watched: Watched, eventually: Any
) -> None:
    watched.away = 3
    watched.endpoints.kill({}, action_id="new")
    assert watched.actions == {"vim": set()}
    eventually(lambda: watched.told == ["new"] * 4)


def test_a_kill_of_an_older_action_changes_nothing_but_a_counter(watched: Watched) -> None:
    before = stale()
    watched.endpoints.kill({}, action_id="old")  # T32
    assert watched.actions == {"vim": {"new"}}
    assert (stale(), watched.told) == (before + 1, [])


def test_a_second_kill_is_nothing(watched: Watched, eventually: Any) -> None:
    watched.killing.kill("new")
    watched.killing.kill("new")  # T33
    eventually(lambda: watched.told == ["new"])


def test_a_subject_is_killed_by_its_queue(watched: Watched, eventually: Any) -> None:
    before = stale()
    watched.killing.kill_subject("nobody")  # T31
    assert stale() == before + 1
    watched.killing.kill_subject("vim")  # T30
    eventually(lambda: watched.told == ["new"])


def test_kill_action_that_names_nobody_kills_nobody(watched: Watched) -> None:
    watched.endpoints.killAction({})
    assert watched.actions == {"vim": {"new"}}


@pytest.mark.parametrize("action_id", ["new", "unknown"], ids=["T41", "T42"])
def test_an_update_has_the_rows_read_and_changes_nothing_by_itself(watched: Watched, action_id: str) -> None:
    watched.endpoints.update({}, action_id=action_id, parameter={"mgmt_ip": "10.0.0.9"})
    assert watched.looked == 1
    assert watched.actions == {"vim": {"new"}}


def test_a_second_opinion_is_the_verdict_of_one_check(watched: Watched) -> None:
    plain = {"kind": "tcp", "address": "10.0.0.1", "port": 22, "timeout": 0.5}
    assert watched.endpoints.second_opinion({}, check=plain) == "down"
    assert watched.asked == Check(ProbeKind.TCP, "10.0.0.1", 22, timeout=0.5)


@pytest.mark.parametrize(
    "check", [{}, {"kind": "smell", "address": "x"}, {"kind": "tcp"}, {"kind": "tcp", "address": "x", "a": 1}]
)
def test_a_second_opinion_of_what_is_no_check_is_refused(watched: Watched, check: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        watched.endpoints.second_opinion({}, check=check)
