"""The kill queues on a real RabbitMQ, with the messages of a stock oslo.messaging client."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import oslo_messaging
import pika
import pytest
from oslo_config import cfg

from fed_common.bus.kill_queues import KillQueues
from tests.vhosts import VirtualHost, virtual_host

pytestmark = pytest.mark.servers
TOPIC = "KILL_ACTION"


class Ear:
    """Kill queues that remember what they hear."""

    def __init__(self, url: str) -> None:
        self.heard: list[tuple[str, str, dict[str, Any]]] = []
        self.queues = KillQueues(url, self._hear)
        self.queues.start()

    def _hear(self, subject: str, method: str, arguments: dict[str, Any]) -> None:
        self.heard.append((subject, method, arguments))
        if arguments.get("action_id") == "fails":
            raise RuntimeError("whoever hears it fails")


@pytest.fixture
def host(rabbitmq_url: str) -> Iterator[VirtualHost]:
    with virtual_host(rabbitmq_url) as made:
        yield made


@pytest.fixture
def ear(host: VirtualHost, eventually: Any) -> Iterator[Ear]:
    made = Ear(host.url)
    eventually(lambda: made.queues.listening)
    yield made
    made.queues.stop()


@pytest.fixture
def stock(host: VirtualHost) -> Any:
    """``stock(subject, method, **arguments)`` casts as Tacker does."""
    transport = oslo_messaging.get_rpc_transport(cfg.CONF, host.url)
    target = oslo_messaging.Target(exchange="tacker", topic=TOPIC, fanout=False, version="1.0")
    client = oslo_messaging.get_rpc_client(transport, target)
    return lambda subject, method, **arguments: client.prepare(server=subject).cast({}, method, **arguments)


def publish(host: VirtualHost, subject: str, *bodies: bytes) -> None:
    url = host.url.replace("rabbit://", "amqp://")
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        for body in bodies:
            channel.basic_publish("tacker", f"{TOPIC}.{subject}", body)


def envelope(method: str, **arguments: Any) -> bytes:
    inner = {"method": method, "args": arguments, "version": "1.0", "_unique_id": uuid.uuid4().hex}
    return json.dumps({"oslo.version": "2.0", "oslo.message": json.dumps(inner)}).encode()


def reads(ear: Ear, host: VirtualHost, *subjects: str, eventually: Any) -> None:
    for subject in subjects:
        ear.queues.add(subject)
    eventually(lambda: host.queues() >= {f"{TOPIC}.{subject}" for subject in subjects})


def test_a_stock_client_reaches_the_subject_it_names_and_nobody_else(
    ear: Ear, host: VirtualHost, stock: Any, eventually: Any
) -> None:
    one, other = str(uuid.uuid4()), str(uuid.uuid4())
    reads(ear, host, one, other, eventually=eventually)
    stock(one, "killAction")  # T30
    stock(str(uuid.uuid4()), "killAction")  # T31
    stock(other, "kill", action_id="a")
    stock(other, "update", action_id="a", parameter={"mgmt_ip": ["10.0.0.1"]})
    expected = [
        (one, "killAction", {}),
        (other, "kill", {"action_id": "a"}),
        (other, "update", {"action_id": "a", "parameter": {"mgmt_ip": ["10.0.0.1"]}}),
    ]
    eventually(lambda: sorted(ear.heard) == sorted(expected))


def test_queues_come_and_go_with_their_subjects(ear: Ear, host: VirtualHost, eventually: Any) -> None:
    subjects = [str(uuid.uuid4()) for _ in range(50)]
    reads(ear, host, *subjects, eventually=eventually)
    ear.queues.add(subjects[0])
    for subject in subjects[1:]:
        ear.queues.remove(subject)
    eventually(lambda: host.queues() == {f"{TOPIC}.{subjects[0]}"})
    ear.queues.stop()
    eventually(lambda: host.queues() == set())


def test_who_reads_a_queue_next_finds_nothing_old_in_it(
    ear: Ear, host: VirtualHost, stock: Any, eventually: Any
) -> None:
    subject = str(uuid.uuid4())
    queue = f"{TOPIC}.{subject}"
    with pika.BlockingConnection(pika.URLParameters(host.url.replace("rabbit://", "amqp://"))) as connection:
        channel = connection.channel()
        channel.queue_declare(queue, auto_delete=True, arguments={"x-expires": 60_000})  # its reader died
        channel.basic_publish("", queue, envelope("killAction"))  # T34
        eventually(lambda: channel.queue_declare(queue, passive=True).method.message_count == 1)
    ear.queues.add(subject)

    def heard() -> bool:
        stock(subject, "kill", action_id="new")
        return bool(ear.heard)

    eventually(heard, every=0.1)
    assert {method for _, method, _ in ear.heard} == {"kill"}


def test_a_queue_goes_with_its_reader_and_what_is_sent_then_is_lost(
    host: VirtualHost, stock: Any, eventually: Any
) -> None:
    subject = str(uuid.uuid4())
    first, second = Ear(host.url), Ear(host.url)
    reads(first, host, subject, eventually=eventually)
    first.queues.stop()
    eventually(lambda: host.queues() == set())
    stock(subject, "killAction")  # T34
    reads(second, host, subject, eventually=eventually)
    stock(subject, "kill", action_id="new")
    eventually(lambda: second.heard)
    second.queues.stop()
    assert second.heard == [(subject, "kill", {"action_id": "new"})]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"{",
        b"[]",
        b"null",
        b'{"oslo.version": "2.0"}',
        b'{"oslo.version": "2.0", "oslo.message": "{"}',
        b'{"oslo.version": "2.0", "oslo.message": 5}',
        b'{"oslo.version": "2.0", "oslo.message": "[]"}',
        envelope("shutdown"),
        envelope("kill"),
        envelope("kill", action_id="a", more=1),
        envelope("killAction", action_id="a"),
        json.dumps({"method": "kill", "args": ["action_id"]}).encode(),
        json.dumps({"method": ["kill"], "args": {}}).encode(),
        envelope("kill", action_id="fails"),
    ],
)
def test_garbage_is_passed_over(ear: Ear, host: VirtualHost, eventually: Any, body: bytes) -> None:
    subject = str(uuid.uuid4())
    reads(ear, host, subject, eventually=eventually)
    publish(host, subject, body, envelope("kill", action_id="after"))  # T46
    eventually(lambda: ear.heard and ear.heard[-1] == (subject, "kill", {"action_id": "after"}))
    assert all(arguments == {"action_id": "fails"} for _, _, arguments in ear.heard[:-1])


def test_ten_thousand_stale_messages_keep_no_other_from_being_heard(
    ear: Ear, host: VirtualHost, stock: Any, eventually: Any
) -> None:
    subject, other, count = str(uuid.uuid4()), str(uuid.uuid4()), 10_000
    reads(ear, host, subject, other, eventually=eventually)
    publish(host, subject, *([envelope("kill", action_id="stale")] * count))  # T47
    stock(other, "kill", action_id="a")
    eventually(lambda: (other, "kill", {"action_id": "a"}) in ear.heard)
    eventually(lambda: len(ear.heard) == count + 1)


def test_after_a_restart_of_the_bus_every_queue_is_there_again(
    ear: Ear, host: VirtualHost, stock: Any, eventually: Any
) -> None:
    subjects = [str(uuid.uuid4()) for _ in range(20)]
    reads(ear, host, *subjects, eventually=eventually)
    host.remove()  # as a restart: everybody is thrown out, and nothing is left of queues and exchanges
    eventually(lambda: not ear.queues.listening)
    ear.queues.remove(subjects[0])
    ear.queues.add(late := str(uuid.uuid4()))
    host.make()
    expected = {*subjects[1:], late}
    eventually(lambda: host.queues() == {f"{TOPIC}.{one}" for one in expected})  # T48
    stock(late, "kill", action_id="a")
    eventually(lambda: ear.heard == [(late, "kill", {"action_id": "a"})])


def test_a_queue_of_that_name_of_another_kind_is_replaced(ear: Ear, host: VirtualHost, eventually: Any) -> None:
    subject, other = str(uuid.uuid4()), str(uuid.uuid4())
    with pika.BlockingConnection(pika.URLParameters(host.url.replace("rabbit://", "amqp://"))) as connection:
        connection.channel().queue_declare(f"{TOPIC}.{subject}")  # as a stock server of Tacker leaves it
    reads(ear, host, other, eventually=eventually)
    ear.queues.add(subject)

    def heard() -> bool:
        publish(host, subject, envelope("kill", action_id="a"))
        return (subject, "kill", {"action_id": "a"}) in ear.heard

    eventually(heard, every=0.2)
