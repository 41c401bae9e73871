"""Recorded notifications published again to a real RabbitMQ, exactly as they were or multiplied."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import urlsplit, urlunsplit

import pika

from tests.captures import AmqpMessage, notification_of

PERSISTENT = pika.BasicProperties(
    content_type="application/json", content_encoding="utf-8", headers={}, delivery_mode=2, priority=0
)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def replay(url: str, messages: Iterable[AmqpMessage], exchange: str = "nova", *, durable: bool = True) -> int:
    """Publish the bodies as they are, persistent, with their routing keys; how many there were.

    Returns when the broker has routed all of them. Declares the exchange as oslo.messaging does with
    ``amqp_durable_queues`` equal to ``durable``. Queues have to be bound before: others are lost.
    """
    count = 0
    with pika.BlockingConnection(pika.URLParameters(_amqp(url))) as connection:
        channel = connection.channel()
        channel.exchange_declare(exchange, "topic", durable=durable)
        for count, one in enumerate(messages, 1):  # noqa: B007 - the count is the answer
            channel.basic_publish(exchange, one.routing_key, one.body, PERSISTENT)
        channel.exchange_declare(exchange, passive=True)  # answered after everything before it
    return count


def forget(url: str, names: Iterable[str]) -> None:
    """Delete the exchanges, and the queues, of these names; what is not there is no matter."""
    with pika.BlockingConnection(pika.URLParameters(_amqp(url))) as connection:
        channel = connection.channel()
        for name in names:
            channel.exchange_delete(name)
            channel.queue_delete(name)


def multiply(messages: Sequence[AmqpMessage], copies: int) -> Iterator[AmqpMessage]:
    """The messages ``copies`` times, each time with other message, instance and request ids.

    An id keeps its last 28 characters; its first 8 are the number of the copy.
    """
    cut = [_cut(one) for one in messages]
    for number in range(copies):
        for one, pieces in zip(messages, cut, strict=True):
            yield one._replace(body=f"{number:08x}".join(pieces))


def _cut(message: AmqpMessage) -> list[str]:
    """The body around the first group of every id that differs between copies."""
    names, pieces, done = _names(message), [], 0
    for found in _UUID.finditer(message.body):
        if found[0] in names:
            pieces.append(message.body[done : found.start()])
            done = found.start() + 8
    return [*pieces, message.body[done:]]


def _names(message: AmqpMessage) -> set[str]:
    one = notification_of(message)
    payload = one["payload"]
    names = {one["message_id"], (one["request_id"] or "").removeprefix("req-"), payload.get("instance_id")}
    if one["event_type"].startswith("instance."):
        names.add(payload["nova_object.data"]["uuid"])
    return names


def _amqp(url: str) -> str:
    """The URL for pika: oslo's scheme renamed, its options left out."""
    return urlunsplit(urlsplit(url)._replace(scheme="amqp", query=""))
