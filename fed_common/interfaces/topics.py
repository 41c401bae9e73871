"""The contract of a log of topics behind the Message Router face."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from fed_common.core.errors import Invalid

LIMIT_MAX = 4096
PAGE_BYTES = 4 * 1024 * 1024

_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")
_MEMBER = re.compile(r"[^\x00-\x1f\x7f/]{1,200}")


@dataclass(frozen=True, slots=True)
class Record:
    """One message to append: the key keeps order, the value is text as it was received."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Page:
    """The messages of one answer. ``receipt`` names the page when it is reported as written."""

    messages: Sequence[str] = ()
    receipt: int = 0


NOTHING = Page()


class TopicLog(ABC):
    """Durable topics with consumer groups. Knows nothing about who may do what.

    Called  from several threads at once. Every method may block for as long as the store takes to
            answer, never for a message to come.
    Raises  Retryable from any method when the store cannot be used now.
    Pages   every group has one place in the topic, its consumers get disjoint pages of it. A page is
            owed to its consumer until it was completely written and the consumer came back; so long
            the consumer gets the same page again. A page owed for longer than the redelivery time
            goes to the next consumer of the group that asks.
    """

    @abstractmethod
    def create(self, topic: str) -> None:
        """Make an empty topic; nothing happens when it exists. Raises Invalid: illegal name."""

    @abstractmethod
    def delete(self, topic: str) -> None:
        """Forget a topic, its messages and groups. Raises NotFound."""

    @abstractmethod
    def topics(self) -> Sequence[str]:
        """Names of all topics, sorted."""

    @abstractmethod
    def append(self, topic: str, records: Sequence[Record], *, timeout: float) -> None:
        """Append in order, creating the topic. Returns when all are stored.

        Raises  Invalid: illegal name. Permanent: a record the store will never take.
                Retryable: within about ``timeout`` seconds; what the store holds of them is unknown.
        Again   safe: a message appended twice is there twice, never lost.
        """

    @abstractmethod
    def confirm(self, topic: str, group: str, consumer: str) -> None:
        """The consumer came back: the page written to it is no longer owed. Safe twice."""

    @abstractmethod
    def fetch(self, topic: str, group: str, consumer: str, *, limit: int) -> Page:
        """The page owed to this consumer, else the next messages there are, else ``NOTHING``.

        At most ``limit`` (1..LIMIT_MAX) messages and about PAGE_BYTES, but always one. A new group
        starts at the end of the topic. Raises NotFound: unknown topic; Invalid: group, consumer.
        """

    @abstractmethod
    def written(self, topic: str, group: str, consumer: str, receipt: int, *, whole: bool = True) -> None:
        """The page of that receipt was completely written to this consumer; ``whole=False``: not after all.

        Safe twice, and for a page that is no longer owed.
        """

    @abstractmethod
    def arrivals(self, topic: str, group: str, wake: Callable[[], None]) -> AbstractContextManager[None]:
        """Inside, ``wake`` is called from any thread when it is worth to fetch again; it may be for nothing."""


def check_topic(name: str) -> None:
    """Raises Invalid unless Kafka would take this topic name too."""
    if not _TOPIC.fullmatch(name) or name in (".", ".."):
        raise Invalid("topic", name, "1 to 249 letters, digits, '.', '_', '-'")


def check_member(field: str, name: str) -> None:
    """Raises Invalid unless ``name`` can name a consumer group or a consumer."""
    if not _MEMBER.fullmatch(name):
        raise Invalid(field, name, "1 to 200 characters, no control characters, no '/'")
