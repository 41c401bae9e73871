"""Receivers and deliveries over REST; who may do what is told by test_broker_roles."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from fed_common.core import clock
from fed_common.notify import deliveries, services
from fed_common.notify.deliveries import forget_old_deliveries
from fed_common.notify.models import Delivery, Receiver
from fed_common.notify.sending import process
from tests.callers import Caller
from tests.consumers import Consumer
from tests.notices import a_notice, send
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


def body(url: str = "http://192.0.2.1/", **more: Any) -> dict[str, Any]:
    return {"name": "nms", "notifier": "http", "options": {"url": url, "secret": "s3cret"}, **more}


def test_a_receiver_is_made_shown_replaced_and_removed(admin: Caller, reader: Caller) -> None:
    made = admin.post("/receivers", body(filter={"severities": ["CRITICAL"]}))
    assert made["options"] == {"url": "http://192.0.2.1/", "secret": "***"}
    assert (made["filter"], made["enabled"], made["created_by"]) == (
        {"severities": ["CRITICAL"]},
        True,
        "the admin",
    )
    assert reader.get("/receivers") == {"receivers": [made]}
    assert admin.ask("POST", "/receivers", body()).status_code == 409
    sealed = Receiver.objects.get().sealed_options
    same = admin.put("/receivers/nms", {"notifier": "http", "options": made["options"], "enabled": False})
    assert (same["enabled"], same["filter"]) == (False, None)
    assert Receiver.objects.get().sealed_options == sealed
    assert admin.ask("PUT", "/receivers/other", {"notifier": "log"}).status_code == 201
    assert admin.ask("DELETE", "/receivers/nms").status_code == 204
    assert admin.ask("GET", "/receivers/nms").status_code == 404


def test_a_secret_goes_nowhere_it_was_not_meant_for(admin: Caller) -> None:
    admin.post("/receivers", body())
    answer = admin.ask(
        "PUT", "/receivers/nms", body("http://192.0.2.66/") | {"options": {"url": "x", "secret": "***"}}
    )
    assert (answer.status_code, answer.json()["field"]) == (400, "options.secret")
    assert "s3cret" not in json.dumps([str(row.__dict__) for row in Receiver.objects.all()])


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"name": "a b"}, "name"),
        ({"notifier": "pigeon"}, "notifier"),
        ({"options": {"url": "ftp://h"}}, "options.url"),
        ({"options": {}}, "options.url"),
        ({"options": {"url": "http://h", "colour": 1}}, "options.colour"),
        ({"options": {"url": "http://169.254.169.254/"}}, "options"),
        ({"filter": {"severities": ["BAD"]}}, "filter.severities"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_is_named(admin: Caller, sent: dict[str, Any], field: str) -> None:
    answer = admin.ask("POST", "/receivers", {**body(), **sent})
    assert (answer.status_code, answer.json()["field"]) == (400, field)


def test_a_receiver_is_tested(admin: Caller, operator: Caller, consumer: Consumer) -> None:
    admin.post("/receivers", body(consumer.url, options={"url": consumer.url, "format": "native"}))
    answer = operator.post("/receivers/nms/test")
    assert (answer["outcome"], consumer.told[0].json["kind"]) == ("delivered", "test")
    consumer.answers = lambda _told, _number: 404
    answer = operator.post("/receivers/nms/test")
    assert (answer["outcome"], answer["reason"]) == ("refused", "it answered 404")
    assert operator.ask("POST", "/receivers/other/test").status_code == 404


def test_deliveries_are_listed_with_conditions_a_page_at_a_time(reader: Caller) -> None:
    rows = [
        row
        for number in range(5)
        for row in services.deliveries_of(
            [f"http://192.0.2.{number}/?secret=x"], a_notice(alarm_id=f"a{number}"), now=clock.now(), cause="e"
        )
    ]
    rows[0].state = "dead"
    Delivery.objects.bulk_create(rows)
    page = reader.get("/alarms/deliveries?limit=2")
    assert [one["alarm_id"] for one in page["deliveries"]] == ["a4", "a3"]
    more = reader.get(f"/alarms/deliveries?limit=9&before={page['next']}")
    assert [one["alarm_id"] for one in more["deliveries"]] == ["a2", "a1", "a0"]
    assert [one["state"] for one in reader.get("/alarms/deliveries?state=dead")["deliveries"]] == ["dead"]
    assert len(reader.get("/alarms/deliveries?target=192.0.2.3&cause=e")["deliveries"]) == 1
    assert reader.get("/alarms/deliveries?alarm_id=a1")["deliveries"][0]["target"] == "http://192.0.2.1/?***"
    for bad in ("state=odd", "limit=0", "before=x", "colour=red"):
        assert reader.ask("GET", f"/alarms/deliveries?{bad}").json()["field"] == bad.partition("=")[0]


def test_a_dead_delivery_is_tried_again_with_its_own_id(operator: Caller, consumer: Consumer) -> None:
    consumer.answers = lambda _told, number: 404 if number == 1 else 200
    [row] = send([consumer.url], a_notice())
    until(lambda: Delivery.objects.filter(state="dead").exists())
    assert operator.post(f"/alarms/deliveries/{row.id}/retry")["state"] == "waiting"
    until(lambda: Delivery.objects.filter(state="done").exists())
    whole = operator.get(f"/alarms/deliveries/{row.id}")
    assert [one["outcome"] for one in whole["attempts"]] == ["refused", "delivered"]
    assert whole["notice"]["name"] == "vm-1 failed"
    assert {one.delivery for one in consumer.told} == {str(row.id)}
    assert operator.ask("POST", f"/alarms/deliveries/{row.id}/retry").status_code == 409


def test_a_retry_that_ends_before_it_is_answered_is_told_as_it_began(
    operator: Caller, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumer.answers = lambda _told, number: 404 if number == 1 else 200
    [row] = send([consumer.url], a_notice())
    until(lambda: Delivery.objects.filter(state="dead").exists())

    def to_the_end(rows: list[Delivery]) -> None:
        services.hand_over(rows)
        until(lambda: Delivery.objects.filter(state="done").exists())

    monkeypatch.setattr(deliveries, "hand_over", to_the_end)
    answer = operator.post(f"/alarms/deliveries/{row.id}/retry")
    assert (answer["state"], answer["tries"]) == ("waiting", 0)


def test_a_retry_waits_for_the_end_of_what_it_repeats(operator: Caller, consumer: Consumer) -> None:
    consumer.answers = lambda _told, number: 404 if number == 1 else 200
    [row] = send([consumer.url], a_notice())
    until(lambda: Delivery.objects.filter(state="dead").exists())
    held = process.sender()._outbox.held  # type: ignore[union-attr]
    until(lambda: row.id not in held)
    held.add(row.id)
    operator.post(f"/alarms/deliveries/{row.id}/retry")
    process.sender().run(asyncio.sleep(0)).result(60)
    held.discard(row.id)
    until(lambda: Delivery.objects.filter(state="done").exists())
    assert len(consumer.told) == 2


def test_old_deliveries_that_ended_are_forgotten(settings: Any) -> None:
    settings.ALARM_RETENTION_HOURS = 1
    old = clock.now() - timedelta(hours=2)
    rows = [services.deliveries_of(["http://h/"], a_notice(), now=moment)[0] for moment in (old, old, clock.now())]
    rows[0].state = rows[2].state = "done"
    Delivery.objects.bulk_create(rows)
    assert forget_old_deliveries() == 1
    assert {row.id for row in Delivery.objects.all()} == {rows[1].id, rows[2].id}
