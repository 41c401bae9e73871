"""Threads for what blocks (database, A&AI, plugins), so that the event loop never does.

They are many, for a VIM that does not answer holds one of them for up to MCFED_CLOUD_TIMEOUT.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import ParamSpec, TypeVar

from fed_common.topics.database import reachable

MOST = 256

P = ParamSpec("P")
T = TypeVar("T")

_POOL = ThreadPoolExecutor(MOST, "broker")


async def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What ``work`` returns or raises; Retryable when it needs the database and there is none."""
    context = copy_context()

    def run() -> T:
        with reachable():
            return work(*args, **kwargs)

    return await asyncio.get_running_loop().run_in_executor(_POOL, context.run, run)
