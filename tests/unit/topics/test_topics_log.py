from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection

from fed_common.core import clock
from fed_common.core.errors import Retryable
from fed_common.interfaces.topics import NOTHING, Record
from fed_common.topics import log as log_module
from fed_common.topics.database import writing
from fed_common.topics.log import EmbeddedLog, expire
from fed_common.topics.models import ConsumerGroup, Topic, TopicMessage
from tests.contract.topic_log import Group, TopicLogContract

pytestmark = pytest.mark.django_db(transaction=True)


class TestEmbeddedLog(TopicLogContract):
    @pytest.fixture
    def log(self):
        return EmbeddedLog()

    def reopened(self, log):
        connection.close()
        return EmbeddedLog()


def published(topic: str, *texts: str) -> EmbeddedLog:
    log = EmbeddedLog()
    log.append(topic, [Record("k", text) for text in texts], timeout=60)
    return log


def test_a_new_group_starts_at_the_beginning_where_the_setting_says_so(settings):
    settings.NEW_GROUP_STARTS = "earliest"
    log = published("t", "1", "2")
    assert Group(log, "t").take() == ["1", "2"]


def test_offsets_have_no_holes_when_publishers_race():
    log = EmbeddedLog()
    threads = [
        threading.Thread(target=log.append, args=["t", [Record("", str(n))] * 7], kwargs={"timeout": 20})
        for n in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    offsets = TopicMessage.objects.filter(topic__name="t").order_by("offset").values_list("offset", flat=True)
    assert list(offsets) == list(range(84))
    assert Topic.objects.get(name="t").next_offset == 84


def test_an_append_that_fails_stores_nothing(monkeypatch):
    log = published("t", "1")
    monkeypatch.setattr(Topic.objects.__class__, "filter", lambda *args, **names: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        log.append("t", [Record("", "2")], timeout=60)
    monkeypatch.undo()
    assert TopicMessage.objects.count() == 1


def test_a_key_the_column_cannot_hold_does_not_stop_a_message():
    log = EmbeddedLog()
    log.create("t")
    group = Group(log, "t")
    group.poll()
    log.append("t", [Record("k" * 300 + "\0", "1"), Record("\0", "2")], timeout=60)
    assert group.take() == ["1", "2"]


def test_what_is_older_than_the_retention_goes_and_nothing_else(settings):
    settings.TOPIC_RETENTION_HOURS = 1
    settings.NEW_GROUP_STARTS = "earliest"
    log = published("t", "old", "new")
    TopicMessage.objects.filter(offset=0).update(created_at=clock.now() - timedelta(hours=2))
    assert expire() == 1
    assert expire() == 0
    assert Group(log, "t").take() == ["new"]


def test_expiry_takes_more_than_one_bite(settings, monkeypatch):
    monkeypatch.setattr(log_module, "FORGET_AT_ONCE", 10)
    published("t", *map(str, range(35)))
    TopicMessage.objects.update(created_at=clock.now() - timedelta(days=365))
    assert expire() == 35
    assert Topic.objects.get(name="t").next_offset == 35


def test_a_page_whose_messages_expired_is_not_owed_any_more():
    log = EmbeddedLog()
    log.create("t")
    group = Group(log, "t")
    group.poll()
    log.append("t", [Record("", "1"), Record("", "2")], timeout=60)
    assert group.wait(limit=1).messages == ["1"]
    TopicMessage.objects.filter(offset=0).delete()
    assert group.take() == ["2"]


def test_an_idle_look_writes_nothing(django_assert_num_queries):
    log = published("t", "1")
    group = Group(log, "t")
    group.poll()
    with django_assert_num_queries(3):
        assert log.fetch("t", "g", "c", limit=10) == NOTHING


def test_a_topic_deleted_under_a_request_is_not_found(monkeypatch):
    from fed_common.core.errors import NotFound
    from fed_common.topics import pages

    log = published("t", "1")
    Group(log, "t").poll()
    log.append("t", [Record("", "2")], timeout=60)
    place = pages.group_place

    def deleted_before(topic, name):
        ConsumerGroup.objects.all().delete()
        TopicMessage.objects.all().delete()
        Topic.objects.all().delete()
        return place(topic, name)

    monkeypatch.setattr(pages, "group_place", deleted_before)
    with pytest.raises(NotFound):
        log.fetch("t", "g", "c", limit=10)


def test_a_publish_of_this_process_wakes_who_waits_without_a_look_at_the_database(monkeypatch):
    log = published("t", "1")
    monkeypatch.setattr(log_module._TAILS, "_ends", lambda topics: {})
    woken = threading.Event()
    with log.arrivals("t", "g", woken.set):
        log.append("t", [Record("", "2")], timeout=60)
        assert woken.wait(60)


def test_a_publish_of_another_process_wakes_who_waits(monkeypatch):
    log = published("t", "1")
    group = Group(log, "t")
    group.poll()
    monkeypatch.setattr(log_module, "_announce", lambda topic, end: None)
    news = threading.Semaphore(0)
    with log.arrivals("t", "g", news.release):
        log.append("t", [Record("", "2")], timeout=60)
        assert news.acquire(timeout=60)
    assert group.take() == ["2"]


def test_a_database_that_cannot_be_opened_is_retryable(monkeypatch):
    from django.db.utils import OperationalError

    def refused(*args, **names):
        raise OperationalError("unable to open database file")

    log = published("t", "1")
    monkeypatch.setattr(connection, "cursor", refused)
    for verb in (
        lambda: log.topics(),
        lambda: log.create("u"),
        lambda: log.append("t", [Record("", "1")], timeout=1),
        lambda: log.fetch("t", "g", "c", limit=1),
        lambda: log.confirm("t", "g", "c"),
        lambda: log.written("t", "g", "c", 1),
        lambda: log.delete("t"),
        lambda: expire(),
    ):
        with pytest.raises(Retryable):
            verb()
    monkeypatch.undo()
    assert log.topics() == ["t"]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite has one writer at a time")
def test_a_writer_that_does_not_get_its_turn_is_told_to_come_again():
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with writing(5):
            entered.set()
            leave.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    assert entered.wait(60)
    with pytest.raises(Retryable):
        EmbeddedLog().append("t", [Record("", "1")], timeout=0.05)
    leave.set()
    holder.join()
