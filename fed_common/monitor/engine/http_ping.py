"""http_ping: GET / on a connection of its own, judged by the status; redirects are not followed."""

from __future__ import annotations

import asyncio
import errno
import re
import socket
from collections.abc import Sequence

from fed_common.core.health import Check, Outcome, Verdict
from fed_common.monitor.engine.names import Address
from fed_common.monitor.engine.tries import End, Lanes, Plan, connected

LONGEST = 16 * 1024
"""Bytes of an answer's head that are read."""

_STATUS = re.compile(rb"HTTP/\d(?:\.\d)? (\d{3})[ \r\n]")
_END = re.compile(rb"\r?\n\r?\n")


async def http_ping(check: Check, addresses: Sequence[Address], lanes: Lanes, well: bool) -> Outcome:
    """Up when one of ``retry`` tries is answered with a whole head of a status below 400."""
    request = request_to(check.address, check.port)

    async def once(end: End) -> Outcome:
        async with connected(end) as connection:
            await asyncio.get_running_loop().sock_sendall(connection, request)
            return judged(await _head(connection))

    plan = Plan(check.retry, check.timeout, [(address, check.port) for address in addresses])
    return await lanes.tried(plan, once, well)


def request_to(host: str, port: int) -> bytes:
    """The request; an IPv6 address is in brackets and without its zone."""
    plain = host.partition("%")[0]
    name = f"[{plain}]" if ":" in plain else host.encode("idna").decode()
    end = "" if port == 80 else f":{port}"
    head = f"GET / HTTP/1.1\r\nHost: {name}{end}\r\nUser-Agent: mcfed\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    return head.encode()


def judged(head: bytes) -> Outcome:
    """What the head of an answer says."""
    found = _STATUS.match(head)
    if not found:
        return Outcome(Verdict.DOWN, "the answer is not HTTP")
    status = int(found[1])
    return Outcome(Verdict.UP) if status < 400 else Outcome(Verdict.DOWN, f"status {status}")


def whole(head: bytes) -> bool:
    """Whether no more of it needs to be read: up to its empty line, unless it is none anyway."""
    none = b"\n" in head and not _STATUS.match(head)
    return none or len(head) >= LONGEST or _END.search(head) is not None


async def _head(connection: socket.socket) -> bytes:
    loop, head = asyncio.get_running_loop(), b""
    while not whole(head):
        more = await loop.sock_recv(connection, 4096)
        if not more:
            raise ConnectionResetError(errno.ECONNRESET, "the answer ended within its head")
        head += more
    return head
