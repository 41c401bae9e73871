"""The table is written a little later, many changes at a time, and not while more come: nobody waits for it.

What is to be written is stored first, in the transaction that decided it (``Unwritten``). Whoever stored it writes
it; what a process that died left is written by the timers' process. Doing it twice changes nothing.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from fed_common.alarms.models import Unwritten
from fed_common.alarms.table.changes import Change, Clear, Raise
from fed_common.alarms.table.truth import still_true
from fed_common.alarms.table.writing import write
from fed_common.core import clock
from fed_common.core.alarm import EventCategory, ManagedObject, ObjectType, Severity
from fed_common.core.errors import Retryable
from fed_common.notify.services import hand_over
from fed_common.telemetry.logging import get_logger
from fed_common.topics.database import reachable, writing

QUIET, LONGEST, AGAIN_AFTER, ENDS_WITHIN = 0.03, 0.5, 0.5, 2.0
ROWS_AT_ONCE, MOST = 200, 10_000
LEFT_AFTER = timedelta(seconds=5)
SECONDS = 10.0
KINDS: dict[str, type[Raise] | type[Clear]] = {"raise": Raise, "clear": Clear}

log = get_logger(__name__)


class Stored(NamedTuple):
    """A row that is committed, and what it says."""

    row: Unwritten
    changes: Sequence[Change]


class Later:
    """What this process stored, in its order. Thread-safe; its thread begins with the first of them."""

    def __init__(self) -> None:
        self._waiting: deque[Stored] = deque()
        self._taken = 0
        self._news, self._stopping = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def take(self, one: Stored) -> None:
        """Write it soon. Call it once the row is committed."""
        with self._lock:
            self._taken += 1
            if len(self._waiting) < MOST:
                self._waiting.append(one)
            if self._thread is None and not self._stopping.is_set():
                self._thread = threading.Thread(target=self._run, name="alarm-table", daemon=True)
                self._thread.start()
        self._news.set()

    def stop(self) -> None:
        """Write what there is, if that works at once; the rest is left to others."""
        self._stopping.set()
        self._news.set()
        if self._thread:
            self._thread.join(ENDS_WITHIN)

    def _run(self) -> None:
        while self._waiting or not self._stopping.is_set():
            self._news.wait()
            self._news.clear()
            self._gather()
            try:
                self._write_all()
            except Retryable as error:
                log.warning("the alarm table waits for the database", reason=error.reason)
                if self._stopping.wait(AGAIN_AFTER):
                    break
                self._news.set()
        connection.close()

    def _gather(self) -> None:
        """Returns when nothing came for QUIET seconds, at the latest after LONGEST."""
        until, known = time.monotonic() + LONGEST, -1
        while known != self._taken and time.monotonic() < until:
            known = self._taken
            self._stopping.wait(QUIET)

    def _write_all(self) -> None:
        """What waits now; what comes meanwhile is gathered for the next time."""
        for _ in range(0, len(self._waiting), ROWS_AT_ONCE):
            some = list(islice(self._waiting, ROWS_AT_ONCE))
            write_stored(some)
            with self._lock:
                for _ in some:
                    self._waiting.popleft()


def stored(changes: Sequence[Change]) -> Stored:
    """The row that has to be stored of them."""
    return Stored(Unwritten(changes=[_plain(one) for one in changes], created_at=clock.now()), changes)


def write_left() -> int:
    """Write what a process left behind; how many rows that were. Raises Retryable."""
    with reachable():
        old = Unwritten.objects.filter(created_at__lt=clock.now() - LEFT_AFTER, reason="")
        rows = list(old.order_by("created_at", "id")[:ROWS_AT_ONCE])
    write_stored([Stored(row, [_change(plain) for plain in row.changes]) for row in rows])
    return len(rows)


def write_stored(some: Sequence[Stored]) -> None:
    """Write them together; what fails alone in a way it should not is kept with the reason. Raises Retryable."""
    if not some:
        return
    try:
        _write(some)
    except Retryable:
        raise
    except Exception as error:
        log.exception("changes of the alarm table cannot be written", rows=[str(one.row.pk) for one in some])
        for one in some if len(some) > 1 else ():
            write_stored([one])
        if len(some) == 1:
            with reachable():
                Unwritten.objects.filter(pk=some[0].row.pk).update(reason=type(error).__name__)


def _write(some: Sequence[Stored]) -> None:
    with writing(SECONDS):
        deliveries = write(still_true([change for one in some for change in one.changes]))
        Unwritten.objects.filter(pk__in=[one.row.pk for one in some]).delete()
    hand_over(deliveries)


def _plain(change: Change) -> dict[str, Any]:
    about = change.about and {one.name: getattr(change.about, one.name) for one in fields(change.about)}
    values = {one.name: getattr(change, one.name) for one in fields(change)}
    return {**values, "about": about, "kind": "raise" if isinstance(change, Raise) else "clear"}


def _change(plain: dict[str, Any]) -> Change:
    """The inverse of ``_plain``, out of the database."""
    kind = KINDS[plain["kind"]]
    values = {one.name: plain[one.name] for one in fields(kind)}
    if about := values["about"]:
        values["about"] = ManagedObject(**{**about, "type": ObjectType(about["type"])})
    values["event_time"] = datetime.fromisoformat(values["event_time"])
    for name in ("rule_id", "fault_id"):
        values |= {name: UUID(values[name])} if values.get(name) else {}
    if kind is Raise:
        values["severity"], values["category"] = Severity(values["severity"]), EventCategory(values["category"])
    return kind(**values)
