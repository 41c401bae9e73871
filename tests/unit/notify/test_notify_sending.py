"""Deliveries on their way: tries, order, groups, and who is not delayed by whom. A real HTTP server takes them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from fed_common.core import clock
from fed_common.core.errors import Retryable
from fed_common.notify import services
from fed_common.notify.models import Delivery, Sender
from fed_common.notify.sending import outbox, process, results, tries
from fed_common.notify.sending.sending import Sending
from tests.consumers import Consumer
from tests.notices import a_notice, send
from tests.processes import free_port
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tries, "FIRST_WAIT", 0.02)


@pytest.fixture
def sending() -> Iterator[Sending]:
    part = Sending()
    part.start()
    yield part
    part.stop()


def all_ended() -> list[Delivery]:
    rows = list(Delivery.objects.order_by("created_at", "id"))
    return rows if all(row.state != "waiting" for row in rows) else []


def outcomes(row: Delivery) -> list[str]:
    return [one["outcome"] for one in row.attempts]


def test_a_notice_is_told_once_and_its_row_says_so(consumer: Consumer) -> None:
    """N29"""
    send([f"{consumer.url}/failure"], a_notice(), cause="e-1", project_id="t1")
    [row] = until(all_ended)
    assert (row.state, row.tries, row.reason, row.cause, row.project_id) == ("done", 1, "", "e-1", "t1")
    assert outcomes(row) == ["delivered"]
    [told] = consumer.told
    assert (told.path, told.delivery) == ("/failure", str(row.id))


def test_a_closed_port_is_tried_again_until_it_is_dead_and_the_second_action_is_told(
    consumer: Consumer, settings: Any
) -> None:
    """N54"""
    settings.NOTIFY_TRIES = 3
    send([f"http://127.0.0.1:{free_port()}/", consumer.url], a_notice())
    dead, done = until(all_ended)
    assert (dead.state, dead.tries, outcomes(dead)) == ("dead", 3, ["failed"] * 3)
    assert "no connection" in dead.reason
    assert dead.ended_at
    assert (done.state, len(consumer.told)) == ("done", 1)


@pytest.mark.parametrize("status", [500, 503, 408, 429])
def test_a_consumer_that_fails_twice_is_told_at_the_third_try_with_the_same_id(
    consumer: Consumer, status: int
) -> None:
    """N55"""
    consumer.answers = lambda _told, number: status if number < 3 else 204
    send([consumer.url], a_notice())
    [row] = until(all_ended)
    assert (row.state, row.tries, outcomes(row)) == ("done", 3, ["failed", "failed", "delivered"])
    assert {one.delivery for one in consumer.told} == {str(row.id)}
    assert [one.headers["X-Multicloud-Attempt"] for one in consumer.told] == ["1", "2", "3"]


@pytest.mark.parametrize("status", [400, 401, 404, 410, 302])
def test_what_a_consumer_refuses_is_dead_at_once(consumer: Consumer, status: int) -> None:
    """N55"""
    consumer.answers = lambda _told, _number: (status, {"Location": f"{consumer.url}/elsewhere"})
    send([consumer.url], a_notice())
    [row] = until(all_ended)
    assert (row.state, row.tries, outcomes(row)) == ("dead", 1, ["refused"])
    assert str(status) in row.reason
    assert len(consumer.told) == 1


def test_retry_after_is_honoured(consumer: Consumer) -> None:
    consumer.answers = lambda _told, number: (429, {"Retry-After": "1"}) if number == 1 else 200
    send([consumer.url], a_notice())
    [row] = until(all_ended)
    assert row.state == "done"
    assert consumer.told[1].at - consumer.told[0].at >= 1


def test_a_wish_without_end_is_bounded() -> None:
    assert tries.wait_after(1, min(1e9, tries.LONGEST_WISH)) == tries.LONGEST_WISH
    assert tries.wait_after(60, 0) <= tries.LONGEST_WAIT


def test_consumers_that_hang_delay_nobody_else(consumer: Consumer, settings: Any) -> None:
    """N56: 70 POSTs hang, more than may be under way at once; another tenant's is told meanwhile."""
    settings.NOTIFY_TIMEOUT = 600.0
    with Consumer(answers=lambda _told, _number: None) as hanging:
        send([hanging.url], *(a_notice(alarm_id=f"hangs-{number}") for number in range(70)))
        until(lambda: len(hanging.told) >= outbox.AT_ONCE)
        send([consumer.url], a_notice())
        until(lambda: consumer.told, within=30)
        services.stop(0.1)


def test_a_consumer_that_never_answers_is_given_up(consumer: Consumer, settings: Any) -> None:
    """N56"""
    settings.NOTIFY_TIMEOUT, settings.NOTIFY_TRIES = 0.1, 2
    consumer.answers = lambda _told, _number: None
    send([consumer.url], a_notice())
    [row] = until(all_ended)
    assert (row.state, row.tries, row.reason) == ("dead", 2, "no answer within 0.1 s")


def test_what_does_not_fit_into_memory_waits_in_the_database_and_keeps_its_order(
    consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """N57"""
    monkeypatch.setattr(outbox, "HELD_MOST", 5)
    monkeypatch.setattr("fed_common.notify.sending.keeping.EVERY", 0.05)
    consumer.answers = lambda _told, _number: 0.01
    send([consumer.url], *(a_notice(f"n{number:02}") for number in range(12)))
    send([consumer.url], *(a_notice(f"n{number:02}") for number in range(12, 24)))
    until(all_ended)
    assert consumer.names() == [f"n{number:02}" for number in range(24)]


def test_the_notices_of_an_alarm_arrive_in_their_order_also_when_one_has_to_wait(consumer: Consumer) -> None:
    """N48"""
    consumer.answers = lambda told, number: 500 if number in (3, 4, 9) else 200
    send([consumer.url], *(a_notice(f"n{number:02}") for number in range(20)))
    rows = until(all_ended)
    assert [row.state for row in rows] == ["done"] * 20
    taken = list(dict.fromkeys(consumer.names()))
    assert taken == [f"n{number:02}" for number in range(20)]
    assert max(Counter(consumer.names()).values()) > 1


def test_only_the_lane_of_a_notice_waits_for_its_next_try(
    consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tries, "FIRST_WAIT", 60.0)
    consumer.answers = lambda told, _number: 500 if told.json["alarm_name"] == "bad" else 200
    send([consumer.url], a_notice("bad", alarm_id="a"), a_notice("behind", alarm_id="a"))
    send([consumer.url], a_notice("beside", alarm_id="b"))
    until(lambda: "beside" in consumer.names())
    until(lambda: Delivery.objects.filter(tries=1, state="waiting").exists())
    assert "behind" not in consumer.names()
    services.stop(0.1)


def test_notices_of_a_group_go_out_in_one_post(consumer: Consumer) -> None:
    notices = [
        a_notice(f"n{number}", alarm_id=f"a{number}", group="host-1", group_wait=0.1) for number in range(20)
    ]
    rows = send([f"{consumer.url}/a", f"{consumer.url}/b"], *notices)
    until(all_ended)
    assert sorted(one.path for one in consumer.told) == ["/a", "/b"]
    for told in consumer.told:
        assert told.json["group"] == "host-1"
        assert [one["alarm_name"] for one in told.json["alarms"]] == [f"n{number}" for number in range(20)]
        assert told.json["alarms"][0]["delivery_id"] == told.delivery
        assert {one["delivery_id"] for one in told.json["alarms"]} <= {str(row.id) for row in rows}


def test_results_wait_for_the_database_and_sending_does_not(
    consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """N58, the sender's half"""
    away, write = threading.Event(), results.write
    away.set()

    def failing(rows: Any) -> None:
        if away.is_set():
            raise Retryable("the database is away")
        write(rows)

    monkeypatch.setattr(results, "write", failing)
    send([consumer.url], *(a_notice(alarm_id=f"a{number}") for number in range(20)))
    until(lambda: len(consumer.told) == 20)
    assert Delivery.objects.filter(state="waiting").count() == 20
    away.clear()
    until(all_ended)
    assert len(consumer.told) == 20


def test_a_notifier_that_breaks_costs_tries_and_nothing_else(consumer: Consumer, settings: Any) -> None:
    settings.NOTIFY_TRIES = 2
    rows = services.deliveries_of([consumer.url], a_notice(), now=clock.now())
    rows[0].meant[0].notifier.notify = lambda *_: 1 / 0
    try:
        Delivery.objects.bulk_create(rows)
        services.hand_over(rows)
        [row] = until(all_ended)
        assert (row.state, row.reason) == ("dead", "TypeError in notifier http")
    finally:
        del rows[0].meant[0].notifier.notify


def left_behind(url: str, *names: str, owner: str = "gone", **more: Any) -> list[Delivery]:
    """Deliveries of a process that died a while ago."""
    then = clock.now() - timedelta(seconds=30)
    rows = [
        row
        for number, name in enumerate(names)
        for row in services.deliveries_of([url], a_notice(name), now=then + timedelta(milliseconds=number))
    ]
    for row in rows:
        row.owner = owner
        for name, value in more.items():
            setattr(row, name, value)
    return Delivery.objects.bulk_create(rows)


def test_what_a_dead_process_left_is_sent_in_order_with_the_same_ids(consumer: Consumer, sending: Sending) -> None:
    """N59, the taking over"""
    rows = left_behind(consumer.url, *(f"n{number:02}" for number in range(20)))
    Sender.objects.create(name="gone", expires_at=clock.now() - timedelta(seconds=1))
    until(all_ended)
    assert [one.delivery for one in consumer.told] == [str(row.id) for row in rows]
    assert consumer.names() == [f"n{number:02}" for number in range(20)]
    until(lambda: not Sender.objects.filter(name="gone").exists())


def test_a_process_that_died_before_it_said_that_it_lived_is_found(consumer: Consumer, sending: Sending) -> None:
    left_behind(consumer.url, "orphan", owner="never seen")
    until(all_ended)
    assert consumer.names() == ["orphan"]


def test_a_living_process_keeps_what_is_its_own(consumer: Consumer, sending: Sending) -> None:
    Sender.objects.create(name="busy", expires_at=clock.now() + timedelta(minutes=5))
    left_behind(f"{consumer.url}/busy", "its own", owner="busy")
    left_behind(f"{consumer.url}/gone", "left")
    until(lambda: consumer.names())
    assert consumer.names() == ["left"]
    assert Delivery.objects.get(owner="busy").state == "waiting"


def test_ours_waits_for_what_another_process_has_of_the_same_lane(consumer: Consumer) -> None:
    """N48: the VIM moved to another process, whose first notice must not overtake the last of the other."""
    Sender.objects.create(name="busy", expires_at=clock.now() + timedelta(minutes=5))
    [older] = left_behind(consumer.url, "older", owner="busy")
    Sending().start()
    send([consumer.url], a_notice("newer"))
    send([consumer.url], a_notice("other lane", alarm_id="b"))
    until(lambda: consumer.names())
    assert consumer.names() == ["other lane"]
    Sender.objects.filter(name="busy").update(expires_at=clock.now() - timedelta(seconds=1))
    until(all_ended)
    assert consumer.names() == ["other lane", "older", "newer"]
    assert consumer.told[1].delivery == str(older.id)


def test_a_target_that_is_gone_ends_its_delivery(sending: Sending) -> None:
    left_behind("http://127.0.0.1:9/", "n", target="receiver://gone")
    [row] = until(all_ended)
    assert (row.state, row.reason) == ("dead", "there is no receiver 'gone'")


def test_stopping_finishes_what_is_under_way_and_leaves_the_rest_to_others(
    consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "AT_ONCE", 1)
    consumer.answers = lambda _told, _number: 0.3
    rows = send([consumer.url], *(a_notice(alarm_id=f"a{number}") for number in range(3)))
    until(lambda: consumer.told)
    services.stop(5)
    states = {row.id: row.state for row in Delivery.objects.all()}
    assert [states[row.id] for row in rows] == ["done", "waiting", "waiting"]
    assert Delivery.objects.filter(state="waiting", expires_at__lte=clock.now()).count() == 2, "others may at once"
    part = Sending()
    part.start()
    until(all_ended)
    part.stop()
    assert [one.delivery for one in consumer.told] == [str(row.id) for row in rows]


def test_what_another_process_took_over_is_left_alone_unless_it_is_delivered(consumer: Consumer) -> None:
    """A process that was frozen for longer than its lease wakes up."""
    failed, delivered = send([consumer.url], a_notice(alarm_id="a"), a_notice(alarm_id="b"))
    until(all_ended)
    Delivery.objects.update(state="waiting", owner="another", tries=7)
    failed.state, delivered.state = "waiting", "done"
    results.write([results.snapshot(row) for row in (failed, delivered)])
    found = {row.id: (row.state, row.tries) for row in Delivery.objects.all()}
    assert found == {failed.id: ("waiting", 7), delivered.id: ("done", 1)}


def test_a_sender_that_died_is_replaced(consumer: Consumer, monkeypatch: pytest.MonkeyPatch) -> None:
    dying = process.sender()
    dying.run(_die(dying))
    until(lambda: not dying.alive)
    send([consumer.url], a_notice())
    until(all_ended)
    assert process.sender() is not dying


async def _die(sender: Any) -> None:
    sender._loop.stop()
