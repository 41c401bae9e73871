"""Hosts with instances, a river that is heard, and inspectors that take turns when a test says so."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from fed_common.core import clock
from fed_common.core.model import Event
from fed_common.events.routes import Routes
from fed_common.faults.acting import act
from fed_common.faults.claiming import claim
from fed_common.faults.clearing import clear
from fed_common.faults.models import HostFault
from fed_common.faults.turn import Turn
from fed_common.inventory.models import Host, Instance, Vim
from tests.doubles.hosts import Cloud, HostsPlugin
from tests.faulted import Heard
from tests.scripted import ScriptedPublisher, subscribe


@pytest.fixture
def cloud(settings: Any) -> Cloud:
    """The cloud behind every VIM of the type ``hosts``."""
    settings.CLOUD_PLUGINS = {"hosts": "tests.doubles.hosts.HostsPlugin"}
    settings.FAULT_TRIES = 3
    HostsPlugin.cloud = Cloud()
    return HostsPlugin.cloud


@pytest.fixture
def vim(db: None, cloud: Cloud) -> Vim:
    """A VIM with the hosts h1 and h2."""
    made = Vim.objects.create(cloud_owner="cloud", region="hosts", type="hosts")
    Host.objects.bulk_create([Host(vim=made, name=name, state="up") for name in ("h1", "h2")])
    return made


@pytest.fixture
def boot(vim: Vim) -> Callable[..., list[str]]:
    """Let the inventory know instances of a host, by their states."""

    def booted(*states: str, host: str = "h1", prefix: str = "vm") -> list[str]:
        ids = [f"{prefix}-{number}" for number, _ in enumerate(states)]
        rows = [
            Instance(
                vim=vim,
                instance_id=id,
                name=f"name of {id}",
                state=state,
                host=host,
                tenant_id="t",
                seen_at=clock.now(),
            )
            for id, state in zip(ids, states, strict=True)
        ]
        Instance.objects.bulk_create(rows)
        return ids

    return booted


@pytest.fixture
def heard(settings: Any) -> list[Event]:
    """What the house's own ears heard."""
    settings.HOUSE_PUBLISHERS = {"ear": "tests.faulted.Heard"}
    Heard.events = []
    return Heard.events


@pytest.fixture
def sink(settings: Any, db: None) -> Iterator[Callable[[], ScriptedPublisher]]:
    """The sink of a subscription to everything."""
    settings.PUBLISHERS = {**settings.PUBLISHERS, "scripted": "tests.scripted.ScriptedPublisher"}
    ScriptedPublisher.by_address = {}
    subscribe("all", "all")
    yield lambda: ScriptedPublisher.by_address["all"]
    ScriptedPublisher.by_address = {}


@pytest.fixture
def routes(db: None, heard: list[Event], sink: Any) -> Iterator[Routes]:
    """The routing table, loaded."""
    made = Routes()
    made.refresh()
    yield made
    made.stop()


@pytest.fixture
def inspect(routes: Routes) -> Iterator[Callable[[], int]]:
    """Take every turn there is, in this thread; how many."""
    pool = ThreadPoolExecutor(4)

    def turns(owner: str = "me") -> int:
        taken = claim(owner, 10)
        for fault in taken:
            turn = Turn(fault, threading.Event())
            step = clear if fault.state == HostFault.State.CLEARING else act
            step(turn, routes, pool)
        return len(taken)

    yield turns
    pool.shutdown()
