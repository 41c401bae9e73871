"""Skeleton: being written."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from fed_common.core.errors import Unsupported
from fed_common.core.instances import Sweep
from fed_common.core.model import Vim
from fed_common.interfaces.plugin import CloudPlugin


class OpenStackPlugin(CloudPlugin):
    """Skeleton."""

    name: ClassVar[str] = "openstack"
    vim_types: ClassVar[frozenset[str]] = frozenset({"openstack"})

    def probe_vim(self, vim: Vim, *, timeout: float) -> None:
        raise Unsupported(self.name, "be probed")

    def list_instances(self, vim: Vim, *, since: datetime | None = None, timeout: float) -> Sweep:
        raise Unsupported(self.name, "list")
