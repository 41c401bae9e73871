"""The embedded log: topics in the gateway's own database, SQLite or PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction

from fed_common.core import clock
from fed_common.core.errors import NotFound
from fed_common.interfaces.topics import NOTHING, Page, Record, TopicLog, check_member, check_topic
from fed_common.telemetry import metrics
from fed_common.topics import pages
from fed_common.topics.database import reachable, writing
from fed_common.topics.models import ConsumerGroup, OwedPage, Topic, TopicMessage
from fed_common.topics.waiters import TailWatch, Waiters

SECONDS = 10.0
FORGET_AT_ONCE = 2_000


class EmbeddedLog(TopicLog):
    """See TopicLog. Any number of processes may share one database."""

    def create(self, topic: str) -> None:
        """See TopicLog."""
        check_topic(topic)
        with writing(SECONDS):
            Topic.objects.get_or_create(name=topic)

    def delete(self, topic: str) -> None:
        """See TopicLog. The messages go in small bites, so that writers of other topics get their turn."""
        with reachable():
            found = Topic.objects.filter(name=topic).first()
            if not found:
                raise NotFound("topic", topic)
            while _forget(topic_id=found.pk):
                continue
        with writing(SECONDS):
            Topic.objects.select_for_update().get(pk=found.pk).delete()
        _WAITERS.notify(topic)

    def topics(self) -> Sequence[str]:
        """See TopicLog."""
        with reachable():
            return list(Topic.objects.order_by("name").values_list("name", flat=True))

    def append(self, topic: str, records: Sequence[Record], *, timeout: float) -> None:
        """See TopicLog. All or nothing; the lock on the topic's row keeps offsets free of holes."""
        check_topic(topic)
        with writing(timeout):
            row, _ = Topic.objects.select_for_update(no_key=True).get_or_create(name=topic)
            end = row.next_offset + len(records)
            TopicMessage.objects.bulk_create(_rows(row, records))
            Topic.objects.filter(pk=row.pk).update(next_offset=end)
            transaction.on_commit(lambda: _announce(topic, end))
        metrics.TOPIC_APPENDED.labels(topic).inc(len(records))

    def confirm(self, topic: str, group: str, consumer: str) -> None:
        """See TopicLog."""
        owed = OwedPage.objects.filter(
            group__topic__name=topic, group__name=group, consumer=consumer, written=True
        )
        with reachable():
            found = list(owed.values_list("pk", flat=True))
        if found:
            with writing(SECONDS):
                OwedPage.objects.filter(pk__in=found, consumer=consumer, written=True).delete()

    def fetch(self, topic: str, group: str, consumer: str, *, limit: int) -> Page:
        """See TopicLog. An idle look costs three reads and takes no lock."""
        check_member("group", group)
        check_member("consumer", consumer)
        with reachable():
            row = Topic.objects.filter(name=topic).first()
            if not row:
                raise NotFound("topic", topic)
            place = ConsumerGroup.objects.filter(topic=row, name=group).first()
            if place and place.next_offset >= row.next_offset and not pages.due(place, consumer).exists():
                return NOTHING
        try:
            with writing(SECONDS):
                page = pages.hand_out(pages.group_place(row, group), consumer, limit)
        except IntegrityError:
            raise NotFound("topic", topic) from None
        metrics.TOPIC_FETCHED.labels(topic).inc(len(page.messages))
        return page

    def written(self, topic: str, group: str, consumer: str, receipt: int, *, whole: bool = True) -> None:  # noqa: ARG002
        """See TopicLog."""
        with writing(SECONDS):
            OwedPage.objects.filter(pk=receipt, consumer=consumer).update(written=whole)

    def arrivals(self, topic: str, group: str, wake: Callable[[], None]) -> AbstractContextManager[None]:  # noqa: ARG002
        """See TopicLog."""
        _TAILS.start()
        return _WAITERS.waiting(topic, wake)


def expire() -> int:
    """Delete messages older than the retention, in small bites; how many went. Safe to call often."""
    limit = clock.now() - timedelta(hours=settings.TOPIC_RETENTION_HOURS)
    gone = 0
    while bite := _forget(created_at__lt=limit):
        gone += bite
    return gone


def _forget(**which: object) -> int:
    with writing(SECONDS):
        ids = list(TopicMessage.objects.filter(**which).values_list("pk", flat=True)[:FORGET_AT_ONCE])
        return TopicMessage.objects.filter(pk__in=ids).delete()[0]


def _rows(topic: Topic, records: Sequence[Record]) -> list[TopicMessage]:
    now = clock.now()
    return [
        TopicMessage(topic=topic, offset=offset, key=_kept(one.key), value=one.value.encode(), created_at=now)
        for offset, one in enumerate(records, start=topic.next_offset)
    ]


def _kept(key: str) -> str:
    """Keys are kept for people to look at, as far as the column takes them: one ordered log needs none."""
    return key[:255].replace("\0", "")


def _announce(topic: str, end: int) -> None:
    _TAILS.told(topic, end)
    _WAITERS.notify(topic)


def _ends(topics: Collection[str]) -> Mapping[str, int]:
    with reachable():
        return dict(Topic.objects.filter(name__in=topics).values_list("name", "next_offset"))


_WAITERS: Waiters[str] = Waiters()
_TAILS = TailWatch(_WAITERS, _ends)
