"""Who waits for news of what: callbacks by topic, woken from any thread."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from contextlib import contextmanager
from typing import Generic, TypeVar

from fed_common.core.errors import Retryable
from fed_common.telemetry.logging import get_logger

Key = TypeVar("Key", bound=Hashable)
Wake = Callable[[], None]

log = get_logger(__name__)


class Waiters(Generic[Key]):
    """A register of callbacks. Thread-safe."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._wakes: defaultdict[Key, list[Wake]] = defaultdict(list)

    @contextmanager
    def waiting(self, key: Key, wake: Wake) -> Iterator[None]:
        """Inside, ``notify(key)`` calls ``wake``."""
        with self._changed:
            self._wakes[key].append(wake)
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._wakes[key].remove(wake)
                if not self._wakes[key]:
                    del self._wakes[key]

    def notify(self, key: Key) -> None:
        """Wake everybody who waits for this key."""
        with self._changed:
            wakes = list(self._wakes.get(key, ()))
        for wake in wakes:
            wake()

    def anybody(self, key: Key) -> bool:
        """Whether somebody waits for this key."""
        with self._changed:
            return key in self._wakes

    def wait_for_keys(self) -> set[Key]:
        """Block until somebody waits; what is waited for."""
        with self._changed:
            self._changed.wait_for(lambda: self._wakes)
            return set(self._wakes)


class TailWatch:
    """Wakes waiters of topics that grew in another process.

    One thread reads the ends of the waited-for topics every ``every`` seconds, and sleeps while nobody
    waits. A topic seen for the first time counts as grown: its growth before that look is unknown.
    """

    def __init__(
        self,
        waiters: Waiters[str],
        ends: Callable[[Collection[str]], Mapping[str, int]],
        *,
        every: float = 0.075,
    ) -> None:
        self._waiters, self._ends, self._every = waiters, ends, every
        self._seen: dict[str, int] = {}
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Make sure the thread runs. Safe to call often."""
        with self._starting:
            if not self._thread or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="topic-tails", daemon=True)
                self._thread.start()

    def told(self, topic: str, end: int) -> None:
        """Note that the waiters of this end were woken already."""
        self._seen[topic] = end

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            topics = self._waiters.wait_for_keys()
            try:
                self._look(topics)
            except Retryable as error:
                log.warning("cannot look for new messages", reason=error.reason)
                pause.wait(1)
            pause.wait(self._every)

    def _look(self, topics: set[str]) -> None:
        for gone in set(self._seen) - topics:
            self._seen.pop(gone, None)
        for topic, end in self._ends(topics).items():
            if self._seen.get(topic) != end:
                self._seen[topic] = end
                self._waiters.notify(topic)
