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
SUBSCRIBED, QUIET = "subscribed", "vio"


class House:
    """Rules that tell a topic of Kafka and an HTTP consumer of each event, of two VIMs.

    The events of one of them go to Kafka too. Its river waits while Kafka is away, the other one's does not.
    """

    def __init__(self, made: Alarmed, kafka: str) -> None:
        self._made, self._kafka = made, kafka
        self._alarms, self._events = (f"{word}-{uuid.uuid4().hex[:8]}" for word in ("alarms", "events"))
        self._exchanges = {QUIET: made.exchange, SUBSCRIBED: f"{made.exchange}-2"}
        made.register(SUBSCRIBED, self._exchanges[SUBSCRIBED])
        sink = {"publisher": "kafka", "topic": self._events, "options": {"bootstrap": kafka}}
        made.deployment.subscribe("events", sink, filter={"vims": [f"{SUBSCRIBED}_RegionOne"]})
        self._rules = {owner: {vm: self._rule(vm) for vm in instances(2)} for owner in self._exchanges}
        self._sent: dict[str, dict[str, list[str]]] = {owner: defaultdict(list) for owner in self._exchanges}
        made.listen()

    def _rule(self, vm: str) -> str:
        actions = [f"kafka://{self._alarms}", self._made.consumer.url()]
        body = alarm_body(f"rule of {vm}", vm, *actions, repeat_actions=True)
        return str(self._made.aodh("POST", "/alarms", body)["alarm_id"])

    def fire(self, owner: str, count: int) -> None:
        """So many events on that cloud's bus, of its VMs in turn."""
        messages = []
        for (vm, rule), _ in zip(cycle(self._rules[owner].items()), range(count), strict=False):
            self._sent[owner][rule].append(str(uuid.uuid4()))
            messages.append(instance_update(vm, message_id=self._sent[owner][rule][-1]))
        self._made.send(*messages, exchange=self._exchanges[owner])

    def hear(self, *owners: str) -> None:
        """Wait until the HTTP consumer was told of all that was sent on these buses."""
        wanted = {one for owner in owners for sent in self._sent[owner].values() for one in sent}
        until(lambda: wanted <= self._heard(), within=WITHIN, every=0.1)

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
        self.hear(*self._exchanges)
        wanted = {rule: ids for sent in self._sent.values() for rule, ids in sent.items()}
        total = sum(map(len, wanted.values()))
        messages = self._on_kafka(total)
        first = {one["delivery_id"]: one for one in reversed(messages)}
        told: dict[str, list[str]] = defaultdict(list)
        for one in reversed(first.values()):
            told[one["alarm_id"]].append(one["event"]["message_id"])
        subscribed = [one for ids in self._sent[SUBSCRIBED].values() for one in ids]
        events = read_kafka(self._kafka, self._events, distinct=len(subscribed), within=WITHIN)
        with capsys.disabled():
            print(f"\n  {what}: alarms wanted {total}, told {len(first)}, lost {total - len(first)}, messages "
                  f"{len(messages)}; events wanted {len(subscribed)}, told {len(events.distinct)}")  # fmt: skip
        assert told == wanted
        assert sorted(events.distinct) == sorted(subscribed)

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
    """N54: three bursts, each of which the HTTP consumer hears while Kafka is away."""
    service("kafka", "stop")
    house.fire(SUBSCRIBED, EVENTS)
    for _ in range(3):
        house.fire(QUIET, EVENTS)
        house.hear(QUIET)
    house.waits_for_kafka()
    service("kafka", "start")
    house.complete("Kafka stopped", capsys)


def test_kafka_killed_in_a_burst_and_started_again_loses_nothing(house: House, capsys: Any) -> None:
    """N60: kill -9 while notices and events go out."""
    house.fire(SUBSCRIBED, 5 * EVENTS)
    house.fire(QUIET, 5 * EVENTS)
    house.hears_some()
    service("kafka", "kill")
    house.hear(QUIET)
    house.waits_for_kafka()
    service("kafka", "start")
    house.complete("Kafka killed in a burst", capsys)


def test_kafka_frozen_for_longer_than_a_try_lasts_loses_nothing(house: House, capsys: Any) -> None:
    """N56: stopped by a signal, it takes connections and bytes and answers nothing."""
    service("kafka", "pause")
    house.fire(SUBSCRIBED, EVENTS)
    house.fire(QUIET, EVENTS)
    house.hear(QUIET)
    house.waits_for_kafka()
    service("kafka", "resume")
    house.complete("Kafka frozen", capsys)
