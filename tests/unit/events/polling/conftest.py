"""A river that polls a scripted cloud."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fed_common.events.pipeline import Pipeline
from fed_common.events.polling.poll import Poll
from fed_common.events.polling.polled_vim import PolledVims
from tests.clouds import PushingCloud, ScriptedCloud, look
from tests.scripted import ScriptedPublisher, subscribe


@pytest.fixture
def cloud(settings: Any) -> Iterator[type[ScriptedCloud]]:
    """The scripted cloud, empty."""
    settings.CLOUD_PLUGINS = {
        "scripted": "tests.clouds.ScriptedCloud",
        "watched": "tests.clouds.WatchedCloud",
        "pushing": "tests.clouds.PushingCloud",
    }
    ScriptedCloud.asked = []
    ScriptedCloud.script = staticmethod(lambda vim_id, since: look())
    PushingCloud.queue, PushingCloud.bus_up = [], True
    yield ScriptedCloud
    ScriptedCloud.script = staticmethod(lambda vim_id, since: look())


@pytest.fixture
def sink(routes: Any, scripted: Any) -> Any:
    """Everything that is told."""
    subscribe("all", "all")
    routes.refresh()
    return lambda: scripted["all"]


@pytest.fixture
def polls(routes: Any, cloud: Any) -> Iterator[Any]:
    """``polls(row)``: a poll of that VIM, looking only when told to."""
    made: list[Poll] = []

    def poll(row: Any, may_tell: Any = lambda: True) -> Poll:
        polled = PolledVims().refresh()[str(row.vim_id)]
        made.append(Poll(polled, ScriptedCloud(), Pipeline(polled.id, routes), may_tell))
        return made[-1]

    yield poll
    for one in made:
        one.stop()


def told(sink: Any) -> list[str]:
    """Kind and instance of everything told, in order."""
    publisher: ScriptedPublisher = sink()
    return [f"{one.event.kind} {one.event.key}" for one in publisher.held]
