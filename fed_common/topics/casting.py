"""Casts that nobody waits for: a bus that hangs delays no transaction and no caller."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from functools import cache

from django.db import transaction

from fed_common.core.errors import GatewayError
from fed_common.telemetry.logging import get_logger

LONGEST = 1000

Cast = Callable[[], None]

log = get_logger(__name__)


def after_commit(cast: Cast) -> None:
    """Do it ``soon``, once this transaction is committed, or not at all: what it says is in the rows."""
    transaction.on_commit(lambda: soon(cast))


def soon(cast: Cast) -> bool:
    """Do it in the background, after those before it; False: there are too many, the bus is too slow."""
    return _waiting().put(cast)


class _Waiting:
    """The casts of this process, done one after the other in a thread of their own."""

    def __init__(self) -> None:
        self._casts: queue.Queue[Cast] = queue.Queue(LONGEST)
        threading.Thread(target=self._run, name="casting", daemon=True).start()

    def put(self, cast: Cast) -> bool:
        try:
            self._casts.put_nowait(cast)
        except queue.Full:
            log.warning("a cast is left out: the bus is too slow")
            return False
        return True

    def _run(self) -> None:
        while True:
            cast = self._casts.get()
            try:
                cast()
            except GatewayError as error:
                log.info("a cast is left out", reason=str(error))
            except Exception:
                log.exception("a cast is left out")


@cache
def _waiting() -> _Waiting:
    return _Waiting()
