"""One asyncio loop in a thread of its own, and how other threads reach it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class LoopThread:
    """Runs everything that probes. Nothing that blocks belongs here."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="probing", daemon=True)

    def start(self) -> None:
        """Begin to run."""
        self._thread.start()

    def stop(self) -> None:
        """Run what was asked for before, and end."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()

    def call(self, function: Callable[..., object], *arguments: object) -> None:
        """Have it called on the loop, soon and in order; from any thread. Nothing is done after ``stop``."""
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(function, *arguments)

    def wait_for(self, function: Callable[[], T], timeout: float) -> T:
        """What it returns, called on the loop. Raises TimeoutError."""
        answer: Future[T] = Future()
        self.call(lambda: answer.set_result(function()))
        return answer.result(timeout)

    def run(self, work: Coroutine[Any, Any, T], timeout: float) -> T:
        """What comes of the work done on the loop. Raises TimeoutError: it is given up."""
        future = asyncio.run_coroutine_threadsafe(work, self.loop)
        try:
            return future.result(timeout)
        finally:
            future.cancel()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
        finally:
            self.loop.close()
