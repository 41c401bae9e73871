"""The page's files, served by WhiteNoise without a thread for requests that want none of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware  # type: ignore[import-untyped]


class StaticFiles:
    """Middleware; WhiteNoise's own is synchronous, so every waiting request would hold a thread."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response
        self._files = WhiteNoiseMiddleware(get_response).files
        self._awaits = iscoroutinefunction(get_response)
        if self._awaits:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Answer, in the way the server works."""
        if self._awaits:
            return self._answer_async(request)
        return self._file(request) or self._get_response(request)

    async def _answer_async(self, request: HttpRequest) -> HttpResponseBase:
        wanted = request.path_info in self._files
        found = await sync_to_async(self._file)(request) if wanted else None
        return found or await self._get_response(request)

    def _file(self, request: HttpRequest) -> HttpResponse | None:
        """The file as a whole: the files are small, and Django streams only asynchronous content."""
        static_file = self._files.get(request.path_info)
        if static_file is None:
            return None
        found = static_file.get_response(request.method, request.META)
        with found.file or nullcontext():
            answer = HttpResponse(found.file.read() if found.file else b"", status=int(found.status))
        del answer["Content-Type"]
        for name, value in found.headers:
            answer[name] = value
        return answer
