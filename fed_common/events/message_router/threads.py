"""The few threads in which the face's short blocking work runs; waiting happens outside of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial, wraps
from typing import ParamSpec, TypeVar

from django.http import HttpRequest, HttpResponseBase

from fed_common.core.errors import Retryable
from fed_common.events.message_router.answers import View, answering

THREADS = 16
SECONDS = 10.0

P = ParamSpec("P")
T = TypeVar("T")

_POOL = ThreadPoolExecutor(THREADS, thread_name_prefix="message-router")


def call(function: Callable[P, T], *args: P.args, **names: P.kwargs) -> Awaitable[T]:
    """Run ``function`` in one of the threads."""
    return asyncio.get_running_loop().run_in_executor(_POOL, partial(function, *args, **names))


async def within(seconds: float, work: Awaitable[T]) -> T:
    """The result of ``work``. Raises Retryable when it does not come in time; it may still happen later."""
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        raise Retryable("the store of topics does not answer") from None


def in_thread(view: Callable[..., HttpResponseBase]) -> View:
    """Make a plain view an asynchronous one that answers as a Message Router."""

    @wraps(view)
    async def run(request: HttpRequest, **names: str) -> HttpResponseBase:
        return await within(SECONDS, call(view, request, **names))

    return answering(run)
