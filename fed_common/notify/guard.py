"""Where actions may not go: no consumer's URL makes the gateway call into networks that are not its business.

An address is forbidden when a network of FORBIDDEN_NETWORKS has it and none of ALLOWED_NETWORKS. It is looked at
twice: when an action is written, so that its author hears of it, and when a socket is about to be connected,
so that a name that means something else by then is of no use to anybody.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from django.conf import settings

from fed_common.core.errors import Invalid, Permanent, Retryable

LOOKUP_SECONDS = 2.0
LOOKUPS_AT_ONCE = 64
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_SIX_TO_FOUR = ipaddress.IPv6Network("2002::/16")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

lookups = ThreadPoolExecutor(LOOKUPS_AT_ONCE, thread_name_prefix="notify-names")
"""Names are looked up here: a name server that hangs over one name holds one thread, not the loop."""


class ForbiddenNetwork(PermissionError):
    """A socket that must not be connected."""


def forbidden(address: str) -> bool:
    """Whether nothing may be sent to this address; also for what is no address at all."""
    try:
        found = _meant(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:
        return True
    return _within(found, _networks("FORBIDDEN_NETWORKS", tuple(settings.FORBIDDEN_NETWORKS))) and not _within(
        found, _networks("ALLOWED_NETWORKS", tuple(settings.ALLOWED_NETWORKS))
    )


def check_host(host: str, *, field: str) -> None:
    """Raises Invalid when any address of this host is forbidden. A name nobody knows now passes: it may be soon.

    Blocks for at most about LOOKUP_SECONDS. ``2130706433`` and ``0x7f.1`` are read as the system would.
    """
    try:
        found = lookups.submit(_addresses, host).result(LOOKUP_SECONDS)
    except (OSError, UnicodeError, TimeoutError):
        return
    if bad := [address for address in found if forbidden(address)]:
        allowed = "an address outside of the forbidden networks (MCFED_FORBIDDEN_NETWORKS, MCFED_ALLOWED_NETWORKS)"
        raise Invalid(field, host if host == bad[0] else f"{host} ({bad[0]})", allowed)


async def addresses_of(host: str, *, timeout: float) -> list[str]:
    """The addresses of a host that may be called, for notifiers that open sockets of their own.

    Raises Retryable: nobody knows the name now; Permanent: every address is forbidden.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout):
            found = await loop.run_in_executor(lookups, _addresses, host)
    except (OSError, UnicodeError, TimeoutError):
        raise Retryable(f"the host {host} is not known") from None
    if fine := [address for address in found if not forbidden(address)]:
        return fine
    raise Permanent(f"the host {host} is in a forbidden network")


def open_socket(address_info: tuple[int, int, int, str, tuple[object, ...]]) -> socket.socket:
    """A socket for this address, as asyncio wants it. Raises ForbiddenNetwork. aiohttp's ``socket_factory``."""
    family, kind, protocol, _, where = address_info
    if forbidden(str(where[0])):
        raise ForbiddenNetwork(f"{where[0]} is in a forbidden network")
    made = socket.socket(family, kind, protocol)
    made.setblocking(False)
    return made


def _addresses(host: str) -> list[str]:
    return list(dict.fromkeys(str(one[4][0]) for one in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)))


def _meant(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, where it does."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return address.ipv4_mapped
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if address in _SIX_TO_FOUR:
            return ipaddress.IPv4Address((int(address) >> 80) & 0xFFFFFFFF)
    return address


def _within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


@lru_cache(16)
def _networks(name: str, texts: tuple[str, ...]) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(text.strip(), strict=False) for text in texts)
    except ValueError as error:
        allowed = f"networks such as 10.0.0.0/8, with commas ({error})"
        raise Invalid(f"MCFED_{name}", ",".join(texts), allowed) from None
