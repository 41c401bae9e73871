"""The engine in a process of its own: without permissions, and stopped in the middle of things."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from fed_common.core.health import Check, ProbeKind, Verdict
from fed_common.monitor.engine import sockets
from fed_common.monitor.engine.sockets import Icmp
from tests.addresses import Addresses
from tests.probing import engine
from tests.processes import ROOT
from tests.waiting import until

ASK = """
import asyncio, json, logging, sys
from fed_common.core.health import Check, ProbeKind
from fed_common.monitor.engine.engine import Engine

async def main():
    engine = Engine(lambda key, outcome: None, tcp_ports=(7, 9))
    engine.start()
    told = {"icmp": engine.health["icmp"]}
    for address in sys.argv[1:]:
        told[address] = (await engine.ask(Check(ProbeKind.PING, address, timeout=0.5))).verdict
    print(json.dumps(told))
    engine.stop()

logging.basicConfig()
asyncio.run(main())
"""
WATCH = """
import asyncio, sys
from fed_common.core.health import Check, ProbeKind
from fed_common.monitor.engine.engine import Engine

async def main():
    engine = Engine(lambda key, outcome: print(key, outcome.verdict, flush=True))
    engine.start()
    for key, address in enumerate(sys.argv[1:]):
        engine.put(key, Check(ProbeKind.PING, address, interval=0.1, timeout=0.3))
    await asyncio.sleep(600)

asyncio.run(main())
"""
WITHOUT = ["setpriv", "--bounding-set=-net_raw,-net_admin", "--inh-caps=-net_raw,-net_admin"]


@pytest.fixture
def addresses() -> Iterator[Addresses]:
    with Addresses(20) as made:
        yield made


def test_without_the_permission_for_icmp_it_is_tcp_and_says_so(addresses: Addresses) -> None:  # T106
    addresses.cut(addresses.v4[1])
    done = _run([*WITHOUT, sys.executable, "-c", ASK, addresses.v4[0], addresses.v4[1], "::1"])
    told = json.loads(done.stdout)
    assert {one["way"] for one in told["icmp"].values()} == {"tcp"}
    assert told["icmp"]["ipv4"]["reason"] == "neither raw nor unprivileged ICMP: Permission denied"
    assert told[addresses.v4[0]] == told["::1"] == Verdict.UP, "a refusal is an answer"
    assert told[addresses.v4[1]] == Verdict.DOWN
    assert done.stderr.count("IPv4 is pinged by way of tcp") == 1


def test_where_the_kernel_allows_it_to_all_it_is_unprivileged_icmp(addresses: Addresses) -> None:  # T106
    allow = 'echo 0 2147483647 > /proc/sys/net/ipv4/ping_group_range && exec "$@"'
    inside = addresses.command("sh", "-c", allow, "sh", *WITHOUT, sys.executable, "-c", ASK, "127.0.0.1", "::1")
    told = json.loads(_run(inside).stdout)
    assert {one["way"] for one in told["icmp"].values()} == {"unprivileged"}
    assert told["127.0.0.1"] == told["::1"] == Verdict.UP


def test_where_nothing_works_it_is_an_error_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:  # T106
    class NoSocket:
        def __init__(self, *_: object) -> None:
            raise OSError(97, "Address family not supported by protocol")

    monkeypatch.setattr(sockets, "IcmpSocket", NoSocket)

    async def run() -> None:
        async with engine() as (asked, _):
            outcome = await asked.ask(Check(ProbeKind.PING, "127.0.0.1"))
            assert outcome.verdict is Verdict.ERROR
            assert outcome.reason == "Address family not supported by protocol"

    asyncio.run(run())


def test_a_small_receive_buffer_is_warned_of(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sockets, "BUFFER", 100_000)
    Icmp().close()
    assert "raise net.core.rmem_max" in caplog.text


def test_a_process_that_was_stopped_takes_no_target_for_down(addresses: Addresses) -> None:
    command = [sys.executable, "-c", WATCH, *addresses.v4]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            _read(process, 100)
            for _ in range(3):
                process.send_signal(signal.SIGSTOP)
                time.sleep(0.7)
                process.send_signal(signal.SIGCONT)
                assert {verdict for _, verdict in _read(process, 200)} == {"up"}
            addresses.cut(addresses.v4[3])
            until(lambda: ("3", "down") in _read(process, 20))
        finally:
            process.kill()


def _read(process: subprocess.Popen[str], lines: int) -> list[tuple[str, str]]:
    assert process.stdout
    return [tuple(process.stdout.readline().split()) for _ in range(lines)]  # type: ignore[misc]


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]
    return done
