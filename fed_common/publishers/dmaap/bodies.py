"""How messages lie in the body of one POST to ``/events/{topic}``.

``cambria`` carries a key with each message and keeps its bytes; ``json`` is for collectors that know
nothing else: an array with one partition key for all, so a request holds one key's messages only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from fed_common.interfaces.publisher import Message
from fed_common.publishers.parts import parts_of

MAX_BODY_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Body:
    """A content type, and from messages of one topic to groups, paths and bytes."""

    content_type: str
    group: Callable[[Message], tuple[str, ...]]
    path: Callable[[Message], str]
    encode: Callable[[Sequence[Message]], bytes]


def cambria(messages: Sequence[Message]) -> bytes:
    """``<key length>.<message length>.<key><message>``, a frame a line, both lengths in bytes."""
    return b"\n".join(_frame(message.key.encode(errors="replace"), message.value) for message in messages)


def json_array(messages: Sequence[Message]) -> bytes:
    """Compact and without a newline at the end: the real Message Router's parser insists."""
    return b"[" + b",".join(message.value for message in messages) + b"]"


def requests_of(body: Body, messages: Iterable[Message], *, most: int) -> Iterator[list[Message]]:
    """The messages cut into requests, each of one topic (and key) and of bounded size, in order per key."""
    groups: dict[tuple[str, ...], list[Message]] = {}
    for message in messages:
        groups.setdefault(body.group(message), []).append(message)
    for group in groups.values():
        yield from parts_of(group, most=most, most_bytes=MAX_BODY_BYTES)


def _frame(key: bytes, value: bytes) -> bytes:
    return b"%d.%d.%b%b" % (len(key), len(value), key, value)


def _topic_path(message: Message) -> str:
    return f"/events/{quote(message.topic, safe='')}"


def _keyed_path(message: Message) -> str:
    return f"{_topic_path(message)}?{urlencode({'partitionKey': message.key}, errors='replace')}"


BODIES: Mapping[str, Body] = {
    "cambria": Body("application/cambria", lambda one: (one.topic,), _topic_path, cambria),
    "json": Body("application/json", lambda one: (one.topic, one.key), _keyed_path, json_array),
}
