"""The broker beside a direct call and beside the ONAP style, and the living VIMs beside the dead, in one run.

The ONAP style runs in four processes as its run.sh has it, the gateway in ``GATEWAYS`` as behind a load
balancer; cloud, A&AI and load are the same for both. What a call costs is told as processor time, too.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import requests

from tests.bench.contenders import running
from tests.bench.http_load import Took, flat_out, steadily
from tests.bench.measure import cpu_seconds, peak_memory
from tests.processes import ROOT, Deployment, Process, deployed, free_port
from tests.waiting import until

GATEWAYS, RATE, SECONDS, LONG, ROUNDS = 2, 200.0, 4.0, 20.0, 5
VIM, REST_OF_PATH = "CloudOwner_RegionOne", "/nova/t/servers"
PLUGINS = {"openstack": "alive", "vmware": "silent", "vsphere": "refusing"}


@dataclass(frozen=True)
class Contender:
    """Where calls go, and the processes that route them."""

    name: str
    urls: Sequence[str]
    headers: dict[str, str]
    pids: Sequence[int] = ()


@dataclass(frozen=True)
class Figures:
    """What was measured of a contender; medians over the rounds."""

    name: str
    rate: float
    cpu_us: float
    p50_ms: float
    p99_ms: float
    memory: int


def main() -> None:
    """Measure and print the tables."""
    with ExitStack() as stack:
        cloud = stack.enter_context(serving("tests.bench.null_cloud"))
        deployment = stack.enter_context(gateways(cloud))
        onap = stack.enter_context(onap_style(cloud))
        direct = Contender("direct", [cloud + REST_OF_PATH], {"X-Auth-Token": "cloud"})
        print(table(measured([direct, gateway_of(deployment), onap])))
        print(dead_and_living(deployment))


def measured(contenders: Sequence[Contender]) -> list[Figures]:
    """All rounds, the contenders taking turns, so that what else the machine does meets them alike."""
    rounds: list[list[_Round]] = [[] for _ in contenders]
    for _ in range(ROUNDS):
        for one, told in zip(contenders, rounds, strict=True):
            told.append(_round(one))
    return [_figures(one, told) for one, told in zip(contenders, rounds, strict=True)]


@dataclass(frozen=True)
class _Round:
    """One turn of a contender."""

    rate: float
    cpu_us: float
    steady: Took


def _round(one: Contender) -> _Round:
    asyncio.run(flat_out(one.urls, one.headers, seconds=1))
    before = sum(map(cpu_seconds, one.pids))
    rate = asyncio.run(flat_out(one.urls, one.headers, seconds=SECONDS))
    cpu_us = (sum(map(cpu_seconds, one.pids)) - before) / (rate * SECONDS) * 1e6
    steady = load(one.urls[:1], one.headers, SECONDS)
    assert set(steady.statuses) == {200}, steady.statuses
    return _Round(rate, cpu_us, steady)


def _figures(one: Contender, rounds: Sequence[_Round]) -> Figures:
    rate, cpu_us = median(told.rate for told in rounds), median(told.cpu_us for told in rounds)
    p50, p99 = median(told.steady.p50_ms for told in rounds), median(told.steady.p99_ms for told in rounds)
    return Figures(one.name, rate, cpu_us, p50, p99, sum(map(peak_memory, one.pids)))


def table(rows: Sequence[Figures]) -> str:
    """Ratios are to the last row, what is added to the first."""
    head = ["broker", "calls/s", "ratio", "CPU us/call", "p50 ms", "p99 ms", "adds p50", "adds p99", "peak MiB"]
    lines = [head, ["---"] + ["---:"] * (len(head) - 1)]
    first, last = rows[0], rows[-1]
    for row in rows:
        added = [f"{row.p50_ms - first.p50_ms:.1f}", f"{row.p99_ms - first.p99_ms:.1f}"]
        lines.append(
            [
                *(row.name, f"{row.rate:,.0f}", f"{row.rate / last.rate:.1f}", f"{row.cpu_us:.0f}"),
                *(f"{row.p50_ms:.1f}", f"{row.p99_ms:.1f}", *added, str(row.memory)),
            ]
        )
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def dead_and_living(deployment: Deployment) -> str:
    """100 VIMs that live at 200 calls/s: alone, and while 100 that do not answer get as many."""
    gateway = gateway_of(deployment)
    base = gateway.urls[0].partition("/api/")[0]
    living, dead = [], []
    for number in range(100):
        living.append(_register(deployment, base, f"living{number}", "openstack"))
        dead.append(_register(deployment, base, f"dead{number}", ("vmware", "vsphere")[number % 2]))
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as another:
        another.submit(load, living, gateway.headers, 2).result()
        alone = load(living, gateway.headers, LONG)
        later = another.submit(load, dead, gateway.headers, LONG)
        beside = load(living, gateway.headers, LONG)
        rows = [("100 living VIMs alone", alone), ("beside 100 dead", beside), ("the dead", later.result())]
    lines = ["| VIMs | p50 ms | p99 ms | answers |", "| --- | ---: | ---: | --- |"]
    return "\n".join(lines + [_row(name, took) for name, took in rows])


def load(urls: Sequence[str], headers: dict[str, str], seconds: float) -> Took:
    """A steady load whose own process does nothing else, and halts for nothing."""
    gc.collect()
    gc.freeze()
    return asyncio.run(steadily(urls, headers, rate=RATE, seconds=seconds))


def _row(name: str, took: Took) -> str:
    answers = ", ".join(f"{count} x {status}" for status, count in sorted(took.statuses.items()))
    return f"| {name} | {took.p50_ms:.1f} | {took.p99_ms:.1f} | {answers} |"


def _register(deployment: Deployment, base: str, owner: str, kind: str) -> str:
    deployment.rest("POST", "/vims", {"cloud_owner": owner, "cloud_region_id": "R", "type": kind})
    return f"{base}/api/multicloud/v0/{owner}_R{REST_OF_PATH}"


def gateway_of(deployment: Deployment) -> Contender:
    """The gateway's processes."""
    token = str(deployment.session.headers["X-Auth-Token"])
    headers = {"X-Multicloud-Token": token, "X-Auth-Token": "cloud"}
    urls = [f"http://127.0.0.1:{one.port}/api/multicloud/v0/{VIM}{REST_OF_PATH}" for one in deployment.processes]
    name = f"gateway, {len(urls)} processes"
    return Contender(name, urls, headers, [one.pid for one in deployment.processes])


@contextmanager
def gateways(cloud: str) -> Iterator[Deployment]:
    """So many processes of the gateway before three plugins, of which one lives."""
    with tempfile.TemporaryDirectory() as folder, silent() as mute:
        file = Path(folder) / "providers.json"
        file.write_text(json.dumps({kind: {"provider_plugin": name} for kind, name in PLUGINS.items()}))
        urls = f"alive={cloud},silent={mute},refusing=http://127.0.0.1:{free_port()}"
        wiring = {"MCFED_PROVIDERS": str(file), "MCFED_PLUGIN_URLS": urls, "MCFED_RATE_PER_SECOND": "0"}
        with deployed(Path(folder), **wiring) as deployment:
            deployment.gateway()
            owner, _, region = VIM.partition("_")
            deployment.rest(
                "POST", "/vims", {"cloud_owner": owner, "cloud_region_id": region, "type": "openstack"}
            )
            for number in range(1, GATEWAYS):
                deployment.processes.append(_another(deployment, number))
            yield deployment


def _another(deployment: Deployment, number: int) -> Process:
    port = free_port()
    env = {**deployment.env, "MCFED_PORT": str(port)}
    process = Process([sys.executable, "manage.py", "gateway"], env, deployment.folder / f"{number}.log", port)
    until(process.ready, within=60)
    return process


@contextmanager
def onap_style(cloud: str) -> Iterator[Contender]:
    """A broker as ONAP's, its A&AI and its MSB."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/api/multicloud/v0/{VIM}{REST_OF_PATH}"
    with serving("tests.bench.msb_hop", cloud.rpartition(":")[2]) as msb:
        command = [sys.executable, "-m", "tests.bench.onap_style", str(port), cloud, msb]
        process = subprocess.Popen(command, cwd=ROOT, start_new_session=True, stderr=subprocess.DEVNULL)
        try:
            until(lambda: _answers(url))
            children = subprocess.run(["ps", "-o", "pid=", "-g", str(process.pid)], capture_output=True, text=True)
            pids = [int(pid) for pid in children.stdout.split()]
            yield Contender(f"ONAP style, {len(pids)} processes", [url], {"X-Auth-Token": "cloud"}, pids)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def serving(module: str, *arguments: str) -> Iterator[str]:
    """A server of the bench; its URL."""
    port = free_port()
    with running("-m", module, str(port), *arguments):
        until(lambda: _answers(f"http://127.0.0.1:{port}/"))
        yield f"http://127.0.0.1:{port}"


@contextmanager
def silent() -> Iterator[str]:
    """An address that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def _answers(url: str) -> Any:
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


if __name__ == "__main__":
    main()
