"""From Nova's message to the table of active alarms and to a SOL 003 subscriber, on real servers."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.alarmed import Alarmed, alarmed
from tests.nova_updates import instance_update, instances
from tests.vhosts import virtual_host
from tests.waiting import until

pytestmark = pytest.mark.servers


@pytest.fixture
def house(tmp_path: Path, database_url: str, rabbitmq_url: str) -> Iterator[Alarmed]:
    """A gateway and a VIM, on a virtual host and a database of their own."""
    with virtual_host(rabbitmq_url) as host, alarmed(tmp_path, database_url, host.url) as made:
        yield made


def listed(house: Alarmed, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = house.deployment.rest("GET", f"/alarms/active{query}")["alarms"]
    return found


def notified(house: Alarmed, count: int) -> list[dict[str, Any]]:
    """What the subscriber was told, each notification once."""
    once = {one.body["id"]: one.body for one in house.consumer.has(count)}
    return list(once.values())


def test_what_nova_tells_is_in_the_table_and_with_the_subscriber_once(house: Alarmed) -> None:
    """N83 N84 N86 N87: no rule is written; a listener is killed and everything is sent again."""
    url = f"{house.deployment.url}/vnffm/v1"
    asked = {"callbackUri": house.consumer.url("/ok"), "filter": {"perceivedSeverities": ["MAJOR"]}}
    made = house.deployment.session.post(f"{url}/subscriptions", json=asked, timeout=30)
    assert made.status_code == 201, made.text
    (listener,) = house.listen()
    ids = instances(3)
    sent = [instance_update(id, message_id=f"raise-{id}") for id in ids]
    sent.append(instance_update(ids[0], "active", old_state="error", message_id=f"clear-{ids[0]}"))

    house.send(*sent)
    told = notified(house, 4)
    assert [one["notificationType"] for one in told].count("AlarmClearedNotification") == 1
    assert {one["object_id"] for one in listed(house, "?cleared=false")} == set(ids[1:])

    waiting = "/alarms/deliveries?state=waiting"  # what is not known to be delivered waits for a `notifier`
    until(lambda: not house.deployment.rest("GET", waiting)["deliveries"], within=60)
    listener.signal(signal.SIGKILL)
    house.listen()
    house.send(*sent, instance_update(ids[1], "active", old_state="error"))
    until(lambda: len(listed(house, "?cleared=false")) == 1, within=180)
    assert len(notified(house, 5)) == 5
    changes = house.deployment.rest("GET", "/alarms/changes")["changes"]
    assert [one["sequence"] for one in changes] == [1, 2, 3, 4, 5]

    (left,) = house.deployment.session.get(f"{url}/alarms?filter=(eq,perceivedSeverity,MAJOR)", timeout=30).json()
    assert left["managedObjectId"] == ids[2]
