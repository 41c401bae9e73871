"""Counts echo requests from inside a network namespace: how long was each address not asked?

Run there as ``python -m tests.soak.echoes INTERFACE``; it prints the long gaps as JSON when it is ended.
It looks at the wire, so also requests for addresses that answer no more are counted.
"""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import struct
import sys
import time
from dataclasses import dataclass, field

ETH_P_IP, ICMP, ECHO_REQUEST = 0x0800, 1, 8
SO_RCVBUFFORCE = 33
RECEIVE_BUFFER = 16 * 2**20
USUAL = 1.3


@dataclass
class Gaps:
    """When each address was asked last, and every time that it was not for longer than usual."""

    last: dict[bytes, float] = field(default_factory=dict)
    long: list[tuple[str, float, float]] = field(default_factory=list)
    echoes: int = 0

    def asked(self, address: bytes, now: float) -> None:
        """One echo request was seen."""
        gap = now - self.last.get(address, now)
        self.last[address] = now
        self.echoes += 1
        if gap > USUAL:
            self.long.append((socket.inet_ntoa(address), gap, now))

    def told(self, now: float) -> dict[str, object]:
        """What is printed: address, seconds and end (Unix time) of each long gap, those still open too."""
        echoes = self.echoes
        for address in list(self.last):
            self.asked(address, now)
        return {"echoes": echoes, "addresses": len(self.last), "gaps": self.long}


def main(interface: str) -> None:
    """Listen until SIGTERM."""
    signal.signal(signal.SIGTERM, _end)
    listening = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
    listening.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
    listening.bind((interface, ETH_P_IP))
    print("listening", flush=True)
    gaps = Gaps()
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            packet = listening.recv(64)
            if address := asked_address(packet):
                gaps.asked(address, time.time())
    print(json.dumps(gaps.told(time.time())), flush=True)


def asked_address(packet: bytes) -> bytes | None:
    """Whom an IPv4 packet asks for an echo, or ``None``: it is none."""
    size = (packet[0] & 0x0F) * 4 if packet else 0
    if len(packet) <= size or packet[9] != ICMP or packet[size] != ECHO_REQUEST:
        return None
    return struct.unpack_from("4s", packet, 16)[0]


def _end(*_args: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main(sys.argv[1])
