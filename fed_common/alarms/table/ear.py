"""The river feeds the alarm table: what the catalogue names is raised and cleared without any rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from fed_common.interfaces.publisher import Message, Publisher, Refused


class TablePublisher(Publisher):
    """Raises and clears what the catalogue names."""

    name: ClassVar[str] = "alarm_table"
    required: ClassVar[bool] = True
    Config: ClassVar[type] = type(None)

    def __init__(self, config: Any = None) -> None:
        """Keep nothing."""

    def publish(self, messages: Sequence[Message], *, timeout: float) -> Sequence[Refused]:  # noqa: ARG002
        """See Publisher."""
        return []
