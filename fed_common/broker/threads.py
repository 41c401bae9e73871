"""Threads for what blocks (database, A&AI, plugins), so that the event loop never does.

They are many, for a VIM that does not answer holds one of them for up to MCFED_CLOUD_TIMEOUT.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from fed_common.topics.database import reachable

MOST = 256

P = ParamSpec("P")
T = TypeVar("T")

_POOL = ThreadPoolExecutor(MOST, "broker")
_shared: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, asyncio.Task[Any]]] = WeakKeyDictionary()


async def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What ``work`` returns or raises; Retryable when it needs the database and there is none."""
    context = copy_context()

    def run() -> T:
        with reachable():
            return work(*args, **kwargs)

    return await asyncio.get_running_loop().run_in_executor(_POOL, context.run, run)


async def shared(key: Hashable, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """``in_thread``, once for all who ask with this key at the same time; one who leaves stops nobody."""
    return await asyncio.shield(begun(key, work, *args, **kwargs))


def begun(key: Hashable, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> asyncio.Task[T]:
    """The same without waiting; it may fail unnoticed."""
    tasks = _shared.setdefault(asyncio.get_running_loop(), {})
    task: asyncio.Task[T] | None = tasks.get(key)
    if task is None:
        task = tasks[key] = asyncio.create_task(in_thread(work, *args, **kwargs))
        task.add_done_callback(lambda done: _landed(tasks, key, done))
    return task


def _landed(tasks: dict[Hashable, asyncio.Task[Any]], key: Hashable, task: asyncio.Task[Any]) -> None:
    del tasks[key]
    if not task.cancelled():
        task.exception()  # or it would be told on stderr where nobody waits for it
