"""A cloud whose hosts fail: it counts what it is told, and fails or hangs where a test wants it to."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from fed_common.core.errors import NotFound
from fed_common.core.instances import Instance, Sweep
from fed_common.core.model import Vim
from fed_common.interfaces.plugin import CloudPlugin


class Cloud:
    """``calls`` is what came; ``script`` is asked before each and may raise or wait."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, str]] = []
        self.states: dict[str, str] = {}
        self.down: set[str] = set()
        self.script: Callable[[str, str], None] = lambda verb, name: None
        self.most_at_once = 0
        self._now = 0
        self._lock = threading.Lock()

    def count(self, verb: str, what: str = "") -> Counter[str]:
        """How often a verb came for each host or instance."""
        return Counter(name for asked, name, value in self.calls if asked == verb and value.startswith(what))

    def called(self, verb: str, name: str, value: str) -> None:
        with self._lock:
            self.calls.append((verb, name, value))
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        try:
            self.script(verb, name)
        finally:
            with self._lock:
                self._now -= 1


class HostsPlugin(CloudPlugin):
    """Every VIM of this type is the one ``cloud``."""

    name: ClassVar[str] = "hosts"
    vim_types: ClassVar[frozenset[str]] = frozenset({"hosts"})
    cloud: ClassVar[Cloud] = Cloud()

    def probe_vim(self, vim: Vim, *, timeout: float) -> None:
        self.cloud.called("probe", str(vim.id), "")

    def list_instances(self, vim: Vim, *, since: datetime | None = None, timeout: float) -> Sweep:
        raise AssertionError("an inspector asks no cloud for its instances")

    def mark_host_down(self, vim: Vim, host: str, *, down: bool, timeout: float) -> bool:
        self.cloud.called("mark", host, "down" if down else "up")
        changed = (host in self.cloud.down) is not down
        (self.cloud.down.add if down else self.cloud.down.discard)(host)
        return changed

    def reset_state(self, vim: Vim, instance_id: str, state: str, *, timeout: float) -> None:
        self.cloud.called("reset", instance_id, state)
        if self.cloud.states.get(instance_id) == "gone":
            raise NotFound("instance", instance_id)
        self.cloud.states[instance_id] = state

    def show_instance(self, vim: Vim, instance_id: str, *, timeout: float) -> Instance:
        self.cloud.called("show", instance_id, "")
        return Instance(instance_id, instance_id, self.cloud.states.get(instance_id, "active"))


class SlowPlugin(HostsPlugin):
    """Of other processes: each call is a line of the file that HOSTS_CALLS names, and takes a while."""

    name: ClassVar[str] = "slowhosts"
    vim_types: ClassVar[frozenset[str]] = frozenset({"slowhosts"})

    def mark_host_down(self, vim: Vim, host: str, *, down: bool, timeout: float) -> bool:
        _write(f"mark {host}")
        return super().mark_host_down(vim, host, down=down, timeout=timeout)

    def reset_state(self, vim: Vim, instance_id: str, state: str, *, timeout: float) -> None:
        _write(f"reset {instance_id}")
        time.sleep(0.1)


def _write(line: str) -> None:
    with Path(os.environ["HOSTS_CALLS"]).open("a") as file:
        file.write(line + "\n")
