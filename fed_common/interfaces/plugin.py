"""The contract of a cloud: everything the house asks of one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from fed_common.core.model import Vim
from fed_common.interfaces.source import EventSource, Reading


class CloudPlugin(ABC):
    """Adapter to one type of VIM. Holds no state about any VIM."""

    name: ClassVar[str]
    vim_types: ClassVar[frozenset[str]]

    @abstractmethod
    def event_source(self, vim: Vim) -> EventSource | None:
        """The spring that pushes this VIM's facts, or ``None``: it has to be polled.

        Raises Invalid when the VIM's transport cannot be used, naming the setting.
        """

    def read_notification(self, vim: Vim, notification: Mapping[str, Any]) -> Reading:
        """Read one recorded notification again; used to replay dead events. Never raises."""
        raise NotImplementedError(f"{self.name} has no notifications")
