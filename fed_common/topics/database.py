"""The database as a far side: it can be down, and threads of ours outlive its connections."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import InterfaceError, OperationalError, close_old_connections, connection, transaction

from fed_common.core.errors import Retryable

_SQLITE_WRITER = threading.Lock()
_here = threading.local()


@contextmanager
def reachable() -> Iterator[None]:
    """Use the database inside. Raises Retryable when it cannot be reached.

    Made for long-lived threads: a connection that broke is dropped, so the next use opens a new one,
    and a pooled one goes back to its pool. Uses of the database within an outer one share its connection.
    """
    if connection.in_atomic_block or getattr(_here, "inside", False):
        with _as_retryable():
            yield
        return
    with _as_retryable():
        close_old_connections()
        _here.inside = True
        try:
            yield
        finally:
            _here.inside = False
            close_old_connections()


@contextmanager
def writing(timeout: float) -> Iterator[None]:
    """One transaction inside, given up after about ``timeout`` seconds. Raises Retryable."""
    with reachable(), _sqlite_turn(timeout), transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT set_config('statement_timeout', %s, true)", [f"{int(timeout * 1000) or 1}ms"]
                )
        yield


@contextmanager
def _as_retryable() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        if not connection.in_atomic_block:
            connection.close()
        raise Retryable(f"the database cannot be used now: {type(error).__name__}") from error


@contextmanager
def _sqlite_turn(timeout: float) -> Iterator[None]:
    """SQLite has one writer at a time, and its own waiting is slow and unfair: threads queue here."""
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    if not _SQLITE_WRITER.acquire(timeout=timeout):
        raise Retryable("the database is busy")
    try:
        yield
    finally:
        _SQLITE_WRITER.release()
