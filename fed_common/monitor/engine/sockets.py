"""The ICMP socket of one family: raw, or unprivileged where that is not allowed, or none."""

from __future__ import annotations

import ctypes
import logging
import secrets
import socket
import struct
from collections.abc import Iterable

from fed_common.monitor.engine import packets
from fed_common.monitor.engine.names import Address

log = logging.getLogger(__name__)

BUFFER = 8 * 2**20
"""Bytes of replies the kernel shall hold for us: 10,000 and some."""

ENOUGH = 4 * 2**20
DRAIN = 512
"""Packets taken from a socket at one go."""

_SO_ATTACH_FILTER, _SO_RCVBUFFORCE = 26, 33
_SOL_RAW, _ICMP_FILTER, _ICMP6_FILTER = 255, 1, 1
_VERSION = {socket.AF_INET: 4, socket.AF_INET6: 6}
_PROTOCOL = {socket.AF_INET: socket.IPPROTO_ICMP, socket.AF_INET6: socket.IPPROTO_ICMPV6}

Heard = tuple[bytes, int, int, int]
"""(packed source address, serial, nonce, stamp)."""


class IcmpSocket:
    """Sends echo requests and hears their replies; ``way`` is ``raw`` or ``unprivileged``. Never blocks."""

    def __init__(self, family: socket.AddressFamily) -> None:
        """Raises OSError when neither way is allowed; ``reason`` tells why it is not raw."""
        self.way, self.reason = "raw", ""
        self._version, self._ident = _VERSION[family], secrets.randbelow(0x10000)
        try:
            self._socket = socket.socket(family, socket.SOCK_RAW, _PROTOCOL[family])
        except PermissionError as error:
            self.way, self.reason = "unprivileged", f"raw: {error.strerror}"
            self._socket = socket.socket(family, socket.SOCK_DGRAM, _PROTOCOL[family])
        self._socket.setblocking(False)
        self.buffer = _receive_buffer(self._socket)
        if self.way == "raw":
            _only_replies(self._socket, self._version)
            _only_ours(self._socket, self._version, self._ident)
        self._ip_header = self.way == "raw" and self._version == 4

    def fileno(self) -> int:
        """For the loop."""
        return self._socket.fileno()

    def close(self) -> None:
        """Safe to call twice."""
        self._socket.close()

    def send(self, address: Address, serial: int, nonce: int, stamp: int) -> None:
        """One echo request. Raises OSError."""
        packet = packets.request(self._version, self._ident, serial, nonce, stamp)
        self._socket.sendto(packet, (address.text, 0))

    def receive(self) -> tuple[list[Heard], bool]:
        """At most DRAIN replies that are there, and whether that was all of them."""
        heard: list[Heard] = []
        take = self._take_with_header if self._ip_header else self._take
        for _ in range(DRAIN):
            try:
                one = take()
            except BlockingIOError:
                return heard, True
            except OSError:  # of an echo sent before; taking it clears it
                continue
            if one is not None:
                heard.append(one)
        return heard, False

    def _take_with_header(self) -> Heard | None:
        data = self._socket.recv(256)
        reply = packets.reply_in_ip(data)
        return None if reply is None else (data[12:16], *reply)

    def _take(self) -> Heard | None:
        data, source = self._socket.recvfrom(256)
        reply = packets.reply(self._version, data)
        family = self._socket.family
        return None if reply is None else (socket.inet_pton(family, source[0].partition("%")[0]), *reply)


class Icmp:
    """How each family is pinged: by its socket, or by TCP where ICMP is not allowed, or not at all."""

    def __init__(self) -> None:
        self.sockets: dict[socket.AddressFamily, IcmpSocket] = {}
        self._way: dict[socket.AddressFamily, tuple[str, str]] = {}
        for family in _VERSION:
            try:
                icmp = self.sockets[family] = IcmpSocket(family)
                self._way[family] = (icmp.way, icmp.reason)
            except PermissionError as error:
                self._way[family] = ("tcp", f"neither raw nor unprivileged ICMP: {error.strerror}")
            except OSError as error:
                self._way[family] = ("none", f"{error.strerror}")
        for family, (way, reason) in self._way.items():
            if way != "raw":
                log.warning("IPv%d is pinged by way of %s: %s", _VERSION[family], way, reason)

    def close(self) -> None:
        """Safe to call twice."""
        for icmp in self.sockets.values():
            icmp.close()

    def ways(self, addresses: Iterable[Address]) -> tuple[list[Address], list[Address], str]:
        """Which of them can be asked by echo, which by TCP, and why the others cannot."""
        by_echo = [one for one in addresses if one.family in self.sockets]
        by_tcp = [one for one in addresses if self._way[one.family][0] == "tcp"]
        return by_echo, by_tcp, "; ".join({self._way[one.family][1] for one in addresses})

    @property
    def health(self) -> dict[str, dict[str, object]]:
        """By family: the way (``raw``, ``unprivileged``, ``tcp``, ``none``), why, and the buffer for replies."""
        return {
            f"ipv{_VERSION[family]}": {
                **{"way": way, "reason": reason},
                "buffer": self.sockets[family].buffer if family in self.sockets else 0,
            }
            for family, (way, reason) in self._way.items()
        }


def _receive_buffer(icmp: socket.socket) -> int:
    """Ask for a large one and tell what was granted. Too small a one loses replies when we are late."""
    try:
        icmp.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, BUFFER)
    except PermissionError:
        icmp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    granted = icmp.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    if granted < ENOUGH:
        log.warning("the kernel grants %d bytes for ICMP replies: raise net.core.rmem_max to %d", granted, ENOUGH)
    return granted


def _only_replies(icmp: socket.socket, version: int) -> None:
    """The kernel drops every other type of ICMP before we are woken."""
    if version == 4:
        icmp.setsockopt(_SOL_RAW, _ICMP_FILTER, struct.pack("I", ~(1 << packets.REPLY[4]) & 0xFFFFFFFF))
        return
    words = [0xFFFFFFFF] * 8
    words[packets.REPLY[6] >> 5] &= ~(1 << (packets.REPLY[6] & 31))
    icmp.setsockopt(socket.IPPROTO_ICMPV6, _ICMP6_FILTER, struct.pack("8I", *words))


def _only_ours(icmp: socket.socket, version: int, ident: int) -> None:
    """The kernel drops replies to other processes' ids: several executors may share a host."""
    start = [(0xB1, 0, 0, 0)] if version == 4 else []  # X = length of the IP header
    load = (0x48 if version == 4 else 0x28, 0, 0, 4)  # A = the id, 4 behind X or behind 0
    program = [*start, load, (0x15, 0, 1, ident), (0x06, 0, 0, 0xFFFF), (0x06, 0, 0, 0)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in program))
    icmp.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HL", len(program), ctypes.addressof(code)))
