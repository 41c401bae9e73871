"""An executor that does nothing but own shards, as a process: ``python -m tests.shard_runner NAME``.

It asks a hundred times a second what it owns, as an executor does before it reports, and writes a line for
every change: {"until": the last moment it believed what the line before says, "since": now, "epochs": …}.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import threading
import time
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta

import django

_WRITING = threading.Lock()


def main() -> None:
    """Own shards until SIGTERM."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("name")
    options.add_argument("--lease-only", action="store_true")
    options.add_argument("--clock", type=float, default=0, help="hours this node's wall clock is wrong by")
    asked = options.parse_args()
    if asked.clock:
        _shift_clock(asked.clock * 3600)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fed_common.settings")
    django.setup()
    from fed_common.monitor.shards.ownership import ShardOwnership
    from fed_common.telemetry.logging import setup_logging

    setup_logging("INFO")
    told: dict[int, int] = {}
    ownership = ShardOwnership(asked.name, _gained(told), _lost(told), lock=not asked.lease_only)
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    ownership.start()
    believed: Mapping[int, int] | None = None
    until = 0.0
    while not stopping.wait(0.01):
        asking = time.monotonic()
        epochs = ownership.epochs()
        if epochs != believed:
            _write(until=until, since=time.monotonic(), epochs=epochs, **ownership.health())
            believed = epochs
        until = asking
    ownership.stop()
    _write(until=until, since=time.monotonic(), epochs=ownership.epochs(), told=told)


def _gained(told: dict[int, int]):
    def gained(epochs: Mapping[int, int]) -> None:
        _write(gained=epochs, twice=sorted(told.keys() & epochs.keys()), at=time.monotonic())
        told.update(epochs)

    return gained


def _lost(told: dict[int, int]):
    def lost(shards: Collection[int]) -> None:
        _write(lost=list(shards), twice=sorted(set(shards) - told.keys()), at=time.monotonic())
        for shard in shards:
            told.pop(shard, None)

    return lost


def _write(**line: object) -> None:
    with _WRITING:
        os.write(1, json.dumps(line).encode() + b"\n")


def _shift_clock(seconds: float) -> None:
    """Everything in this process that asks for the wall clock gets a wrong answer."""
    from django.utils import timezone

    from fed_common.core import clock

    right = time.time
    time.time = lambda: right() + seconds
    clock.now = timezone.now = lambda: datetime.now(UTC) + timedelta(seconds=seconds)


if __name__ == "__main__":
    main()
