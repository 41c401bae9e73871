"""A running engine and what it heard, and answers to echoes that a test gives itself."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from fed_common.core.health import Outcome, Verdict
from fed_common.monitor.engine import packets
from fed_common.monitor.engine.engine import Engine
from tests.addresses import Addresses

_SILENT = Path("/proc/sys/net/ipv4/icmp_echo_ignore_all")


class Heard:
    """The outcomes of each key, in order."""

    def __init__(self) -> None:
        self.of: dict[int, list[Outcome]] = defaultdict(list)

    def __call__(self, key: int, outcome: Outcome) -> None:
        self.of[key].append(outcome)

    def verdicts(self, key: int) -> list[Verdict]:
        """Of one key."""
        return [outcome.verdict for outcome in self.of[key]]

    async def more(self, key: int, number: int) -> None:
        """Until so many more checks of it are over."""
        before = len(self.of[key])
        await self.until(lambda: len(self.of[key]) >= before + number)

    async def until(self, condition: Callable[[], object], within: float = 60.0) -> None:
        """Let the engine go on until it is so."""
        async with asyncio.timeout(within):
            while not condition():
                await asyncio.sleep(0.005)


@asynccontextmanager
async def engine(**options: object) -> AsyncIterator[tuple[Engine, Heard]]:
    """A started engine."""
    heard = Heard()
    made = Engine(heard, **options)  # type: ignore[arg-type]
    made.start()
    try:
        yield made, heard
    finally:
        made.stop()


Echo = tuple[str, bytes]
"""Where an echo request went, and the packet from its ICMP header on."""


class Echoes:
    """Hears every echo request of a namespace in place of its kernel, and answers what ``answer`` says."""

    def __init__(self, addresses: Addresses, answer: Callable[[Echoes, Echo], None]) -> None:
        self.seen: list[Echo] = []
        self._answer, self._peer = answer, ("", 0)
        self._addresses = addresses
        self._socket = addresses.within(
            lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        )
        self._socket.settimeout(0.1)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def reply(self, echo: Echo, *, source: str = "", flip: int | None = None) -> None:
        """Answer it, from another address and with one of its bytes changed if asked to."""
        data = bytearray(echo[1])
        data[0], data[2:4] = packets.REPLY[4], b"\0\0"
        if flip is not None:
            data[flip] ^= 0x01
        total = sum(int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2))
        data[2:4] = packets.checksum(total).to_bytes(2, "big")
        with self._addresses.within(
            lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        ) as out:
            out.bind((source or echo[0], 0))
            out.sendto(data, self._peer)

    def start(self) -> None:
        """From now on."""
        self._thread.start()

    def stop(self) -> None:
        """Safe to call once."""
        self._ending.set()
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                data, source = self._socket.recvfrom(2048)
            except TimeoutError:
                continue
            if data[20] == packets.ECHO[4]:
                echo = (socket.inet_ntoa(data[16:20]), data[20:])
                self._peer = (source[0], 0)
                self.seen.append(echo)
                self._answer(self, echo)


@contextmanager
def echoes(addresses: Addresses, answer: Callable[[Echoes, Echo], None]) -> Iterator[Echoes]:
    """The namespace's kernel does not answer meanwhile."""
    addresses.within(lambda: _SILENT.write_text("1"))
    made = Echoes(addresses, answer)
    made.start()
    try:
        yield made
    finally:
        made.stop()


def _raw() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
