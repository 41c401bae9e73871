"""The sink of the house itself: topics in the gateway's own database."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar

from fed_common.interfaces.publisher import Message, Publisher, Refused
from fed_common.interfaces.topics import Record
from fed_common.publishers.parts import Part, publish_parts, sort_out_unfit
from fed_common.topics.log import EmbeddedLog


@dataclass(frozen=True, slots=True)
class EmbeddedConfig:
    """No options."""


class EmbeddedPublisher(Publisher):
    """Appends to the embedded log; consumers long-poll it through the Message Router face."""

    name: ClassVar[str] = "embedded"
    Config: ClassVar[type] = EmbeddedConfig

    def __init__(self, config: EmbeddedConfig) -> None:
        self._config = config
        self._log = EmbeddedLog()

    def publish(self, messages: Sequence[Message], *, timeout: float) -> Sequence[Refused]:
        """Refused are messages over the size limit and topics that are misnamed."""
        deadline = time.monotonic() + timeout
        fitting, refused = sort_out_unfit(messages)
        parts = [list(run) for _, run in groupby(fitting, key=lambda one: one.topic)]
        return publish_parts(parts, lambda part: self._append(part, deadline), refused)

    def check(self, *, timeout: float) -> None:  # noqa: ARG002 - the database's own time-outs apply
        """See Publisher."""
        self._log.topics()

    def _append(self, part: Part, deadline: float) -> Sequence[Refused]:
        records = [Record(one.key, one.value.decode()) for one in part]
        self._log.append(part[0].topic, records, timeout=max(0.1, deadline - time.monotonic()))
        return []
