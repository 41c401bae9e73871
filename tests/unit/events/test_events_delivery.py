"""Getting a batch into a sink, whatever the sink does."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from fed_common.core.errors import Permanent, Retryable
from fed_common.core.model import Event
from fed_common.events import delivery
from fed_common.events.dead import DeadEvents
from fed_common.events.delivery import Delivery
from fed_common.events.models import DeadEvent, Subscription
from fed_common.events.routes import Routes
from fed_common.interfaces.publisher import Message, Refused
from fed_common.inventory.models import Revision
from tests.examples import event
from tests.scripted import ScriptedPublisher, subscribe

EVENTS = [event(str(number)) for number in range(4)]


class Answers:
    """Plays one step per call: an exception to raise, or what to refuse; then takes everything."""

    def __init__(self, *steps: Any) -> None:
        self.steps = list(steps)

    def __call__(self, messages: Sequence[Message]) -> Sequence[Refused]:
        step = self.steps.pop(0) if self.steps else []
        if callable(step):
            step = step(messages)
        if isinstance(step, Exception):
            raise step
        return step


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "FIRST_WAIT", 0.001)
    monkeypatch.setattr(delivery, "LONGEST_WAIT", 0.002)


@pytest.fixture
def stopping() -> threading.Event:
    return threading.Event()


def deliver(routes: Routes, stopping: threading.Event, name: str = "s") -> bool:
    sinks = routes.current.sinks_of(name)
    return Delivery(routes, DeadEvents(stopping), stopping).deliver(sinks[0], EVENTS, sinks)


def sink(routes: Routes, scripted: Any, *steps: Any, required: bool = True) -> ScriptedPublisher:
    subscribe("s", "here", required=required)
    routes.refresh()
    scripted["here"].script = Answers(*steps)
    return scripted["here"]


def test_a_sink_that_is_down_is_tried_until_it_takes_everything(routes: Any, scripted: Any, stopping: Any) -> None:
    here = sink(routes, scripted, *[Retryable("down")] * 7)
    assert deliver(routes, stopping)
    assert (here.ids(), here.calls) == (["0", "1", "2", "3"], 8)


def test_only_what_is_not_accepted_yet_is_sent_again(routes: Any, scripted: Any, stopping: Any) -> None:
    here = sink(routes, scripted, lambda messages: Retryable("half", unsent=messages[2:]))
    assert deliver(routes, stopping)
    assert here.ids() == ["2", "3"]


def test_what_a_sink_refuses_becomes_a_dead_event_and_the_rest_is_held(
    routes: Any, scripted: Any, stopping: Any
) -> None:
    here = sink(routes, scripted, lambda messages: [Refused(messages[1], "too big")])
    assert deliver(routes, stopping)
    assert here.ids() == ["0", "2", "3"]
    row = DeadEvent.objects.get()
    assert (row.event_id, row.reason, row.stage, row.subscription) == ("1", "too big", "publish", "s")


def test_a_sink_that_will_never_take_the_batch_makes_dead_events_of_all(
    routes: Any, scripted: Any, stopping: Any
) -> None:
    sink(routes, scripted, Permanent("not authorised"))
    assert deliver(routes, stopping)
    assert sorted(DeadEvent.objects.values_list("event_id", "reason")) == [
        (str(n), "not authorised") for n in range(4)
    ]


def test_an_event_that_breaks_the_publisher_is_found_and_set_aside(
    routes: Any, scripted: Any, stopping: Any
) -> None:
    here = sink(routes, scripted)

    def breaks(messages: Sequence[Message]) -> Sequence[Refused]:
        if "2" in [one.event.id for one in messages]:
            raise ZeroDivisionError("a bug with a secret in it")
        return []

    here.script = breaks
    assert deliver(routes, stopping)
    assert here.ids() == ["0", "1", "3"]
    row = DeadEvent.objects.get()
    assert (row.event_id, row.reason) == ("2", "ZeroDivisionError in publisher scripted")
    assert here.calls == delivery.BUG_TRIES + len(EVENTS)


def test_an_event_without_a_form_is_set_aside_and_the_rest_is_held(
    routes: Any, scripted: Any, stopping: Any
) -> None:
    here = sink(routes, scripted)

    def formless(one: Event) -> bytes:
        if one.id == "2":
            raise RecursionError("nested too deeply")
        return b"{}"

    live = replace(routes.current.sinks_of("s")[0], format=formless)
    assert Delivery(routes, DeadEvents(stopping), stopping).deliver(live, EVENTS)
    assert here.ids() == ["0", "1", "3"]
    row = DeadEvent.objects.get()
    assert (row.event_id, row.reason) == ("2", "no spec form: RecursionError: nested too deeply")


def test_an_optional_sink_never_holds_the_river_up(routes: Any, scripted: Any, stopping: Any) -> None:
    here = sink(routes, scripted, Retryable("down"), required=False)
    assert deliver(routes, stopping)
    assert (here.ids(), here.calls) == ([], 1)


def test_when_stopping_nothing_is_claimed_to_be_held(routes: Any, scripted: Any, stopping: Any) -> None:
    sink(routes, scripted, Retryable("down"), Retryable("down"))
    stopping.set()
    assert deliver(routes, stopping) is False


def test_a_removed_subscription_lets_go_of_a_dead_sink(routes: Any, scripted: Any, stopping: Any) -> None:
    def removed(_messages: Any) -> Exception:
        Subscription.objects.all().delete()
        Revision.raise_it()
        routes.refresh()
        return Retryable("down")

    here = sink(routes, scripted, removed)
    assert deliver(routes, stopping)
    assert here.ids() == []


def test_a_sink_that_was_replaced_while_down_hands_its_batch_to_the_new_one(
    routes: Any, scripted: Any, stopping: Any
) -> None:
    def replaced(_messages: Any) -> Exception:
        subscribe("s", "there")
        routes.refresh()
        return Retryable("down")

    here = sink(routes, scripted, replaced)
    assert deliver(routes, stopping)
    assert here.ids() == []
    assert scripted["there"].ids() == ["0", "1", "2", "3"]


def test_the_wait_between_tries_grows_up_to_its_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "FIRST_WAIT", 1.0)
    monkeypatch.setattr(delivery, "LONGEST_WAIT", 5.0)
    tries = delivery.waits()
    waited = [next(tries) for _ in range(6)]
    for wait, longest in zip(waited, [1, 2, 4, 5, 5, 5], strict=True):
        assert longest / 2 <= wait <= longest
