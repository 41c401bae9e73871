"""Recorded Nova notifications through a real RabbitMQ, as docs/admin/nova.md says to set it up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from uuid import uuid4

import pika
import pytest

from fed_common.core.model import Event, NotificationTransport, Vim, VimId
from multicloud_vio.demo import DemoFeed
from multicloud_vio.plugin import VioPlugin
from tests.captures import all_messages, load_all
from tests.conftest import service
from tests.ears import Attentive
from tests.nova_expected import read
from tests.replay import replay

pytestmark = pytest.mark.servers
TOPICS = ("notifications", "versioned_notifications")


class Place:
    """An exchange and a pool of this test's own, removed with all that is in them."""

    def __init__(self, url: str, *, durable: bool, topics: tuple[str, str] = TOPICS) -> None:
        self.amqp = pika.URLParameters(url.replace("rabbit://", "amqp://"))
        self.exchange, self.pool = f"nova-{uuid4().hex[:8]}", f"pool-{uuid4().hex[:8]}"
        self.topics = topics
        self.url = url + "?amqp_durable_queues=true" if durable else url

    def remove(self) -> None:
        with pika.BlockingConnection(self.amqp) as connection:
            channel = connection.channel()
            for queue in (self.pool, *(f"{topic}.info" for topic in self.topics if topic not in TOPICS)):
                channel.queue_delete(queue)
            channel.exchange_delete(self.exchange)


@contextmanager
def place(url: str, *, durable: bool, topics: tuple[str, str] = TOPICS) -> Iterator[Place]:
    own = Place(url, durable=durable, topics=topics)
    yield own
    own.remove()


@contextmanager
def listening(url: str, own: Place, eventually) -> Iterator[list]:
    """What a VIM's source reads from that place."""
    ear = Attentive()
    transport = NotificationTransport(url, own.exchange, own.topics, own.pool)
    source = VioPlugin().event_source(Vim(VimId("vmware", "vio"), "vmware", transport=transport))
    source.start(ear)
    eventually(lambda: source.connected and bound(own))
    yield ear.told
    source.stop(timeout=60)


def bound(own: Place) -> bool:
    """Whether the last of the pool's bindings is there."""
    rows = service("rabbitmq", "ctl", "-q", "list_bindings", "source_name", "routing_key").splitlines()
    return f"{own.exchange}\t{own.topics[-1]}.warn" in rows


def test_everything_recorded_arrives_once_in_order_over_all_topics_and_priorities(rabbitmq_url, eventually):
    with place(rabbitmq_url, durable=True) as own, listening(own.url, own, eventually) as heard:
        assert replay(own.url, all_messages(), own.exchange) == 1535
        eventually(lambda: len(heard) >= 1535)
    wanted = [read(one) for one in load_all()]
    assert [type(one) for one in heard] == [type(one) for one in wanted]
    events = [one for one in wanted if isinstance(one, Event)]
    assert [one.id for one in heard if isinstance(one, Event)] == [one.id for one in events]


def test_the_user_of_the_handbook_may_listen_and_nothing_else(rabbitmq_url, eventually):
    """The rights are those of docs/admin/nova.md, with this test's names."""
    user = f"mcfed-{uuid4().hex[:6]}"
    with place(rabbitmq_url, durable=False) as own:
        rights = (f"^({own.exchange}|{own.pool})$", f"^{own.pool}$", f"^({own.exchange}|{own.pool})$")
        service("rabbitmq", "ctl", "add_user", user, "secret")
        service("rabbitmq", "ctl", "set_permissions", user, *rights)
        parts = urlsplit(rabbitmq_url)
        url = parts._replace(netloc=f"{user}:secret@{parts.hostname}:{parts.port}").geturl()
        try:
            with listening(url, own, eventually) as heard:
                replay(rabbitmq_url, all_messages()[:50], own.exchange, durable=False)
                eventually(lambda: len(heard) >= 50)
            with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="ACCESS_REFUSED"):
                replay(url, all_messages()[:1], own.exchange, durable=False)
        finally:
            service("rabbitmq", "ctl", "delete_user", user)


def test_the_demo_feed_is_heard_through_rabbitmq(rabbitmq_url, eventually):
    topics = (f"legacy-{uuid4().hex[:8]}", f"versioned-{uuid4().hex[:8]}")
    with (
        place(rabbitmq_url, durable=False, topics=topics) as own,
        listening(own.url, own, eventually) as heard,
    ):
        feed = DemoFeed(own.url, own.exchange, own.topics)
        feed.start()
        eventually(lambda: len(heard) >= 4)
        feed.stop()
    assert {one.wire for one in heard} == {"legacy", "versioned"}
    assert {one.instance_name for one in heard} == {"power-1"}
