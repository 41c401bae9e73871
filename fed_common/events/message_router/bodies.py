"""What a POST to a topic carries: five ways to frame messages, read into records. Pure.

Source: DMaaP Message Router, ``CambriaOutboundEventStream`` and its readers.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Generator, Iterator
from typing import Any

from fed_common.core.errors import GatewayError
from fed_common.interfaces.topics import Record

PARTITION_FIELD = "cambria.partition"

_BLANKS = re.compile(r"[ \t\r\n]*")
_FRAME = re.compile(rb"\s*(\d{1,7})\.\s*(\d{1,7})\.")
_LINES = re.compile(r"\r\n|\n|\r")
_GZIP = 16 + zlib.MAX_WBITS


class Unreadable(GatewayError):
    """A body that cannot be read as its content type says. Nothing of it is to be stored."""


class TooBig(GatewayError):
    """A body or a message above the limit. ``message`` is its place, ``None`` for the whole body."""

    def __init__(self, size: int, most: int, *, message: int | None = None) -> None:
        self.message = message
        what = "body" if message is None else f"message {message}"
        super().__init__(f"{what} has {size} bytes or more; at most {most}")


def read_body(
    content_type: str, body: bytes, *, partition_key: str = "", message_max: int, body_max: int
) -> list[Record]:
    """The records of a body, in order.

    ``content_type`` is the header's value, its case and parameters do not matter; an unknown or empty
    one makes the whole body one message; an empty body of that kind is none. Raises Unreadable, TooBig.
    """
    reader = _READERS.get(content_type.partition(";")[0].strip().lower(), _raw)
    if len(body) > body_max:
        raise TooBig(len(body), body_max)
    records = list(reader(body, partition_key, body_max))
    for place, record in enumerate(records):
        if len(record.value) * 4 > message_max and len(record.value.encode()) > message_max:
            raise TooBig(len(record.value.encode()), message_max, message=place)
    return records


def _json(body: bytes, partition_key: str, _body_max: int) -> Iterator[Record]:
    """One object, or an array of objects; each keeps its text as received."""
    text = _text(body)
    at = _skip(text, 0)
    if text[at : at + 1] == "[":
        end = yield from _array(text, _skip(text, at + 1), partition_key)
    elif text[at : at + 1] == "{":
        record, end = _object(text, at, partition_key)
        yield record
    else:
        raise Unreadable("Expecting an array or an object.")
    if _skip(text, end) != len(text):
        raise Unreadable(f"Expected nothing after the JSON text at {_place(text, end)}")


def _array(text: str, at: int, partition_key: str) -> Generator[Record, None, int]:
    if text[at : at + 1] == "]":
        return at + 1
    while True:
        record, at = _object(text, at, partition_key)
        yield record
        at = _skip(text, at)
        mark = text[at : at + 1]
        if mark not in (",", "]"):
            raise Unreadable("Expected ',' or closing ']' after last object.")
        if mark == "]":
            return at + 1
        at = _skip(text, at + 1)


def _object(text: str, at: int, partition_key: str) -> tuple[Record, int]:
    if text[at : at + 1] != "{":
        raise Unreadable(f"Expected {{ to start an object at {_place(text, at)}")
    try:
        read, end = _DECODER.raw_decode(text, at)
    except json.JSONDecodeError as error:
        raise Unreadable(f"{error.msg} at {_place(text, error.pos)}") from None
    except RecursionError:
        raise Unreadable("The JSON text is nested too deep.") from None
    key = read.get(PARTITION_FIELD)
    return Record(key if isinstance(key, str) else partition_key, text[at:end]), end


def _lines(body: bytes, partition_key: str, _body_max: int) -> Iterator[Record]:
    """One message a line; an empty line is one too, the end of the last line is none."""
    lines = _LINES.split(_text(body))
    if not lines[-1]:
        lines.pop()
    return (Record(partition_key, line) for line in lines)


def _cambria(body: bytes, _partition_key: str, _body_max: int) -> Iterator[Record]:
    """Frames ``<key length>.<message length>.<key><message>``, lengths in bytes, blanks between frames."""
    at, end = 0, len(body.rstrip())
    while at < end:
        frame = _FRAME.match(body, at)
        if not frame:
            raise Unreadable("Expected . after length.")
        key_end = frame.end() + int(frame[1])
        at = key_end + int(frame[2])
        if at > len(body):
            raise Unreadable(f"End of stream while reading {frame[2].decode()} bytes")
        yield Record(_text(body[frame.end() : key_end]), _text(body[key_end:at]))


def _cambria_zip(body: bytes, partition_key: str, body_max: int) -> Iterator[Record]:
    return _cambria(_unzipped(body, body_max), partition_key, body_max)


def _raw(body: bytes, partition_key: str, _body_max: int) -> Iterator[Record]:
    if body:
        yield Record(partition_key, _text(body))


def _unzipped(body: bytes, body_max: int) -> bytes:
    """The clear bytes of one or more gzip members, never more than ``body_max`` of them in memory."""
    clear, body = b"", body or b"\n"
    while body:
        member = zlib.decompressobj(_GZIP)
        try:
            clear += member.decompress(body, body_max + 1 - len(clear))
        except zlib.error:
            raise Unreadable("Couldn't read compressed format: not in gzip format, or damaged") from None
        if len(clear) > body_max:
            raise TooBig(len(clear), body_max)
        if not member.eof:
            raise Unreadable("Couldn't read compressed format: it ends too early")
        body = member.unused_data
    return clear


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise Unreadable(f"Not UTF-8 at byte {error.start}.") from None


def _skip(text: str, at: int) -> int:
    return _BLANKS.match(text, at).end()  # type: ignore[union-attr] # it matches the empty text too


def _place(text: str, at: int) -> str:
    line = text.count("\n", 0, at) + 1
    return f"{at} [character {at - text.rfind(chr(10), 0, at)} line {line}]"


def _no_constant(name: str) -> Any:
    raise Unreadable(f"{name} is no JSON number.")


_DECODER = json.JSONDecoder(parse_constant=_no_constant, parse_int=str, parse_float=str)
_READERS: dict[str, Callable[[bytes, str, int], Iterator[Record]]] = {
    "application/json": _json,
    "application/cambria": _cambria,
    "application/cambria-zip": _cambria_zip,
    "text/plain": _lines,
}
