"""Echoes: sent, knocked once more, answered or given up. Thousands at a time, on one socket per family."""

from __future__ import annotations

import asyncio
import itertools
import secrets
import socket
import time
from collections.abc import Callable, Mapping, Sequence

from fed_common.core.health import Check, Outcome, Verdict
from fed_common.monitor.engine.failures import BUSY, LATE, outcome_of, unanswered
from fed_common.monitor.engine.names import Address
from fed_common.monitor.engine.sockets import Heard, IcmpSocket
from fed_common.monitor.engine.wheel import SLOT, Wheel

PATIENCE = 1.0
"""Seconds judging waits for a socket to be read empty: a flood must not keep it from judging for ever."""

FLOOD = 128
"""Drains of a socket in a row: as many answers as its buffer holds, several times over."""


class Ping:
    """One ping check of one target, over and over: ``done`` gets each outcome."""

    __slots__ = (
        *("addresses", "check", "done", "nonce", "serial", "sources"),
        *("echoes", "sent", "knocked", "asked_all", "excused", "deadline"),
    )

    def __init__(self, check: Check, addresses: Sequence[Address], done: Callable[[Outcome], None]) -> None:
        self.check, self.addresses, self.done = check, addresses, done
        self.sources = tuple(address.packed for address in addresses)
        self.nonce = secrets.randbits(64)
        self.serial = 0
        self.echoes, self.sent, self.deadline = 0, 0.0, 0.0
        self.knocked = self.asked_all = self.excused = False


class Pings:
    """All checks that are open. ``begin`` opens one, ``turn`` hears answers and judges what is due."""

    def __init__(
        self, sockets: Mapping[socket.AddressFamily, IcmpSocket], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._sockets, self._clock = sockets, clock
        self._open: dict[int, Ping] = {}
        self._waiting: Wheel[Ping] = Wheel()
        self._serials = itertools.count(1)
        self._emptied = self._clock()

    def begin(self, ping: Ping, now: float) -> bool:
        """Open a check of it; False when the socket takes nothing just now, and nothing was begun."""
        ping.serial = next(self._serials)
        ping.echoes, ping.excused = 0, False
        self._open[ping.serial] = ping
        begun = self._echo(ping, now)
        if not begun:
            self.forget(ping)
        return begun

    def forget(self, ping: Ping) -> None:
        """Its check is not open any more; an answer to it is none. Safe when it is not."""
        self._open.pop(ping.serial, None)
        self._waiting.remove(ping)

    async def ask(self, check: Check, addresses: Sequence[Address]) -> Outcome:
        """One check, now."""
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        def done(outcome: Outcome) -> None:
            if not answer.done():  # it is when who asked was cancelled
                answer.set_result(outcome)

        ping = Ping(check, addresses, done)
        try:
            while not self.begin(ping, self._clock()):
                await asyncio.sleep(SLOT)
            return await answer
        finally:
            self.forget(ping)

    def turn(self, now: float, most: int) -> None:
        """Hear all that was answered, then judge what is due. At most so many echoes are sent."""
        if not self.hear_all() and now - self._emptied < PATIENCE:
            return
        for ping in self._waiting.due(now):
            if ping.serial not in self._open:
                continue  # forgotten by who heard of another one just now
            if self._failed(ping, now):
                self._finish(ping, unanswered(ping.check.timeout))
            elif most <= 0 or not self._again(ping, now):
                self._waiting.put(ping, now + SLOT)
            else:
                most -= 1

    def hear_all(self) -> bool:
        """Take all that the sockets hold; False when more came than can be true."""
        return any(self.hear() for _ in range(FLOOD))

    def hear(self) -> bool:
        """Take some of what the sockets hold; whether that was all of it."""
        emptied = True
        for icmp in self._sockets.values():
            heard, all_of_it = icmp.receive()
            emptied = emptied and all_of_it
            now = self._clock()
            for one in heard:
                self._answered(one, now)
        if emptied:
            self._emptied = self._clock()
        return emptied

    def _answered(self, heard: Heard, now: float) -> None:
        source, serial, nonce, stamp = heard
        ping = self._open.get(serial)
        if ping is None or ping.nonce != nonce or source not in ping.sources:
            return  # late, the second one, or not from whom we asked
        self._finish(ping, Outcome(Verdict.UP, "", max(0.0, now - stamp / 1e6)))

    def _finish(self, ping: Ping, outcome: Outcome) -> None:
        del self._open[ping.serial]
        self._waiting.remove(ping)
        ping.done(outcome)

    def _failed(self, ping: Ping, now: float) -> bool:
        """Whether all was sent and not answered, and we were there to see it."""
        return ping.asked_all and (ping.excused or now - ping.deadline < LATE)

    def _again(self, ping: Ping, now: float) -> bool:
        """What is to be sent now: the next echo, a knock, or all anew because we were away. False: no room."""
        if ping.asked_all:
            ping.excused = True
            return self._send(ping, now, now + ping.check.timeout)
        if ping.knocked:
            return self._echo(ping, now)
        last = ping.echoes >= ping.check.count
        until = max(ping.sent + ping.check.timeout, now + ping.check.timeout / 2)
        if not self._send(ping, now, until if last else ping.sent + ping.check.interval):
            return False
        ping.knocked, ping.asked_all = True, last
        return True

    def _echo(self, ping: Ping, now: float) -> bool:
        check, more = ping.check, ping.echoes + 1 < ping.check.count
        unknocked = more and check.interval <= check.timeout / 2  # the next echo comes sooner than a knock
        if not self._send(ping, now, now + (check.interval if unknocked else check.timeout / 2)):
            return False
        ping.echoes, ping.sent, ping.knocked, ping.asked_all = ping.echoes + 1, now, unknocked, False
        return True

    def _send(self, ping: Ping, now: float, deadline: float) -> bool:
        """To every address of it; what comes next is due at ``deadline``. False: there is no room just now."""
        stamp, sent, failed = int(now * 1e6), False, None
        for address in ping.addresses:
            try:
                self._sockets[address.family].send(address, ping.serial, ping.nonce, stamp)
                sent = True
            except OSError as error:
                failed = error
        if failed is None or sent:
            ping.deadline = deadline
            self._waiting.put(ping, deadline)
        elif failed.errno in BUSY:
            return False
        else:
            self._finish(ping, outcome_of(failed))
        return True
