"""What is to be and what is, compared again and again: whatever message was lost is made up for here."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q

from fed_common.core import clock
from fed_common.core.errors import Retryable
from fed_common.core.health import Health
from fed_common.core.vnf import VnfStatus
from fed_common.events.models import Role
from fed_common.events.ownership import living
from fed_common.inventory.models import Vim
from fed_common.monitor.conductor.holding import reason_to_hold
from fed_common.monitor.conductor.scene import Scene
from fed_common.monitor.models import LifecycleEvent, Operation, Target
from fed_common.monitor.targets import remove_targets
from fed_common.monitor.vims import watch
from fed_common.telemetry.logging import get_logger
from fed_common.topics.database import reachable, writing

EVERY, PURGE_EVERY = 1.0, 60.0
AT_ONCE, HELD_WITHIN = 500, 1.0
TIMEOUT = 10.0
REMOVED_STAY = timedelta(minutes=10)

log = get_logger(__name__)


class Reconciling:
    """Looks once a second while ``elected`` says that this conductor is the one."""

    def __init__(self, elected: Callable[[], bool], wake: Callable[[], None]) -> None:
        self._elected, self._wake = elected, wake
        self._unseen: list[int] | None = None
        self._purged_at, self._last_held = 0.0, 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reconciling", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopping.set()
        self._thread.join()

    def look(self) -> None:
        """One look at everything. Raises Retryable: no database."""
        self._watch_vims()
        drop_orphans()
        if settle_vims():
            log.info("the status of VIMs followed from their targets")
        if answer_failures():
            self._wake()
        self._look_at_held()
        if time.monotonic() - self._purged_at > PURGE_EVERY:
            purge()
            self._purged_at = time.monotonic()

    def _watch_vims(self) -> None:
        """Those without a workflow, and since the election each once: settings may say something else now."""
        with reachable():
            if self._unseen is None:
                self._unseen = list(Vim.objects.order_by("pk").values_list("pk", flat=True))
            new = list(Vim.objects.filter(workflow__isnull=True).values_list("pk", flat=True)[:AT_ONCE])
        now, self._unseen = self._unseen[:AT_ONCE], self._unseen[AT_ONCE:]
        for pk in sorted({*new, *now}):
            with writing(TIMEOUT):
                vim = Vim.objects.select_for_update().filter(pk=pk).first()
                if vim is not None:
                    watch(vim)

    def _look_at_held(self) -> None:
        """In turn, for a while: each may need the opinion of an executor."""
        held = Operation.objects.filter(state=Operation.State.HELD).select_related("vnf")
        with reachable():
            rows = list(held.filter(pk__gt=self._last_held).order_by("pk")[:AT_ONCE])
        until, released = time.monotonic() + HELD_WITHIN, 0
        for one in rows:
            self._last_held = one.pk
            released += _look_again(one)
            if time.monotonic() > until:
                break
        else:
            self._last_held = self._last_held if len(rows) == AT_ONCE else 0
        if released:
            self._wake()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                if self._elected():
                    self.look()
                else:
                    self._unseen = None
            except Retryable as error:
                log.warning("reconciling waits for the database", reason=error.reason)
            except Exception:
                log.exception("reconciling goes on with the next look")
            self._stopping.wait(EVERY)


def _look_again(operation: Operation) -> bool:
    """Whether nothing speaks against this held one any more."""
    reason = reason_to_hold(operation)
    if reason != operation.reason:
        state = Operation.State.HELD if reason else Operation.State.WAITING
        with writing(TIMEOUT):
            same = Operation.objects.filter(pk=operation.pk, state=Operation.State.HELD)
            same.update(state=state, reason=reason or "")
    return reason is None


def drop_orphans() -> int:
    """Targets of no workflow, of an obsolete action or of a killed one are watched no longer; how many."""
    lost = ~Q(workflow__action_id=F("action_id")) | Q(workflow__isnull=True) | Q(workflow__killed_at__isnull=False)
    with reachable():
        keys = list(Target.objects.filter(lost, removed=False).values_list("pk", flat=True)[:AT_ONCE])
    if keys:
        with writing(TIMEOUT):
            remove_targets(Target.objects.filter(pk__in=keys))
    return len(keys)


def answer_failures() -> int:
    """Have failures answered that were not, because the VNF was changing or a conductor died; how many."""
    open_ones = Target.objects.filter(
        health=Health.DOWN, removed=False, flapping=False, failure_seq__gt=F("answered_seq")
    )
    with reachable():
        of_vnfs = open_ones.filter(workflow__vnf__status=VnfStatus.ACTIVE)
        keys = list(of_vnfs.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    if not keys:
        return 0
    with writing(TIMEOUT):
        scene = Scene(targets=keys)
        for target in scene.targets.values():
            scene.answer(target)
        scene.write()
    return len(scene.operations)


def settle_vims() -> int:
    """Have VIMs in the status that follows from their targets, whoever wrote another one; how many.

    Without an executor the targets tell nothing, and pollers write the status.
    """
    if not living(Role.EXECUTOR):
        return 0
    targets = Target.objects.filter(workflow__vim=OuterRef("pk"), removed=False)
    down, up, pending = (Exists(targets.filter(health=one)) for one in (Health.DOWN, Health.UP, Health.PENDING))
    wrong = (down & ~Q(status=Vim.Status.UNREACHABLE)) | (up & ~down & ~pending & ~Q(status=Vim.Status.REACHABLE))
    with reachable():
        uuids = list(Vim.objects.filter(wrong).values_list("uuid", flat=True)[:AT_ONCE])
    if uuids:
        with writing(TIMEOUT):
            scene = Scene(vims=uuids)
            for vim in scene.vims.values():
                scene.settle_vim(vim)
            scene.write()
    return len(uuids)


def purge() -> None:
    """Forget targets that were removed a while ago, and what happened longer ago than events are kept."""
    now = clock.now()
    kept_since = now - timedelta(hours=settings.EVENT_RETENTION_HOURS)
    with writing(TIMEOUT):
        Target.objects.filter(removed=True, changed_at__lt=now - REMOVED_STAY).delete()
        LifecycleEvent.objects.filter(timestamp__lt=kept_since, event__isnull=True).delete()
        Operation.objects.filter(ended_at__lt=kept_since).delete()
