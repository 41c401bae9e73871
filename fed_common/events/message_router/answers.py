"""The Message Router's words: error bodies with ``mrstatus``, and what every answer has in common.

Source: DMaaP Message Router, ``DMaaPResponseCode`` and ``ErrorResponse``; docs/specs/topics.md lists
where ours differ.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from enum import IntEnum
from functools import wraps
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from fed_common.core.errors import GatewayError, Retryable

HELP_URL = "http://onap.readthedocs.io"
NO_STORE = {"Cache-Control": "no-store, no-cache, must-revalidate", "Pragma": "no-cache", "Expires": "0"}
RETRY_AFTER = 5

View = Callable[..., Coroutine[Any, Any, HttpResponseBase]]


class Mr(IntEnum):
    """The codes of ``mrstatus`` that ours uses."""

    API_KEY = 1004
    NOT_FOUND = 3001
    UNAVAILABLE = 3002
    METHOD_NOT_ALLOWED = 3003
    NOT_PERMITTED = 4002
    BODY_TOO_BIG = 5001
    MESSAGE_TOO_BIG = 5004
    BAD_JSON = 5005
    NOT_PUBLISHED = 5007
    CONSUME = 5008
    PUBLISH = 5009
    TOO_MANY = 5012
    TOPIC_DETAILS = 6002
    TOPIC_CREATE = 6003
    TOPIC_DELETE = 6004
    PRODUCERS = 6005
    CONSUMERS = 6006
    PERMIT_PRODUCER = 6007
    REVOKE_PRODUCER = 6008
    PERMIT_CONSUMER = 6009
    REVOKE_CONSUMER = 6010


class Refusal(GatewayError):
    """A request that is answered with an error body."""

    def __init__(self, status: int, code: Mr, message: str, *, headers: Mapping[str, str] | None = None) -> None:
        self.status, self.code, self.message, self.headers = status, code, message, dict(headers or {})
        super().__init__(message)

    def response(self) -> HttpResponse:
        """The answer a Message Router client reads."""
        body = {"mrstatus": self.code, "helpURL": HELP_URL, "message": self.message, "status": self.status}
        if self.status == 401:
            self.headers.setdefault("WWW-Authenticate", "Bearer")
        return json_answer(body, status=self.status, headers=self.headers)


def json_answer(body: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """A JSON body."""
    return _sized(orjson.dumps(body), "application/json", status, headers or {})


def text_answer(text: str) -> HttpResponse:
    """The plain sentence some verbs answer with."""
    return _sized(text.encode(), "text/html", 200, {})


def _sized(body: bytes, kind: str, status: int, headers: Mapping[str, str]) -> HttpResponse:
    """Some clients cannot read chunked answers, so every answer tells its length."""
    sized = {**headers, "Content-Length": str(len(body))}
    return HttpResponse(body, content_type=kind, status=status, headers=sized)


def unavailable(reason: str, *, retry_after: float = RETRY_AFTER) -> Refusal:
    """503: nothing is known to be stored or handed out, ask again later."""
    return Refusal(503, Mr.UNAVAILABLE, reason, headers={"Retry-After": str(max(1, round(retry_after)))})


def method_not_allowed(request: HttpRequest, *allowed: str) -> Refusal:
    """405 with the methods there are."""
    message = f"{request.method} is not allowed here; allowed: {', '.join(allowed)}"
    return Refusal(405, Mr.METHOD_NOT_ALLOWED, message, headers={"Allow": ", ".join(allowed)})


def answering(view: View) -> View:
    """Turn a view's refusals, and a store that cannot answer, into answers of a Message Router."""

    @wraps(view)
    async def answered(request: HttpRequest, **names: str) -> HttpResponseBase:
        try:
            return await view(request, **names)
        except Refusal as refusal:
            return refusal.response()
        except Retryable as error:
            return unavailable(error.reason, retry_after=error.retry_after or RETRY_AFTER).response()

    return answered
