"""The rows of targets, and the thread that follows them: what changed is seen within a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

from fed_common.core.errors import Retryable
from fed_common.core.health import Check, Health, ProbeKind, Target
from fed_common.monitor import models
from fed_common.telemetry.logging import get_logger
from fed_common.topics.database import reachable

READ_EVERY, GATHER = 1.0, 0.02

_CHECK = ("kind", "address", "port", "count", "interval", "timeout", "retry")
_REST = ("id", "action_id", "subject", "shard", "health", "fall", "rise", "not_before", "flapping")
_KINDS = {kind.value: kind for kind in ProbeKind}
_HEALTH = {health.value: health for health in Health}

log = get_logger(__name__)


def read_shards(shards: Collection[int]) -> list[Target]:
    """Every target of these shards. Raises Retryable."""
    with reachable():
        rows = models.Target.objects.filter(shard__in=list(shards), removed=False).order_by()
        return [_target(row) for row in rows.values_list(*_REST, *_CHECK)]


def read_changes(shards: Collection[int], since: int) -> tuple[list[Target], list[int], int]:
    """The targets of these shards that changed, those that are removed, the newest revision. Raises Retryable."""
    with reachable():
        rows = models.Target.objects.filter(shard__in=list(shards), revision__gt=since).order_by()
        found = list(rows.values_list(*_REST, *_CHECK, "removed", "revision"))
    targets = [_target(row[:-2]) for row in found if not row[-2]]
    return targets, [row[0] for row in found if row[-2]], max([since, *(row[-1] for row in found)])


def revision() -> int:
    """The number of the last change of any target. Raises Retryable."""
    with reachable():
        return models.TargetRevision.objects.filter(pk=1).values_list("number", flat=True).first() or 0


def _target(row: tuple[Any, ...]) -> Target:
    id, action_id, subject, shard, health, fall, rise, not_before, flapping, kind, *asked = row
    return Target(
        id=id,
        action_id=str(action_id),
        subject=str(subject),
        shard=shard,
        check=Check(_KINDS[kind], *asked),
        health=_HEALTH[health],
        fall=fall,
        rise=rise,
        not_before=not_before,
        flapping=flapping,
    )


class Followed(Protocol):
    """What is told of the rows; called from the feed's thread."""

    def renew(self, shards: Collection[int], targets: Sequence[Target]) -> None:
        """These shards were gained, and this is all there is in them."""

    def change(self, targets: Sequence[Target], removed: Sequence[int]) -> None:
        """These targets are new or have changed, and those ids are removed."""


class TargetFeed:
    """Keeps what is watched as the rows of our shards say. Its methods may be called from any thread."""

    def __init__(self, epochs: Callable[[], Mapping[int, int]], followed: Followed) -> None:
        """``epochs``: the shards owned now."""
        self._epochs, self._followed = epochs, followed
        self._gained: set[int] = set()
        self._since = 0
        self._lock = threading.Lock()
        self._told = threading.Event()
        self._stopping = self._loaded = self._away = False
        self._thread = threading.Thread(target=self._run, name="targets", daemon=True)

    def start(self) -> None:
        """Begin to read; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopping = True
        self._told.set()
        self._thread.join()

    @property
    def loaded(self) -> bool:
        """Whether the targets of every shard gained so far were read."""
        return self._loaded

    def gained(self, shards: Iterable[int]) -> None:
        """Read all targets of these shards. Returns at once."""
        with self._lock:
            self._gained |= set(shards)
        self._told.set()

    def look(self) -> None:
        """Read now what changed. Returns at once."""
        self._told.set()

    def _run(self) -> None:
        while not self._stopping:
            self._told.clear()
            try:
                self._turn()
                self._away = False
            except Retryable as error:
                if not self._away:
                    log.warning("probing goes on without the database", reason=error.reason)
                self._away = True
            except Exception:
                log.exception("the targets stay as they are")
            self._told.wait(READ_EVERY)
            time.sleep(GATHER)  # many that are told at once are read at once

    def _turn(self) -> None:
        """Raises Retryable: what was gained is read next time."""
        with self._lock:
            gained, self._gained = self._gained, set()
        self._loaded = self._loaded and not gained
        owned = set(self._epochs())
        try:
            self._read(gained & owned, owned - gained)
        except BaseException:
            self.gained(gained)
            self._told.clear()
            raise
        self._loaded = not self._gained

    def _read(self, gained: set[int], known: set[int]) -> None:
        if gained:
            newest = revision()
            self._followed.renew(gained, read_shards(gained))
            if not known:
                self._since = newest
        if known:
            targets, removed, self._since = read_changes(known, self._since)
            if targets or removed:
                self._followed.change(targets, removed)
