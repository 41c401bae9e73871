from __future__ import annotations

from typing import Any

import pytest

from fed_common.bus.listen import NotificationIntake
from fed_common.bus.sender import NotificationSender
from fed_common.core.errors import Invalid, Retryable
from fed_common.core.model import NotificationTransport
from tests.processes import free_port

NOTIFICATION = {
    "message_id": "my-own-id",
    "publisher_id": "compute.a",
    "event_type": "compute.instance.pause.end",
    "priority": "ERROR",
    "payload": {"instance_id": "i1"},
    "timestamp": "2026-01-01 00:00:00.000000",
}


def test_a_notification_arrives_whole_with_its_own_id(eventually):
    heard: list[Any] = []

    def accept(batch) -> bool:
        heard.extend(batch)
        return True

    intake = NotificationIntake(NotificationTransport("fake://", "sender", ("topic",), pool=""), accept)
    intake.start()
    NotificationSender("fake://", "sender").send("topic", NOTIFICATION, {"request_id": "req-1"})
    eventually(lambda: heard)
    intake.stop(timeout=60)
    assert heard == [{**NOTIFICATION, "request_id": "req-1"}]


def test_a_notification_goes_to_the_queue_of_its_priority(monkeypatch):
    sender = NotificationSender("fake://", "sender")
    sent: list[Any] = []
    monkeypatch.setattr(sender._bus, "_send_notification", lambda target, *_, **__: sent.append(target))
    sender.send("topic", NOTIFICATION, {})
    assert (sent[0].exchange, sent[0].topic) == ("sender", "topic.error")


def test_a_bus_that_cannot_be_reached_is_a_thing_to_try_again():
    sender = NotificationSender(f"rabbit://me:secret@127.0.0.1:{free_port()}/", "sender")
    with pytest.raises(Retryable, match="cannot be reached") as caught:
        sender.send("topic", NOTIFICATION, {})
    assert "secret" not in str(caught.value)


def test_a_secret_in_a_drivers_error_does_not_leak(monkeypatch):
    sender = NotificationSender("fake://", "sender")

    def fail(*_args, **_options):
        raise OSError("amqp://user:secret@host is away")

    monkeypatch.setattr(sender._bus, "_send_notification", fail)
    with pytest.raises(Retryable) as caught:
        sender.send("topic", NOTIFICATION, {})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["pigeon://me:secret@host/", "no url"])
def test_a_url_no_driver_can_use_is_refused_without_showing_it(url):
    with pytest.raises(Invalid, match=r"transport\.url") as caught:
        NotificationSender(url, "nova")
    assert "secret" not in str(caught.value)
