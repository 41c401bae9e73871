"""Alarms on a real Kafka that stops, dies and freezes: told there in order, elsewhere meanwhile; with counts."""

from __future__ import annotations

import json
import uuid
from collections import defaultdict
from collections.abc import Iterator
from itertools import cycle
from typing import Any

import pytest

from tests.alarmed import Alarmed, alarmed
from tests.conftest import empty_database, service
from tests.nova_updates import alarm_body, instance_update, instances
from tests.oracle import read_kafka, records
from tests.vhosts import virtual_host
from tests.waiting import until

pytestmark = pytest.mark.servers

EVENTS, WITHIN = 40, 180.0


class House:
    """Rules that tell a topic of Kafka and an HTTP consumer of each event; the events go to Kafka too.

    So the river waits while Kafka is away; the alarms do not.
    """

    def __init__(self, made: Alarmed, kafka: str) -> None:
        self._made, self._kafka = made, kafka
        self._alarms, self._events = (f"{word}-{uuid.uuid4().hex[:8]}" for word in ("alarms", "events"))
        sink = {"publisher": "kafka", "topic": self._events, "options": {"bootstrap": kafka}}
        made.deployment.subscribe("events", sink)
        self._rules = {vm: self._rule(vm) for vm in instances(2)}
        self._sent: dict[str, list[str]] = defaultdict(list)
        made.listen()

    def _rule(self, vm: str) -> str:
        actions = [f"kafka://{self._alarms}", self._made.consumer.url()]
        body = alarm_body(f"rule of {vm}", vm, *actions, repeat_actions=True)
        return str(self._made.aodh("POST", "/alarms", body)["alarm_id"])

    def fire(self, count: int) -> None:
        """So many events of the VMs in turn."""
        messages = []
        for (vm, rule), _ in zip(cycle(self._rules.items()), range(count), strict=False):
            self._sent[rule].append(str(uuid.uuid4()))
            messages.append(instance_update(vm, message_id=self._sent[rule][-1]))
        self._made.send(*messages)

    def hear(self) -> None:
        """Wait until the HTTP consumer was told of all that was sent."""
        wanted = set(self._all_sent())
        until(lambda: wanted <= self._heard(), within=WITHIN, every=0.1)

    def _all_sent(self) -> list[str]:
        return [one for sent in self._sent.values() for one in sent]

    def _heard(self) -> set[str]:
        return {one.headers["x-multicloud-event"] for one in self._made.consumer.arrivals()}

    def hears_some(self) -> None:
        """Wait until the consumer is told of more than before."""
        before = len(self._heard())
        until(lambda: len(self._heard()) > before, within=WITHIN, every=0.01)

    def waits_for_kafka(self) -> None:
        """Wait until a notice could not be handed over to it."""
        until(self._tried_in_vain, within=WITHIN, every=0.1)

    def _tried_in_vain(self) -> bool:
        waiting = "/alarms/deliveries?state=waiting&target=kafka://&limit=1000"
        return any(one["reason"] for one in self._made.deployment.rest("GET", waiting)["deliveries"])

    def complete(self, what: str, capsys: Any) -> None:
        """Nothing is lost, each alarm's notices are in order, repeats carry the id of the first."""
        self.hear()
        sent = self._all_sent()
        total = len(sent)
        messages = self._on_kafka(total)
        first = {one["delivery_id"]: one for one in reversed(messages)}
        told: dict[str, list[str]] = defaultdict(list)
        for one in reversed(first.values()):
            told[one["alarm_id"]].append(one["event"]["message_id"])
        events = read_kafka(self._kafka, self._events, distinct=total, within=WITHIN)
        with capsys.disabled():
            print(f"\n  {what}: alarms wanted {total}, told {len(first)}, lost {total - len(first)}, messages "
                  f"{len(messages)}; events wanted {total}, told {len(events.distinct)}")  # fmt: skip
        assert told == self._sent
        assert sorted(events.distinct) == sorted(sent)

    def _on_kafka(self, total: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for record in records(self._kafka, self._alarms, WITHIN):
            if record is not None:
                found.append(json.loads(record.value))
            elif len({one["delivery_id"] for one in found}) >= total:
                break
        return found


@pytest.fixture(scope="module")
def house(
    tmp_path_factory: pytest.TempPathFactory, postgres_url: str, rabbitmq_url: str, kafka_bootstrap: str
) -> Iterator[House]:
    """On a virtual host and a database of their own."""
    patience = {"MCFED_NOTIFY_TIMEOUT": "3", "MCFED_NOTIFY_TRIES": "50", "MCFED_PUBLISH_TIMEOUT": "5"}
    folder = tmp_path_factory.mktemp("kafka")
    with (
        virtual_host(rabbitmq_url) as host,
        empty_database(postgres_url) as database,
        alarmed(folder, database, host.url, MCFED_KAFKA=kafka_bootstrap, **patience) as made,
    ):
        yield House(made, kafka_bootstrap)


@pytest.fixture(autouse=True)
def kafka_runs(house: House) -> Iterator[None]:
    """Also for whoever comes next."""
    yield
    service("kafka", "resume")
    service("kafka", "start")


def test_what_is_told_while_kafka_is_stopped_is_on_it_later_and_elsewhere_at_once(
    house: House, capsys: Any
) -> None:
    """N54: four bursts, each of which the HTTP consumer hears while Kafka is away, though its river waits."""
    service("kafka", "stop")
    for _ in range(4):
        house.fire(EVENTS)
        house.hear()
    house.waits_for_kafka()
    service("kafka", "start")
    house.complete("Kafka stopped", capsys)


def test_kafka_killed_in_a_burst_and_started_again_loses_nothing(house: House, capsys: Any) -> None:
    """N60: kill -9 while notices and events go out."""
    house.fire(10 * EVENTS)
    house.hears_some()
    service("kafka", "kill")
    house.hear()
    house.waits_for_kafka()
    service("kafka", "start")
    house.complete("Kafka killed in a burst", capsys)


def test_kafka_frozen_for_longer_than_a_try_lasts_loses_nothing(house: House, capsys: Any) -> None:
    """N56: stopped by a signal, it takes connections and bytes and answers nothing."""
    service("kafka", "pause")
    house.fire(2 * EVENTS)
    house.hear()
    house.waits_for_kafka()
    service("kafka", "resume")
    house.complete("Kafka frozen", capsys)
