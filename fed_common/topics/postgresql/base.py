"""What Django loads of an engine: see ``DATABASES`` of its documentation."""

from __future__ import annotations

import select
from typing import Any

from django.db.backends.postgresql import base
from psycopg import Connection
from psycopg_pool import ConnectionPool


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection. Each use takes one out of the pool, so what that costs is paid several times for an event."""

    @property
    def pool(self) -> ConnectionPool[Any] | None:
        """The one of this process."""
        pool: ConnectionPool[Any] | None = super().pool
        if pool is not None and pool._check is ConnectionPool.check_connection:
            pool._check = check_connection
        return pool


def check_connection(connection: Connection[Any]) -> None:
    """Raises OperationalError when it is broken. The server is asked only when it said something unasked.

    A server that ends closes its connections, which can be seen here; all else fails as it does a moment later.
    """
    news = select.poll()
    news.register(connection.fileno(), select.POLLIN)
    if news.poll(0):
        ConnectionPool.check_connection(connection)
