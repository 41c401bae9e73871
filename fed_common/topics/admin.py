"""What is known about a topic besides its messages: description, owner, and which api keys may use it.

Kept in the database whichever log holds the messages. A topic nobody described is ownerless: open.
"""

from __future__ import annotations

from dataclasses import dataclass

from fed_common.core.errors import Conflict
from fed_common.interfaces.topics import TopicLog
from fed_common.topics.database import reachable, writing
from fed_common.topics.models import Topic, TopicAccess

SECONDS = 10.0
READ, WRITE = TopicAccess.Right.READ, TopicAccess.Right.WRITE


@dataclass(frozen=True, slots=True)
class TopicRecord:
    """A topic as its owner described it. ``owner``, ``readers`` and ``writers`` are api keys."""

    name: str
    description: str = ""
    owner: str = ""
    readers: tuple[str, ...] = ()
    writers: tuple[str, ...] = ()


def create_topic(log: TopicLog, name: str, *, description: str, owner: str) -> TopicRecord:
    """Make a topic. Raises Conflict when there is one, Invalid on an illegal name, Retryable."""
    if name in log.topics():
        raise Conflict("topic", name)
    log.create(name)
    with writing(SECONDS):
        row, _ = Topic.objects.select_for_update().get_or_create(name=name)
        if row.owner not in ("", owner):
            raise Conflict("topic", name)
        row.description, row.owner = description, owner
        row.save(update_fields=["description", "owner"])
    return TopicRecord(name, description, owner)


def describe_topic(name: str) -> TopicRecord:
    """What is known about a topic; an empty record when nothing is. Raises Retryable."""
    with reachable():
        row = Topic.objects.filter(name=name).first()
        if not row:
            return TopicRecord(name)
        rights = list(row.access.order_by("key").values_list("right", "key"))
    readers = tuple(key for right, key in rights if right == READ)
    writers = tuple(key for right, key in rights if right == WRITE)
    return TopicRecord(name, row.description, row.owner, readers, writers)


def owner_of(name: str) -> str:
    """The api key the topic belongs to; "" when it is open. Raises Retryable."""
    with reachable():
        return Topic.objects.filter(name=name).values_list("owner", flat=True).first() or ""


def may(name: str, right: TopicAccess.Right, key: str) -> bool:
    """Whether an api key was let read or write this topic. Raises Retryable."""
    with reachable():
        return TopicAccess.objects.filter(topic__name=name, right=right, key=key).exists()


def describe_topics() -> dict[str, TopicRecord]:
    """Every described topic by name, without its rights. Raises Retryable."""
    with reachable():
        rows = Topic.objects.values_list("name", "description", "owner")
        return {name: TopicRecord(name, description, owner) for name, description, owner in rows}


def delete_topic(log: TopicLog, name: str) -> None:
    """Forget the topic, its messages and its rights. Raises NotFound, Retryable."""
    log.delete(name)
    with writing(SECONDS):
        Topic.objects.filter(name=name).delete()


def grant(name: str, right: TopicAccess.Right, key: str) -> None:
    """Let an api key read or write an owned topic. Safe twice. Raises Retryable."""
    with writing(SECONDS):
        row, _ = Topic.objects.get_or_create(name=name)
        TopicAccess.objects.get_or_create(topic=row, right=right, key=key)


def revoke(name: str, right: TopicAccess.Right, key: str) -> None:
    """Take the right back. Safe twice. Raises Retryable."""
    with writing(SECONDS):
        TopicAccess.objects.filter(topic__name=name, right=right, key=key).delete()
