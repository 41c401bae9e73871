"""One operation as it is being run: its steps, and the proof before each change that it is still ours."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now

from fed_common.core.errors import CloudFailed, CloudShut, Conflict, Invalid, Retryable
from fed_common.core.states import VNF, VnfTrigger
from fed_common.core.vnf import OperationKind
from fed_common.monitor.models import Operation, Vnf, Vnfc
from fed_common.telemetry.logging import get_logger
from fed_common.topics.database import reachable, writing

T = TypeVar("T")
TIMEOUT = 10.0
ATTEMPTS = 5
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
DATABASE_PAUSE = 0.5
_DELETABLE = [status for status, trigger in VNF.moves if trigger == VnfTrigger.DELETE]
_DELETION = Operation.objects.filter(
    vnf=OuterRef("vnf"), kind=OperationKind.DELETE, state=Operation.State.WAITING, vnf__status__in=_DELETABLE
)
"""What everything else gives way to, in a status that can be left so."""

log = get_logger(__name__)


class Lost(Exception):
    """Another conductor has the operation, or it is no more: not one change more."""


class Stopped(Exception):
    """The process ends: another one goes on."""


class Cancelled(Exception):
    """There is a reason not to do it, or not to go on."""


def _nothing(*_: object) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Step:
    """``work`` may be done again from its beginning, by another process too, so it looks before it does.

    ``record`` changes rows, exactly once, in the transaction that ends the step; the VNF is locked then.
    """

    name: str
    work: Callable[[Run], None] = _nothing
    record: Callable[[Run, Vnf], None] = _nothing


class Run:
    """What the steps of an operation need: its rows, fenced, and patience with what fails."""

    def __init__(self, operation: Operation, owner: str, stopping: threading.Event) -> None:
        self.operation, self.owner = operation, owner
        self.vnf = operation.vnf
        self._stopping = stopping

    def do(self, steps: tuple[Step, ...]) -> None:
        """All steps from the one it has reached. Raises Lost, Stopped, Cancelled, GatewayError."""
        names = [step.name for step in steps]
        begun = names.index(self.operation.step) if self.operation.step in names else 0
        for place in range(begun, len(steps)):
            self.check()
            steps[place].work(self)
            following = names[place + 1] if place + 1 < len(steps) else None
            try:
                self._end(steps[place], following)
            except (Conflict, Invalid) as error:
                if place == 0:
                    raise Cancelled(str(error)) from None  # nothing was begun
                raise

    def record(self, change: Callable[[Vnf], T]) -> T:
        """Make the change in one transaction, if the operation is ours; the database being away is waited for."""
        while True:
            try:
                with self._ours() as vnf:
                    return change(vnf)
            except Retryable as error:
                log.info("an operation waits for the database", operation=self.operation.pk, reason=error.reason)
                self._rest(DATABASE_PAUSE)

    def look(self, read: Callable[[], T]) -> T:
        """Read rows; the database being away is waited for. Raises Stopped."""
        while True:
            try:
                with reachable():
                    return read()
            except Retryable:
                self._rest(DATABASE_PAUSE)

    def check(self) -> None:
        """Call it before anything that cannot be taken back. Raises Lost, Stopped, Cancelled."""
        if self._stopping.is_set():
            raise Stopped
        unwanted = self.look(
            self._mine().annotate(unwanted=Exists(_DELETION)).values_list("unwanted", flat=True).first
        )
        if unwanted is None:
            raise Lost
        if unwanted:
            raise Cancelled("the VNF is to be deleted")

    def pause(self, seconds: float) -> None:
        """Wait; raises as ``check``."""
        self._rest(seconds)
        self.check()

    def patiently(self, ask: Callable[[], T]) -> T:
        """What a far side answers, asked a few times. Raises what it raised last; at once what will not change."""
        for attempt in range(ATTEMPTS):
            self.check()
            try:
                return ask()
            except (CloudFailed, Conflict, Retryable) as error:
                if attempt + 1 == ATTEMPTS:
                    raise
                log.warning("a step is tried again", operation=self.operation.pk, reason=str(error))
                wish = error.retry_after if isinstance(error, CloudShut | Retryable) else None
                self.pause(wish or min(FIRST_PAUSE * 2**attempt, LONGEST_PAUSE))
        raise AssertionError("unreachable")

    def members(self, kept: str = "") -> list[Vnfc]:
        """The members of the VNF; those whose keys were kept by that name, if any are left."""
        rows = Vnfc.objects.filter(vnf=self.operation.vnf_id)
        if kept:
            rows = rows.filter(pk__in=self.operation.kept.get(kept, ()))
        return self.look(lambda: list(rows))

    def keep(self, **what: Any) -> None:
        """Remember for later steps. Call it in a ``record``."""
        self.operation.kept = {**self.operation.kept, **what}
        self.operation.save(update_fields=["kept"])

    def finish(self, state: Operation.State, reason: str = "", also: Callable[[Vnf], None] = _nothing) -> None:
        """It has ended so."""

        def ended(vnf: Vnf) -> None:
            also(vnf)
            Operation.objects.filter(pk=self.operation.pk).update(state=state, reason=reason, ended_at=Now())

        self.record(ended)

    def release(self) -> None:
        """Let another conductor go on at once."""
        with reachable():
            self._mine().update(expires_at=Now(), owner="")

    def _end(self, step: Step, following: str | None) -> None:
        def ended(vnf: Vnf) -> None:
            if self.operation.step not in ("", step.name):
                return  # it was committed before, only the answer to that was lost
            step.record(self, vnf)
            after = {"step": following} if following else {"state": Operation.State.DONE, "ended_at": Now()}
            Operation.objects.filter(pk=self.operation.pk).update(**after)

        self.record(ended)

    def _mine(self) -> QuerySet[Operation]:
        """The operation, while it is ours."""
        return Operation.objects.filter(pk=self.operation.pk, owner=self.owner, state=Operation.State.RUNNING)

    @contextmanager
    def _ours(self) -> Iterator[Vnf]:
        with writing(TIMEOUT):
            locked = Vnf.objects.select_for_update(of=("self",), no_key=True).select_related("vim")
            vnf = locked.filter(pk=self.operation.vnf_id).first()
            mine = self._mine().select_for_update(no_key=True).first()
            if vnf is None or mine is None:
                raise Lost
            self.operation, self.vnf = mine, vnf
            yield vnf

    def _rest(self, seconds: float) -> None:
        if self._stopping.wait(seconds):
            raise Stopped
