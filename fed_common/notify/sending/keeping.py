"""The rounds of a process that sends: it says that it lives, fetches what it left in the database, inherits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from fed_common.core.errors import Retryable
from fed_common.notify.sending import claims
from fed_common.notify.sending.outbox import Outbox
from fed_common.telemetry import metrics
from fed_common.telemetry.logging import get_logger

EVERY, ORPHANS_EVERY = 1.0, 5

log = get_logger(__name__)


class Keeping:
    """Used from one loop. ``inherit``: take over what silent senders left; only some processes do."""

    def __init__(self, name: str, outbox: Outbox, run: Callable[..., Awaitable[Any]]) -> None:
        self._name, self._outbox, self._run = name, outbox, run
        self.inherit = False
        self._behind = False
        self._full: set[str] = set()
        self._rounds, self._silent_until = 0, 0.0
        self.told_at, self.told = 0.0, asyncio.Event()

    async def keep(self) -> None:
        """Go round until cancelled."""
        while True:
            await self.round()
            await asyncio.sleep(EVERY / 10 if self._behind else EVERY)

    async def round(self) -> None:
        """One round. While the database is away nothing is known of others, and all goes on."""
        try:
            await self._round()
            self.told_at = time.monotonic()
            self.told.set()
        except Retryable as error:
            # whoever could not say that it lives is not dead: all get the time to say it again
            self._silent_until = time.monotonic() + claims.LEASE.total_seconds()
            log.warning("the sender goes on without the database", reason=error.reason)
        except Exception:
            log.exception("a round of the sender failed")

    async def _round(self) -> None:
        outbox = self._outbox
        if outbox.held or self.inherit:
            await self._run(claims.beat, self._name)
        if self.inherit and time.monotonic() > self._silent_until:
            await self._inherit()
        self._say_who_is_full()
        if self._behind or outbox.endpoints.left():
            await self._fetch()
        if not self._behind:
            outbox.yield_to(await self._run(claims.lanes_of_others, self._name))
        metrics.DELIVERIES_HELD.set(len(outbox.held))

    def _say_who_is_full(self) -> None:
        full = self._outbox.endpoints.left().keys()
        if new := full - self._full:
            log.warning("deliveries wait in the database: there is no more room for these", endpoints=sorted(new))
        self._full = set(full)

    async def _inherit(self) -> None:
        if self._rounds % ORPHANS_EVERY == 0:
            await self._run(claims.find_orphans)
        self._rounds += 1
        if await self._run(claims.adopt, self._name):
            self._behind = True

    async def _fetch(self) -> None:
        endpoints, held = self._outbox.endpoints, frozenset(self._outbox.held)
        left, full = endpoints.left(), endpoints.full()
        fetched = await self._run(claims.fetch, self._name, held, full)
        self._outbox.accept(fetched.items, stored=True)
        self._outbox.end(fetched.unusable)
        self._behind = not fetched.all
        if fetched.all:
            endpoints.fetched({name: times for name, times in left.items() if name not in full})
