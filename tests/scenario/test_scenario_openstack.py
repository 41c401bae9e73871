"""A VM on a real OpenStack: what is done to it reaches a Kafka and a Message Router subscriber."""

from __future__ import annotations

import json
import threading
import time
from datetime import datetime
from statistics import median
from typing import Any

import pytest
import requests
from confluent_kafka import Consumer

from tests.conftest import service
from tests.scenario.conftest import River
from tests.scenario.nova import Nova
from tests.waiting import until

pytestmark = pytest.mark.servers
LIFE = ["CREATE", "PAUSE", "UNPAUSE", "POWER_OFF", "POWER_ON", "REBUILD", "SOFT_DELETE"]
Arrival = tuple[float, dict[str, Any]]


@pytest.fixture(scope="module")
def openstack() -> Nova:
    """The real OpenStack with fake computes; it stays for the modules behind this one."""
    service("openstack", "start")
    return Nova()


def live_a_life(nova: Nova, name: str) -> None:
    """Everything that happens to the VM."""
    server = nova.create(name)
    for action, status in (
        ("pause", "PAUSED"),
        ("unpause", "ACTIVE"),
        ("os-stop", "SHUTOFF"),
        ("os-start", "ACTIVE"),
    ):
        nova.act(server, action, status)
    nova.rebuild(server)
    nova.delete(server)


class KafkaSubscriber:
    """Notes when each event arrived."""

    def __init__(self, river: River) -> None:
        self.arrivals: list[Arrival] = []
        self._consumer = Consumer(
            {
                "bootstrap.servers": river.kafka,
                "group.id": river.topic,
                "auto.offset.reset": "earliest",
                "topic.metadata.refresh.interval.ms": 200,
                "fetch.wait.max.ms": 5,
                "allow.auto.create.topics": True,
            }
        )
        self._consumer.subscribe([river.topic])
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while True:
            record = self._consumer.poll(1.0)
            if record is not None and record.error() is None:
                self.arrivals.append((time.time(), json.loads(record.value())))


class RouterSubscriber:
    """Long-polls our Message Router face and notes when each event arrived."""

    def __init__(self, river: River, topic: str) -> None:
        self.arrivals: list[Arrival] = []
        self._url = f"{river.deployment.url}/events/{topic}/noc/1?timeout=10000"
        self._session = river.deployment.session
        self._session.post(f"{river.deployment.url}/topics/create", json={"topicName": topic})
        self._poll("&timeout=0")
        threading.Thread(target=self._read, daemon=True).start()

    def _poll(self, extra: str = "") -> None:
        answer = self._session.get(self._url + extra, timeout=30)
        self.arrivals += [(time.time(), json.loads(one)) for one in (answer.json() if answer.ok else [])]

    def _read(self) -> None:
        while True:
            try:
                self._poll()
            except requests.RequestException:
                return


def ended(arrivals: list[Arrival], name: str) -> list[str]:
    """The kinds of what was completed on that VM, in order."""
    return [
        event["multicloud"]["kind"]
        for _, event in arrivals
        if event["display_name"] == name and event["multicloud"]["phase"] == "end"
    ]


def hops(arrivals: list[Arrival]) -> tuple[float, float]:
    """Median ms from Nova's clock to our listener, and from there to the subscriber."""
    came = [(at, event["multicloud"]) for at, event in arrivals]
    nova, heard = (
        [datetime.fromisoformat(event[name]).timestamp() for _, event in came]
        for name in ("occurred_at", "received_at")
    )
    arrived = [at for at, _ in came]
    return (
        median(b - a for a, b in zip(nova, heard, strict=True)) * 1000,
        median(b - a for a, b in zip(heard, arrived, strict=True)) * 1000,
    )


def test_the_life_of_a_vm_reaches_both_subscribers(openstack: Nova, river: River, capsys: Any) -> None:
    river.deployment.register("nova", river.rabbitmq_url, exchange="nova", pool=f"nova-{river.pool}")
    river.subscribe({"publisher": "embedded", "topic": "noc"})
    listener = river.listen()
    kafka, router = KafkaSubscriber(river), RouterSubscriber(river, "noc")
    name = f"vm-{river.topic}"
    live_a_life(openstack, name)
    for subscriber in (kafka, router):
        until(lambda subscriber=subscriber: "SOFT_DELETE" in ended(subscriber.arrivals, name), within=180)
        kinds = [kind for kind in ended(subscriber.arrivals, name) if kind in LIFE]
        assert list(dict.fromkeys(kinds)) == LIFE
    with capsys.disabled():
        for label, subscriber in (("Kafka", kafka), ("Message Router", router)):
            first, second = hops(subscriber.arrivals)
            print(f"\n  real Nova, median of {len(subscriber.arrivals)} events: "
                  f"Nova to listener {first:.1f} ms, listener to {label} {second:.1f} ms", end="")  # fmt: skip
    assert listener.ready()
