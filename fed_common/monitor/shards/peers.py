"""Waiting for the end of the other executors: each holds a lock as long as its session lives."""

from __future__ import annotations

import threading
from collections.abc import Collection

from django.db import connection

from fed_common.core.errors import Retryable
from fed_common.monitor.shards.session import Session, key_of
from fed_common.telemetry.logging import get_logger

ASK_AGAIN = 1.0
WAIT_UNTIL_GONE = """
    DO $$ BEGIN
        PERFORM pg_advisory_lock_shared(current_setting('mcfed.lock')::bigint);
        UPDATE monitor_shard SET owner = '', expires_at = clock_timestamp()
            WHERE owner = current_setting('mcfed.peer');
        DELETE FROM events_worker WHERE name = current_setting('mcfed.peer');
        NOTIFY mcfed_shards;
    EXCEPTION WHEN lock_not_available THEN NULL;
    END $$
"""

log = get_logger(__name__)


class PeerWatch:
    """Has the shards of a peer freed as soon as its lock is free."""

    def __init__(self) -> None:
        self._watchers: dict[str, _Watcher] = {}

    def follow(self, peers: Collection[str]) -> None:
        """Watch exactly these from now on, as far as they hold a lock."""
        for peer in self._watchers.keys() - set(peers):
            self._watchers.pop(peer).stop()
        for peer in peers:
            if peer not in self._watchers or not self._watchers[peer].running:
                self._watchers[peer] = _Watcher(peer)

    def stop(self) -> None:
        """Watch nobody."""
        self.follow([])


class _Watcher:
    """One thread and one session that wait until a peer's lock is free.

    What is to be done then is done by the server, in the statement that waits: this process may be stopped
    when it happens, and must not do it late. While our session holds the lock, the peer cannot begin anew.
    """

    def __init__(self, peer: str) -> None:
        self.peer = peer
        self._session = Session(peer, lock=False)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"watch-{peer}", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        """Stop waiting; the thread ends by itself."""
        self._stopping.set()
        self._session.abort()

    def _run(self) -> None:
        self._session.open()
        try:
            with self._session.use():
                self._wait()
        except Retryable as error:
            if not self._stopping.is_set():
                log.info("an executor's lock is not watched now", executor=self.peer, reason=error.reason)
        finally:
            self._session.close()

    def _wait(self) -> None:
        """A peer that holds no lock is replaced by lease alone, but it may get its lock later.

        The waiting statement ends after ten seconds and begins again, or VACUUM could never clean up.
        """
        self._execute("SELECT set_config('mcfed.peer', %s, false)", self.peer)
        self._execute("SELECT set_config('mcfed.lock', %s, false)", str(key_of(self.peer)))
        self._execute("SET statement_timeout = 0; SET lock_timeout = '10s'")
        while self._free() and not self._stopping.is_set():
            self._execute("SELECT pg_advisory_unlock_all()")
            self._stopping.wait(ASK_AGAIN)
        while not self._stopping.is_set():
            self._execute(WAIT_UNTIL_GONE)
            if self._free():
                log.info("an executor's session is over", executor=self.peer)
                return

    def _free(self) -> bool:
        """Take the lock if the peer does not hold it."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock_shared(%s)", [key_of(self.peer)])
            return bool(cursor.fetchone()[0])

    def _execute(self, statement: str, *parameters: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters or None)
