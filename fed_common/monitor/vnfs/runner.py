"""Runs operations, in threads. Each conductor has a runner; what one leaves undone another goes on with."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings

from fed_common.core.errors import GatewayError, Retryable
from fed_common.events.ownership import RENEW_EVERY
from fed_common.monitor.models import Operation, Vnf
from fed_common.monitor.vnfs.claiming import claim, renew
from fed_common.monitor.vnfs.operations import note_failure, steps_of
from fed_common.monitor.vnfs.run import Cancelled, Lost, Run, Stopped
from fed_common.telemetry import metrics
from fed_common.telemetry.logging import get_logger

STOPS_WITHIN = 10.0
log = get_logger(__name__)


class Runner:
    """Claims operations and runs each in a thread of its own, so none waits for another VNF's.

    ``name`` is of this process alone. ``hold`` says why an operation of a policy is not done now, or ``None``;
    it may raise Retryable.
    """

    def __init__(self, name: str, hold: Callable[[Operation], str | None]) -> None:
        self._name, self._hold = name, hold
        self._stopping, self._woken = threading.Event(), threading.Event()
        self._running: set[int] = set()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(settings.OPERATION_THREADS, thread_name_prefix="operation")
        self._thread = threading.Thread(target=self._claim, name="runner", daemon=True)

    def start(self) -> None:
        """Begin, in the background."""
        self._thread.start()

    def wake(self) -> None:
        """There may be something to do; it is found within half a second anyhow. Any thread may call it."""
        self._woken.set()

    def stop(self) -> None:
        """Leave what is under way to the others, which go on with it at once. Safe to call twice."""
        self._stopping.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(STOPS_WITHIN)
        self._pool.shutdown(wait=True)

    def _claim(self) -> None:
        """Half a second is the renewal of the leases as well."""
        while not self._stopping.is_set():
            try:
                ours = self._ours()
                renew(self._name, ours)
                free = settings.OPERATION_THREADS - len(ours)
                for operation in claim(self._name, free, ours) if free else ():
                    self._submit(operation)
            except Retryable as error:
                log.warning("operations wait for the database", reason=error.reason)
            except Exception:  # a thread that ends would end all operations of this process
                log.exception("operations could not be claimed")
            self._woken.wait(RENEW_EVERY)
            self._woken.clear()

    def _ours(self) -> set[int]:
        with self._lock:
            return set(self._running)

    def _submit(self, operation: Operation) -> None:
        with self._lock:
            self._running.add(operation.pk)
        self._pool.submit(self._run, operation)

    def _run(self, operation: Operation) -> None:
        try:
            run_operation(operation, self._name, self._hold, self._stopping)
        except Exception:  # its lease ends, and it is gone on with
            log.exception("an operation was left half way", operation=operation.pk)
        finally:
            with self._lock:
                self._running.discard(operation.pk)
            self.wake()


def run_operation(
    operation: Operation, owner: str, hold: Callable[[Operation], str | None], stopping: threading.Event
) -> None:
    """Run an operation that ``owner`` has claimed to its end, or as far as it is his. Raises nothing of ours."""
    run = Run(operation, owner, stopping)
    about = {"operation": operation.pk, "kind": operation.kind, "vnf": str(operation.vnf_id)}
    try:
        try:
            _run(run, hold)
        except Cancelled as reason:
            _end(run, Operation.State.CANCELLED, str(reason))
        except GatewayError as error:
            _failed(run, str(error))
        except (Lost, Stopped):
            raise
        except Exception as error:
            log.exception("an operation failed by a fault of ours", **about)
            _failed(run, f"the gateway failed: {type(error).__name__}")
    except Lost:
        log.info("an operation is another conductor's now", **about)
    except Stopped:
        _released(run)


def _run(run: Run, hold: Callable[[Operation], str | None]) -> None:
    operation = run.operation
    if operation.target and not operation.step:
        reason = run.look(lambda: hold(operation))
        if reason is not None:
            _end(run, Operation.State.HELD, reason)
            return
    run.do(steps_of(operation))
    metrics.OPERATIONS.labels(operation.kind, Operation.State.DONE).inc()
    log.info("an operation is done", operation=operation.pk, kind=operation.kind, vnf=str(operation.vnf_id))


def _end(run: Run, state: Operation.State, reason: str) -> None:
    """It ends otherwise than done, or is put off."""
    run.finish(state, reason, also=lambda vnf: _note(run.operation, vnf, state, reason))
    metrics.OPERATIONS.labels(run.operation.kind, state).inc()


def _note(operation: Operation, vnf: Vnf, state: Operation.State, reason: str) -> None:
    if state == Operation.State.FAILED:
        note_failure(operation, vnf, reason)


def _failed(run: Run, reason: str) -> None:
    log.error("an operation failed", operation=run.operation.pk, kind=run.operation.kind, reason=reason)
    _end(run, Operation.State.FAILED, reason)


def _released(run: Run) -> None:
    try:
        run.release()
    except Retryable as error:
        log.info("an operation is left to its lease", reason=error.reason)
