"""The rules as this process knows them: in memory, indexed, and never older than the event at hand."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists

from fed_common.alarms.models import Revision
from fed_common.alarms.models import Rule as RuleRow
from fed_common.alarms.reading import rule_of
from fed_common.core.errors import Invalid, Retryable
from fed_common.core.model import Event
from fed_common.core.rule_index import Effect, RuleIndex
from fed_common.core.rules import Rule
from fed_common.core.traits import Seen
from fed_common.faults.models import HostFault
from fed_common.faults.queries import IN_FORCE
from fed_common.telemetry import metrics
from fed_common.telemetry.logging import get_logger
from fed_common.topics.database import reachable

PAGE = 5_000
LOOK_AGAIN_AFTER = 0.5
READ = (
    "id", "name", "enabled", "type", "rule", "extras", "severity", "time_constraints", "ok_actions",
    "alarm_actions", "insufficient_data_actions", "repeat_actions", "project_id", "revision", "quarantine",
    "deleted_at",
)  # fmt: skip

log = get_logger(__name__)


class Unsure(Retryable):
    """The database is away, and no rule that is known concerns the events: one of the last moment might."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A rule, and the revision of the row it was read from."""

    rule: Rule
    revision: int


@dataclass(frozen=True, slots=True)
class Match:
    """An event for which conditions of a rule hold: which ones, and whether its clear condition does."""

    entry: Entry
    event: Event
    seen: Seen
    parts: tuple[int, ...]
    clears: bool


class RuleBook:
    """Every rule that can be used. Thread-safe: the pipelines of a process share one.

    A row that cannot be used is told of once, marked in the table, and left out: it silences no other rule.

    ``known``   the revision of what is known; -1: nothing yet.
    ``faulty``  whether any host had an open fault when the revision was last asked for.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.known, self.faulty = -1, True
        self._look_at = 0.0
        self._index = RuleIndex()
        self._entries: dict[UUID, Entry] = {}
        self._quarantined: dict[UUID, str] = {}

    def refresh(self) -> None:
        """Know every rule that is committed by now. One small query when none changed. Raises Retryable."""
        if time.monotonic() < self._look_at:
            raise Retryable("the database was away a moment ago")
        try:
            with reachable():
                if self._asked() != self.known:
                    with self._lock:
                        self._catch_up()
        except Retryable:
            self._look_at = time.monotonic() + LOOK_AGAIN_AFTER
            raise

    def matches(self, events: Sequence[Event]) -> list[Match]:
        """Which rules the events concern, in the order of the events.

        While the database is away: raises Unsure for events that no known rule is about, else Retryable.
        """
        away: Retryable | None = None
        try:
            self.refresh()
        except Retryable as error:
            away = error
        if away and self.known < 0:
            raise away
        with self._lock:
            found = [match for event in events for match in self._matches(event)]
        if away:
            raise away if found else Unsure(away.reason)
        return found

    def concerns(self, events: Sequence[Event]) -> bool:
        """Whether any rule that is known is about any of the events. Asks nobody."""
        with self._lock:
            return any(True for event in events for _ in self._matches(event))

    def entry(self, rule_id: UUID) -> Entry | None:
        """A rule by its id, when it is in force."""
        return self._entries.get(rule_id)

    def __len__(self) -> int:
        return len(self._entries)

    def _matches(self, event: Event) -> Iterator[Match]:
        seen = Seen.of(event)
        for rule_id, hits in groupby(self._index.matching(seen), key=attrgetter("rule_id")):
            held = list(hits)
            parts = tuple(hit.part for hit in held if hit.effect is Effect.RAISE)
            yield Match(self._entries[rule_id], event, seen, parts, len(parts) < len(held))

    def _asked(self) -> int:
        """The revision now."""
        with connection.cursor() as cursor:
            cursor.execute(*_question())
            number, self.faulty = cursor.fetchone() or (0, False)
        return int(number)

    def _catch_up(self) -> None:
        number = self._asked()
        if number < self.known:  # another database, or an old copy of it
            self._index, self._entries, self._quarantined, self.known = RuleIndex(), {}, {}, -1
        if number == self.known:
            return
        with _without_collections(many=self.known < 0 and RuleRow.objects.count() > PAGE):
            for row in _changed(self.known):
                self._take(row)
        self.known = number
        metrics.ALARM_RULES.set(len(self._entries))
        metrics.ALARM_QUARANTINED.set(len(self._quarantined))

    def _take(self, row: RuleRow) -> None:
        self._drop(row.id)
        if row.deleted_at or not row.enabled:
            self._quarantined.pop(row.id, None)
            return
        try:
            rule = rule_of(row)
            self._index.put(rule)
        except Exception as error:
            self._drop(row.id)
            self._quarantine(row, str(error) if isinstance(error, Invalid) else f"unreadable: {error!r}")
            return
        self._entries[row.id] = Entry(rule, row.revision)
        self._quarantined.pop(row.id, None)
        if row.quarantine:
            RuleRow.objects.filter(pk=row.id, revision=row.revision).update(quarantine="")

    def _drop(self, rule_id: UUID) -> None:
        if self._entries.pop(rule_id, None):
            self._index.remove(rule_id)

    def _quarantine(self, row: RuleRow, reason: str) -> None:
        if self._quarantined.get(row.id) != reason:
            log.error("a rule cannot be used and is left out", rule=str(row.id), reason=reason)
        self._quarantined[row.id] = reason
        if row.quarantine != reason:
            RuleRow.objects.filter(pk=row.id, revision=row.revision).update(quarantine=reason)


@contextmanager
def _without_collections(*, many: bool) -> Iterator[None]:
    """For the first load of many rules. The garbage collector would go through all that is loaded again and again.

    Afterwards it leaves it alone: with 100,000 rules each full collection would take most of a second.
    """
    if not many:
        yield
        return
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _changed(known: int) -> Iterable[RuleRow]:
    """The rows that are newer, in pages. Of none known, those that can be evaluated are enough."""
    rows = RuleRow.objects.filter(revision__gt=known).order_by("pk").only(*READ)
    if known < 0:
        rows = rows.filter(enabled=True, deleted_at=None)
    page = list(rows[:PAGE])
    while page:
        yield from page
        page = list(rows.filter(pk__gt=page[-1].pk)[:PAGE])


@cache
def _question() -> tuple[str, tuple[Any, ...]]:
    """The revision, and whether a host has an open fault. To compile it costs more than to ask."""
    faults = HostFault.objects.filter(state__in=IN_FORCE)
    text, values = Revision.objects.filter(pk=1).values_list("number", Exists(faults)).query.sql_with_params()
    return text, tuple(values)


@cache
def rule_book() -> RuleBook:
    """The one of this process."""
    return RuleBook()
