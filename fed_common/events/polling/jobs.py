"""When each VIM is looked at next: one APScheduler job a VIM, jittered, never overlapping.

VIMs that do not answer wait for their time-outs in threads of their own, so they never hold up the others.
"""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import UTC, timedelta
from typing import Any

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger
from django.conf import settings

from fed_common.core import clock
from fed_common.events.polling.poll import Mode, Poll

ANSWERING, FAILING = "answering", "failing"
FAILING_THREADS = 16
JITTER, SPREAD = 0.05, 2.0  # the time between two looks is at most the interval, at least a tenth less


class Jobs:
    """The looks that are due."""

    def __init__(self) -> None:
        lanes = {
            ANSWERING: ThreadPoolExecutor(settings.POLL_THREADS),
            FAILING: ThreadPoolExecutor(FAILING_THREADS),
        }
        once = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        self._scheduler = BackgroundScheduler(executors=lanes, job_defaults=once, timezone=UTC)

    def start(self) -> None:
        """Begin to run jobs."""
        self._scheduler.start()

    def stop(self) -> None:
        """Begin no look any more; those under way are not waited for."""
        self._scheduler.shutdown(wait=False)

    def put(self, poll: Poll, *, first_in: float | None = None) -> None:
        """Look at the VIM from now on, or by its new mode; the first time in so many seconds, else at once."""
        interval = poll.polled.interval if poll.mode is not Mode.RECONCILE else settings.RECONCILE_INTERVAL
        wait = random.uniform(0, min(interval, SPREAD)) if first_in is None else first_in  # noqa: S311 - no secret
        self._scheduler.add_job(
            self._look,
            IntervalTrigger(seconds=(1 - JITTER) * interval, jitter=JITTER * interval),
            (poll,),
            id=poll.polled.id,
            executor=FAILING if poll.failing else ANSWERING,
            next_run_time=clock.now() + timedelta(seconds=wait),
            replace_existing=True,
        )

    def remove(self, vim_id: str) -> None:
        """Look at it no more."""
        with suppress(JobLookupError):
            self._scheduler.remove_job(vim_id)

    def hurry(self, vim_id: str, seconds: float = 0.0) -> None:
        """Let the next look be in so many seconds."""
        self._modify(vim_id, next_run_time=clock.now() + timedelta(seconds=seconds))

    def _look(self, poll: Poll) -> None:
        failed_before = poll.failing
        poll.look()
        if poll.failing != failed_before:
            self._modify(poll.polled.id, executor=FAILING if poll.failing else ANSWERING)
        if poll.settling:
            self.hurry(poll.polled.id, settings.RECONCILE_SETTLE)

    def _modify(self, vim_id: str, **changes: Any) -> None:
        with suppress(JobLookupError):
            self._scheduler.modify_job(vim_id, **changes)
