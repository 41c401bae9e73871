"""Who runs against whom: our listener, the reference style, and the raw limit."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pika
import requests

from tests.processes import ROOT, Deployment, free_port
from tests.waiting import until


@dataclass
class Lane:
    """One contender's own exchange, queue and topic, and the pid to watch once it runs."""

    rabbitmq_url: str
    kafka: str
    name: str = ""

    def __post_init__(self) -> None:
        self.name = self.name or f"bench-{uuid.uuid4().hex[:8]}"
        with pika.BlockingConnection(pika.URLParameters(self.amqp)) as connection:
            channel = connection.channel()
            channel.exchange_declare(self.name, "topic", durable=True)
            channel.queue_declare(self.name, durable=True)
            for key in ("notifications.info", "notifications.error"):
                channel.queue_bind(self.name, self.name, key)

    @property
    def amqp(self) -> str:
        """For pika."""
        return self.rabbitmq_url.replace("rabbit://", "amqp://")

    @property
    def oslo(self) -> str:
        """For oslo.messaging, durable as the queue is."""
        return f"{self.rabbitmq_url}?amqp_durable_queues=true&rabbit_qos_prefetch_count=1000"


@contextmanager
def running(*command: str) -> Iterator[int]:
    """A Python process of the bench; its pid."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen([sys.executable, *command], cwd=ROOT, stdout=log, stderr=log, env=os.environ)
        try:
            yield process.pid
        finally:
            process.kill()
            process.wait()


@contextmanager
def null_router() -> Iterator[str]:
    """The sink that costs little; its URL."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with running("-m", "tests.bench.null_router", str(port)):
        until(lambda: _answers(f"{url}/stats"))
        yield url


@contextmanager
def reference(lane: Lane, router: str) -> Iterator[int]:
    """oslo.messaging one by one, one POST each."""
    with running(
        "-m", "tests.bench.reference", lane.oslo, lane.name, lane.name, f"{router}/events/{lane.name}"
    ) as pid:
        yield pid


@contextmanager
def raw(lane: Lane) -> Iterator[int]:
    """pika to confluent-kafka."""
    with running("-m", "tests.bench.raw", lane.amqp, lane.name, lane.kafka, lane.name) as pid:
        yield pid


@contextmanager
def ours(lane: Lane, sink: dict[str, object], database_url: str) -> Iterator[int]:
    """A listener process of a real deployment."""
    with tempfile.TemporaryDirectory() as folder:
        deployment = Deployment(Path(folder), MCFED_DATABASE_URL=database_url)
        try:
            deployment.gateway()
            deployment.register("bench", lane.oslo, exchange=lane.name, pool=lane.name)
            deployment.subscribe("bench", {"topic": lane.name, **sink})
            yield deployment.start("listener").pid
        finally:
            deployment.stop()


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=1).ok
    except requests.RequestException:
        return False
