"""Facts of a VIM that pushes that polling told: if their notifications come after all, they are old news."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models.functions import Now

from fed_common.core import clock
from fed_common.core.differences import Change
from fed_common.core.errors import Retryable
from fed_common.core.kinds import Kind, Phase
from fed_common.core.matching import DropReason
from fed_common.core.model import Event
from fed_common.events.models import Lease, PolledFact, PollState, Role
from fed_common.inventory.models import Vim
from fed_common.telemetry.logging import get_logger
from fed_common.topics.database import reachable, writing

TIMEOUT = 10.0
KEPT_FOR = timedelta(hours=24)
SKEW = timedelta(seconds=5)
OUT_OF_ORDER = 200
DONE = (Phase.END, Phase.MOMENT)
_TOLD = "SELECT count(*), max(id) FROM events_polledfact WHERE vim_id = %s AND id > %s"

log = get_logger(__name__)


@dataclass
class _Fact:
    """One row; ``used_by`` is the id of the notification it answered for.

    ``seen_until``  until when the instance was looked at: ``until``, or before that when it is told beforehand.
    """

    kind: Kind
    type: str
    since: datetime
    until: datetime
    seen_until: datetime
    used_by: str = ""

    def covers(self, event: Event) -> bool:
        """Whether the event is of the operation this fact tells, and of its time."""
        same = event.kind == self.kind or (event.kind, self.kind) == (Kind.LIVE_MIGRATE, Kind.MIGRATE)
        return same and self.since - SKEW < event.occurred_at <= self.until + SKEW


class ToldByPoll:
    """What polling told of one VIM in place of its listener.

    While polling still does (``hold``), the listener waits: only so nothing is told by both.
    """

    def __init__(self, look: Callable[[], Iterable[PolledFact]] | None = None) -> None:
        """``look`` reads what was told lately: asked once a batch, when it has a failure to tell."""
        self._look, self._looked = look, False
        self._facts: dict[str, list[_Fact]] = {}
        self._rows: set[int] = set()
        self._open = threading.Event()
        self._open.set()

    def learn(self, rows: Iterable[PolledFact]) -> None:
        """These were told too. A row given twice counts once."""
        for row in rows:
            if row.pk not in self._rows:
                self._rows.add(row.pk)
                known = self._facts.setdefault(row.instance_id, [])
                seen_until = min(row.until, clock.now())
                known.append(_Fact(Kind(row.kind), row.type, row.since, row.until, seen_until))

    def hold(self, *, held: bool) -> None:
        """Let the listener wait, or go on."""
        if held:
            self._open.clear()
        else:
            self._open.set()

    def wait(self, stopping: threading.Event) -> bool:
        """Wait until the listener may tell a batch; False when it is stopped before."""
        self._looked = False
        while not self._open.wait(0.1):
            if stopping.is_set():
                return False
        return True

    def repeats(self, event: Event) -> DropReason | None:
        """Why this event tells nothing new, or ``None``.

        A told fact answers for one end of its own type, and before that for the steps that led to it.
        """
        known = self._known(event)
        if known is None and event.kind is Kind.ERROR and self._look and not self._looked:
            self._look_again(self._look)
            known = self._known(event)
        return known

    def _look_again(self, look: Callable[[], Iterable[PolledFact]]) -> None:
        self._looked = True
        try:
            self.learn(look())
        except Retryable as error:
            log.warning("a failure may be told twice", reason=error.reason)

    def _known(self, event: Event) -> DropReason | None:
        for fact in self._facts.get(event.instance_id, ()):
            if fact.covers(event) and fact.used_by in ("", event.id):
                if event.type == fact.type and event.phase in DONE:
                    fact.used_by = event.id
                return DropReason.TOLD_BY_POLL
        return None

    def overtaken(self, event: Event) -> bool:
        """Whether polling saw the instance later than this event happened."""
        return any(event.occurred_at <= fact.seen_until for fact in self._facts.get(event.instance_id, ()))


def remember_told(vim_id: str, changes: Sequence[Change], *, after: datetime | None, until: datetime) -> None:
    """Keep that these changes were told: they happened after the look at ``after``, else since they are known."""
    rows = list(_rows(vim_id, changes, after, until))
    try:
        with writing(TIMEOUT):
            PolledFact.objects.filter(until__lt=clock.now() - KEPT_FOR).delete()
            PolledFact.objects.bulk_create(rows)
    except Retryable as error:
        log.warning("notifications of what polling told may repeat it", vim=vim_id, reason=error.reason)


def remember_house(vim_id: str, instance_ids: Collection[str], kind: Kind, type: str, *, within: float) -> None:
    """Keep that the house told this of these; the cloud will within so many seconds. Raises Retryable."""
    now = clock.now()
    until = now + timedelta(seconds=within)
    what = {"vim_id": vim_id, "kind": kind, "type": type, "since": now, "until": until}
    with writing(TIMEOUT):
        PolledFact.objects.filter(until__lt=now - KEPT_FOR).delete()
        PolledFact.objects.bulk_create([PolledFact(instance_id=id, **what) for id in instance_ids])


class Lookout:
    """Reads what was told of a VIM behind the row ``newest`` names; one small question while nothing is new."""

    def __init__(self, vim_id: str, newest: Callable[[], int] = lambda: 0) -> None:
        self._vim_id, self._newest = vim_id, newest
        self._seen: tuple[int, ...] = ()

    def __call__(self) -> list[PolledFact]:
        """What is new, perhaps with rows that are known. Raises Retryable."""
        behind = self._newest()
        with reachable():
            with connection.cursor() as cursor:
                cursor.execute(_TOLD, [self._vim_id, behind - OUT_OF_ORDER])
                seen = (behind, *cursor.fetchone())
            rows = told_of([self._vim_id], behind=behind) if seen != self._seen else []
        self._seen = seen
        return rows


def told_of(vim_ids: Collection[str], *, behind: int = 0) -> list[PolledFact]:
    """What was told of these VIMs, but for what is long ago. Raises Retryable.

    Rows may be seen out of their order, so some before ``behind`` come again.
    """
    with reachable():
        return list(PolledFact.objects.filter(vim_id__in=vim_ids, id__gt=behind - OUT_OF_ORDER))


def set_fallback(key: int, *, on: bool) -> None:
    """Say whether polling tells in place of the listener of the VIM with that primary key. Raises Retryable."""
    with writing(TIMEOUT):
        if Vim.objects.filter(pk=key).exists():
            PollState.objects.update_or_create(vim_id=key, defaults={"fallback": on})


def polled_instead(vim_ids: Collection[str]) -> set[str]:
    """Those of which a living poller tells in place of their listener. Raises Retryable."""
    with reachable():
        living = Lease.objects.filter(role=Role.POLLER, expires_at__gt=Now(), vim_id__in=vim_ids)
        rows = PollState.objects.filter(fallback=True, vim__full_id__in=living.values("vim_id"))
        return set(rows.values_list("vim__full_id", flat=True))


def _rows(vim_id: str, changes: Sequence[Change], after: datetime | None, until: datetime) -> Iterator[PolledFact]:
    for change in changes:
        since = after or change.since or until - KEPT_FOR
        for event in change.events:
            if event.phase in DONE:
                yield PolledFact(
                    vim_id=vim_id,
                    instance_id=change.id,
                    kind=event.kind,
                    type=event.type,
                    since=since,
                    until=until,
                )
