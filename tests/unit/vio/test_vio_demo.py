from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from fed_common.bus.sender import NotificationSender
from fed_common.core.errors import Invalid, Retryable
from fed_common.core.model import NotificationTransport, Vim, VimId
from multicloud_vio.demo import DemoFeed
from multicloud_vio.plugin import VioPlugin
from tests.ears import Attentive

TOPICS = ("notifications", "versioned_notifications")


class Ear:
    """Collects what is sent, and can fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, failures: int = 0) -> None:
        self.heard: list[tuple[str, Mapping[str, Any], Mapping[str, Any]]] = []
        self.failures = failures
        monkeypatch.setattr(NotificationSender, "send", lambda _, *told: self.hear(*told))

    def hear(self, topic, notification, context):
        if self.failures:
            self.failures -= 1
            raise Retryable("the notification bus cannot be reached")
        self.heard.append((topic, notification, context))


def test_each_format_goes_to_its_topic_with_the_request_id_in_the_context(monkeypatch, eventually):
    ear = Ear(monkeypatch)
    feed = DemoFeed("fake://", "demo-topics", TOPICS)
    feed.start()
    eventually(lambda: len(ear.heard) >= 4)
    feed.stop()
    for topic, notification, context in ear.heard:
        assert topic == TOPICS[notification["event_type"].startswith("instance.")]
        assert context["request_id"].startswith("req-")
        assert "request_id" not in notification


def test_one_topic_takes_both_formats(monkeypatch, eventually):
    ear = Ear(monkeypatch)
    feed = DemoFeed("fake://", "demo-topic", ("all",))
    feed.start()
    eventually(lambda: len(ear.heard) >= 4)
    feed.stop()
    assert {topic for topic, _, _ in ear.heard} == {"all"}
    assert len({"nova_object.data" in one["payload"] for _, one, _ in ear.heard}) == 2


def test_the_feed_goes_on_after_the_bus_was_away(monkeypatch, eventually):
    ear = Ear(monkeypatch, failures=2)
    feed = DemoFeed("fake://", "demo-away", TOPICS)
    feed.start()
    eventually(lambda: ear.heard)
    feed.stop()
    assert ear.failures == 0


def test_stopping_twice_and_before_starting_is_safe():
    feed = DemoFeed("fake://", "demo-stop", TOPICS)
    feed.stop()
    feed.stop()


def test_a_transport_nobody_can_use_is_named():
    with pytest.raises(Invalid, match=r"transport\.url"):
        DemoFeed("pigeon://", "nova", TOPICS)


def test_the_plugin_hears_the_feed_through_a_real_transport(eventually):
    transport = NotificationTransport("fake://", "demo-heard", TOPICS, pool="")
    source = VioPlugin().event_source(Vim(VimId("demo", "RegionOne"), "vmware", transport=transport))
    ear = Attentive()
    feed = DemoFeed("fake://", "demo-heard", TOPICS)
    source.start(ear)
    feed.start()
    eventually(lambda: len(ear.told) >= 4)
    feed.stop()
    source.stop(timeout=60)
    assert {one.wire for one in ear.told} == {"legacy", "versioned"}
    assert all(one.vim_id == "demo_RegionOne" and one.instance_name == "power-1" for one in ear.told)
    assert all(one.traits["request_id"].startswith("req-") for one in ear.told)
