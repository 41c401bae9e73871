"""The intake on a real RabbitMQ: order, late acknowledgement, nothing lost, malformed bodies seen."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pika
import pytest

from fed_common.bus.envelope import Malformed
from fed_common.bus.listen import NotificationIntake
from fed_common.core.errors import Invalid
from fed_common.core.model import NotificationTransport
from tests.conftest import service
from tests.replay import forget

pytestmark = pytest.mark.servers


class Inbox:
    """Takes batches; ``answer`` says what to answer, or raises."""

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.answer: Callable[[], bool] = lambda: True

    def __call__(self, batch: Sequence[Any]) -> bool:
        answer = self.answer()
        self.messages += batch
        return answer

    def ids(self) -> list[str]:
        return ["malformed" if isinstance(one, Malformed) else one["message_id"] for one in self.messages]


class Bus:
    """A fresh exchange and pool on the running RabbitMQ."""

    def __init__(self, url: str) -> None:
        name = uuid.uuid4().hex[:8]
        self.transport = NotificationTransport(
            url + "?amqp_durable_queues=true", exchange=f"nova-{name}", topics=("a", "b"), pool=f"pool-{name}"
        )
        self._parameters = pika.URLParameters(url.replace("rabbit://", "amqp://"))

    def send(self, *messages: tuple[str, bytes]) -> None:
        with pika.BlockingConnection(self._parameters) as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            for key, body in messages:
                properties = pika.BasicProperties(content_type="application/json", delivery_mode=2)
                channel.basic_publish(self.transport.exchange, key, body, properties, mandatory=True)

    def waiting(self) -> int:
        with pika.BlockingConnection(self._parameters) as connection:
            found = connection.channel().queue_declare(self.transport.pool, passive=True)
            return int(found.method.message_count)


def body(id: str) -> bytes:
    return json.dumps(
        {"oslo.version": "2.0", "oslo.message": json.dumps({"message_id": id, "payload": {}})}
    ).encode()


@pytest.fixture
def bus(rabbitmq_url: str) -> Iterator[Bus]:
    made = Bus(rabbitmq_url)
    yield made
    forget(rabbitmq_url, [made.transport.exchange, made.transport.pool])


@pytest.fixture
def listen(bus: Bus, eventually: Any) -> Iterator[Callable[[Inbox], NotificationIntake]]:
    intakes = []

    def begin(inbox: Inbox) -> NotificationIntake:
        intake = NotificationIntake(bus.transport, inbox)
        intake.start()
        intakes.append(intake)
        eventually(lambda: intake.connected)
        return intake

    yield begin
    for intake in intakes:
        intake.stop(timeout=60)


def test_topics_and_priorities_arrive_in_the_order_they_were_sent(bus: Bus, listen: Any, eventually: Any) -> None:
    inbox = Inbox()
    listen(inbox)
    keys = ["a.info", "b.error", "a.warn", "b.info", "a.critical", "a.audit", "b.debug", "a.sample"]
    bus.send(*[(keys[n % len(keys)], body(str(n))) for n in range(2000)])
    eventually(lambda: len(inbox.messages) >= 2000)
    assert inbox.ids() == [str(n) for n in range(2000)]


def test_nothing_is_acknowledged_before_it_was_accepted(bus: Bus, listen: Any, eventually: Any) -> None:
    refusing, reached = Inbox(), threading.Event()

    def refuse() -> bool:
        reached.set()
        return False

    refusing.answer = refuse
    intake = listen(refusing)
    bus.send(*[("a.info", body(str(n))) for n in range(50)])
    assert reached.wait(60)
    intake.stop(timeout=60)
    eventually(lambda: bus.waiting() == 50)

    accepting = Inbox()
    listen(accepting)
    eventually(lambda: len(accepting.messages) >= 50)
    assert accepting.ids() == [str(n) for n in range(50)]


def test_what_was_accepted_is_gone_from_the_queue_after_a_stop(bus: Bus, listen: Any, eventually: Any) -> None:
    inbox = Inbox()
    intake = listen(inbox)
    bus.send(*[("a.info", body(str(n))) for n in range(700)])
    eventually(lambda: len(inbox.messages) >= 700)
    intake.stop(timeout=60)
    assert bus.waiting() == 0


def test_a_batch_that_broke_the_acceptor_comes_again(bus: Bus, listen: Any, eventually: Any) -> None:
    inbox, tries = Inbox(), []

    def fail_once() -> bool:
        tries.append(1)
        if len(tries) == 1:
            raise RuntimeError("a bug")
        return True

    inbox.answer = fail_once
    listen(inbox)
    bus.send(*[("a.info", body(str(n))) for n in range(5)])
    eventually(lambda: sorted(inbox.ids()) == [str(n) for n in range(5)])


def test_malformed_bodies_are_handed_over_and_the_next_message_flows(
    bus: Bus, listen: Any, eventually: Any
) -> None:
    inbox = Inbox()
    listen(inbox)
    bus.send(
        ("a.info", b"no json"), ("a.info", b'{"oslo.version": "9", "oslo.message": "{}"}'), ("a.info", body("ok"))
    )
    eventually(lambda: len(inbox.messages) >= 3)
    assert inbox.ids() == ["malformed", "malformed", "ok"]


def test_a_cut_connection_is_mended_and_nothing_is_lost(
    bus: Bus, rabbitmq_url: str, listen: Any, eventually: Any
) -> None:
    inbox = Inbox()
    listen(inbox)
    bus.send(*[("a.info", body(str(n))) for n in range(100)])
    service("rabbitmq", "ctl", "close_all_connections", "test")
    bus.send(*[("a.info", body(str(n))) for n in range(100, 200)])
    eventually(lambda: len(set(inbox.ids())) == 200)
    assert list(dict.fromkeys(inbox.ids())) == [str(n) for n in range(200)]
    eventually(lambda: bus.waiting() == 0)


def test_a_queue_deleted_under_the_listener_is_bound_again(bus: Bus, listen: Any, eventually: Any) -> None:
    inbox = Inbox()
    listen(inbox)
    bus.send(("a.info", body("before")))
    eventually(lambda: inbox.ids() == ["before"])
    service("rabbitmq", "ctl", "delete_queue", bus.transport.pool)

    def sent() -> bool:
        try:
            bus.send(("a.info", body("after")))
        except pika.exceptions.UnroutableError:
            return False
        return True

    eventually(sent)
    eventually(lambda: "after" in inbox.ids())


@pytest.mark.parametrize("where", ["nobody:wrong@127.0.0.1:1", "openstack:wrong@{}"])
def test_an_intake_whose_bus_cannot_be_reached_can_be_stopped_for_good(
    bus: Bus, rabbitmq_url: str, where: str, eventually: Any
) -> None:
    address = rabbitmq_url.rpartition("@")[2].rstrip("/")
    intake = NotificationIntake(replace(bus.transport, url=f"rabbit://{where.format(address)}/"), Inbox())
    intake.start()
    assert not intake.connected
    intake.stop(timeout=60)
    eventually(lambda: not [one for one in intake._threads if one.is_alive()])


def test_a_bus_that_comes_up_later_is_read_then(bus: Bus, rabbitmq_url: str, eventually: Any) -> None:
    service("rabbitmq", "stop")
    inbox = Inbox()
    intake = NotificationIntake(bus.transport, inbox)
    intake.start()
    try:
        service("rabbitmq", "start")
        eventually(lambda: intake.connected)
        bus.send(("a.info", body("1")))
        eventually(lambda: inbox.ids() == ["1"])
    finally:
        intake.stop(timeout=60)


@pytest.mark.parametrize("url", ["nonsense://x", "rabbit://h/?no_such_option=1", "rabbit://h:port/"])
def test_a_transport_no_driver_can_use_is_refused_without_showing_it(bus: Bus, url: str) -> None:
    with pytest.raises(Invalid) as refused:
        NotificationIntake(replace(bus.transport, url=url), Inbox())
    assert refused.value.field == "transport.url"
    assert refused.value.value == "***"


def test_any_other_driver_of_oslo_messaging_works_too(eventually: Any) -> None:
    import oslo_messaging
    from oslo_config import cfg

    inbox = Inbox()
    transport = NotificationTransport("fake://", exchange="nova", topics=("fake-a",), pool="p")
    intake = NotificationIntake(transport, inbox)
    intake.start()
    eventually(lambda: intake.connected)
    bus = oslo_messaging.get_notification_transport(cfg.CONF, "fake://")
    target = oslo_messaging.Target(exchange="nova", topic="fake-a.info")
    bus._send_notification(target, {"request_id": "req-1"}, {"message_id": "1", "payload": {}}, version=2.0)
    eventually(lambda: inbox.messages)
    intake.stop(timeout=60)
    assert inbox.ids() == ["1"]
    assert inbox.messages[0]["request_id"] == "req-1"
