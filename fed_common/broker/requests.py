"""Around every request: an id that its answer and every log line of it carry, and safe headers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.core.exceptions import BadRequest, DisallowedHost, PermissionDenied, SuspiciousOperation
from django.db import connections
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils.http import http_date
from rest_framework.permissions import SAFE_METHODS
from structlog.contextvars import bound_contextvars

from fed_common.broker.problems import Problem, problem_of
from fed_common.broker.request_ids import OURS, read_ids
from fed_common.telemetry.logging import get_logger

API = ("/api/", "/openstack/")
_DJANGO = (Http404, PermissionDenied, SuspiciousOperation, BadRequest)
_HEADERS = {"X-Frame-Options": "DENY"}
API_HEADERS = {
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
        with _identified(request) as ids:
            return _finished(request, _refusal(request) or self._get_response(request), ids)

    async def _answer_async(self, request: HttpRequest) -> HttpResponseBase:
        with _identified(request) as ids:
            response = _refusal(request) or await self._get_response(request)
            await sync_to_async(connections.close_all)()  # its thread ends with it and would leave them open
            return _finished(request, response, ids)


@contextmanager
def _identified(request: HttpRequest) -> Iterator[dict[str, str]]:
    ids = read_ids(lambda name: request.headers.get(name, ""))
    with bound_contextvars(request_id=ids[OURS]):
        yield ids


def _refusal(request: HttpRequest) -> HttpResponseBase | None:
    """A foreign Host (a page of another site that had its name resolve to us), or a NUL no store takes."""
    try:
        request.get_host()
    except DisallowedHost as error:
        return problem_of(error).response()
    if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
        return Problem(400, "unreadable", "the URL holds a NUL").response()
    return None


def _finished(request: HttpRequest, response: HttpResponseBase, ids: Mapping[str, str]) -> HttpResponseBase:
    in_api = request.path.startswith(API)
    response["Date"] = http_date()
    for name, value in ids.items() if in_api else [(OURS, ids[OURS])]:
        response[name] = value
    for name, value in (_HEADERS | API_HEADERS if in_api else _HEADERS).items():
        response.setdefault(name, value)
    if in_api:
        caller = getattr(getattr(request, "user", None), "name", "nobody")
        log_change(str(request.method), request.path, response.status_code, caller)
    return response


def log_change(method: str, path: str, status: int, by: str) -> None:
    """One line for every call that may have changed something; ``status`` 0: the caller went before the answer."""
    if method not in SAFE_METHODS:
        log.info("asked to change", method=method, path=path, status=status, by=by)
