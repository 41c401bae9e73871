"""How a cloud says no: error statuses with their reasons, and answers that are none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import orjson
import requests

from fed_common.core.errors import CloudFailed
from fed_common.telemetry.redact import redact

LONGEST_REASON = 300


class Refused(CloudFailed):
    """The cloud answered with an error status. ``said`` is its own reason, or empty."""

    def __init__(self, vim_id: str, service: str, status: int, said: str = "") -> None:
        self.status, self.said = status, said
        super().__init__(vim_id, f"{service} answered {phrase(status)}{': ' if said else ''}{said}")


@contextmanager
def unreadable(vim_id: str, service: str) -> Iterator[None]:
    """Inside, an answer that is not as the API promises is a failure of the cloud."""
    try:
        yield
    except ValueError as error:
        raise CloudFailed(vim_id, f"{service}'s answer cannot be read: {error}") from None
    except (KeyError, IndexError, TypeError, AttributeError):
        raise CloudFailed(vim_id, f"{service}'s answer cannot be read") from None


def phrase(status: int) -> str:
    """A status with its name."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def said(answer: requests.Response) -> str:
    """The message in an OpenStack error body, fit to be shown."""
    try:
        body = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        return ""
    inner = next(iter(body.values()), None) if isinstance(body, dict) else None
    if isinstance(inner, list):
        inner = inner[0] if inner else None
    text = (inner.get("message") or inner.get("detail")) if isinstance(inner, dict) else None
    return shown(text) if isinstance(text, str) else ""


def shown(text: str) -> str:
    """What a cloud says, free of secrets and not longer than needed."""
    return redact(" ".join(text.split()))[:LONGEST_REASON]
