"""A cloud in process that does what it is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

from fed_common.core.errors import NotFound
from fed_common.core.instances import Capacity, Room, Sweep
from fed_common.core.model import Vim
from fed_common.interfaces.plugin import CloudPlugin

CALLED: list[tuple[str, str]] = []


class ScriptedCloud(CloudPlugin):
    """``service`` is where every service is; ``room`` tells a VIM's capacity, or raises."""

    name: ClassVar[str] = "scripted"
    vim_types: ClassVar[frozenset[str]] = frozenset({"scripted"})
    versions: ClassVar[tuple[str, ...]] = ("1",)
    service: ClassVar[str] = ""
    room: ClassVar[Callable[[Vim, str], Capacity]]

    def probe_vim(self, vim: Vim, *, timeout: float) -> None:
        return

    def list_instances(self, vim: Vim, *, since: datetime | None = None, timeout: float) -> Sweep:
        raise AssertionError("nobody asks")

    def service_url(self, vim: Vim, service: str, *, timeout: float) -> str:
        CALLED.append((str(vim.id), service))
        if service == "nosuch":
            raise NotFound("service", service)
        return f"{self.service}/{service}-base"

    def capacity(self, vim: Vim, *, project: str = "", timeout: float) -> Capacity:
        return type(self).room(vim, project)


def much(_vim: Vim, _project: str) -> Capacity:
    """Room for anything."""
    endless: dict[str, Any] = {"vcpus": None, "memory_gb": None, "storage_gb": None}
    return Capacity(Room(**endless), (Room(**endless),))
