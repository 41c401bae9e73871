"""What the monitor saw, told to the river: in order, until the required sinks have it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from fed_common.core.errors import Retryable
from fed_common.core.health import Health
from fed_common.events.routes import Routes
from fed_common.interfaces.publisher import Message, Refused
from fed_common.inventory.models import Revision, Vim
from fed_common.monitor.conductor import judging
from fed_common.monitor.conductor.telling import Telling
from fed_common.monitor.models import LifecycleEvent
from tests.scripted import ScriptedPublisher, subscribe
from tests.watched import says, targets_of, watched_vim

UP, DOWN = Health.UP, Health.DOWN


@pytest.fixture
def scripted(settings: Any) -> Iterator[dict[str, ScriptedPublisher]]:
    settings.PUBLISHERS = {**settings.PUBLISHERS, "scripted": "tests.scripted.ScriptedPublisher"}
    ScriptedPublisher.by_address = {}
    yield ScriptedPublisher.by_address
    ScriptedPublisher.by_address = {}


@pytest.fixture
def routes(scripted: Any, settings: Any) -> Iterator[Routes]:
    settings.HOUSE_PUBLISHERS = {}
    made = Routes()
    yield made
    made.stop()


def flip(vim: Vim, *healths: Health) -> None:
    for health in healths:
        judging.judge([says(targets_of(vim)[0], health)], lambda: None)


def heard(publisher: ScriptedPublisher) -> list[str]:
    return [f"{one.event.vim_id} {one.event.state}" for one in publisher.held]


def untold() -> int:
    return LifecycleEvent.objects.filter(event__isnull=False).count()


@pytest.mark.django_db
def test_what_happened_is_told_once_and_in_order(scripted: Any, routes: Routes) -> None:
    subscribe("all", "all")
    routes.refresh()
    flip(watched_vim("r1"), UP, DOWN, UP)
    flip(watched_vim("r2"), DOWN)
    telling = Telling(routes, lambda: True)
    assert telling.tell()
    assert not telling.tell()
    assert heard(scripted["all"]) == [
        "cloud_r1 REACHABLE",
        "cloud_r1 UNREACHABLE",
        "cloud_r1 REACHABLE",
        "cloud_r2 UNREACHABLE",
    ]
    assert untold() == 0
    assert LifecycleEvent.objects.count() == 4


@pytest.mark.django_db
def test_the_filter_of_a_vim_holds_back_what_is_told_of_it(scripted: Any, routes: Routes) -> None:
    subscribe("all", "all")
    loud, quiet = watched_vim("r1"), watched_vim("r2", filter={"kinds": ["DELETE"]})
    Revision.raise_it()
    routes.refresh()
    flip(quiet, UP)
    flip(loud, UP)
    assert Telling(routes, lambda: True).tell()
    assert heard(scripted["all"]) == ["cloud_r1 REACHABLE"]
    assert untold() == 0


@pytest.mark.django_db(transaction=True)
def test_a_sink_that_is_down_holds_the_telling_and_nothing_else(
    scripted: Any, routes: Routes, eventually: Callable[..., Any]
) -> None:
    down = threading.Event()
    down.set()

    def script(_messages: Sequence[Message]) -> Sequence[Refused]:
        if down.is_set():
            raise Retryable("down")
        return []

    subscribe("all", "all")
    routes.refresh()
    scripted["all"].script = script
    vim = watched_vim()
    telling = Telling(routes, lambda: True)
    telling.start()
    try:
        flip(vim, UP)
        telling.wake()
        eventually(lambda: scripted["all"].calls > 1)
        flip(vim, DOWN, UP)
        vim.refresh_from_db()
        assert (vim.status, untold()) == ("REACHABLE", 3)
        down.clear()
        eventually(lambda: untold() == 0)
        assert [line.split()[1] for line in heard(scripted["all"])] == ["REACHABLE", "UNREACHABLE", "REACHABLE"]
    finally:
        telling.stop()


@pytest.mark.django_db(transaction=True)
def test_only_the_elected_one_tells(scripted: Any, routes: Routes, eventually: Callable[..., Any]) -> None:
    subscribe("all", "all")
    routes.refresh()
    flip(watched_vim(), UP)
    asked = threading.Event()
    elected = False

    def is_elected() -> bool:
        asked.set()
        return elected

    telling = Telling(routes, is_elected)
    telling.start()
    try:
        asked.wait(60)
        asked.clear()
        asked.wait(60)
        assert untold() == 1
        elected = True
        eventually(lambda: untold() == 0)
    finally:
        telling.stop()
    assert scripted["all"].calls == 1
