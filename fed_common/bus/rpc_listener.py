"""An oslo.messaging RPC server that says when RabbitMQ is away, and leaves no queue there for ever."""

from __future__ import annotations

from typing import Any

from kombu.exceptions import OperationalError
from oslo_messaging._drivers import common
from oslo_messaging._drivers.amqpdriver import RpcAMQPListener
from oslo_messaging._drivers.base import PollStyleListenerAdapter
from oslo_messaging._drivers.impl_rabbit import Consumer, RabbitDriver
from oslo_messaging.rpc.server import RPCServer

from fed_common.core.errors import Retryable
from fed_common.telemetry.redact import redact

QUEUE_OUTLIVES = 60
"""Seconds that the queue ``topic.server`` is kept when its server is gone; the driver keeps it for ever."""


class RpcListeningServer(RPCServer):  # type: ignore[misc]
    """As oslo.messaging's own, but ``start`` raises Retryable at once when RabbitMQ cannot be reached."""

    def _create_listener(self) -> Any:
        driver = self.transport._driver
        if not isinstance(driver, RabbitDriver):
            return super()._create_listener()
        link = connect(driver)
        listener = RpcAMQPListener(driver, link)
        exchange, topic = driver._get_exchange(self._target), self._target.topic
        link.declare_topic_consumer(exchange, topic, listener)
        link.declare_consumer(_own_queue(link, exchange, f"{topic}.{self._target.server}", listener))
        link.declare_fanout_consumer(topic, listener)
        return PollStyleListenerAdapter(listener, 1, None)


def connect(driver: Any) -> Any:
    """A connection to read from. One attempt at one of the hosts; raises Retryable."""
    pool = driver._connection_pool
    try:
        return pool.connection_cls(pool.conf, pool.url, common.PURPOSE_LISTEN, retry=0)
    except (OperationalError, OSError) as error:
        raise Retryable(f"the bus cannot be reached: {redact(str(error)) or type(error).__name__}") from error


def no_endless_waiting(driver: Any) -> None:
    """Have a first call fail at once while RabbitMQ is down; else it waits for its queue of answers for ever."""
    to_send = driver._get_connection

    def get_connection(purpose: str = common.PURPOSE_SEND, retry: int | None = None) -> Any:
        return connect(driver) if purpose == common.PURPOSE_LISTEN else to_send(purpose, retry)

    driver._get_connection = get_connection


def _own_queue(link: Any, exchange: str, name: str, listener: Any) -> Consumer:
    """As ``declare_topic_consumer`` makes it, and gone when nobody reads it any more."""
    return Consumer(
        exchange_name=exchange,
        queue_name=name,
        routing_key=name,
        type="topic",
        durable=link.durable,
        exchange_auto_delete=link.amqp_auto_delete,
        queue_auto_delete=link.amqp_auto_delete,
        callback=listener,
        rabbit_ha_queues=link.rabbit_ha_queues,
        rabbit_queue_ttl=QUEUE_OUTLIVES,
        enable_cancel_on_failover=link.enable_cancel_on_failover,
        rabbit_quorum_queue=link.rabbit_quorum_queue,
        rabbit_quorum_queue_config=link.rabbit_quorum_queue_config,
    )
