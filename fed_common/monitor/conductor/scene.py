"""Targets and all that follows from their health, locked, changed in memory and written together.

Thousands of targets may fail in one second: a batch costs a fixed number of questions, and as many updates as
there are different changes in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Model, Q

from fed_common.core import clock
from fed_common.core.health import Flip, Health
from fed_common.core.vnf import EventType
from fed_common.inventory.models import Vim
from fed_common.monitor.conductor.answering import answers_to, hold_where_many
from fed_common.monitor.models import LifecycleEvent, Operation, Target, Vnf, Vnfc, Workflow
from fed_common.monitor.rpc import executors
from fed_common.monitor.status_events import moment
from fed_common.monitor.targets import made_anew
from fed_common.topics.casting import after_commit

_OF_TARGET = ("health", "rule", "reason", "flapping", "changed_at", "failure_seq", "answered_seq", "not_before")
_OF_MEMBER = ("health", "rule", "reason", "changed_at")
_OF_VIM = ("status", "status_reason", "status_at")


class Scene:
    """The rows that some targets, members or VIMs decide over. Make it and ``write`` it in one transaction."""

    def __init__(
        self, *, targets: Iterable[int] = (), members: Iterable[int] = (), vims: Iterable[UUID] = ()
    ) -> None:
        """Lock them, in the order ``monitor.targets`` names; a member by its VNF."""
        self.now = clock.now()
        targets = list(targets)
        asked = Target.objects.filter(pk__in=targets, removed=False).values_list("subject", "member_id")
        subjects = {subject for subject, _ in asked} | set(vims)
        wanted = {member for _, member in asked if member} | set(members)
        self.vims = {row.pk: row for row in _locked_vims(subjects)}
        of_members = Vnfc.objects.filter(pk__in=wanted).values_list("vnf_id", flat=True)
        self.vnfs = {row.pk: row for row in _locked_vnfs(subjects | set(of_members))}
        self.members = {row.pk: row for row in Vnfc.objects.filter(pk__in=wanted)}
        self._full_ids = dict(
            Vim.objects.filter(pk__in={row.vim_id for row in self.vnfs.values()}).values_list("pk", "full_id")
        )
        workflows = Workflow.objects.filter(Q(vim__in=self.vims) | Q(vnf__in=self.vnfs))
        self.workflows: dict[UUID | None, Workflow] = {row.pk: row for row in workflows}
        of_vims = [row.pk for row in self.workflows.values() if row.vim_id]
        deciding = Q(workflow__in=of_vims) | Q(member__in=wanted) | Q(pk__in=targets)
        rows = _by_pk(Target).filter(deciding, removed=False, workflow__in=self.workflows)
        self.targets = {row.pk: row for row in rows}
        self._together: dict[object, list[Target]] = defaultdict(list)
        for row in self.targets.values():
            self._together[self._whose(row)].append(row)
        self.operations: list[Operation] = []
        self._happened: list[LifecycleEvent] = []
        self._changed: dict[type[Model], set[Any]] = defaultdict(set)

    def overrule(self, target: Target, flip: Flip) -> None:
        """As ``decide``, of a target whose executor thinks otherwise: it begins anew with what is decided here."""
        if target.health == flip.health:
            return
        together = self._together[self._whose(target)]
        del self.targets[target.pk]
        self._changed[Target].discard(target.pk)
        together.remove(target)
        anew = made_anew(target)
        self.targets[anew.pk] = anew
        together.append(anew)
        self.decide(anew, flip)
        after_commit(lambda: executors().update(anew.action_id, {}))

    def decide(self, target: Target, flip: Flip) -> None:
        """Have this as the target's health, with all that follows."""
        if (target.health, target.flapping) == (flip.health, flip.flapping):
            return
        if target.health != flip.health:
            target.health, target.changed_at = flip.health, self.now
            target.failure_seq += flip.health == Health.DOWN
        target.rule, target.reason, target.flapping = flip.rule, flip.reason, flip.flapping
        self._changed[Target].add(target.pk)
        self._follow(target)
        self.answer(target)

    def answer(self, target: Target) -> None:
        """Have the policy's actions done about a failure that was not answered yet, if the VNF may be touched."""
        vnf = self._vnf(target)
        if vnf is None:
            return
        operations = answers_to(target, vnf, self.members.get(target.member_id or 0))
        if operations is not None:
            self.operations += operations
            target.answered_seq = target.failure_seq
            self._changed[Target].add(target.pk)

    def member_is(self, member: Vnfc, health: Health, rule: str, reason: str) -> None:
        """Have this as the member's health."""
        if member.health == health:
            return
        vnf, old = self.vnfs[member.vnf_id], member.health
        member.health, member.rule, member.reason, member.changed_at = health, rule, reason, self.now
        self._changed[Vnfc].add(member.pk)
        traits = {"vdu": member.vdu, "member": member.number, "address": member.address}
        self._tell(
            ("vdu", vnf.pk, health, old, rule, reason),
            vim_id=self._full_ids[vnf.vim_id],
            name=vnf.name,
            tenant_id=vnf.tenant_id,
            instance_id=member.instance_id,
            traits=traits,
        )

    def vim_is(self, vim: Vim, status: str, rule: str, reason: str) -> None:
        """Have this as the VIM's status."""
        if vim.status == status:
            return
        old, vim.status, vim.status_reason, vim.status_at = vim.status, status, reason, self.now
        self._changed[Vim].add(vim.pk)
        self._tell(
            ("vim", vim.uuid, status, old, rule, reason),
            vim_id=vim.full_id,
            name=vim.name,
            tenant_id=vim.tenant_id,
        )

    def settle_vim(self, vim: Vim) -> None:
        """Its status follows from its targets: the worst of them, once all are decided or one is DOWN."""
        worst = _worst(self._together["vim", vim.pk])
        if worst is not None and worst.health != Health.PENDING:
            up = worst.health == Health.UP
            status = Vim.Status.REACHABLE if up else Vim.Status.UNREACHABLE
            self.vim_is(vim, status, worst.rule, "" if up else worst.reason)

    def write(self) -> None:
        """Store what changed."""
        _update(Vim, _OF_VIM, [self.vims[pk] for pk in self._changed[Vim]])
        _update(Vnfc, _OF_MEMBER, [self.members[pk] for pk in self._changed[Vnfc]])
        _update(Target, _OF_TARGET, [self.targets[pk] for pk in self._changed[Target]])
        LifecycleEvent.objects.bulk_create(self._happened)
        hold_where_many(self.operations)
        Operation.objects.bulk_create(self.operations, ignore_conflicts=True)

    def targets_of(self, member: Vnfc) -> list[Target]:
        """The ones that watch it."""
        return list(self._together["member", member.pk])

    def workflow_of(self, target: Target) -> Workflow:
        """The one it belongs to; every target here has one."""
        return self.workflows[target.workflow_id]

    def _follow(self, target: Target) -> None:
        vim, member = self._vim(target), self.members.get(target.member_id or 0)
        if vim is not None:
            self.settle_vim(vim)
        elif member is not None:
            worst = _worst(self.targets_of(member)) or target
            self.member_is(member, Health(worst.health), worst.rule, worst.reason)

    def _whose(self, target: Target) -> tuple[str, object]:
        """Whose health it decides together with others."""
        vim = self._vim(target)
        return ("vim", vim.pk) if vim else ("member", target.member_id)

    def _vim(self, target: Target) -> Vim | None:
        return self.vims.get(self.workflow_of(target).vim_id or 0)

    def _vnf(self, target: Target) -> Vnf | None:
        vnf_id = self.workflow_of(target).vnf_id
        return self.vnfs.get(vnf_id) if vnf_id else None

    def _tell(self, what: tuple[str, UUID, str, str, str, str], **about: Any) -> None:
        kind, subject, state, old, rule, reason = what
        self._happened.append(
            moment(
                kind,
                subject,
                state=state,
                old_state=old,
                event_type=EventType.MONITOR,
                rule=rule,
                details=reason,
                **about,
            )
        )


_BADNESS = {Health.UP: 0, Health.PENDING: 1, Health.DOWN: 2}


def _worst(targets: Iterable[Target]) -> Target | None:
    """The one that decides: of the worst health, and there the last that changed."""

    def badness(one: Target) -> tuple[int, float]:
        return _BADNESS[Health(one.health)], one.changed_at.timestamp() if one.changed_at else 0.0

    return max(targets, key=badness, default=None)


def _by_pk(model: type[Any]) -> Any:
    """Its rows to be locked: one after the other in one order, and not against rows that refer to them."""
    return model.objects.select_for_update(no_key=True).order_by("pk")


def _locked_vims(uuids: Collection[UUID]) -> Iterable[Vim]:
    columns = ("uuid", "full_id", "name", "tenant_id", *_OF_VIM)
    return _by_pk(Vim).filter(uuid__in=uuids).only(*columns)  # type: ignore[no-any-return]


def _locked_vnfs(ids: Collection[UUID]) -> Iterable[Vnf]:
    return _by_pk(Vnf).filter(pk__in=ids).defer("vnfd", "attributes")  # type: ignore[no-any-return]


def _update(model: type[Any], columns: Sequence[str], rows: Iterable[Any]) -> None:
    """One UPDATE for all rows that are to hold the same."""
    alike: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
    for row in rows:
        alike[tuple(getattr(row, name) for name in columns)].append(row.pk)
    for values, keys in alike.items():
        model.objects.filter(pk__in=keys).update(**dict(zip(columns, values, strict=True)))
