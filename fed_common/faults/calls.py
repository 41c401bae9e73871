"""One call to the cloud for each instance of a fault: few at a time, failed ones again, each result kept."""

from __future__ import annotations

import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from django.conf import settings
from django.db.models import F, QuerySet

from fed_common.core.errors import CloudFailed, GatewayError, NotFound, Retryable, Unsupported
from fed_common.events.delivery import waits
from fed_common.faults.cloud import GONE
from fed_common.faults.models import FaultedInstance
from fed_common.faults.turn import Over, Turn
from fed_common.telemetry.logging import get_logger
from fed_common.topics.database import writing

Outcome = FaultedInstance.Outcome
Call = Callable[[FaultedInstance], Outcome]
TIMEOUT = 10.0
LOOK_EVERY = 0.2
AGAIN = (CloudFailed, Retryable)

log = get_logger(__name__)


class Calls:
    """``before`` is told of instances right before their calls begin."""

    def __init__(
        self, turn: Turn, pool: ThreadPoolExecutor, before: Callable[[Sequence[FaultedInstance]], None]
    ) -> None:
        self._turn, self._pool, self._before = turn, pool, before
        self._tries = Counter[int]()

    def make(self, rows: Sequence[FaultedInstance], call: Call) -> None:
        """Until each is done or was tried MCFED_FAULT_TRIES times. Raises Over, Retryable: go on another time."""
        left, pauses = list(rows), waits()
        while left:
            self._round(left, call)
            left = [row for row in left if row.outcome == Outcome.WAITING]
            if left and self._turn.stopping.wait(next(pauses)):
                raise Over

    def _round(self, rows: Sequence[FaultedInstance], call: Call) -> None:
        waiting, running = deque(rows), dict[Future[Outcome], FaultedInstance]()
        looked = -LOOK_EVERY
        try:
            while waiting or running:
                if self._turn.stopping.is_set() or time.monotonic() - looked >= LOOK_EVERY:
                    looked = time.monotonic()
                    self._turn.require()
                self._begin(waiting, running, call)
                done, _ = wait(running, LOOK_EVERY, FIRST_COMPLETED)
                self._settle({future: running.pop(future) for future in done})
        finally:
            wait(running)  # what is under way must not come after what is done next
            self._settle(running)

    def _begin(
        self, waiting: deque[FaultedInstance], running: dict[Future[Outcome], FaultedInstance], call: Call
    ) -> None:
        """That it is tried is kept before it is: who goes on knows that the cloud may have been told."""
        free = 2 * settings.FAULT_THREADS - len(running)
        if free < settings.FAULT_THREADS or not waiting:
            return
        batch = [waiting.popleft() for _ in range(min(free, len(waiting)))]
        for row in batch:
            row.tries += 1
            self._tries[row.pk] += 1
        with writing(TIMEOUT):
            _those(batch).update(tries=F("tries") + 1)
        self._before(batch)
        running.update({self._pool.submit(call, row): row for row in batch})

    def _settle(self, done: dict[Future[Outcome], FaultedInstance]) -> None:
        for future, row in done.items():
            row.outcome, row.reason = _outcome(future, row, last=self._tries[row.pk] >= settings.FAULT_TRIES)
        if done:
            keep(done.values())


def keep(rows: Collection[FaultedInstance]) -> None:
    """Write the outcomes and reasons of these. Raises Retryable."""
    alike = defaultdict[tuple[str, str], list[FaultedInstance]](list)
    for row in rows:
        alike[row.outcome, row.reason].append(row)
    with writing(TIMEOUT):
        for (outcome, reason), some in alike.items():
            _those(some).update(outcome=outcome, reason=reason)


def _those(rows: Iterable[FaultedInstance]) -> QuerySet[FaultedInstance]:
    """By one statement, while ``bulk_update`` makes up one value for each."""
    return FaultedInstance.objects.filter(pk__in=[row.pk for row in rows])


def _outcome(future: Future[Outcome], row: FaultedInstance, *, last: bool) -> tuple[Outcome, str]:
    try:
        outcome = future.result()
    except Unsupported as error:
        return Outcome.LEFT, str(error)
    except NotFound:
        return Outcome.LEFT, GONE
    except AGAIN as error:
        return Outcome.FAILED if last else Outcome.WAITING, str(error)
    except GatewayError as error:
        return Outcome.FAILED, str(error)
    except Exception as error:
        log.exception("a call for an instance failed by a fault of ours")
        return Outcome.FAILED, f"the gateway failed: {type(error).__name__}"
    return outcome, row.reason if outcome == Outcome.LEFT else ""
