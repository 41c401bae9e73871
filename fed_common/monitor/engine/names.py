"""From what a target is called to its addresses, off the loop's path."""

from __future__ import annotations

import asyncio
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

FRESH = 10.0
"""Seconds an answer is kept."""

PATIENCE = 5.0
"""Seconds until a resolver that says nothing is taken for away."""

_THREADS = 8
_MOST = 4
_NO_SUCH = {socket.EAI_NONAME, socket.EAI_NODATA, socket.EAI_ADDRFAMILY}


class Address(NamedTuple):
    """An IP address; ``packed`` is what a packet has, without a zone."""

    family: socket.AddressFamily
    text: str
    packed: bytes


class NoSuchName(Exception):
    """The resolver answered: nothing has this name."""


class NoResolver(Exception):
    """The resolver did not answer, or not to the point: nothing is known of the name."""


def literal(text: str) -> Address | None:
    """The address when it is one; None of a name."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            return Address(family, text, socket.inet_pton(family, text.partition("%")[0]))
        except (OSError, ValueError):
            continue
    return None


class Names:
    """Asks the system's resolver in a few threads, once for all who ask the same, and keeps what it said."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="names")
        self._known: dict[str, tuple[float, asyncio.Future[tuple[Address, ...]]]] = {}

    def close(self) -> None:
        """Safe to call twice."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._known.clear()

    async def resolve(self, name: str) -> tuple[Address, ...]:
        """Its addresses, at most four. Raises NoSuchName or NoResolver."""
        if (address := literal(name)) is not None:
            return (address,)
        now = time.monotonic()
        until, answer = self._known.get(name, (0.0, None))
        if answer is None or now > until:
            self._known = {name: one for name, one in self._known.items() if one[0] > now}
            answer = asyncio.get_running_loop().run_in_executor(self._threads, _look_up, name)
            answer.add_done_callback(lambda one: one.cancelled() or one.exception())  # somebody else may wait
            self._known[name] = (now + FRESH, answer)
        try:
            return await asyncio.wait_for(asyncio.shield(answer), PATIENCE)
        except TimeoutError:
            raise NoResolver(f"no answer about {name} within {PATIENCE:g} s") from None


def _look_up(name: str) -> tuple[Address, ...]:
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise (NoSuchName if error.errno in _NO_SUCH else NoResolver)(f"{name}: {error.strerror}") from None
    except (OSError, ValueError) as error:
        raise NoResolver(f"{name}: {error}") from None
    addresses = (literal(str(one[4][0])) for one in found)
    return tuple(dict.fromkeys(address for address in addresses if address))[:_MOST]
