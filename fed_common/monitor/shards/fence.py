"""What we own, and until when we may say so: the deadline does not depend on anything that can hang."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from fed_common.telemetry.logging import get_logger

TICK = 0.1
NOTHING: Mapping[int, int] = {}

log = get_logger(__name__)


@dataclass(frozen=True)
class _Order:
    """What we own from now on, until a moment of the monotonic clock."""

    epochs: Mapping[int, int]
    until: float
    anew: bool = False
    told: threading.Event = field(default_factory=threading.Event)


class Fence:
    """Tells what is gained and lost, in order, from one thread that never waits for the database."""

    def __init__(
        self,
        gained: Callable[[Mapping[int, int]], None],
        lost: Callable[[Collection[int]], None],
        tick: Callable[[], None],
    ) -> None:
        """``tick`` is called ten times a second."""
        self._gained, self._lost, self._tick = gained, lost, tick
        self._orders: queue.SimpleQueue[_Order | None] = queue.SimpleQueue()
        self._now: tuple[Mapping[int, int], float] = NOTHING, float("inf")
        self._fenced = self._closed = False
        self._thread = threading.Thread(target=self._run, name="shards-fence", daemon=True)

    def start(self) -> None:
        """Begin to watch the deadline."""
        self._thread.start()

    def hold(self, epochs: Mapping[int, int], until: float, *, anew: bool = False) -> bool:
        """We own exactly these until then; comes back when that was told. False while fenced.

        ``anew`` ends the fence, which is told as gained, also when there is nothing.
        """
        order = _Order(dict(epochs), until, anew)
        self._give(order)
        return not self.fenced

    def shut(self) -> None:
        """We own nothing until somebody holds anew; comes back when that was told. Safe twice."""
        self._give(_Order(NOTHING, float("-inf")))

    def close(self) -> None:
        """As ``shut``, for good."""
        self._closed = True
        self.shut()

    def stop(self) -> None:
        """End the thread."""
        self._orders.put(None)
        self._thread.join()

    @property
    def epochs(self) -> Mapping[int, int]:
        """The shards owned at this moment with their epochs; nothing once the deadline is over."""
        epochs, until = self._now
        return epochs if time.monotonic() < until else NOTHING

    @property
    def fenced(self) -> bool:
        """Whether the deadline is over, or the fence was shut."""
        return self._fenced or time.monotonic() >= self._now[1]

    def _give(self, order: _Order) -> None:
        self._orders.put(order)
        while not order.told.wait(TICK) and self._thread.is_alive():
            pass

    def _run(self) -> None:
        while True:
            try:
                order = self._orders.get(timeout=min(TICK, max(0.0, self._now[1] - time.monotonic())))
            except queue.Empty:
                order = _Order(*self._now)
            if order is None:
                return
            self._follow(order)
            order.told.set()
            self._tick()

    def _follow(self, order: _Order) -> None:
        if time.monotonic() >= self._now[1] or time.monotonic() >= order.until or self._closed:
            self._fall()
        if self._closed or time.monotonic() >= order.until or (self._fenced and not order.anew):
            return
        back, self._fenced = self._fenced, False
        self._become(order.epochs, order.until, back=back)

    def _fall(self) -> None:
        if not self._fenced and not self._closed:
            log.warning("no shard is surely ours any more", owned=len(self._now[0]))
        self._fenced = True
        self._become(NOTHING, float("inf"))

    def _become(self, epochs: Mapping[int, int], until: float, *, back: bool = False) -> None:
        before = self._now[0]
        kept = {shard: epoch for shard, epoch in before.items() if epochs.get(shard) == epoch}
        more = {shard: epoch for shard, epoch in epochs.items() if shard not in kept}
        self._now = kept, until
        if gone := sorted(before.keys() - kept.keys()):
            self._call(self._lost, gone)
        self._now = epochs, until
        if more or back:
            self._call(self._gained, more)

    def _call(self, tell: Callable[..., None], what: object) -> None:
        try:
            tell(what)
        except Exception:
            log.exception("what became of the shards could not be told")
