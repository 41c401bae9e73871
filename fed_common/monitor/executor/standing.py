"""An executor's share of the shards, which it hands back while what it sees cannot be believed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from typing import Any

from fed_common.core.errors import Retryable
from fed_common.monitor.shards.ownership import ShardOwnership
from fed_common.telemetry.logging import get_logger

LOOK_EVERY = 5.0

log = get_logger(__name__)
Gained = Callable[[Mapping[int, int]], None]
Lost = Callable[[Collection[int]], None]


class Standing:
    """As ShardOwnership, which it has, and begins anew."""

    def __init__(self, name: str, gained: Gained, lost: Lost) -> None:
        self._name, self._gained, self._lost = name, gained, lost
        self._ownership = self._new()
        self._stopping = threading.Event()
        self._back: threading.Thread | None = None

    def start(self) -> None:
        """Begin to claim shards; returns at once."""
        self._ownership.start()

    def stop(self) -> None:
        """Give everything up at once."""
        self._stopping.set()
        if self._back:
            self._back.join()
        self._ownership.stop()

    def epochs(self) -> Mapping[int, int]:
        """The shards owned at this moment, with their epochs."""
        return self._ownership.epochs()

    @property
    def fenced(self) -> bool:
        """Whether we cannot know that our shards are still ours."""
        return self._ownership.fenced

    @property
    def stepped_back(self) -> bool:
        """Whether others have our shards because we are not to be trusted."""
        return self._back is not None and self._back.is_alive()

    @property
    def ready(self) -> bool:
        """Whether a first share was taken."""
        return self._ownership.ready and not self.stepped_back

    def health(self) -> dict[str, Any]:
        """What a health page wants to know."""
        return {**self._ownership.health(), "stepped_back": self.stepped_back}

    def step_back(self, is_well: Callable[[], bool]) -> None:
        """Hand all shards back until ``is_well``, which may raise Retryable. Returns at once."""
        if not self.stepped_back and not self._stopping.is_set():
            self._back = threading.Thread(target=self._rest, args=(is_well,), name="stepped-back", daemon=True)
            self._back.start()

    def _rest(self, is_well: Callable[[], bool]) -> None:
        log.error("the shards are handed back: others see what we do not", executor=self._name)
        self._ownership.stop()
        while not self._stopping.wait(LOOK_EVERY):
            try:
                if is_well():
                    self._ownership = self._new()
                    return self._ownership.start()
            except Retryable as error:
                log.warning("the shards stay with others", reason=error.reason)
        return None

    def _new(self) -> ShardOwnership:
        return ShardOwnership(self._name, self._gained, self._lost)
