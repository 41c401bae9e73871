"""What an agent has heard and could not hand over yet: a short file that outlives it."""

from __future__ import annotations

import json
import os
import threading
from collections import deque
from pathlib import Path
from typing import Any

MOST = 1000

Report = dict[str, Any]


class Spool:
    """Reports in their order, at most ``most``: then the oldest goes. On the disk before ``add`` returns.

    Thread-safe, for one process a file. A last line that was cut off by a crash is left out.
    """

    def __init__(self, path: Path, most: int = MOST) -> None:
        self._path, self._most = path, most
        self._turn, self._news = threading.Lock(), threading.Event()
        self._waiting: deque[Report] = deque(_read(path)[-most:])
        self._write()
        if self._waiting:
            self._news.set()

    def add(self, report: Report) -> int:
        """Keep one more; how many old ones had to go for it. Raises OSError: it is kept in memory alone."""
        with self._turn:
            self._waiting.append(report)
            self._news.set()
            gone = max(len(self._waiting) - self._most, 0)
            for _ in range(gone):
                self._waiting.popleft()
            if gone:
                self._write()
            else:
                with self._path.open("a") as file:
                    _put(file, [report])
            return gone

    def first(self, wait: float) -> Report | None:
        """The oldest one, waiting so many seconds for one."""
        self._news.wait(wait)
        with self._turn:
            return self._waiting[0] if self._waiting else None

    def done(self, report: Report) -> None:
        """It is handed over. Safe to call for one that went already."""
        with self._turn:
            if self._waiting and self._waiting[0] is report:
                self._waiting.popleft()
                self._write()
            if not self._waiting:
                self._news.clear()

    def __len__(self) -> int:
        return len(self._waiting)

    def _write(self) -> None:
        """The whole file anew, in one step."""
        draft = self._path.with_name(f"{self._path.name}.new")
        with draft.open("w") as file:
            _put(file, self._waiting)
        draft.replace(self._path)


def _put(file: Any, reports: Any) -> None:
    file.writelines(json.dumps(one) + "\n" for one in reports)
    file.flush()
    os.fsync(file.fileno())


def _read(path: Path) -> list[Report]:
    """Raises OSError when there is a file that cannot be read."""
    reports = []
    for line in path.read_text().splitlines() if path.exists() else ():
        try:
            reports.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return [one for one in reports if isinstance(one, dict)]
