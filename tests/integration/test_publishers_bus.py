"""The bus publisher on a real RabbitMQ, read the way Aodh's listener reads."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import oslo_messaging
import pytest
from oslo_config import cfg

from fed_common.core.errors import Permanent, Retryable
from fed_common.publishers.bus import BusConfig, BusPublisher
from tests.conftest import service
from tests.messages import message, numbered

pytestmark = pytest.mark.servers


class AlarmListener:
    """A stock batch listener on topic and exchange, as aodh-listener builds it."""

    def __init__(self, url: str, exchange: str, topic: str) -> None:
        self.events: list[dict[str, Any]] = []
        transport = oslo_messaging.get_notification_transport(cfg.CONF, url)
        self._listener = oslo_messaging.get_batch_notification_listener(
            transport,
            [oslo_messaging.Target(exchange=exchange, topic=topic)],
            [self],
            executor="threading",
            batch_size=10,
            batch_timeout=0.1,
        )
        self._listener.start(override_pool_size=1)

    def sample(self, notifications: list[dict[str, Any]]) -> None:
        for notification in notifications:
            self.events += notification["payload"]

    def ids(self) -> list[str]:
        return [one["message_id"] for one in self.events]

    def close(self) -> None:
        self._listener.stop()
        self._listener.wait()


@pytest.fixture
def options(rabbitmq_url: str) -> dict[str, str]:
    name = uuid.uuid4().hex[:8]
    url = f"{rabbitmq_url}?amqp_durable_queues=true&heartbeat_timeout_threshold=2"
    return {"url": url, "exchange": f"aodh-{name}", "topic": f"alarm-{name}"}


@pytest.fixture
def publisher(options: dict[str, str]) -> Iterator[BusPublisher]:
    publisher = BusPublisher(BusConfig(**options))
    yield publisher
    publisher.close()


@pytest.fixture
def listen(options: dict[str, str]) -> Iterator[Callable[[], AlarmListener]]:
    listeners: list[AlarmListener] = []

    def start() -> AlarmListener:
        listeners.append(AlarmListener(**options))
        return listeners[-1]

    yield start
    for one in listeners:
        one.close()


def test_events_published_before_anybody_listens_arrive_in_order(
    publisher: BusPublisher, listen: Callable[[], AlarmListener], eventually: Callable[..., object]
) -> None:
    assert publisher.publish(numbered(250), timeout=60) == []

    listener = listen()
    eventually(lambda: len(listener.events) >= 250)

    assert listener.ids() == [str(n) for n in range(250)]
    assert ["state", 1, "stopped"] in listener.events[0]["traits"]


def test_a_stopped_rabbitmq_is_retryable_and_nothing_published_is_lost(
    publisher: BusPublisher, listen: Callable[[], AlarmListener], eventually: Callable[..., object]
) -> None:
    messages = numbered(20)
    publisher.publish(messages[:10], timeout=60)
    service("rabbitmq", "stop")
    try:
        with pytest.raises(Retryable) as caught:
            publisher.publish(messages[10:], timeout=2)
        with pytest.raises(Retryable):
            publisher.check(timeout=1)
    finally:
        service("rabbitmq", "start")

    assert caught.value.unsent == messages[10:]
    publisher.check(timeout=60)
    publisher.publish(caught.value.unsent, timeout=60)
    listener = listen()
    eventually(lambda: len(listener.events) >= 20)
    assert listener.ids() == [str(n) for n in range(20)]


def test_a_frozen_rabbitmq_is_given_up_by_its_heartbeat(
    publisher: BusPublisher, listen: Callable[[], AlarmListener], eventually: Callable[..., object]
) -> None:
    publisher.publish([message("1")], timeout=60)
    service("rabbitmq", "pause")
    try:
        with pytest.raises(Retryable):
            publisher.publish([message("2")], timeout=60)
    finally:
        service("rabbitmq", "resume")

    publisher.publish([message("2")], timeout=60)
    listener = listen()
    eventually(lambda: "2" in listener.ids())
    assert listener.ids()[0] == "1"


def test_wrong_credentials_wait_for_an_operator(options: dict[str, str]) -> None:
    publisher = BusPublisher(BusConfig(**{**options, "url": options["url"].replace(":openstack@", ":hunter2@")}))

    with pytest.raises(Retryable) as caught:
        publisher.publish([message()], timeout=60)
    with pytest.raises(Permanent):
        publisher.check(timeout=60)

    assert caught.value.retry_after == 30
    assert "hunter2" not in caught.value.reason
    publisher.close()


def test_several_threads_publish_through_one_publisher(
    publisher: BusPublisher, listen: Callable[[], AlarmListener], eventually: Callable[..., object]
) -> None:
    threads = [
        threading.Thread(target=publisher.publish, args=(numbered(30, start=n * 30),), kwargs={"timeout": 60})
        for n in range(4)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    listener = listen()
    eventually(lambda: len(listener.events) >= 120)
    assert sorted(map(int, listener.ids())) == list(range(120))


def test_a_closed_publisher_connects_again_when_it_is_still_used(
    publisher: BusPublisher, listen: Callable[[], AlarmListener], eventually: Callable[..., object]
) -> None:
    publisher.publish([message("1")], timeout=60)
    publisher.close()
    publisher.close()
    publisher.publish([message("2")], timeout=60)

    listener = listen()
    eventually(lambda: listener.ids() == ["1", "2"])
