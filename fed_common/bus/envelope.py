"""The oslo.messaging envelope around a notification.

Source: oslo_messaging/_drivers/common.py, ``deserialize_msg``: version 2.0 holds the message as a
JSON text under ``oslo.message``; older senders put it there without an envelope.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

KEYS = ("message_id", "publisher_id", "event_type", "priority", "payload", "timestamp")


class Malformed(NamedTuple):
    """A body that is no notification, and why; kept as text so that a person can look at it."""

    reason: str
    body: str


def open_envelope(body: bytes | str) -> Mapping[str, Any] | Malformed:
    """The notification in a message body: the keys of KEYS and ``request_id``. Never raises.

    The rest of the sender's context (user, roles, perhaps a token) is left behind here. What comes
    out can be written as JSON again, and holds no NUL, which databases refuse.
    """
    try:
        inner = _json(body)
        if isinstance(inner, dict) and "oslo.message" in inner:
            if str(inner.get("oslo.version", "2.0")).split(".")[0] != "2":
                return _malformed(f"envelope version {inner['oslo.version']!r} is not 2.x", body)
            inner = _json(inner["oslo.message"])
    except (ValueError, TypeError, RecursionError) as error:
        return _malformed(f"not JSON: {error}", body)
    if not isinstance(inner, dict):
        return _malformed("not a JSON object", body)
    notification = {key: inner.get(key) for key in KEYS}
    notification["request_id"] = inner.get("_context_request_id")
    return notification


def _json(text: Any) -> Any:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = orjson.loads(orjson.dumps(json.loads(text)))  # reads what orjson is too strict for, such as NaN
    return _without_nul(found) if _has_nul(text) else found


def _has_nul(text: Any) -> bool:
    return (b"u0000" if isinstance(text, bytes | bytearray | memoryview) else "u0000") in text


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, list):
        return [_without_nul(item) for item in value]
    if isinstance(value, dict):
        return {_without_nul(key): _without_nul(item) for key, item in value.items()}
    return value


def _malformed(reason: str, body: bytes | str) -> Malformed:
    text = bytes(body).decode("utf-8", "backslashreplace") if not isinstance(body, str) else body
    return Malformed(reason, text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode())
