"""What was seen of composites, and whose troubles rules are in alarm for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from fed_common.alarms.models import PartSeen

TROUBLED, EXPECTED = -1, -2
"""The parts of a PartSeen that say: for this subject the rule is in alarm; of it the rule waits for an event."""


class Parts:
    """What was seen of composites, and whose troubles rules are in alarm for.

    What is expected is put down here, and read by whoever misses it.
    """

    def __init__(self, rule_ids: Collection[UUID]) -> None:
        self._seen: dict[tuple[UUID, str], dict[int, tuple[datetime, str]]] = {}
        self._stored: set[tuple[UUID, int, str]] = set()
        self._touched: set[tuple[UUID, int, str]] = set()
        self._troubled: defaultdict[UUID, set[str]] = defaultdict(set)
        if rule_ids:
            for row in PartSeen.objects.filter(rule_id__in=rule_ids).exclude(part=EXPECTED):
                self._seen.setdefault((row.rule_id, row.subject), {})[row.part] = (row.seen_at, row.event_id)
                self._stored.add((row.rule_id, row.part, row.subject))
                if row.part == TROUBLED:
                    self._troubled[row.rule_id].add(row.subject)

    def put(self, rule_id: UUID, part: int, subject: str, at: datetime, event_id: str) -> None:
        """It was seen; an older moment changes nothing."""
        known = self._seen.setdefault((rule_id, subject), {})
        if part not in known or known[part][0] < at:
            known[part] = (at, event_id)
            self._touched.add((rule_id, part, subject))
            if part == TROUBLED:
                self._troubled[rule_id].add(subject)

    def forget(self, rule_id: UUID, subject: str, parts: Collection[int]) -> None:
        """It counts no more."""
        known = self._seen.get((rule_id, subject), {})
        for part in parts:
            if known.pop(part, None):
                self._touched.add((rule_id, part, subject))
                if part == TROUBLED:
                    self._troubled[rule_id].discard(subject)

    def forget_troubled(self, rule_id: UUID) -> None:
        """Nobody is in trouble any more."""
        for subject in self.troubled(rule_id):
            self.forget(rule_id, subject, [TROUBLED])

    def of(self, rule_id: UUID, subject: str) -> dict[int, datetime]:
        """When each part was seen last."""
        return {part: at for part, (at, _) in self._seen.get((rule_id, subject), {}).items() if part >= 0}

    def troubled(self, rule_id: UUID) -> set[str]:
        """Whose trouble it is."""
        return set(self._troubled[rule_id])

    def troubled_by(self, rule_id: UUID, subject: str, event_id: str) -> bool:
        """Whether that event began the trouble of that subject."""
        return self._seen.get((rule_id, subject), {}).get(TROUBLED, (None, ""))[1] == event_id

    def save(self) -> None:
        """Store what changed."""
        gone, there = [], []
        for rule_id, part, subject in self._touched:
            found = self._seen[rule_id, subject].get(part)
            if found:
                there.append(
                    PartSeen(rule_id=rule_id, part=part, subject=subject, seen_at=found[0], event_id=found[1])
                )
            elif (rule_id, part, subject) in self._stored:
                gone.append(Q(rule_id=rule_id, part=part, subject=subject))
        for one in gone:
            PartSeen.objects.filter(one).delete()
        PartSeen.objects.bulk_create(
            there,
            update_conflicts=True,
            unique_fields=["rule_id", "part", "subject"],
            update_fields=["seen_at", "event_id"],
        )
