"""A database session of our own, outside any pool: it renews the leases, and holds the lock that says we live."""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from typing import Any

from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connection, connections

from fed_common.core.errors import Retryable
from fed_common.telemetry.logging import get_logger
from fed_common.topics.database import writing

GIVEN_UP_AFTER = 2.0
KEEPALIVES = {
    "connect_timeout": 3,
    "keepalives_idle": 1,
    "keepalives_interval": 1,
    "keepalives_count": 2,
    "tcp_user_timeout": 3000,
}
SERVER_SIDE = """
    SET statement_timeout = '2s'; SET idle_in_transaction_session_timeout = '2s'; SET idle_session_timeout = 0;
    SET tcp_keepalives_idle = 1; SET tcp_keepalives_interval = 1; SET tcp_keepalives_count = 3;
    SET tcp_user_timeout = '4s'; SET client_connection_check_interval = '1s'
"""

log = get_logger(__name__)


class Session:
    """The session of one thread. On SQLite it is the thread's ordinary one, and there are no locks."""

    def __init__(self, name: str, ended: Callable[[], None] = lambda: None, *, lock: bool = True) -> None:
        """``ended`` is called when the session that held our lock ended, before we close our side of it."""
        self._key, self._ended, self._wants_lock = key_of(name), ended, lock
        self._known: Any = None
        self._own: Any = None
        self._direct = self._news = False
        self.locked = False

    def open(self) -> None:
        """Give the calling thread a connection of its own; it connects when it is first used."""
        if connection.vendor == "postgresql":
            own = connections.create_connection(DEFAULT_DB_ALIAS)
            options = {name: value for name, value in own.settings_dict["OPTIONS"].items() if name != "pool"}
            own.settings_dict = {
                **own.settings_dict,
                "OPTIONS": {**options, **KEEPALIVES},
                "CONN_MAX_AGE": None,
                "CONN_HEALTH_CHECKS": False,
            }
            connections[DEFAULT_DB_ALIAS] = own
        self._own = connections[DEFAULT_DB_ALIAS]

    @contextmanager
    def use(self) -> Iterator[None]:
        """Use the database inside. Raises Retryable; a session that broke is told of and closed."""
        if connection.vendor != "postgresql":
            with writing(GIVEN_UP_AFTER):
                yield
            return
        try:
            self._connect()
            yield
        except (OperationalError, InterfaceError) as error:
            if self._own.connection is None or self._own.connection.closed:
                self.close()
            raise Retryable(f"the database cannot be used now: {type(error).__name__}") from error

    def close(self) -> None:
        """End the session, and with it the lock."""
        if self.locked:
            self._ended()
        self.locked, self._known = False, None
        with suppress(OperationalError, InterfaceError):
            self._own.close()

    def abort(self) -> None:
        """Break the session from another thread: whoever hangs in it gets an error."""
        raw = self._own.connection if self._own is not None and self._own.vendor == "postgresql" else None
        with suppress(Exception):  # it may be closed at this very moment
            if raw is not None:
                with socket.socket(fileno=os.dup(raw.fileno())) as twin:
                    twin.shutdown(socket.SHUT_RDWR)

    def wait(self, seconds: float, wake: socket.socket) -> None:
        """Sleep; less when something comes on ``wake``, the session ends or the server has news for it."""
        if self._news:
            return
        poll = select.poll()
        poll.register(wake, select.POLLIN)
        if self._known is not None and not self._known.closed:
            poll.register(self._known.fileno(), select.POLLIN)
        poll.poll(max(0.0, seconds) * 1000)
        with suppress(BlockingIOError):
            wake.recv(4096)

    def tell_peers(self) -> None:
        """Wake the others: something is free."""
        if self.locked:
            with connection.cursor() as cursor:
                cursor.execute("NOTIFY mcfed_shards")

    def _heard(self, _notice: object) -> None:
        """Something became free, perhaps after this turn looked."""
        self._news = True

    def _connect(self) -> None:
        self._news = False
        if self._known is not None and (self._known.closed or self._own.connection is not self._known):
            self.close()
        self._own.ensure_connection()
        if self._own.connection is not self._known:
            self._set_up()
        if self._direct and not self.locked:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_lock(%s)", [self._key])
                self.locked = cursor.fetchone()[0]

    def _set_up(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(SERVER_SIDE)
            cursor.execute("SELECT pg_backend_pid()")
            direct = cursor.fetchone()[0] == self._own.connection.info.backend_pid
            self._direct = direct and self._wants_lock
            if self._direct:
                cursor.execute("LISTEN mcfed_shards")
                self._own.connection.add_notify_handler(self._heard)
        if not direct:
            log.warning("a pool is between us and PostgreSQL: executors are replaced by lease alone")
        self._known = self._own.connection


def key_of(name: str) -> int:
    """The advisory lock of an executor: a PostgreSQL bigint."""
    return int.from_bytes(blake2b(f"mcfed executor {name}".encode(), digest_size=8).digest(), signed=True)
