"""What callers may ask of the table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import Case, Count, Prefetch, Q, QuerySet, Value, When
from django.http import QueryDict

from fed_common.access.permissions import require_vim, seen_by
from fed_common.alarms.models import ActiveAlarm, AlarmChange, TableSequence
from fed_common.alarms.table.sheet import LISTED
from fed_common.core.alarm import EventCategory, NoticeKind, ObjectType, Severity
from fed_common.core.errors import Invalid, NotFound
from fed_common.events.queries import LIMIT_MAX, whole_number
from fed_common.inventory.queries import Listing, one_of, truth, vim_id_word

CHANGES = 100
_RANK = Case(*(When(severity=word, then=Value(rank)) for rank, word in enumerate(Severity)), default=Value(9))


def _uuid(name: str, text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Invalid(name, text, "a UUID") from None


ALARMS = Listing(
    columns={"tenant": "tenant_id"},
    conditions=(
        *("vim_id", "severity", "category", "object_type", "object_id", "host", "tenant", "problem"),
        *("rule_id", "fault_id", "acked", "cleared"),
    ),
    orders=("-raised_at", "raised_at", "changed_at", "rank", "cleared", "vim_id", "object_id", "count"),
    readers={
        "vim_id": vim_id_word,
        "severity": one_of(word for word in Severity if word is not Severity.CLEARED),
        "category": one_of(EventCategory),
        "object_type": one_of(ObjectType),
        "rule_id": _uuid,
        "fault_id": _uuid,
        "acked": truth,
        "cleared": truth,
    },
)


def listed(caller: object) -> QuerySet[ActiveAlarm]:
    """The alarms that nobody is done with, of the VIMs this caller may see; ``rank`` is 0 for the worst."""
    rows = seen_by(caller, ActiveAlarm.objects.filter(LISTED))
    return with_children(rows).annotate(
        rank=_RANK, acked=Q(acked_at__isnull=False), cleared=Q(cleared_at__isnull=False)
    )


def with_children(rows: QuerySet[ActiveAlarm]) -> QuerySet[ActiveAlarm]:
    """With what came of each, read together."""
    return rows.prefetch_related(Prefetch("children", ActiveAlarm.objects.filter(LISTED).only("id", "root_cause")))


def find_alarm(alarm_id: UUID, caller: object) -> ActiveAlarm:
    """One alarm, also of those that left the list, as long as it is kept. Raises NotFound."""
    row = with_children(seen_by(caller, ActiveAlarm.objects.filter(pk=alarm_id))).first()
    if row is None:
        raise NotFound("alarm", str(alarm_id))
    return row


def counts(caller: object) -> dict[str, int]:
    """How many open alarms there are of each severity."""
    rows = seen_by(caller, ActiveAlarm.objects.filter(cleared_at__isnull=True)).order_by()
    found = dict(rows.values_list("severity").annotate(Count("pk")))
    return {str(word): found.get(word.value, 0) for word in Severity if word is not Severity.CLEARED}


def newest() -> int:
    """The number of the last change."""
    return TableSequence.objects.filter(pk=1).values_list("number", flat=True).first() or 0


class ChangeQuery:
    """Which changes, and behind which number. Raises Invalid, PermissionDenied for a VIM not to be seen."""

    KNOWN = ("vim_id", "kind", "alarm_id", "after", "limit")

    def __init__(self, query: QueryDict, caller: object) -> None:
        for name in query:
            if name not in self.KNOWN:
                raise Invalid(name, query[name], f"no such parameter; parameters: {', '.join(self.KNOWN)}")
        self.caller = caller
        self._asked = self._conditions(query)
        after, limit = query.get("after"), query.get("limit")
        self.after = None if after is None else whole_number("after", after)
        self.limit = CHANGES if limit is None else whole_number("limit", limit, 1, LIMIT_MAX)

    def rows(self, behind: int) -> QuerySet[AlarmChange]:
        """The first ``limit`` changes behind that number, in their order."""
        rows = AlarmChange.objects.filter(sequence__gt=behind, **self._asked)
        return seen_by(self.caller, rows).order_by("sequence")[: self.limit]

    def _conditions(self, query: QueryDict) -> Mapping[str, Any]:
        asked: dict[str, Any] = {}
        if vim_id := query.get("vim_id"):
            require_vim(self.caller, vim_id)
            asked["vim_id"] = vim_id
        if kinds := [one_of(NoticeKind)("kind", word) for word in query.getlist("kind") if word]:
            asked["kind__in"] = kinds
        if (alarm_id := query.get("alarm_id")) is not None:
            asked["alarm_id"] = _uuid("alarm_id", alarm_id)
        return asked


def oldest() -> int:
    """The number of the first change that is kept; 0: none is."""
    rows = AlarmChange.objects.filter(sequence__isnull=False).order_by("sequence")
    return rows.values_list("sequence", flat=True).first() or 0
