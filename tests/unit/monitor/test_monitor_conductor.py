"""One conductor, whole, on a bus of this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.management import call_command

from fed_common.core.errors import Invalid
from fed_common.core.health import BAD_ACTION, Health
from fed_common.events.models import Role
from fed_common.events.ownership import living
from fed_common.events.routes import Routes
from fed_common.inventory.models import Vim
from fed_common.monitor.conductor.conductor import Conductor
from fed_common.monitor.models import LifecycleEvent, Workflow
from fed_common.monitor.rpc import ConductorClient
from tests.watched import says, targets_of, watched_vim


@pytest.fixture
def conductor(transactional_db: None, settings: Any, eventually: Callable[..., Any]) -> Iterator[Conductor]:
    settings.TRANSPORT_URL = "fake://"
    routes = Routes()
    routes.start()
    made = Conductor(routes)
    made.start()
    eventually(lambda: made.ready)
    yield made
    made.stop()
    routes.stop()


def test_it_judges_tells_reconciles_and_leaves(conductor: Conductor, eventually: Callable[..., Any]) -> None:
    client = ConductorClient("fake://")
    assert living(Role.CONDUCTOR) == [conductor.name]
    vim = watched_vim()
    [target] = targets_of(vim)
    assert client.report([says(target, Health.UP), says(target, Health.UP, action_id="x")]) == ["UP", BAD_ACTION]
    assert Vim.objects.get().status == "REACHABLE"
    eventually(lambda: not LifecycleEvent.objects.filter(event__isnull=False).exists())
    assert conductor.health() == {"ok": True, "name": conductor.name, "elected": True, "bus": True}
    Workflow.objects.all().delete()  # as if the VIM had been registered before there was a monitor
    eventually(lambda: [one.pk for one in targets_of(vim) if one.pk != target.pk])
    conductor.stop()
    assert living(Role.CONDUCTOR) == []


def test_the_command_wants_a_bus_that_reaches_other_processes(settings: Any) -> None:
    settings.TRANSPORT_URL = "fake://"
    with pytest.raises(Invalid, match="MCFED_TRANSPORT_URL"):
        call_command("conductor")
