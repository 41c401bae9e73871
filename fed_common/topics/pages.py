"""Pages of the embedded log: who is owed which, inside one transaction that holds the group's row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet

from fed_common.core import clock
from fed_common.interfaces.topics import NOTHING, PAGE_BYTES, Page
from fed_common.topics.models import ConsumerGroup, OwedPage, Topic, TopicMessage

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def group_place(topic: Topic, name: str) -> ConsumerGroup:
    """The group's row, locked; a new group starts at the topic's end, or where the setting says."""
    start = 0 if settings.NEW_GROUP_STARTS == "earliest" else topic.next_offset
    place, _ = ConsumerGroup.objects.select_for_update().get_or_create(
        topic=topic, name=name, defaults={"next_offset": start}
    )
    return place


def due(place: ConsumerGroup, consumer: str) -> QuerySet[OwedPage]:
    """Pages this consumer is to get before anything new: its own, and those owed for too long."""
    overdue = clock.now() - timedelta(seconds=settings.REDELIVER_SECONDS)
    return place.owed.filter(Q(consumer=consumer) | Q(handed_at__lt=overdue)).order_by("first")


def hand_out(place: ConsumerGroup, consumer: str, limit: int) -> Page:
    """The next page for this consumer; it is owed from now on."""
    for owed in sorted(due(place, consumer), key=lambda one: one.consumer != consumer):
        if messages := _messages(place, owed.first, limit, last=owed.last):
            return _again(owed, consumer, messages)
        owed.delete()
    messages = _messages(place, place.next_offset, limit)
    return _fresh(place, consumer, messages) if messages else NOTHING


def _again(owed: OwedPage, consumer: str, messages: list[tuple[int, str]]) -> Page:
    """Hand a page out once more. What a smaller limit leaves over is due to anybody at once."""
    last = messages[-1][0]
    if last < owed.last:
        OwedPage.objects.create(
            group_id=owed.group_id, consumer=f"/{last + 1}", first=last + 1, last=owed.last, handed_at=LONG_AGO
        )
    owed.consumer, owed.last, owed.written, owed.handed_at = consumer, last, False, clock.now()
    owed.save()
    return Page([text for _, text in messages], owed.pk)


def _fresh(place: ConsumerGroup, consumer: str, messages: list[tuple[int, str]]) -> Page:
    first, last = messages[0][0], messages[-1][0]
    owed = OwedPage.objects.create(group=place, consumer=consumer, first=first, last=last, handed_at=clock.now())
    place.next_offset = last + 1
    place.save(update_fields=["next_offset"])
    return Page([text for _, text in messages], owed.pk)


def _messages(place: ConsumerGroup, first: int, limit: int, *, last: int | None = None) -> list[tuple[int, str]]:
    """At most ``limit`` messages and about PAGE_BYTES from offset ``first`` on, with their offsets."""
    rows = TopicMessage.objects.filter(topic_id=place.topic_id, offset__gte=first).order_by("offset")
    if last is not None:
        rows = rows.filter(offset__lte=last)
    found: list[tuple[int, str]] = []
    room = PAGE_BYTES
    for offset, value in rows.values_list("offset", "value")[:limit].iterator(chunk_size=200):
        found.append((offset, bytes(value).decode()))
        room -= len(value)
        if room <= 0:
            break
    return found
