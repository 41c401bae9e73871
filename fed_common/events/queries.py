"""The questions callers may ask about what happened, read from the URL's query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import QuerySet
from django.http import QueryDict

from fed_common.core import clock
from fed_common.core.errors import Invalid
from fed_common.core.kinds import Kind, Phase
from fed_common.events.models import DeadEvent, StoredEvent

LIMIT, LIMIT_MAX = 100, 1000
NUMBER_MAX = 2**63 - 1
_CONDITIONS = ("vim_id", "kind", "phase", "instance_id", "state", "since", "after")


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which events; ``None`` and empty mean any. ``after`` is the sequence to begin behind."""

    vim_id: str = ""
    kinds: tuple[str, ...] = ()
    phases: tuple[str, ...] = ()
    instance_id: str = ""
    state: str = ""
    since: datetime | None = None
    after: int | None = None
    limit: int = LIMIT

    @classmethod
    def read(cls, query: QueryDict, *, limited: bool = True) -> EventQuery:
        """Raises Invalid naming the parameter. ``kind`` and ``phase`` may be repeated."""
        _refuse_unknown(query, (*_CONDITIONS, "limit") if limited else _CONDITIONS)
        return cls(
            vim_id=query.get("vim_id", ""),
            kinds=_words(query, "kind", Kind),
            phases=_words(query, "phase", Phase),
            instance_id=query.get("instance_id", ""),
            state=query.get("state", ""),
            since=_moment(query, "since"),
            after=_number(query, "after", 0),
            limit=_number(query, "limit", 1, LIMIT_MAX) or LIMIT,
        )

    def rows(self) -> QuerySet[StoredEvent]:
        """All that match, whatever their sequence."""
        asked = {
            "vim_id": self.vim_id,
            "kind__in": self.kinds,
            "phase__in": self.phases,
            "instance_id": self.instance_id,
            "state": self.state,
            "received_at__gte": self.since,
        }
        return StoredEvent.objects.filter(**{name: value for name, value in asked.items() if value})

    def page(self) -> list[StoredEvent]:
        """The first behind ``after``, else the newest; oldest first."""
        if self.after is not None:
            return list(self.rows().filter(id__gt=self.after).order_by("id")[: self.limit])
        return list(self.rows().order_by("-id")[: self.limit])[::-1]


def dead_events(query: QueryDict, *names: str) -> QuerySet[DeadEvent]:
    """The dead events asked for, newest first; ``names`` are parameters read elsewhere. Raises Invalid."""
    _refuse_unknown(query, ("vim_id", "subscription", "replayed", *names))
    rows = DeadEvent.objects.all()
    for name in ("vim_id", "subscription"):
        if query.get(name):
            rows = rows.filter(**{name: query[name]})
    if replayed := _words(query, "replayed", _YesNo):
        rows = rows.filter(replayed_at__isnull=replayed[-1] == _YesNo.FALSE)
    return rows


def dead_events_page(query: QueryDict) -> list[DeadEvent]:
    """At most ``limit`` of them, only those older than the id ``before``."""
    rows = dead_events(query, "limit", "before")
    before = _number(query, "before", 1)
    rows = rows.filter(id__lt=before) if before else rows
    return list(rows[: _number(query, "limit", 1, LIMIT_MAX) or LIMIT])


def whole_number(name: str, text: str, least: int = 0, most: int = NUMBER_MAX) -> int:
    """The number in a text. Raises Invalid naming it ``name``."""
    if not (text.isascii() and text.isdigit() and len(text) < 20 and least <= int(text) <= most):
        raise Invalid(name, text, f"a whole number from {least} to {most}")
    return int(text)


class _YesNo(StrEnum):
    TRUE = "true"
    FALSE = "false"


def _refuse_unknown(query: QueryDict, known: Sequence[str]) -> None:
    for name in query:
        if name not in known:
            raise Invalid(name, query[name], f"no such parameter; parameters: {', '.join(known)}")


def _words(query: QueryDict, name: str, words: type[StrEnum]) -> tuple[str, ...]:
    asked = tuple(word for word in query.getlist(name) if word)
    for word in asked:
        if word not in list(words):
            raise Invalid(name, word, words)
    return asked


def _number(query: QueryDict, name: str, least: int, most: int = NUMBER_MAX) -> int | None:
    text = query.get(name)
    return whole_number(name, text, least, most) if text else None


def _moment(query: QueryDict, name: str) -> datetime | None:
    text = query.get(name)
    moment = clock.parse(text)
    if text and moment is None:
        raise Invalid(name, text, "an ISO 8601 time such as 2026-11-21T10:00:00Z ('+' is %2B in a URL)")
    return moment
