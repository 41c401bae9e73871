"""One listener process over several VIMs."""

from __future__ import annotations

from typing import Any

import pytest

from fed_common.access import sealing
from fed_common.core.kinds import Kind
from fed_common.events.listening import Listening
from fed_common.events.routes import Routes
from tests.clouds import PushingCloud, register
from tests.scripted import subscribe
from tests.unit.events.polling.test_polling_together import pushed
from tests.waiting import until


@pytest.mark.django_db(transaction=True)
def test_a_vim_sealed_with_another_key_silences_no_other(routes: Routes, scripted: Any, settings: Any) -> None:
    settings.CLOUD_PLUGINS = {"pushing": "tests.clouds.PushingCloud"}
    PushingCloud.queue, PushingCloud.bus_up = [pushed(Kind.PAUSE, "paused")], True
    register("r0", type="pushing", topics=["n"], sealed_transport_url="sealed by nobody we know")
    register(type="pushing", topics=["n"], sealed_transport_url=sealing.seal("fake://"))
    subscribe("all", "all")
    routes.refresh()
    routes.loaded.set()
    listening = Listening(routes)
    listening.start()
    try:
        until(lambda: [one.event.kind for one in scripted["all"].held] == [Kind.PAUSE])
        assert list(listening.vims()) == ["c_r1"]
    finally:
        listening.stop()
