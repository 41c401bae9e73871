"""The probing engine beside fping and beside a ping forked for each check, as Tacker does, in one run.

Every address of 127/8 answers, so they are ten thousand targets for nothing; the answering costs the processor
time of who asks, for all contenders alike. ``python -m tests.bench.executor`` runs it alone.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from fed_common.core.health import Check, Outcome, ProbeKind, Verdict
from fed_common.monitor.engine.engine import Engine
from tests.bench.broker import serving
from tests.bench.measure import peak_memory
from tests.conftest import service
from tests.processes import ROOT

SECONDS, SETTLE, FORKING = 10.0, 3.0, 5.0
PINGED, BY_HTTP, BY_FPING = (1_000, 10_000, 50_000), 2_000, 10_000


@dataclass(frozen=True)
class Row:
    """What so many checks took. ``lost``: echoes not answered by half their timeout; None: not known."""

    name: str
    rate: float
    cpu_us: float
    checks: int
    down: int
    lost: int | None = None
    lag_ms: float | None = None
    memory: int | None = None


def main() -> None:
    """Measure and print the table."""
    fping = service("fping", "path")
    rows = [_forked(), _fping(fping)]
    rows += [_engine("ping", count) for count in PINGED]
    with serving("tests.bench.null_cloud") as url:
        rows.append(_engine("http_ping", BY_HTTP, url.rpartition(":")[2]))
    print(table(rows))


def table(rows: list[Row]) -> str:
    """As Markdown; ratios are of the processor time of a check, to the first row."""
    head = ["executor", "checks/s", "core %", "us/check", "ratio", "checks", "down", "lost", "lag ms", "peak MiB"]
    lines = [head, ["---"] + ["---:"] * (len(head) - 1)]
    for row in rows:
        ratio = rows[0].cpu_us / row.cpu_us
        lines.append(
            [
                *(row.name, f"{row.rate:,.0f}", f"{row.rate * row.cpu_us / 1e4:.0f}", f"{row.cpu_us:.0f}"),
                *(f"{ratio:,.0f}", f"{row.checks:,}", f"{row.down}", _or_none(row.lost)),
                *(_or_none(row.lag_ms), _or_none(row.memory)),
            ]
        )
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def addresses(count: int) -> Iterator[str]:
    """So many addresses that answer."""
    return (f"127.{10 + number // 62_500}.{number // 250 % 250}.{number % 250 + 1}" for number in range(count))


def _forked() -> Row:
    """One ping after the other."""
    began, cpu, checks, down = time.monotonic(), _children(), 0, 0
    for address in addresses(BY_FPING):
        command = ["ping", "-c", "1", "-W", "1", "-i", "1", address]
        down += subprocess.run(command, stdout=subprocess.DEVNULL).returncode != 0
        checks += 1
        if time.monotonic() - began > FORKING:
            break
    took = time.monotonic() - began
    return Row("ping forked for each check", checks / took, (_children() - cpu) / checks * 1e6, checks, down)


def _fping(program: str) -> Row:
    """One round, 1 ms between the echoes, no second try."""
    began, cpu = time.monotonic(), _children()
    done = subprocess.run(
        [program, "-i", "1", "-r", "0", "-t", "1000", "-u"],
        **{"input": "\n".join(addresses(BY_FPING)), "capture_output": True, "text": True},  # type: ignore[call-overload]
    )
    took, down = time.monotonic() - began, len(done.stdout.split())
    used = (_children() - cpu) / BY_FPING * 1e6
    return Row("fping -i 1, one round", BY_FPING / took, used, BY_FPING, down)


def _engine(kind: str, count: int, port: str = "0") -> Row:
    """The engine in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.executor", kind, str(count), port]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    return Row(**json.loads(done.stdout.splitlines()[-1]))


async def run(kind: ProbeKind, count: int, port: int) -> Row:
    """So many targets at 1 s, for some seconds after they have settled."""
    verdicts: Counter[Verdict] = Counter()

    def hear(_: int, outcome: Outcome) -> None:
        verdicts[outcome.verdict] += 1

    engine = Engine(hear)
    engine.start()
    knocked: list[float] = []
    again = engine._pings._again
    engine._pings._again = lambda ping, now: knocked.append(now) or again(ping, now)  # type: ignore[method-assign,func-returns-value]
    there = addresses(count) if kind is ProbeKind.PING else ["127.0.0.1"] * count
    for key, address in enumerate(there):
        engine.put(key, Check(kind, address, port))
    await asyncio.sleep(SETTLE)
    verdicts.clear()
    knocked.clear()
    began, cpu, lag = time.monotonic(), time.process_time(), 0.0
    while time.monotonic() < began + SECONDS:
        await asyncio.sleep(0.5)
        lag = max(lag, float(str(engine.health["lag"])))
    took, used, checks = time.monotonic() - began, time.process_time() - cpu, verdicts.total()
    down = checks - verdicts[Verdict.UP]
    engine.stop()
    name = f"engine, {count:,} targets, {kind}"
    knocks = len(knocked) if kind is ProbeKind.PING else None
    return Row(name, checks / took, used / checks * 1e6, checks, down, knocks, lag * 1e3, peak_memory(os.getpid()))


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _or_none(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


if __name__ == "__main__":
    if sys.argv[1:]:
        kind, count, port = sys.argv[1:]
        print(json.dumps(asdict(asyncio.run(run(ProbeKind(kind), int(count), int(port))))))
    else:
        main()
