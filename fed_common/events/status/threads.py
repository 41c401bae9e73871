"""Threads for what blocks: the database, and clouds, of which each that hangs holds one for up to its time-out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import ParamSpec, TypeVar

from fed_common.topics.database import reachable

OWN_THREADS, CLOUD_THREADS = 8, 128

P = ParamSpec("P")
T = TypeVar("T")

_own = ThreadPoolExecutor(OWN_THREADS, "status")
_clouds = ThreadPoolExecutor(CLOUD_THREADS, "status-cloud")


async def in_thread(work: Callable[P, T], *args: P.args, **names: P.kwargs) -> T:
    """Run short work on the database. Raises Retryable: there is none."""
    context = copy_context()

    def run() -> T:
        with reachable():
            return work(*args, **names)

    return await asyncio.get_running_loop().run_in_executor(_own, context.run, run)


async def in_cloud_thread(work: Callable[P, T], *args: P.args, **names: P.kwargs) -> T:
    """Run work that asks a cloud."""
    context = copy_context()
    return await asyncio.get_running_loop().run_in_executor(_clouds, lambda: context.run(work, *args, **names))
