"""Addresses that really answer, and really stop: a network namespace behind one veth, no process in it.

The kernel of the namespace answers for whole networks (``local`` routes), so ten thousand addresses cost as
little as one. A cut address is black-holed there: nothing comes back, no refusal either. Needs root and iproute2.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import shutil
import socket
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from itertools import count as counting
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TypeVar

T = TypeVar("T")
_TARGETS = IPv4Network("198.18.0.0/16")  # set aside for tests of networks; links are in 198.19.0.0/16
_MOST = 16_000
_NUMBERS = counting()
_ANY_V6 = Path("/proc/sys/net/ipv6/ip_nonlocal_bind")  # so that a server may listen at such an address, too
_CLONE_NEWNET = 0x40000000


class Addresses:
    """``count`` IPv4 addresses (and ``count6`` IPv6) of a namespace of its own, reachable until they are cut."""

    def __init__(self, count: int, *, count6: int = 2) -> None:
        assert 0 < count <= _MOST, f"{count} addresses; at most {_MOST}"
        assert shutil.which("ip"), "the program `ip` is missing: apt-get install iproute2"
        assert os.geteuid() == 0, "only root can make network namespaces"
        self._count, self._count6 = count, count6
        self.name = f"mcfed-{os.getpid()}-{next(_NUMBERS)}"
        self.v4: list[str] = []
        self.v6: list[str] = []

    def __enter__(self) -> Addresses:
        with Path("/run/lock/mcfed-addresses").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _sweep()
            unit, network = _free_network(self._count)
            network6 = IPv6Network(f"fd6d:6366:6564:{unit:x}::/64")
            try:
                _batch(None, _outside(self.name, unit, network, network6))
                _batch(self.name, _inside(unit, network, network6))
                self.within(lambda: _ANY_V6.write_text("1"))
            except BaseException:
                _delete(self.name)
                raise
        self.v4 = [str(address) for address in islice(network.hosts(), self._count)]
        self.v6 = [str(address) for address in islice(network6.hosts(), self._count6)]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _delete(self.name)

    def cut(self, *addresses: str) -> None:
        """From now on these do not answer. Each must answer now."""
        _batch(self.name, [f"route add blackhole {_host(address)} table local" for address in addresses])

    def restore(self, *addresses: str) -> None:
        """From now on these answer again. Each must have been cut."""
        _batch(self.name, [f"route del blackhole {_host(address)} table local" for address in addresses])

    def listen(self, address: str, port: int) -> socket.socket:
        """A listening TCP socket at one of the addresses, for a server in this process."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return self.within(lambda: socket.create_server((address, port), family=family, backlog=512))

    def within(self, make: Callable[[], T]) -> T:
        """What ``make`` makes inside the namespace; its sockets stay there."""
        with ThreadPoolExecutor(1) as thread:  # a thread's namespace is its own, and ends with it
            thread.submit(_enter, self.name).result()
            return thread.submit(make).result()

    def command(self, *command: str) -> list[str]:
        """A command line that runs ``command`` inside the namespace."""
        return ["ip", "netns", "exec", self.name, *command]


def _outside(name: str, unit: int, network: IPv4Network, network6: IPv6Network) -> list[str]:
    link, link6 = f"mcfed{unit}", f"fd6d:6366:6565:{unit:x}"
    return [
        f"netns add {name}",
        f"link add {link} type veth peer name link netns {name}",
        f"addr add 198.19.{unit}.1/30 dev {link}",
        f"addr add {link6}::1/64 dev {link} nodad",
        f"link set {link} up",
        f"route add {network} via 198.19.{unit}.2 dev {link} onlink",
        f"route add {network6} via {link6}::2 dev {link} onlink",
    ]


def _inside(unit: int, network: IPv4Network, network6: IPv6Network) -> list[str]:
    link6 = f"fd6d:6366:6565:{unit:x}"
    return [
        "link set lo up",
        f"addr add 198.19.{unit}.2/30 dev link",
        f"addr add {link6}::2/64 dev link nodad",
        "link set dev link up",
        f"route add default via 198.19.{unit}.1",
        f"route add default via {link6}::1",
        f"route add local {network} dev lo",
        f"route add local {network6} dev lo table local",
    ]


def _free_network(count: int) -> tuple[int, IPv4Network]:
    """The number of the first /24 of a free network with room for so many, and that network."""
    taken = [ip_network(route["dst"]) for route in json.loads(_ip("-j", "route", "show", "root", str(_TARGETS)))]
    prefix = min(24, 32 - (count + 1).bit_length())
    for network in _TARGETS.subnets(new_prefix=prefix):
        if not any(network.overlaps(one) for one in taken):
            return network.network_address.packed[2], network
    raise AssertionError(f"no network for {count} addresses is free in {_TARGETS}: {taken}")


def _sweep() -> None:
    """Namespaces of processes that were killed before they could delete them."""
    for one in json.loads(_ip("-j", "netns", "list") or "[]"):
        maker = one["name"].split("-")
        if maker[0] == "mcfed" and not Path(f"/proc/{maker[1]}").exists():
            _delete(one["name"])


def _delete(name: str) -> None:
    """With it goes its end of the veth, thereby the other one, and thereby the routes."""
    _ip("-n", name, "link", "del", "dev", "link", check=False)
    _ip("netns", "del", name, check=False)


def _host(address: str) -> str:
    return f"{address}/{ip_address(address).max_prefixlen}"


def _batch(namespace: str | None, lines: list[str]) -> None:
    _ip(*(["-n", namespace] if namespace else []), "-batch", "-", told="\n".join(lines))


def _ip(*arguments: str, told: str = "", check: bool = True) -> str:
    done = subprocess.run(["ip", *arguments], input=told, capture_output=True, text=True, timeout=60)
    assert not check or done.returncode == 0, f"ip {' '.join(arguments)}: {done.stderr.strip()}"
    return done.stdout


def _enter(name: str) -> None:
    with Path(f"/run/netns/{name}").open() as namespace:
        failed = ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), _CLONE_NEWNET)
        if failed:
            raise OSError(ctypes.get_errno(), f"setns {name}")
