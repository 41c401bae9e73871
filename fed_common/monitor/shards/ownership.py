"""An executor's share of the shards: leased for three seconds, renewed each second, given up before it ends.

What ``lost`` means: from now on nothing may be reported for these shards. It is called before anybody else
can own them, as far as that can be known: when they are handed over, when the executor stops, and when it
fences itself because for two seconds no renewal was completed, or its session with the database ended.
``epochs()`` does not wait for that call: it is empty from the deadline on, also when this process was
stopped and has just been woken. So take the epoch from it in the moment of reporting, and report nothing
for a shard that is not in it.

While ``fenced``, the targets may still be ours: go on probing, and say nothing. The end is told by
``gained``, also when it is empty: what is not in ``epochs()`` then is another's. It comes one lease time after
the database came back, with fresh epochs, so that what broke together has time to heal together.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import Any

from fed_common.core.errors import Retryable
from fed_common.monitor.shards import leases
from fed_common.monitor.shards.fence import Fence
from fed_common.monitor.shards.leases import TTL, Table
from fed_common.monitor.shards.peers import PeerWatch
from fed_common.monitor.shards.session import Session
from fed_common.monitor.shards.shares import Plan, plan, watched
from fed_common.telemetry.logging import get_logger

RENEW_EVERY = 1.0
RETRY_AFTER = 0.2
JUST_AFTER = 0.005
FENCE_AFTER = TTL.total_seconds() - 1

log = get_logger(__name__)


class ShardOwnership:
    """Owns this executor's share of the shards."""

    def __init__(
        self,
        name: str,
        gained: Callable[[Mapping[int, int]], None],
        lost: Callable[[Collection[int]], None],
        *,
        lock: bool = True,
    ) -> None:
        """``gained`` ({shard: epoch}) and ``lost`` come from one thread, in order; they must return at once.

        ``name`` is this process's alone. Without ``lock`` the dead are replaced by lease alone.
        """
        self.name = name
        self._fence = Fence(gained, lost, self._break_what_hangs)
        self._session = Session(name, self._session_ended, lock=lock)
        self._peers = PeerWatch()
        self._woken, self._bell = socket.socketpair()
        for end in (self._woken, self._bell):
            end.setblocking(False)
        self._stopping = threading.Event()
        self._busy_since: float | None = None
        self._back_since: float | None = None
        self._gave_up_at = 0.0
        self._alive: list[str] = []
        self._settled = self._away = False
        self._thread = threading.Thread(target=self._run, name="shards", daemon=True)

    def start(self) -> None:
        """Begin to claim shards; returns at once."""
        self._fence.start()
        self._thread.start()

    def stop(self) -> None:
        """Give everything up at once, so that peers need not wait. Safe twice."""
        if self._stopping.is_set() or self._thread.ident is None:
            return
        self._stopping.set()
        self._fence.close()
        self._wake_up()
        self._thread.join()
        self._fence.stop()
        for end in (self._woken, self._bell):
            end.close()

    def epochs(self) -> Mapping[int, int]:
        """The shards owned at this moment, with their epochs; empty when fenced."""
        return self._fence.epochs

    @property
    def ready(self) -> bool:
        """Whether a first share was taken."""
        return self._settled

    @property
    def fenced(self) -> bool:
        """Whether we cannot know that our shards are still ours."""
        return self._fence.fenced

    def health(self) -> dict[str, Any]:
        """What a health page wants to know."""
        return {
            "shards": len(self.epochs()),
            "fenced": self.fenced,
            "executors": len(self._alive),
            "watch": "lock" if self._session.locked else "lease",
        }

    def _run(self) -> None:
        self._session.open()
        while not self._stopping.is_set():
            began = time.monotonic()
            pause = RENEW_EVERY
            try:
                self._busy_since = began
                pause = self._turn(began)
                self._away = False
            except Retryable as error:
                pause = RETRY_AFTER
                self._note_away(error)
            except Exception:
                log.exception("the leases could not be renewed")
            self._busy_since = None
            self._session.wait(began + pause - time.monotonic(), self._woken)
        self._leave()

    def _turn(self, began: float) -> float:
        """Renew, and see what there is to do; in how many seconds to come again."""
        silent, anew = self._silent(began), self._fence.fenced or not self._settled
        with self._session.use():
            if silent:
                leases.renew(self.name)
                return RENEW_EVERY
            if anew:
                leases.make_rows()
                leases.renumber(self.name)
            leases.announce(self.name)
            leases.renew(self.name)
            table = leases.look(self.name)
        until = began + FENCE_AFTER
        if self._fence.hold(table.mine, until, anew=anew):
            self._share(table, until)
            self._watch(table)
            self._settled = True
        return min(RENEW_EVERY, table.next_end + JUST_AFTER)

    def _note_away(self, error: Retryable) -> None:
        self._back_since = None
        if not self._settled:
            self._fence.shut()
        if not self._away:
            log.warning("the leases cannot be renewed now", reason=error.reason)
        self._away = True

    def _silent(self, began: float) -> bool:
        """After a fence: whether the lease time that we keep silent is not over yet."""
        if not self._fence.fenced:
            self._back_since = None
            return False
        self._back_since = self._back_since or began
        return began - self._back_since < TTL.total_seconds()

    def _watch(self, table: Table) -> None:
        self._alive = table.alive
        self._peers.follow(watched(self.name, table.alive) if self._session.locked else ())

    def _share(self, table: Table, until: float) -> None:
        """Give up, or claim; who gives up says so before it is true."""
        todo = plan(self.name, {*table.alive, self.name}, table.owners)
        if todo.give_up and time.monotonic() - self._gave_up_at > RENEW_EVERY / 2:
            self._give_up(table, todo, until)
        if todo.claim:
            with self._session.use():
                claimed = leases.claim(self.name, todo.claim)
            self._fence.hold({**table.mine, **claimed}, until)

    def _give_up(self, table: Table, todo: Plan, until: float) -> None:
        kept = {shard: epoch for shard, epoch in table.mine.items() if shard not in todo.give_up}
        self._fence.hold(kept, until)
        self._gave_up_at = time.monotonic()
        with self._session.use():
            leases.release(self.name, todo.give_up)
            self._session.tell_peers()

    def _leave(self) -> None:
        self._peers.stop()
        try:
            self._busy_since = time.monotonic()
            with self._session.use():
                leases.leave(self.name)
                self._session.tell_peers()
        except Retryable as error:
            log.warning("the leases will run out by themselves", reason=error.reason)
        self._session.close()

    def _session_ended(self) -> None:
        """Our lock is free: peers may claim at any moment, and what we know of their locks is old."""
        self._fence.shut()
        self._peers.stop()

    def _break_what_hangs(self) -> None:
        """A connection that does not answer is broken off, so that another can be tried."""
        since = self._busy_since
        if since is not None and time.monotonic() - since > FENCE_AFTER:
            self._session.abort()

    def _wake_up(self) -> None:
        with suppress(BlockingIOError):
            self._bell.send(b"!")
