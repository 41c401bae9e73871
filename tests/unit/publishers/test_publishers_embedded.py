from __future__ import annotations

import pytest

from fed_common.core.errors import Retryable
from fed_common.publishers.embedded import EmbeddedConfig, EmbeddedPublisher
from fed_common.topics.log import EmbeddedLog
from tests.contract.topic_log import Group
from tests.messages import message, numbered

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def publisher() -> EmbeddedPublisher:
    return EmbeddedPublisher(EmbeddedConfig())


@pytest.fixture
def group() -> Group:
    log = EmbeddedLog()
    log.create("t")
    made = Group(log, "t")
    made.poll()
    return made


def test_messages_are_appended_in_order_over_topics(publisher, group):
    other = Group(EmbeddedLog(), "u")
    EmbeddedLog().create("u")
    other.poll()
    batch = [*numbered(3, topic="t"), *numbered(2, topic="u", start=3), *numbered(2, topic="t", start=5)]
    assert publisher.publish(batch, timeout=5) == []
    assert group.take() == [f'{{"id": "{n}"}}' for n in (0, 1, 2, 5, 6)]
    assert other.take() == [f'{{"id": "{n}"}}' for n in (3, 4)]


def test_what_can_never_be_stored_is_refused_with_the_reason_and_the_rest_stored(publisher, group, settings):
    settings.MESSAGE_MAX_BYTES = 100
    batch = [message("1", topic="t"), message("2", topic="t", value=b"x" * 101), message("3", topic="a b")]
    refused = publisher.publish(batch, timeout=5)
    assert [one.message for one in refused] == batch[1:]
    assert "101 bytes are too much" in refused[0].reason
    assert "is not allowed" in refused[1].reason
    assert group.take() == ['{"id": "1"}']


def test_a_database_that_is_down_is_retryable_and_names_what_is_not_stored(publisher, group, monkeypatch):
    append = EmbeddedLog.append

    def fails_for_u(self, topic, records, *, timeout):
        if topic == "u":
            raise Retryable("down")
        append(self, topic, records, timeout=timeout)

    monkeypatch.setattr(EmbeddedLog, "append", fails_for_u)
    batch = [*numbered(1, topic="t"), *numbered(2, topic="u", start=1), message("3", topic="a b")]
    with pytest.raises(Retryable) as caught:
        publisher.publish(batch, timeout=5)
    assert {one.event.id for one in caught.value.unsent} == {"1", "2", "3"}
    assert group.take() == ['{"id": "0"}']


def test_the_dry_run_asks_the_database(publisher, monkeypatch):
    publisher.check(timeout=1)

    def down(self):
        raise Retryable("down")

    monkeypatch.setattr(EmbeddedLog, "topics", down)
    with pytest.raises(Retryable):
        publisher.check(timeout=1)
