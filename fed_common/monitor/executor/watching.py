"""What one executor watches: its targets, what it thinks of each, and which action each belongs to.

Everything here happens on the probing loop.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple, Protocol

from fed_common.core import clock
from fed_common.core.health import Check, Flip, Health, Outcome, Target
from fed_common.core.judge import Judge
from fed_common.telemetry import metrics
from fed_common.telemetry.logging import get_logger

log = get_logger(__name__)


class Asking(Protocol):
    """What is asked of the engine."""

    def put(self, key: int, check: Check, *, at_once: bool = True) -> None:
        """Ask it from now on."""

    def remove(self, key: int) -> None:
        """Ask it no longer."""


class Queues(Protocol):
    """What is asked of the kill queues."""

    def add(self, subject: str) -> None:
        """Read its queue."""

    def remove(self, subject: str) -> None:
        """Read it no more."""


class Watched(NamedTuple):
    """One target and its judge."""

    target: Target
    judge: Judge


class Watching:
    """The targets of one executor. Not for several threads; ``len`` is good from any."""

    def __init__(self, engine: Asking, queues: Queues, flipped: Callable[[Target, Flip, Health], None]) -> None:
        """``flipped`` gets the target, what became of it, and what it was before."""
        self._engine, self._queues, self._flipped = engine, queues, flipped
        self._watched: dict[int, Watched] = {}
        self._said = ""
        self._of_action: dict[str, set[int]] = defaultdict(set)
        self._of_subject: dict[str, set[int]] = defaultdict(set)

    def __len__(self) -> int:
        return len(self._watched)

    def put(self, targets: Iterable[Target], *, anew: bool = False) -> None:
        """Watch them as they are now. ``anew``: they were just gained, so nothing is thought of them yet."""
        for target in targets:
            self._put(target, anew)
        metrics.MONITOR_TARGETS.set(len(self._watched))

    def remove(self, ids: Iterable[int]) -> None:
        """Watch these no longer."""
        for id in ids:
            if known := self._watched.pop(id, None):
                self._engine.remove(id)
                self._forget(known.target)
        metrics.MONITOR_TARGETS.set(len(self._watched))

    def retain(self, shards: Collection[int], ids: Collection[int]) -> None:
        """Of these shards, watch no others than these."""
        self.remove([id for id, one in self._watched.items() if one.target.shard in shards and id not in ids])

    def keep(self, shards: Collection[int]) -> None:
        """Watch nothing that is not of these shards."""
        self.remove([id for id, one in self._watched.items() if one.target.shard not in shards])

    def hear(self, key: int, outcome: Outcome) -> None:
        """A check ended."""
        if known := self._watched.get(key):
            before = known.judge.health
            flip = known.judge.hear(outcome, wall=clock.now())
            if known.judge.errors == 1 and outcome.reason != self._said:
                self._said = outcome.reason
                log.warning("a target cannot be asked", address=known.target.check.address, reason=self._said)
            if flip:
                metrics.MONITOR_FLIPS.labels(flip.health.value, flip.rule).inc()
                self._flipped(known.target, flip, before)

    def drop(self, action_id: str) -> bool:
        """An action ends: whether anything of it was watched."""
        ids = list(self._of_action.get(action_id, ()))
        self.remove(ids)
        return bool(ids)

    def actions_of(self, subject: str) -> set[str]:
        """The actions of a VIM or VNF that is watched here."""
        return {self._watched[id].target.action_id for id in self._of_subject.get(subject, ())}

    def has(self, action_id: str) -> bool:
        """Whether anything of this action is watched."""
        return action_id in self._of_action

    def target(self, id: int) -> Target | None:
        """The target as it is watched now."""
        known = self._watched.get(id)
        return known.target if known else None

    def _put(self, target: Target, anew: bool) -> None:
        known = self._watched.get(target.id)
        same = known is not None and known.target.action_id == target.action_id
        if known and same and known.target.check == target.check and not anew:
            known.judge.follow(target)
            self._watched[target.id] = Watched(target, known.judge)
            return
        if known and not same:
            self.remove([target.id])
        self._watched[target.id] = Watched(target, Judge(target))
        self._remember(target)
        if known is None or not same or known.target.check != target.check:
            self._engine.put(target.id, target.check, at_once=True)

    def _remember(self, target: Target) -> None:
        self._of_action[target.action_id].add(target.id)
        if target.subject not in self._of_subject:
            self._queues.add(target.subject)
        self._of_subject[target.subject].add(target.id)

    def _forget(self, target: Target) -> None:
        for index, key in ((self._of_action, target.action_id), (self._of_subject, target.subject)):
            index[key].discard(target.id)
            if not index[key]:
                del index[key]
        if target.subject not in self._of_subject:
            self._queues.remove(target.subject)
