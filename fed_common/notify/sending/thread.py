"""A sender: a loop in a daemon thread, and one thread beside it for the database."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from django.db import connections

from fed_common.core.errors import Retryable
from fed_common.events.ownership import own_name
from fed_common.notify import guard
from fed_common.notify.posting import close_session
from fed_common.notify.sending import claims
from fed_common.notify.sending.keeping import Keeping
from fed_common.notify.sending.outbox import Outbox
from fed_common.notify.sending.parcels import Item
from fed_common.telemetry.logging import get_logger

T = TypeVar("T")
FIRST_ROUND_SECONDS = 0.25
LATE_AFTER = 15.0
AT_A_TIME = 64

log = get_logger(__name__)


class SenderThread:
    """One sender, with a name of its own. Its methods may be called from any thread."""

    def __init__(self) -> None:
        self.name, self.started = own_name(), False
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(ThreadPoolExecutor(guard.LOOKUPS_AT_ONCE, "notify-names"))
        self._database = ThreadPoolExecutor(1, thread_name_prefix="notify-db")
        self._thread = threading.Thread(target=self._live, name="notify", daemon=True)
        self._stopping = asyncio.Event()
        self._within = 0.0
        self._inherit = False
        self._taken: deque[Item] = deque()
        self._settled = False
        self._outbox: Outbox | None = None
        self._keeping: Keeping | None = None

    def start(self) -> None:
        """Begin. Call it once."""
        self.started = True
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether it can take anything."""
        return self._thread.is_alive()

    def take(self, items: Sequence[Item]) -> None:
        """Send these. Costs microseconds. Raises RuntimeError: it has stopped."""
        self._loop.call_soon_threadsafe(self._take, items)

    def inherit(self) -> None:
        """From now on take over what silent senders left."""
        self._loop.call_soon_threadsafe(self._begin_inheriting)

    def run(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Run something else in its loop, where the notifiers are used."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def stop(self, within: float) -> None:
        """Finish what is under way for at most ``within`` seconds, leave the rest. Safe to call twice."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._begin_stopping, within)
        self._thread.join(within + claims.DATABASE_SECONDS)

    def health(self) -> dict[str, Any]:
        """Whether it lives and reaches the database, and how much it has in hand."""
        told = self._keeping.told_at if self._keeping else 0.0
        late = time.monotonic() - told > LATE_AFTER
        held = len(self._outbox.held) if self._outbox else 0
        return {"ok": self.alive and not late, "deliveries_held": held}

    def _live(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._main())
        except Exception:
            log.exception("the sender died; another one begins with the next notice")
        finally:
            for task in asyncio.all_tasks(self._loop):
                task.cancel()
            self._loop.run_until_complete(close_session())
            self._database.submit(connections.close_all)
            self._database.shutdown(wait=False)
            self._loop.close()

    async def _main(self) -> None:
        outbox = self._outbox = Outbox(self._in_database)
        keeping = self._keeping = Keeping(self.name, outbox, self._in_database)
        keeping.inherit = self._inherit
        rounds = asyncio.create_task(keeping.keep())
        with suppress(TimeoutError):
            await asyncio.wait_for(keeping.told.wait(), FIRST_ROUND_SECONDS)
        self._settled = True
        self._accept()
        await self._stopping.wait()
        await outbox.stop(self._within)
        rounds.cancel()
        with suppress(Retryable):
            await self._in_database(claims.leave, self.name)

    async def _in_database(self, work: Callable[..., T], *arguments: Any) -> T:
        return await self._loop.run_in_executor(self._database, work, *arguments)

    def _take(self, items: Sequence[Item]) -> None:
        waiting = bool(self._taken)
        self._taken.extend(items)
        if self._settled and not waiting:
            self._accept()

    def _accept(self) -> None:
        """Some at a time: the first of many are sent before the last are looked at."""
        if self._taken and self._outbox:
            self._outbox.accept([self._taken.popleft() for _ in range(min(AT_A_TIME, len(self._taken)))])
        if self._taken:
            self._loop.call_soon(self._accept)

    def _begin_inheriting(self) -> None:
        self._inherit = True
        if self._keeping:
            self._keeping.inherit = True

    def _begin_stopping(self, within: float) -> None:
        self._within = within
        self._stopping.set()
