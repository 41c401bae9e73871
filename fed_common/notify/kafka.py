"""Scheme kafka: a topic of the gateway's own Kafka (MCFED_KAFKA), or of the one a receiver names."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, ClassVar
from urllib.parse import urlsplit

from fed_common.core import clock
from fed_common.core.alarm import Notice
from fed_common.core.errors import Invalid, Permanent
from fed_common.core.kinds import Kind, Origin, Phase
from fed_common.core.model import Event
from fed_common.interfaces.notifier import Notifier, Packet
from fed_common.interfaces.publisher import Message
from fed_common.interfaces.topics import check_topic
from fed_common.notify.bodies import FORMS, NATIVE
from fed_common.publishers.formats.encoding import encode
from fed_common.publishers.kafka import KafkaPublisher
from fed_common.publishers.kafka.config import KafkaConfig

AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class KafkaTargetConfig(KafkaConfig):
    """A topic; the rest is as of the publisher of the same name."""

    topic: str = ""
    format: str = NATIVE


class Cluster:
    """One producer for all topics of a cluster, and the threads that wait for it."""

    def __init__(self, config: KafkaConfig) -> None:
        self.publisher = KafkaPublisher(config)
        self.threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="notify-kafka")


class KafkaNotifier(Notifier):
    """For admins only: whoever may write to any topic may forge what others read there."""

    name: ClassVar[str] = "kafka"
    schemes: ClassVar[tuple[str, ...]] = ("kafka",)
    admin_only: ClassVar[bool] = True
    Config: ClassVar[type] = KafkaTargetConfig

    def __init__(self, config: KafkaTargetConfig) -> None:
        """Raises Invalid naming the option."""
        check_topic(config.topic)
        if config.format not in FORMS:
            raise Invalid("options.format", config.format, FORMS)
        self._topic, self._render = config.topic, FORMS[config.format]
        self._cluster = _cluster(KafkaConfig(*(getattr(config, item.name) for item in fields(KafkaConfig))))
        self._bootstrap = config.bootstrap

    @classmethod
    def options_of(cls, url: str) -> Mapping[str, Any]:
        """``kafka://topic`` and ``kafka:///topic`` are the same."""
        parts = urlsplit(url)
        if parts.query or (parts.netloc and parts.path.strip("/")):
            raise Invalid("action", "kafka://…", "kafka://<topic>")
        return {"topic": parts.netloc or parts.path.strip("/")}

    @property
    def endpoint(self) -> str:
        """The cluster: its topics share a producer."""
        return f"kafka {self._bootstrap}".strip()

    async def notify(self, packet: Packet, *, timeout: float) -> None:
        """A message for each notice, with the alarm's id for a key and the delivery's id in it."""
        messages = [self._message(*one) for one in zip(packet.notices, packet.delivery_ids, strict=True)]
        loop = asyncio.get_running_loop()
        deadline = time.monotonic() + timeout
        refused = await loop.run_in_executor(self._cluster.threads, self._publish, messages, deadline)
        if refused:
            raise Permanent(refused[0].reason)

    def _publish(self, messages: list[Message], deadline: float) -> Any:
        """What waited for a thread has that much less time: nobody hears of it after the deadline."""
        return self._cluster.publisher.publish(messages, timeout=max(0.0, deadline - time.monotonic()))

    def _message(self, notice: Notice, delivery_id: str) -> Message:
        value = encode({**self._render(notice), "delivery_id": delivery_id})
        return Message(self._topic, notice.alarm_id, value, _event_of(notice))


@lru_cache(100)
def _cluster(config: KafkaConfig) -> Cluster:
    return Cluster(config)


def _event_of(notice: Notice) -> Event:
    """What the publisher wants to know of a message besides its bytes: when it happened."""
    now = clock.now()
    about = notice.about
    return Event(
        id=notice.alarm_id,
        type="alarm",
        vim_id=about.vim_id,
        instance_id=about.id,
        kind=Kind.OTHER,
        phase=Phase.MOMENT,
        state="",
        occurred_at=clock.parse(notice.event_time) or now,
        received_at=now,
        origin=Origin.HOUSE,
    )
