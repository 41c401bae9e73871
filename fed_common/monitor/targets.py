"""What is watched, as rows: the one place that makes, changes and removes targets.

Whoever locks several rows takes them in this order, so that nobody waits in a circle:
VIMs, VNFs (each with its members), targets, each by id, and the revision last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from fed_common.core import clock
from fed_common.core.health import Check
from fed_common.monitor.models import SHARDS, Target, TargetRevision, Vnfc, Workflow


@dataclass(frozen=True, slots=True)
class Wanted:
    """One target a workflow is to have. The fields are those of ``Target``."""

    check: Check
    member: Vnfc | None = None
    fall: int = 1
    rise: int = 1
    actions: Mapping[str, Sequence[str]] = field(default_factory=dict)
    not_before: datetime | None = None

    @property
    def place(self) -> tuple[object, ...]:
        """What makes it the same target, however it is asked."""
        check = self.check
        return (self.member and self.member.pk, str(check.kind), check.address, check.port)

    def columns(self) -> dict[str, Any]:
        """As ``Target`` stores how it is asked and what follows."""
        actions = {returned: list(names) for returned, names in self.actions.items()}
        rest = {"fall": self.fall, "rise": self.rise, "actions": actions}
        return {**asdict(self.check), "kind": str(self.check.kind), **rest}


def shard_of(subject: UUID) -> int:
    """The shard that all targets of a VIM or VNF are in."""
    return subject.int % SHARDS


def put_targets(workflow: Workflow, wanted: Sequence[Wanted]) -> bool:
    """Give the workflow's present action exactly these targets; whether anything changed.

    One that it has already keeps its health, its count of failures and its ``not_before``. Call it in the
    transaction of the change, with the row of the VIM or VNF locked.
    """
    rows = list(_present(workflow.targets.all()))
    have = {_place(row): row for row in rows if row.action_id == workflow.action_id}
    new = [one for one in wanted if one.place not in have]
    changed = [(have[one.place], one) for one in wanted if one.place in have and _differs(have[one.place], one)]
    keep = {one.place for one in wanted}
    gone = [row.pk for row in rows if have.get(_place(row)) is not row or _place(row) not in keep]
    if not (new or changed or gone):
        return False
    revision = TargetRevision.next()
    _remove(gone, revision)
    for row, one in changed:
        Target.objects.filter(pk=row.pk).update(**one.columns(), revision=revision)
    Target.objects.bulk_create(_row(workflow, one, revision) for one in new)
    return True


def remove_targets(targets: QuerySet[Target]) -> int:
    """Have these watched no longer; how many there were. Call it in the transaction of the change."""
    ids = list(_present(targets).values_list("pk", flat=True))
    if ids:
        _remove(ids, TargetRevision.next())
    return len(ids)


def made_anew(target: Target) -> Target:
    """The same target in a new row, so that its executor forgets what it thinks and begins with what the row says.

    Reports of the old row are answered with ``bad_action`` from now on. The row is locked.
    """
    revision = TargetRevision.next()
    _remove([target.pk], revision)
    anew = copy(target)
    anew.pk, anew.revision = None, revision
    anew._state.adding = True
    anew.save(force_insert=True)
    return anew


def _remove(ids: Sequence[int], revision: int) -> None:
    Target.objects.filter(pk__in=ids).update(removed=True, revision=revision, changed_at=clock.now())


def _present(targets: QuerySet[Target]) -> QuerySet[Target]:
    return targets.filter(removed=False).order_by("pk").select_for_update()


def _place(row: Target) -> tuple[object, ...]:
    return (row.member_id, row.kind, row.address, row.port)


def _differs(row: Target, one: Wanted) -> bool:
    return any(getattr(row, name) != value for name, value in one.columns().items())


def _row(workflow: Workflow, one: Wanted, revision: int) -> Target:
    subject = workflow.vim.uuid if workflow.vim else workflow.vnf.pk  # type: ignore[union-attr]
    return Target(
        workflow=workflow,
        member=one.member,
        action_id=workflow.action_id,
        subject=subject,
        shard=shard_of(subject),
        revision=revision,
        not_before=one.not_before,
        **one.columns(),
    )
