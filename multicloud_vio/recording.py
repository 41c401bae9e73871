"""A recorded stretch of a cloud's notifications, told again as if it happened now. Pure but for new ids.

A line is a JSON object: ``at`` (seconds since the first line), ``wire`` (legacy or versioned) and
``notification`` with oslo's keys and ``request_id``.
"""

from __future__ import annotations

import gzip
import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from fed_common.core import clock
from multicloud_vio.versioned import data

LONGEST_GAP = 1.5
STRETCH = 30.0
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)([T ])(\d\d:\d\d:\d\d)(\.\d{6})?")


class Told(NamedTuple):
    """One notification of a round, due so many seconds after the round began."""

    due: float
    wire: str
    notification: Mapping[str, Any]


class Recording:
    """The lines and their rhythm: recorded gaps stretched, so that a person can follow, and capped."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = [json.loads(line) for line in lines]
        self._at: list[float] = [line["at"] for line in self._lines]
        gaps = [min(STRETCH * (later - earlier), LONGEST_GAP) for earlier, later in pairwise(self._at)]
        self._due = list(accumulate(gaps, initial=0.0))
        self._renewed = {name for line in self._lines for name in _names(line["notification"])}
        self._began = clock.parse(self._lines[0]["notification"]["timestamp"]) or clock.now()

    def round(self, start: datetime) -> Iterator[Told]:
        """The whole recording once, with new message, request and instance ids and times from ``start`` on."""
        new_names = {name: str(uuid4()) for name in self._renewed}
        for line, due in zip(self._lines, self._due, strict=True):
            text = json.dumps(line["notification"])
            text = _UUID.sub(lambda found: new_names.get(found[0], found[0]), text)
            text = _TIME.sub(lambda found: self._moved(found, start), text)
            yield Told(due, line["wire"], json.loads(text))

    def _moved(self, found: re.Match[str], start: datetime) -> str:
        """The time at which the recorded moment happens in this round, in the form it was written in."""
        recorded = clock.parse(found[0]) or self._began
        moment = start + timedelta(seconds=self._told((recorded - self._began).total_seconds()))
        day, clock_time, fraction = moment.strftime("%Y-%m-%d %H:%M:%S .%f").split(" ")
        return day + found[2] + clock_time + (fraction if found[4] else "")

    def _told(self, at: float) -> float:
        """When in the round a recorded moment is due."""
        after = bisect_right(self._at, at)
        if after == 0:
            return at
        if after == len(self._at):
            return self._due[-1]
        part = (at - self._at[after - 1]) / (self._at[after] - self._at[after - 1])
        return self._due[after - 1] + part * (self._due[after] - self._due[after - 1])


def read_recording(path: Path) -> Recording:
    """Read a recording from a gzipped file of lines."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return Recording(lines)


def _names(notification: Mapping[str, Any]) -> Iterator[str]:
    """The ids that are new in every round; those of images, flavors and users stay."""
    payload = notification["payload"]
    yield notification["message_id"]
    yield notification["request_id"].removeprefix("req-")
    yield payload.get("instance_id") or data(payload)["uuid"]
