"""Arrivals at a sink, processor time and memory of a process, and latencies."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import requests
from confluent_kafka import Consumer

from tests.bench.contenders import Lane
from tests.captures import AmqpMessage

RATE = 200
PATIENCE = 120.0


@dataclass(frozen=True)
class Drained:
    """How a waiting queue was worked off."""

    rate: float
    cpu_us: float
    memory: int


def drain(count: int, pid: int, arrived: Callable[[], int]) -> Drained:
    """Watch ``arrived`` from its first event to its last; rate and processor time in between."""
    before = _wait(lambda: arrived() or None)
    start, cpu = time.monotonic(), cpu_seconds(pid)
    _wait(lambda: arrived() >= count or None)
    took, done = time.monotonic() - start, max(count - before, 1)
    return Drained(done / took, (cpu_seconds(pid) - cpu) / done * 1e6, peak_memory(pid))


def cpu_seconds(pid: int) -> float:
    """Processor time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_memory(pid: int) -> int:
    """Largest resident memory so far, MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))


class TopicWatch:
    """Counts what arrives on a Kafka topic, and how long each message was under way."""

    def __init__(self, lane: Lane) -> None:
        self.count = 0
        self.latencies: list[float] = []
        self._consumer = Consumer(
            {
                "bootstrap.servers": lane.kafka,
                "group.id": lane.name,
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                "topic.metadata.refresh.interval.ms": 200,
                "allow.auto.create.topics": True,
                "fetch.wait.max.ms": 5,
            }
        )
        self._consumer.subscribe([lane.name])
        self._stopping = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop counting."""
        self._stopping = True
        self._thread.join()
        self._consumer.close()

    def _read(self) -> None:
        while not self._stopping:
            for record in self._consumer.consume(1000, timeout=0.002):
                if record.error() is None:
                    self.count += 1
                    self._time(record.value())

    def _time(self, value: bytes) -> None:
        sent = json.loads(value).get("bench_sent_at") if b"bench_sent_at" in value else None
        if sent is not None:
            self.latencies.append(time.time() - sent)


def router_count(url: str) -> Callable[[], int]:
    """How many messages a null router has had since now."""
    before = requests.get(f"{url}/stats", timeout=5).json()["count"]
    return lambda: int(requests.get(f"{url}/stats", timeout=5).json()["count"]) - before


def send_steadily(channel: object, exchange: str, messages: Sequence[AmqpMessage]) -> None:
    """RATE messages a second, each telling when it was sent."""
    start = time.monotonic()
    for number, one in enumerate(messages):
        time.sleep(max(0.0, start + number / RATE - time.monotonic()))
        body = one.body.replace('\\"payload\\": {', f'\\"payload\\": {{\\"bench_sent_at\\": {time.time()!r}, ', 1)
        channel.basic_publish(exchange, one.routing_key, body)  # type: ignore[attr-defined]


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which that share of them lies, in ms."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


def _wait(value: Callable[[], int | bool | None]) -> int:
    deadline = time.monotonic() + PATIENCE
    while (found := value()) is None:
        if time.monotonic() > deadline:
            raise TimeoutError("the contender does not get on")
        time.sleep(0.01)
    return int(found)
