"""Echo requests and replies of ICMP and ICMPv6 as bytes. Pure: nothing here touches a socket."""

from __future__ import annotations

from struct import Struct
from typing import Final

ECHO: Final = {4: 8, 6: 128}
"""The type of an echo request, by version of IP."""

REPLY: Final = {4: 0, 6: 129}
"""The type of its reply."""

_LAYOUT = Struct(">BBHHHQQQ")  # type, code, checksum, id, sequence; ours: serial, nonce, stamp
SIZE: Final = _LAYOUT.size

Reply = tuple[int, int, int]
"""(serial, nonce, stamp) as ``request`` was given them."""


def request(version: int, ident: int, serial: int, nonce: int, stamp: int) -> bytes:
    """An echo request of check ``serial``, sent at ``stamp``; only who has seen it knows its ``nonce``.

    The serial numbers checks without end, so it is what tells replies apart; the 16 bits of the sequence
    are too few. The kernel puts in the checksum of ICMPv6, and its own id on unprivileged sockets.
    """
    sequence = serial & 0xFFFF
    total = (ECHO[version] << 8) + ident + sequence + serial + nonce + stamp
    return _LAYOUT.pack(ECHO[version], 0, checksum(total), ident, sequence, serial, nonce, stamp)


def checksum(total: int) -> int:
    """RFC 1071, of the sum of all fields: as 2**16 is 1 modulo 65535, it does not matter how long they are."""
    return 0xFFFF - total % 0xFFFF


def reply(version: int, data: bytes, start: int = 0) -> Reply | None:
    """What an echo reply says, its ICMP header at ``start``; None of anything else."""
    if len(data) < start + SIZE:
        return None
    kind, code, _, _, sequence, serial, nonce, stamp = _LAYOUT.unpack_from(data, start)
    if kind != REPLY[version] or code or sequence != serial & 0xFFFF:
        return None
    return serial, nonce, stamp


def reply_in_ip(data: bytes) -> Reply | None:
    """The same of a reply behind its IPv4 header, as a raw socket hands it on."""
    return reply(4, data, (data[0] & 15) * 4) if data else None
