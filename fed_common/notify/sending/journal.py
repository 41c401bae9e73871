"""The results on their way into the database: in batches, and for as long as it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

from fed_common.core.errors import Retryable
from fed_common.notify.models import Delivery
from fed_common.notify.sending import results
from fed_common.telemetry.logging import get_logger

GATHER, DATABASE_WAIT = 0.02, 0.5
BATCH_MOST = 2_000

log = get_logger(__name__)


class Journal:
    """Used from one loop; ``run`` calls a function in the thread that may use the database.

    ``ended`` is told of deliveries that are done or dead, once the database says so too.
    """

    def __init__(self, run: Callable[..., Awaitable[None]], ended: Callable[[list[UUID]], None]) -> None:
        self._run, self._ended = run, ended
        self._rows: list[results.Result] = []
        self._writing: asyncio.Task[None] | None = None

    def add(self, row: Delivery) -> None:
        """Have the row's result stored as it is now."""
        self._rows.append(results.snapshot(row))
        if self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write())

    async def flush(self) -> None:
        """Returns when everything added so far is stored."""
        if self._writing:
            await asyncio.shield(self._writing)

    async def _write(self) -> None:
        await asyncio.sleep(GATHER)
        while self._rows:
            batch, self._rows = self._rows[:BATCH_MOST], self._rows[BATCH_MOST:]
            if not await self._stored(batch):
                self._rows = batch + self._rows
                await asyncio.sleep(DATABASE_WAIT)
        self._writing = None

    async def _stored(self, batch: list[results.Result]) -> bool:
        """False: the database is away."""
        try:
            await self._run(results.write, batch)
        except Retryable as error:
            log.warning("results of deliveries wait for the database", reason=error.reason, waiting=len(batch))
            return False
        except Exception:
            log.exception("results of deliveries cannot be stored", deliveries=len(batch))
        self._ended([one.id for one in batch if one.ended])
        return True
