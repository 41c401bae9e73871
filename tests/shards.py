"""Executors that only own shards, as processes on one database, and what each believed at what time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.processes import ROOT
from tests.waiting import until

SHARDS = 256


@dataclass(frozen=True)
class Belief:
    """That long an executor believed it owns this, on the clock all processes of a machine share."""

    owner: str
    since: float
    until: float
    epochs: dict[int, int]


class Runner:
    """One executor; what it says goes to a file."""

    def __init__(self, name: str, folder: Path, database_url: str, *options: str) -> None:
        self.name, self._said, self._killed_at = name, folder / f"{name}.said", float("inf")
        env = {**os.environ, "MCFED_DATABASE_URL": database_url, "MCFED_DATA": str(folder)}
        command = [sys.executable, "-m", "tests.shard_runner", name, *options]
        with self._said.open("ab") as said, (folder / f"{name}.log").open("wb") as log:
            self._popen = subprocess.Popen(command, cwd=ROOT, env=env, stdout=said, stderr=log)

    def said(self) -> list[dict[str, Any]]:
        """Every complete line so far."""
        whole = self._said.read_bytes().rpartition(b"\n")[0]
        return [json.loads(line) for line in whole.split(b"\n") if line]

    def now(self) -> dict[str, Any]:
        """What it believed last, with its health."""
        return next((line for line in reversed(self.said()) if "since" in line), {"epochs": {}})

    def epochs(self) -> dict[int, int]:
        """The shards it owns."""
        return {int(shard): epoch for shard, epoch in self.now()["epochs"].items()}

    def owns_some(self) -> bool:
        """Whether it has a good part of them."""
        return len(self.epochs()) > SHARDS // 4

    def beliefs(self) -> list[Belief]:
        """What it believed, one after the other."""
        lines = [line for line in self.said() if "since" in line]
        ends = [line["until"] for line in lines[1:]] + [min(self._killed_at, time.monotonic())]
        return [
            Belief(self.name, line["since"], end, {int(key): epoch for key, epoch in line["epochs"].items()})
            for line, end in zip(lines, ends, strict=True)
        ]

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self._popen.send_signal(number)

    def kill(self) -> float:
        """kill -9; when that was."""
        self._killed_at = time.monotonic()
        self._popen.kill()
        self._popen.wait()
        return self._killed_at

    def stop(self) -> None:
        """Let it leave in order."""
        if self._popen.poll() is None:
            self.signal(signal.SIGCONT)
            self._popen.terminate()
            assert self._popen.wait(60) == 0

    @property
    def running(self) -> bool:
        """Whether it lives."""
        return self._popen.poll() is None


class Fleet:
    """Some of them."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self._folder, self._database_url = folder, database_url
        self.runners: list[Runner] = []

    def start(self, *names: str, options: tuple[str, ...] = (), url: str = "") -> list[Runner]:
        """Start executors of these names."""
        made = [Runner(name, self._folder, url or self._database_url, *options) for name in names]
        self.runners += made
        return made

    def shared(self, *owners: Runner, within: float = 60) -> dict[int, int]:
        """Wait until these own every shard between them, in fair shares; the epochs."""
        least, more = divmod(SHARDS, len(owners))
        fair = sorted([least + 1] * more + [least] * (len(owners) - more))
        until(lambda: sorted(len(one.epochs()) for one in owners) == fair, within=within)
        merged = {shard: epoch for one in owners for shard, epoch in one.epochs().items()}
        assert len(merged) == SHARDS
        return merged

    def taken_over(self, shards: Collection[int], *heirs: Runner, since: float) -> float:
        """Wait until these began to own each of the shards after that moment; when the last one had an heir."""

        def begun() -> dict[int, float]:
            told = [line for one in heirs for line in one.said() if "gained" in line and line["at"] > since]
            times: dict[int, float] = {}
            for line in sorted(told, key=lambda line: line["at"]):
                times |= {int(shard): line["at"] for shard in line["gained"] if int(shard) not in times}
            return times if times.keys() >= set(shards) else {}

        times = until(begun, within=60)
        return max(times[shard] for shard in shards)

    def owned_twice(self) -> dict[int, float]:
        """How long any shard had two owners who both believed in it, in seconds."""
        every = [belief for one in self.runners for belief in one.beliefs()]
        found: dict[int, float] = {}
        for one in every:
            for other in every:
                overlap = min(one.until, other.until) - max(one.since, other.since)
                if one.owner < other.owner and overlap > 0:
                    for shard in one.epochs.keys() & other.epochs.keys():
                        found[shard] = max(found.get(shard, 0.0), overlap)
        return found

    def falling_epochs(self) -> list[tuple[int, str, int]]:
        """Whoever began to own a shard with an epoch not above that of all who began before."""
        begun = sorted(
            (line["at"], one.name, int(shard), epoch)
            for one in self.runners
            for line in one.said()
            for shard, epoch in line.get("gained", {}).items()
        )
        highest: dict[int, int] = {}
        wrong = []
        for _, name, shard, epoch in begun:
            if epoch <= highest.get(shard, 0):
                wrong.append((shard, name, epoch))
            highest[shard] = max(epoch, highest.get(shard, 0))
        return wrong

    def told_twice(self) -> list[Any]:
        """Shards that were gained or lost twice without the other between."""
        return [line for one in self.runners for line in one.said() if line.get("twice")]

    def stop(self) -> None:
        """End those that still run."""
        for one in self.runners:
            if one.running:
                one.signal(signal.SIGCONT)
                one.signal(signal.SIGKILL)


@contextmanager
def fleet(folder: Path, database_url: str) -> Iterator[Fleet]:
    """A fleet that is stopped at the end."""
    made = Fleet(folder, database_url)
    try:
        yield made
    finally:
        made.stop()
