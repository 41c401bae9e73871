"""The questions callers may ask about what happened, read from the URL's query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import QuerySet
from django.http import QueryDict

from fed_common.access.permissions import require_vim, seen_by
from fed_common.core import clock
from fed_common.core.errors import Invalid
from fed_common.core.kinds import Kind, Phase
from fed_common.events.models import DeadEvent, StoredEvent

LIMIT, LIMIT_MAX = 100, 1000
NUMBER_MAX = 2**63 - 1
_CONDITIONS = ("vim_id", "kind", "phase", "instance_id", "state", "since", "after")


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which events; ``None`` and empty mean any. ``after`` is the sequence to begin behind.

    ``caller`` hears of the VIMs it may see, whatever is asked.
    """

    vim_id: str = ""
    kinds: tuple[str, ...] = ()
    phases: tuple[str, ...] = ()
    instance_id: str = ""
    state: str = ""
    since: datetime | None = None
    after: int | None = None
    limit: int = LIMIT
    caller: object = None

    @classmethod
    def read(cls, query: QueryDict, caller: object = None, *, limited: bool = True) -> EventQuery:
        """``kind`` and ``phase`` may be repeated.

        Raises Invalid naming the parameter, PermissionDenied for a ``vim_id`` the caller may not see.
        """
        _refuse_unknown(query, (*_CONDITIONS, "limit") if limited else _CONDITIONS)
        _require_vim(query, caller)
        return cls(
            caller=caller,
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
        rows = StoredEvent.objects.filter(**{name: value for name, value in asked.items() if value})
        return seen_by(self.caller, rows)

    def page(self) -> list[StoredEvent]:
        """The first behind ``after``, else the newest; oldest first."""
        if self.after is not None:
            return list(self.rows().filter(id__gt=self.after).order_by("id")[: self.limit])
        return list(self.rows().order_by("-id")[: self.limit])[::-1]


def dead_events(query: QueryDict, caller: object, *names: str) -> QuerySet[DeadEvent]:
    """The dead events asked for that the caller may see, newest first; ``names`` are read elsewhere.

    Raises Invalid naming the parameter, PermissionDenied for a ``vim_id`` the caller may not see.
    """
    _refuse_unknown(query, ("vim_id", "subscription", "replayed", *names))
    _require_vim(query, caller)
    rows = seen_by(caller, DeadEvent.objects.all())
    for name in ("vim_id", "subscription"):
        if query.get(name):
            rows = rows.filter(**{name: query[name]})
    if (replayed := query.get("replayed")) is not None:
        if replayed not in ("true", "false"):
            raise Invalid("replayed", replayed, ("true", "false"))
        rows = rows.filter(replayed_at__isnull=replayed == "false")
    return rows


def dead_events_page(query: QueryDict, caller: object) -> list[DeadEvent]:
    """At most ``limit`` of them, only those older than the id ``before``."""
    rows = dead_events(query, caller, "limit", "before")
    before = _number(query, "before", 1)
    rows = rows.filter(id__lt=before) if before else rows
    return list(rows[: _number(query, "limit", 1, LIMIT_MAX) or LIMIT])


def whole_number(name: str, text: str, least: int = 0, most: int = NUMBER_MAX) -> int:
    """The number in a text. Raises Invalid naming it ``name``."""
    if not (text.isascii() and text.isdigit() and len(text) < 20 and least <= int(text) <= most):
        raise Invalid(name, text, f"a whole number from {least} to {most}")
    return int(text)


def _require_vim(query: QueryDict, caller: object) -> None:
    if vim_id := query.get("vim_id"):
        require_vim(caller, vim_id)


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
    return None if text is None else whole_number(name, text, least, most)


def _moment(query: QueryDict, name: str) -> datetime | None:
    text = query.get(name)
    moment = clock.parse(text)
    if text is not None and moment is None:
        raise Invalid(name, text, "an ISO 8601 time such as 2026-11-21T10:00:00Z ('+' is %2B in a URL)")
    return moment
