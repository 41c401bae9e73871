"""The limit of one Python process: pika in, confluent-kafka out, acknowledged after delivery.

No mapping, no filter, no twins: the body goes through as it is, keyed by instance.
``python -m tests.bench.raw AMQP_URL QUEUE BOOTSTRAP TOPIC``
"""

from __future__ import annotations

import json
import sys
from typing import Any

import pika
from confluent_kafka import Producer

PREFETCH = 1000


class Bridge:
    """Acknowledges the contiguous prefix that Kafka confirmed."""

    def __init__(self, channel: Any, producer: Producer, topic: str) -> None:
        self._channel, self._producer, self._topic = channel, producer, topic
        self._confirmed: set[int] = set()
        self._acknowledged = 0

    def forward(self, _channel: Any, method: Any, _properties: Any, body: bytes) -> None:
        """One message in, one record out."""
        message = json.loads(json.loads(body)["oslo.message"])
        tag = method.delivery_tag
        self._producer.produce(
            self._topic,
            json.dumps(message["payload"]).encode(),
            message["payload"]["instance_id"].encode(),
            on_delivery=lambda _error, _record: self._confirmed.add(tag),
        )
        self._producer.poll(0)
        self.acknowledge()

    def acknowledge(self) -> None:
        """Ack what Kafka has, in one frame."""
        newest = self._acknowledged
        while newest + 1 in self._confirmed:
            newest += 1
            self._confirmed.discard(newest)
        if newest > self._acknowledged:
            self._channel.basic_ack(newest, multiple=True)
            self._acknowledged = newest


def main(amqp: str, queue: str, bootstrap: str, topic: str) -> None:
    """Bridge until killed."""
    producer = Producer(
        {"bootstrap.servers": bootstrap, "acks": "all", "enable.idempotence": True, "linger.ms": 2}
    )
    connection = pika.BlockingConnection(pika.URLParameters(amqp))
    channel = connection.channel()
    channel.basic_qos(prefetch_count=PREFETCH)
    bridge = Bridge(channel, producer, topic)
    channel.basic_consume(queue, bridge.forward)
    while True:
        connection.process_data_events(time_limit=0.002)
        producer.poll(0)
        bridge.acknowledge()


if __name__ == "__main__":
    main(*sys.argv[1:])
