"""Around every request: an id that its answer and every log line of it carry, and safe headers."""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.core.exceptions import BadRequest, DisallowedHost, PermissionDenied, SuspiciousOperation
from django.db import connections
from django.http import Http404, HttpRequest, HttpResponseBase
from rest_framework.permissions import SAFE_METHODS
from structlog.contextvars import bound_contextvars

from fed_common.broker.problems import Problem, problem_of
from fed_common.telemetry.logging import get_logger

API = "/api/"
_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}")
_DJANGO = (Http404, PermissionDenied, SuspiciousOperation, BadRequest)
_HEADERS = {"X-Frame-Options": "DENY"}
_API_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}

log = get_logger(__name__)


class RequestMiddleware:
    """Takes ``X-Request-ID`` or makes one, guards host and path, logs changes with their author."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response
        self._awaits = iscoroutinefunction(get_response)
        if self._awaits:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Answer, in the way the server works."""
        return self._answer_async(request) if self._awaits else self._answer(request)

    def process_exception(self, _request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        """What plain views raise is told as REST views tell it; Django's own words go to its own handlers."""
        return None if isinstance(error, _DJANGO) else problem_of(error).response()

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        with _identified(request) as request_id:
            return _finished(request, _refusal(request) or self._get_response(request), request_id)

    async def _answer_async(self, request: HttpRequest) -> HttpResponseBase:
        with _identified(request) as request_id:
            response = _refusal(request) or await self._get_response(request)
            await sync_to_async(connections.close_all)()  # its thread ends with it and would leave them open
            return _finished(request, response, request_id)


@contextmanager
def _identified(request: HttpRequest) -> Iterator[str]:
    given = request.headers.get("X-Request-ID", "")
    request_id = given if _ID.fullmatch(given) else uuid.uuid4().hex
    with bound_contextvars(request_id=request_id):
        yield request_id


def _refusal(request: HttpRequest) -> HttpResponseBase | None:
    """A foreign Host (a page of another site that had its name resolve to us), or a NUL no store takes."""
    try:
        request.get_host()
    except DisallowedHost as error:
        return problem_of(error).response()
    if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
        return Problem(400, "unreadable", "the URL holds a NUL").response()
    return None


def _finished(request: HttpRequest, response: HttpResponseBase, request_id: str) -> HttpResponseBase:
    in_api = request.path.startswith(API)
    response["X-Request-ID"] = request_id
    for name, value in (_HEADERS | _API_HEADERS if in_api else _HEADERS).items():
        response.setdefault(name, value)
    if in_api and request.method not in SAFE_METHODS:
        caller = getattr(getattr(request, "user", None), "name", "nobody")
        told = {"method": request.method, "path": request.path, "status": response.status_code}
        log.info("asked to change", **told, by=caller)
    return response
