"""Ceilometer's events read, and handed to the rules."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from fed_common.alarms.evaluator.ceilometer import events_of
from fed_common.alarms.evaluator.intake import Intake
from fed_common.bus.envelope import Malformed
from fed_common.core import clock
from fed_common.core.errors import Retryable
from fed_common.core.kinds import Kind, Phase
from fed_common.core.model import Event
from fed_common.core.traits import alarm_event
from tests.evaluated import update


def plain(**more: Any) -> dict[str, Any]:
    """As a real Ceilometer sends it."""
    traits = [
        ["service", 1, "compute"],
        ["project_id", 1, "p"],
        ["tenant_id", 1, "t"],
        ["instance_id", 1, "vm"],
        ["state", 1, "error"],
        ["memory_mb", 2, 512],
        ["load", 3, 0.5],
        ["launched_at", 4, "2026-11-21T08:00:00"],
    ]
    body = {"message_id": "m1", "event_type": "compute.instance.power_off.end", "traits": traits}
    return {**body, "generated": "2026-11-21T08:00:01.5", "raw": {}, "message_signature": "x", **more}


def read(payload: Any) -> list[Event | str]:
    return list(events_of({"payload": payload}, clock.now()))


def test_an_event_has_what_ceilometer_knows() -> None:
    (event,) = read(plain())
    assert isinstance(event, Event)
    assert (event.id, event.instance_id, event.state, event.tenant_id) == ("m1", "vm", "error", "t")
    assert (event.kind, event.phase) == (Kind.OTHER, Phase.END)
    assert clock.iso(event.occurred_at) == "2026-11-21T08:00:01.500000Z"
    assert (event.traits["memory_mb"], event.traits["load"]) == (512, 0.5)


def test_an_event_of_ours_comes_back_as_the_one_it_was() -> None:
    ours = update("vm", host="h", tenant_id="t")
    (event,) = read([alarm_event(ours)])
    assert isinstance(event, Event)
    names = ("id", "type", "vim_id", "instance_id", "kind", "phase", "state", "host", "tenant_id", "occurred_at")
    assert [getattr(event, name) for name in names] == [getattr(ours, name) for name in names]


@pytest.mark.parametrize(
    "broken",
    [
        None,
        7,
        "text",
        plain(message_id=""),
        plain(message_id="m" * 101),
        plain(event_type=None),
        plain(traits=[["a", 2, "x"]]),
        plain(traits=[["a"]]),
        plain(traits=7),
        plain(traits=[["a", 3, [1]]]),
    ],
)
def test_what_is_broken_is_left_out_and_the_next_works(broken: Any) -> None:
    """N42"""
    first, second = read([broken, plain()])
    assert isinstance(first, str)
    assert isinstance(second, Event)


class Listening:
    """In place of an evaluator."""

    def __init__(self, failures: int = 0) -> None:
        self.heard: list[str] = []
        self.failures = failures

    def evaluate(self, events: list[Event]) -> None:
        if self.failures:
            self.failures -= 1
            raise Retryable("away")
        self.heard += [event.id for event in events]


def notification(*ids: str) -> dict[str, Any]:
    return {"message_id": uuid.uuid4().hex, "payload": [plain(message_id=id) for id in ids]}


def test_a_batch_is_accepted_once_the_rules_heard_it(settings: Any, capsys: Any) -> None:
    """N42 N58"""
    settings.TRANSPORT_URL = "fake://"
    evaluator = Listening(failures=2)
    intake = Intake(evaluator)  # type: ignore[arg-type]
    batch = [
        notification("a", "b"),
        Malformed("not JSON: x", "x"),
        {"payload": [7]},
        notification("c"),
        {"payload": 7},
    ]
    assert intake.accept(batch)
    assert evaluator.heard == ["a", "b", "c"]
    assert capsys.readouterr().out.count("only counted") == 2


def test_an_intake_that_stops_leaves_the_batch_on_the_bus(settings: Any) -> None:
    settings.TRANSPORT_URL = "fake://"
    intake = Intake(Listening(failures=10**9))  # type: ignore[arg-type]
    intake.stop()
    assert not intake.accept([notification("a")])
