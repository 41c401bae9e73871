"""Checks by connection: tries one after the other, each a race of all addresses, few at a time."""

from __future__ import annotations

import asyncio
import resource
import socket
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import NamedTuple

from fed_common.core.health import Outcome, Verdict
from fed_common.monitor.engine.failures import LATE, outcome_of, unanswered
from fed_common.monitor.engine.names import Address

End = tuple[Address, int]
Try = Callable[[End], Awaitable[Outcome]]
"""One connection to a port of an address. Raises OSError; how long it may take is the caller's."""

_MOST = 512
_OTHERS = 256
_RESET = struct.pack("ii", 1, 0)


class Plan(NamedTuple):
    """So many tries, each of so many seconds at most and a race of all these ends."""

    times: int
    timeout: float
    ends: Sequence[End]


class Lanes:
    """So many connections at once. A try that follows one that failed takes a lane of its own.

    So those that hold a connection for their whole timeout do not keep the living waiting.
    """

    def __init__(self, connections: int = 1) -> None:
        """``connections``: how many one try makes."""
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.size = max(1, max(16, min(_MOST, (files - _OTHERS) // 4)) // connections)
        self._well, self._ill = asyncio.Semaphore(self.size), asyncio.Semaphore(self.size)

    async def tried(self, plan: Plan, once: Try, well: bool) -> Outcome:
        """Up when one of the tries was, else what the last one showed. ``well``: the check before was up."""
        for _ in range(max(1, plan.times)):
            async with self._well if well else self._ill:
                outcome = await _race([_in_time(once, end, plan.timeout) for end in plan.ends])
            well = outcome.verdict is Verdict.UP
            if well:
                break
        return outcome


@asynccontextmanager
async def connected(end: End) -> AsyncIterator[socket.socket]:
    """A connection, ended by a reset: thousands a second must not leave as many sockets in TIME_WAIT."""
    address, port = end
    with socket.socket(address.family, socket.SOCK_STREAM) as connection:
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        await asyncio.get_running_loop().sock_connect(connection, (address.text, port))
        yield connection


async def _in_time(once: Try, end: End, timeout: float) -> Outcome:
    for _ in range(2):
        began = time.monotonic()
        try:
            async with asyncio.timeout(timeout):
                outcome = await once(end)
            return replace(outcome, seconds=time.monotonic() - began)
        except TimeoutError:
            if time.monotonic() - began < timeout + LATE:
                break
        except OSError as error:
            return outcome_of(error)
    return unanswered(timeout)


async def _race(tries: Sequence[Awaitable[Outcome]]) -> Outcome:
    """The first that is up; else one that is down rather than an error of ours."""
    if len(tries) == 1:
        return await tries[0]
    running = [asyncio.ensure_future(one) for one in tries]
    try:
        outcomes = []
        for one in asyncio.as_completed(running):
            outcomes.append(await one)
            if outcomes[-1].verdict is Verdict.UP:
                return outcomes[-1]
        return min(outcomes, key=lambda one: one.verdict is Verdict.ERROR)
    finally:
        for task in running:
            task.cancel()
