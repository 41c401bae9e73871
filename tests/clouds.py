"""Clouds to poll in tests: instances, looks at them, and a plugin that shows what a test lays down."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from fed_common.core.instances import Host, HostState, Instance, Sweep
from fed_common.core.model import Event, Vim
from fed_common.interfaces.plugin import CloudPlugin, InstanceWatch
from fed_common.interfaces.source import EventSource, Listener

BEGAN = datetime(2026, 11, 21, 10, tzinfo=UTC)


def instance(id: str = "vm-1", state: str = "active", task: str = "", **fields: Any) -> Instance:
    """One instance, with any field changed."""
    values = {"name": f"name of {id}", "host": "h1", "tenant_id": "tenant-a", "launched_at": "2026-11-21T09:00:00"}
    return Instance(id=id, state=state, state_description=task, **{**values, **fields})


def host(name: str = "h1", state: HostState = HostState.UP, **fields: Any) -> Host:
    """One host."""
    return Host(name, state, **fields)


def look(*instances: Instance, at: float = 0, **fields: Any) -> Sweep:
    """What one look shows, so many seconds after the first."""
    return Sweep(tuple(instances), BEGAN + timedelta(seconds=at), **fields)


class ScriptedCloud(CloudPlugin):
    """Shows what its script answers: a Sweep, or an exception to raise; called with vim_id and ``since``."""

    name = "scripted"
    vim_types = frozenset({"scripted"})
    script: Callable[[str, datetime | None], Sweep] = staticmethod(lambda vim_id, since: look())
    asked: list[tuple[str, datetime | None]] = []

    def probe_vim(self, vim: Vim, *, timeout: float) -> None:
        """Always works."""

    def list_instances(self, vim: Vim, *, since: datetime | None = None, timeout: float) -> Sweep:
        self.asked.append((str(vim.id), since))
        return type(self).script(str(vim.id), since)


class WatchedCloud(ScriptedCloud):
    """Says by itself what changed: ``news`` is taken from by every watch."""

    news: queue.Queue[Sweep | Exception] = queue.Queue()

    def watch_instances(self, vim: Vim, *, timeout: float) -> InstanceWatch:
        return _Watch(type(self).script(str(vim.id), None))


class _Watch(InstanceWatch):
    def __init__(self, first: Sweep) -> None:
        self._first: Sweep | None = first

    def wait(self, *, timeout: float) -> Sweep | None:
        if self._first is not None:
            first, self._first = self._first, None
            return first
        try:
            news = WatchedCloud.news.get(timeout=min(timeout, 0.2))
        except queue.Empty:
            return None
        if isinstance(news, Exception):
            raise news
        return news

    def close(self) -> None:
        """Nothing to close."""


def register(region: str = "r1", *, type: str = "scripted", **fields: Any) -> Any:
    """The row of a VIM that can be polled."""
    from fed_common.access import sealing
    from fed_common.inventory.models import Vim as Row

    secret = json.dumps({"username": "u", "password": "p"})
    values = {"auth_url": "https://cloud/", "sealed_credentials": sealing.seal(secret), "poll_interval": 0.2}
    return Row.objects.create(cloud_owner="c", region=region, type=type, **{**values, **fields})


class PushingCloud(ScriptedCloud):
    """Pushes what a test gives to its source, and can be polled as well."""

    sources: list[ScriptedSource] = []
    queue: list[Event] = []
    bus_up = True

    def event_source(self, vim: Vim) -> EventSource | None:
        source = ScriptedSource()
        self.sources.append(source)
        return source


class ScriptedSource(EventSource):
    """Reads ``PushingCloud.queue`` while ``PushingCloud.bus_up``; what was accepted is taken off it."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self, listener: Listener) -> None:
        self._listener = listener
        self._thread.start()

    def stop(self, *, timeout: float) -> None:
        self._stopping.set()
        self._thread.join(timeout)

    @property
    def connected(self) -> bool:
        return PushingCloud.bus_up and not self._stopping.is_set()

    def _run(self) -> None:
        while not self._stopping.wait(0.01):
            waiting = PushingCloud.queue[:1] if self.connected else []
            heard = self._listener.hear(waiting) if waiting else None
            if heard is not None and self._listener.tell(heard):
                del PushingCloud.queue[:1]
