"""The promises of the river, each shown on real servers and processes."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
import requests

from fed_common.core.kinds import Kind
from fed_common.core.matching import DropReason
from tests.captures import AmqpMessage, all_messages
from tests.doubles.message_router import MessageRouter, accept, poisoned_by
from tests.oracle import Told
from tests.processes import Process
from tests.scenario.conftest import VIM, River, event_of, some_messages
from tests.waiting import until

pytestmark = pytest.mark.servers
PAYLOAD = '\\"payload\\": {'


def facts_once(messages: Iterable[AmqpMessage]) -> dict[str, list[str]]:
    """Per instance, the fact of every event in order; the second copy of a fact is left out."""
    unpaired: dict[tuple[str, str], int] = defaultdict(int)
    facts: dict[str, list[str]] = defaultdict(list)
    for message in messages:
        event = event_of(message)
        if event is None:
            continue
        other = "versioned" if event.wire == "legacy" else "legacy"
        if unpaired[event.fact, other]:
            unpaired[event.fact, other] -= 1
        else:
            unpaired[event.fact, event.wire] += 1
            facts[event.key].append(event.fact)
    return facts


def facts_of(events: Iterable[dict[str, Any]]) -> dict[str, list[str]]:
    told: dict[str, list[str]] = defaultdict(list)
    for event in events:
        told[event.get("instance_id") or event["multicloud"]["host"]].append(event["multicloud"]["fact"])
    return told


class RouterReader:
    """A consumer of the gateway's own Message Router face."""

    def __init__(self, river: River, topic: str) -> None:
        self._url = f"{river.deployment.url}/events/{topic}/readers/1"
        self._headers = dict(river.deployment.session.headers)
        self.read(0)

    def read(self, timeout: int = 5000) -> list[dict[str, Any]]:
        answer = requests.get(self._url, params={"timeout": timeout}, headers=self._headers, timeout=30)
        return [json.loads(one) for one in answer.json()] if answer.ok else []

    def read_all(self, count: int) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = []
        until(lambda: events.extend(self.read()) or len(events) >= count, within=60)
        return events


def test_every_recorded_notification_arrives_once_and_in_order_on_kafka_and_on_our_message_router(
    river: River,
) -> None:
    messages = all_messages()
    expected = facts_once(messages)
    total = sum(map(len, expected.values()))
    river.subscribe({"publisher": "embedded", "topic": "captured"})
    river.deployment.session.post(f"{river.deployment.url}/topics/create", json={"topicName": "captured"})
    reader = RouterReader(river, "captured")
    river.listen()
    river.send(messages)
    told = river.told(total)
    assert facts_of(told.events) == expected
    assert facts_of(reader.read_all(total)) == expected


def test_a_filter_changed_while_events_flow_is_in_force_soon(river: River, capsys: Any) -> None:
    """N89: the two kinds that the seed asks for, and nothing else of what happens to these VMs."""
    listener = river.listen()
    messages = some_messages(8_000)
    chosen = {Kind.POWER_OFF, Kind.DELETE}

    def pausing() -> Iterator[AmqpMessage]:
        for number, one in enumerate(messages):
            if number % 20 == 0:
                time.sleep(0.02)  # a steady thousand a second
            yield one

    sending = river.sending(pausing())  # type: ignore[arg-type]
    river.told(500)
    before = revision(listener)
    river.deployment.rest("PUT", f"/vims/{VIM}/filter", {"kinds": sorted(chosen)})
    changed = time.time()
    until(lambda: revision(listener) > before)
    in_force = time.time()
    with capsys.disabled():
        print(f"\n  a changed filter is in force after {in_force - changed:.2f} s")
    sending.join()
    until(lambda: dropped(listener, DropReason.KIND) > 1000)
    last = next(event for one in reversed(messages) if (event := event_of(one)) and event.kind in chosen)
    kinds_after = {
        event["multicloud"]["kind"] for event in river.told_until(last.id).events if received_at(event) > in_force
    }
    assert kinds_after
    assert kinds_after <= chosen


def revision(listener: Process) -> int:
    """Of the routing that is in force there."""
    answer = listener.get("/readyz")
    return int(answer.json()["revision"]) if answer is not None else 0


def received_at(event: dict[str, Any]) -> float:
    from datetime import datetime

    return datetime.fromisoformat(event["multicloud"]["received_at"]).timestamp()


def dropped(listener: Process, reason: str) -> float:
    page = listener.get("/metrics")
    lines = page.text.splitlines() if page else []
    wanted = [
        line for line in lines if line.startswith("mcfed_events_dropped_total") and f'reason="{reason}"' in line
    ]
    return sum(float(line.rsplit(" ", 1)[1]) for line in wanted)


def test_poison_becomes_a_dead_event_while_others_flow_and_is_replayed_once_the_cause_is_mended(
    river: River,
) -> None:
    good = some_messages(50)
    poison = event_of(good[10])
    assert poison
    router = MessageRouter()
    router.otherwise = poisoned_by(poison.id.encode())
    unreadable = good[1]._replace(body=good[1].body.replace(PAYLOAD, PAYLOAD[:-1] + '7, \\"was\\": {', 1))
    malformed = good[2]._replace(body="{no json")
    try:
        river.subscribe({"publisher": "dmaap", "topic": "T", "options": {"url": router.url}})
        river.listen()
        river.send([*good[3:20], unreadable, malformed, *good[20:]])
        assert len(river.told(47).distinct) == 47
        until(lambda: len(router.values("T")) >= 46)

        dead = {row["publisher"] or row["reason"].split(":")[0]: row for row in river.dead_events()}
        assert len(dead) == 3
        assert dead["dmaap"]["event_id"] == poison.id
        assert all(row["reason"] for row in dead.values())

        router.otherwise = accept
        river.deployment.rest("POST", f"/dead-events/{dead['dmaap']['id']}/replay")
        assert Told([json.loads(one) for one in router.values("T")]).ids[-1] == poison.id
        assert river.dead_event(dead["dmaap"]["id"])["replayed_at"]
    finally:
        router.close()


def test_when_a_listener_is_killed_another_owns_its_vim_soon(river: River, capsys: Any) -> None:
    river.register("other", f"{river.exchange}-other")
    listeners = [river.listen(), river.listen()]
    until(lambda: sorted(len(vims(one)) for one in listeners) == [1, 1])
    victim, heir = listeners
    orphan = next(iter(vims(victim)))
    victim.kill()
    killed = time.monotonic()
    until(lambda: vims(heir).get(orphan))
    with capsys.disabled():
        print(f"\n  take-over after kill -9: {time.monotonic() - killed:.1f} s")


def vims(listener: Process) -> dict[str, bool]:
    answer = listener.get("/readyz")
    return answer.json()["vims"] if answer is not None else {}
