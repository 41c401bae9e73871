"""Where Aodh and Ceilometer lose or repeat alarms: the same probes, on real servers, with counts."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.alarmed import Alarmed, alarmed
from tests.conftest import service
from tests.consumer import Arrival
from tests.nova_updates import alarm_body, instance_update, instances
from tests.vhosts import virtual_host
from tests.waiting import until

pytestmark = pytest.mark.servers


@pytest.fixture
def house(tmp_path: Path, database_url: str, rabbitmq_url: str) -> Iterator[Alarmed]:
    """A gateway and a VIM, on a virtual host and a database of their own."""
    with virtual_host(rabbitmq_url) as host, alarmed(tmp_path, database_url, host.url) as made:
        yield made


def told(arrivals: list[Arrival]) -> Counter[str]:
    """How often each alarm was told; deliveries that say they are repeats count once."""
    once = {one.headers["idempotency-key"]: one.body["alarm_id"] for one in arrivals}
    return Counter(once.values())


def all_told(house: Alarmed, rules: Sequence[str], within: float = 180.0) -> list[Arrival]:
    """Wait until the consumer heard of all of these; everything it heard."""

    def heard() -> list[Arrival] | None:
        arrivals = house.consumer.arrivals()
        return arrivals if set(rules) <= set(told(arrivals)) else None

    return until(heard, within=within, every=0.1) or []


def report(capsys: Any, what: str, wanted: int, arrivals: list[Arrival]) -> None:
    """The counts, for whoever reads the output."""
    times = told(arrivals)
    with capsys.disabled():
        print(f"\n  {what}: wanted {wanted}, told {len(times)}, lost {wanted - len(times)}, "
              f"twice {sum(n > 1 for n in times.values())}, POSTs {len(arrivals)}")  # fmt: skip


def test_a_rule_written_a_moment_ago_is_in_force(house: Alarmed) -> None:
    """N32 N33 N34 N35: created, reset, changed, switched off, deleted: always the next event."""
    house.listen()
    first, second, third = instances(3)
    house.send(instance_update(first))  # heard, and of no rule
    alarm = house.alarm("one", first)
    house.send(instance_update(first))
    assert house.consumer.has(1)[0].body["previous"] == "insufficient data"

    house.aodh("PUT", f"/alarms/{alarm}/state", "ok")
    house.send(instance_update(first))
    assert house.consumer.has(2)[1].body["previous"] == "ok"

    house.aodh("PUT", f"/alarms/{alarm}/state", "ok")
    changed = {**house.aodh("GET", f"/alarms/{alarm}"), "name": "renamed", "severity": "critical"}
    house.aodh("PUT", f"/alarms/{alarm}", {**changed, "alarm_actions": [house.consumer.url("/ok/new")]})
    house.send(instance_update(first))
    newest = house.consumer.has(3)[2]
    assert (newest.path, newest.body["alarm_name"], newest.body["severity"]) == ("/ok/new", "renamed", "critical")
    assert house.aodh("GET", f"/alarms/{alarm}")["name"] == "renamed"

    off, gone = house.alarm("off", second), house.alarm("gone", second)
    house.aodh("PUT", f"/alarms/{off}", {**house.aodh("GET", f"/alarms/{off}"), "enabled": False})
    house.aodh("DELETE", f"/alarms/{gone}")
    house.alarm("last", third)
    house.send(instance_update(second), instance_update(third))
    assert [one.body["alarm_name"] for one in house.consumer.has(4)[3:]] == ["last"]


def test_two_listeners_hear_the_same_and_tell_it_once(house: Alarmed, capsys: Any) -> None:
    """N49, F5: fifty rules that fire once, three events each, heard by two processes at the same time."""
    house.register("second", f"{house.exchange}-2")
    house.listen(2)
    ids = instances(50)
    rules = house.alarms(ids)
    burst = [instance_update(one) for one in ids for _ in range(3)]
    more = threading.Thread(target=house.send, args=burst, kwargs={"exchange": f"{house.exchange}-2"})
    more.start()
    house.send(*[instance_update(one) for one in ids for _ in range(3)])
    more.join()
    until(lambda: all(house.state(rule) == "alarm" for rule in rules), within=180, every=0.5)
    last = house.alarm("last", "the-last")
    house.send(instance_update("the-last"))
    arrivals = all_told(house, [last])
    report(capsys, "two listeners", 51, arrivals)
    assert told(arrivals) == Counter([*rules, last])


def test_one_hot_rule_and_two_listeners_lose_nothing(house: Alarmed, capsys: Any) -> None:
    """N61, F11: each event is told, and the connections to the database stay few."""
    house.register("second", f"{house.exchange}-2")
    house.listen(2)
    (hot,) = instances(1)
    rule = house.alarm("hot", hot, repeat_actions=True)
    house.send(*(instance_update(hot) for _ in range(400)))
    house.send(*(instance_update(hot) for _ in range(400)), exchange=f"{house.exchange}-2")
    arrivals = house.consumer.has(800)
    ids = {one.headers["x-multicloud-event"] for one in arrivals}
    with psycopg.connect(house.deployment.env["MCFED_DATABASE_URL"]) as database:
        (connections,) = database.execute(
            "select count(*) from pg_stat_activity where datname = current_database()"
        )
    report(capsys, f"one hot rule, {connections[0]} connections", 1, arrivals)
    assert len(ids) == 800
    assert told(arrivals) == Counter({rule: 800})
    assert connections[0] < 60


def test_a_listener_killed_in_a_burst_loses_and_repeats_nothing(house: Alarmed, capsys: Any) -> None:
    """N59, F10: what a dead process owed is sent by another, under the same delivery id."""
    house.deployment.start("notifier")
    ids = instances(60)
    rules = house.alarms(ids, "/slow/0.2")
    first, second = house.listen(2)
    house.send(*map(instance_update, ids))
    until(lambda: house.consumer.count() >= 5, every=0.01)
    first.kill()
    second.signal(signal.SIGSTOP)
    second.signal(signal.SIGCONT)
    arrivals = all_told(house, rules)
    report(capsys, "kill -9 in a burst of 60", 60, arrivals)
    assert told(arrivals) == Counter(rules)


def test_what_waits_in_a_broker_that_restarts_is_told(house: Alarmed, capsys: Any) -> None:
    """N60, F18: a hundred events are in the queue when RabbitMQ goes down and comes back."""
    ids = instances(100)
    rules = house.alarms(ids)
    (listener,) = house.listen()
    listener.signal(signal.SIGSTOP)
    house.send(*map(instance_update, ids))
    service("rabbitmq", "stop")
    service("rabbitmq", "start")
    listener.signal(signal.SIGCONT)
    arrivals = all_told(house, rules)
    report(capsys, "broker restarted with 100 waiting", 100, arrivals)
    assert told(arrivals) == Counter(rules)


def test_a_consumer_that_hangs_delays_nobody(house: Alarmed, capsys: Any) -> None:
    """N56, F12: seventy POSTs are never answered; another consumer hears of its alarms meanwhile."""
    house.listen()
    hung, fine = instances(70), instances(10)
    house.alarms(hung, "/hang")
    elsewhere = f"http://localhost:{house.consumer.port}/ok"
    others = [house.aodh("POST", "/alarms", alarm_body("fine", one, elsewhere))["alarm_id"] for one in fine]
    house.send(*map(instance_update, hung))
    until(lambda: house.consumer.count() >= 30, every=0.05)
    house.send(*map(instance_update, fine))
    arrivals = all_told(house, others)
    answered = [one for one in arrivals if one.path == "/ok"]
    report(capsys, f"{len(arrivals) - len(answered)} POSTs hang, others", 10, answered)
    assert told(answered) == Counter(others)


def test_a_database_that_is_away_for_a_while_loses_nothing(house: Alarmed, capsys: Any) -> None:
    """N58, F9: twenty events come while PostgreSQL is down; their rules were made a moment before."""
    (listener,) = house.listen()
    ids = instances(20)
    rules = house.alarms(ids)
    service("postgres", "stop")
    try:
        house.send(*map(instance_update, ids))
        until(lambda: "a sink does not take events" in listener.log.read_text(), every=0.1)
        assert house.consumer.count() == 0
    finally:
        service("postgres", "start")
    arrivals = all_told(house, rules)
    report(capsys, "database away for 20 events", 20, arrivals)
    assert told(arrivals) == Counter(rules)


def test_a_consumer_that_comes_back_is_told_what_it_missed(house: Alarmed, capsys: Any) -> None:
    """N54: its port was closed; the tries of each delivery are on record."""
    house.deployment.start("notifier")
    house.listen()
    ids = instances(10)
    rules = house.alarms(ids)
    house.consumer.kill()
    house.send(*map(instance_update, ids))
    until(lambda: _tried(house) == 10, every=0.1)
    house.consumer.restart()
    arrivals = all_told(house, rules)
    report(capsys, "consumer away", 10, arrivals)
    assert told(arrivals) == Counter(rules)


def _tried(house: Alarmed) -> int:
    rows = house.deployment.rest("GET", "/alarms/deliveries?state=waiting")["deliveries"]
    return sum(one["tries"] > 0 and bool(one["reason"]) for one in rows)
