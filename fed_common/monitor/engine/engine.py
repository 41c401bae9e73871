"""The probing engine: every target's checks, each in its turn, on one asyncio loop."""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping

from fed_common.core.health import Check, Outcome, ProbeKind, Verdict
from fed_common.monitor.engine.failures import LATE
from fed_common.monitor.engine.names import literal
from fed_common.monitor.engine.phase import next_turn, share
from fed_common.monitor.engine.pings import Ping, Pings
from fed_common.monitor.engine.probers import Prober, Probers
from fed_common.monitor.engine.sockets import Icmp
from fed_common.monitor.engine.tally import Tally
from fed_common.monitor.engine.wheel import SLOT, Wheel

log = logging.getLogger(__name__)

TCP_PORTS = (443, 80, 22, 7)
"""Where a target is knocked at when ICMP is not allowed."""

_FEW = 20
_PART = 50
_ASKS = 2_000


class _Entry:
    """One target. ``turn``: one of its turns; ``next``: that after the check which is under way."""

    __slots__ = ("check", "interval", "key", "next", "ping", "task", "turn", "well")

    def __init__(self, key: int, check: Check, interval: float, turn: float) -> None:
        self.key, self.check, self.interval, self.turn = key, check, interval, turn
        self.next, self.well = 0.0, True
        self.ping: Ping | None = None
        self.task: asyncio.Task[None] | None = None


class Engine:
    """Asks targets again and again. All of it happens on the caller's running loop; call it from nowhere else."""

    def __init__(
        self,
        hear: Callable[[int, Outcome], None],
        probers: Mapping[ProbeKind, Prober] | None = None,
        *,
        tcp_ports: tuple[int, ...] = TCP_PORTS,
        tally: Tally | None = None,
    ) -> None:
        """``hear`` gets (key, Outcome) of every finished check; ``probers`` do the kinds unknown here."""
        self._hear, self._others, self._tcp_ports = hear, probers or {}, tcp_ports
        self._entries: dict[int, _Entry] = {}
        self._kinds: Counter[ProbeKind] = Counter()
        self._rate = 0.0
        self._firsts: deque[_Entry] = deque()
        self._starts: Wheel[_Entry] = Wheel()
        self._tally = tally or Tally()
        self._timer: asyncio.TimerHandle | None = None
        self._turn_at = self._ask_at = 0.0

    def start(self) -> None:
        """Open the sockets. A missing permission is not raised but told in ``health``."""
        self._loop = asyncio.get_running_loop()
        self._epoch = time.monotonic() - time.time()  # so that a turn is the same moment on every node
        self._icmp = Icmp()
        self._pings = Pings(self._icmp.sockets)
        self._probers = Probers(self._icmp, self._pings, self._others, self._tcp_ports)
        for icmp in self._icmp.sockets.values():
            self._loop.add_reader(icmp, self._pings.hear)
        self._turn_at = time.monotonic()
        self._turn()

    def stop(self) -> None:
        """Forget all targets and close the sockets. Safe to call twice."""
        if self._timer is None:
            return
        self._timer.cancel()
        self._timer = None
        for key in list(self._entries):
            self.remove(key)
        for icmp in self._icmp.sockets.values():
            self._loop.remove_reader(icmp)
        self._icmp.close()
        self._probers.close()

    def put(self, key: int, check: Check, *, phase: int | None = None, at_once: bool = True) -> None:
        """Ask this target from now on, in place of what ``key`` was. The engine must have been started.

        Its turns follow from ``phase`` (or the key) and are the same on every node. ``at_once``: a first
        check is made before the first turn; those of many targets are spread over half a second.
        """
        self.remove(key)
        interval = max(check.interval, SLOT)
        turn = self._epoch + share(key if phase is None else phase) * interval
        entry = self._entries[key] = _Entry(key, check, interval, turn)
        self._kinds[check.kind] += 1
        self._rate += 1 / interval
        address = literal(check.address)
        if check.kind is ProbeKind.PING and address is not None and address.family in self._icmp.sockets:
            entry.ping = Ping(check, (address,), functools.partial(self._finished, entry))
        if at_once:
            self._firsts.append(entry)
        else:
            self._starts.put(entry, next_turn(time.monotonic(), interval, turn))

    def remove(self, key: int) -> None:
        """Ask it no longer; nothing more is heard of it. Safe when it is not there."""
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        self._kinds[entry.check.kind] -= 1
        self._rate -= 1 / entry.interval
        self._starts.remove(entry)
        if entry.ping is not None:
            self._pings.forget(entry.ping)
        if entry.task is not None:
            entry.task.cancel()

    async def ask(self, check: Check) -> Outcome:
        """One check now, outside of any turn; of many at once, two thousand begin each second."""
        now = time.monotonic()
        at = max(now, self._ask_at)
        self._ask_at = at + 1 / _ASKS
        if at > now:
            await asyncio.sleep(at - now)
        outcome = await self._probers.probe(check)
        self._tally.check(check.kind, outcome)
        return outcome

    @property
    def health(self) -> dict[str, object]:
        """How each family is pinged and why, targets by kind, places for connections, lag of the loop (s)."""
        return {
            "icmp": self._icmp.health,
            "targets": {str(kind): count for kind, count in self._kinds.items() if count},
            "connections": self._probers.lanes.size,
            "lag": self._tally.lag,
        }

    def _turn(self) -> None:
        """Every slot: hear, judge, begin what is due, hear.

        In a slot at most twice as many begin as when all turns are even. What a few late slots have left is
        made up at once; after a stall it is not, it would be a burst.
        """
        now = time.monotonic()
        late = max(0.0, now - self._turn_at)
        self._turn_at = (int(now / SLOT) + 1) * SLOT
        self._timer = self._loop.call_at(self._turn_at, self._turn)
        slot = int(max(_FEW, len(self._entries) / _PART, self._rate / _PART))
        most = int(slot * (1 + late / SLOT)) if late < LATE else slot
        self._pings.turn(now, most)
        for entry in [*self._starts.due(now, most), *self._some_firsts(slot)]:
            if self._entries.get(entry.key) is entry:  # whoever hears of one may remove another
                self._begin(entry)
        self._pings.hear_all()
        self._tally.turn(now, late, self._kinds)

    def _some_firsts(self, most: int) -> list[_Entry]:
        return [self._firsts.popleft() for _ in range(min(most, len(self._firsts)))]

    def _begin(self, entry: _Entry) -> None:
        now = time.monotonic()
        entry.next = next_turn(now, entry.interval, entry.turn)
        if entry.ping is None:
            entry.task = self._loop.create_task(self._run(entry))
        elif not self._pings.begin(entry.ping, now):
            self._starts.put(entry, now + SLOT)

    async def _run(self, entry: _Entry) -> None:
        outcome = await self._probers.probe(entry.check, entry.well)
        entry.task = None
        self._finished(entry, outcome)

    def _finished(self, entry: _Entry, outcome: Outcome) -> None:
        entry.well = outcome.verdict is Verdict.UP
        self._tally.check(entry.check.kind, outcome)
        self._starts.put(entry, max(entry.next, time.monotonic()))
        try:
            self._hear(entry.key, outcome)
        except Exception:
            log.exception("what was heard of target %d was not taken", entry.key)
