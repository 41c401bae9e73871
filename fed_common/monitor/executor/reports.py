"""Flips on their way to a conductor: kept until one has answered, the newest of each target."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from fed_common.core.errors import Retryable
from fed_common.core.health import BAD_ACTION, Flip, Health, Report, Target
from fed_common.telemetry import metrics
from fed_common.telemetry.logging import get_logger

BATCH = 500
TRY_AGAIN_AFTER = 0.5

log = get_logger(__name__)


class Told(NamedTuple):
    """A flip to be told, and the target it is of."""

    target: Target
    report: Report


class Reports:
    """Tells conductors what flipped, from a thread of its own. A target that stays as it is costs no call."""

    def __init__(
        self,
        send: Callable[[Sequence[Report]], list[str]],
        epochs: Callable[[], Mapping[int, int]],
        believes: Callable[[Sequence[Target]], bool],
        bad_action: Callable[[Report], None],
    ) -> None:
        """``send`` raises Retryable. ``epochs``: the shards owned now; of others nothing is told.

        ``believes`` gets the targets that are to be told DOWN; False: we are not to be trusted, so nobody is
        told. ``bad_action`` gets what a conductor does not want to hear of any more.
        """
        self._send, self._epochs, self._believes, self._bad_action = send, epochs, believes, bad_action
        self._waiting: dict[int, Told] = {}
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="reports", daemon=True)

    def __len__(self) -> int:
        return len(self._waiting)

    def start(self) -> None:
        """Begin to tell."""
        self._thread.start()

    def stop(self) -> None:
        """End after the call under way; what is left is seen again by the next owner."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()

    def put(self, target: Target, flip: Flip) -> None:
        """Tell this, in place of what is not told of the target yet. Nothing of a shard that is not ours."""
        epoch = self._epochs().get(target.shard)
        if epoch is None:
            return
        with self._changed:
            self._waiting[target.id] = Told(target, Report(target.id, target.action_id, epoch, flip))
            self._changed.notify()

    def _run(self) -> None:
        while batch := self._next():
            try:
                self._tell(batch)
            except Retryable as error:
                log.warning("reports are kept", reports=len(self._waiting), reason=error.reason)
                self._pause()
            except Exception:
                log.exception("reports are kept", reports=len(self._waiting))
                self._pause()

    def _next(self) -> list[Told]:
        """The oldest that may be told, once there are some; nothing at the end."""
        with self._changed:
            while not self._stopping:
                epochs = self._epochs()
                for id, one in list(self._waiting.items()):
                    if epochs.get(one.target.shard) != one.report.epoch:
                        del self._waiting[id]
                if self._waiting:
                    return list(self._waiting.values())[:BATCH]
                self._changed.wait()
        return []

    def _tell(self, batch: Sequence[Told]) -> None:
        failed = [one.target for one in batch if one.report.flip.health is Health.DOWN]
        if failed and not self._believes(failed):
            return self._settle(batch, [""] * len(batch))
        reports = [one.report for one in batch]
        try:
            answers = self._send(reports)
        except Retryable:
            metrics.MONITOR_CALLS.labels("report", "failed").inc()
            raise
        metrics.MONITOR_CALLS.labels("report", "answered").inc()
        if len(answers) != len(reports):
            raise Retryable(f"{len(answers)} answers to {len(reports)} reports")
        return self._settle(batch, answers)

    def _settle(self, batch: Sequence[Told], answers: Sequence[str]) -> None:
        with self._changed:
            for one in batch:
                if self._waiting.get(one.target.id) is one:
                    del self._waiting[one.target.id]
        for one, answer in zip(batch, answers, strict=True):
            if answer == BAD_ACTION:
                self._bad_action(one.report)

    def _pause(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopping, TRY_AGAIN_AFTER)
