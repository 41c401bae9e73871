"""Waiting for what is known of a cloud to change: one look at the rows a VIM, for everybody who waits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from weakref import WeakKeyDictionary

from fed_common.core.errors import Retryable
from fed_common.core.instances import Instance
from fed_common.core.model import VimId
from fed_common.core.state_words import any_matches
from fed_common.events.status.requests import StatusQuery
from fed_common.events.status.seen import have_looked_at, remembered
from fed_common.events.status.threads import in_thread

LOOK_EVERY, HURRY_EVERY = 0.5, 2.0
States = dict[str, tuple[Instance, datetime]]


@dataclass
class _Watch:
    """The rows of one VIM as they were last seen; replaced whole by whoever waits and finds them old."""

    states: States = field(default_factory=dict)
    seen_at: float = float("-inf")
    hurried_at: float = float("-inf")
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0


async def wait_for_change(query: StatusQuery) -> None:
    """Return when an instance asked for changed into a state asked for, or the time is up.

    Meanwhile the VIM's poller is asked to look more often. Costs no thread while nothing happens.
    """
    watches = _watches.setdefault(asyncio.get_running_loop(), {})
    watch = watches.setdefault(query.vim_id, _Watch())
    watch.waiting += 1
    try:
        async with asyncio.timeout(query.wait):
            before = await _states(watch, query.vim_id)
            while not _changed(before, await _states(watch, query.vim_id), query):
                await asyncio.sleep(LOOK_EVERY)
    except TimeoutError:
        pass
    finally:
        watch.waiting -= 1
        if not watch.waiting:
            watches.pop(query.vim_id, None)


async def _states(watch: _Watch, vim_id: VimId) -> States:
    """Not older than ``LOOK_EVERY``; while the database is down, as they were."""
    async with watch.turn:
        if time.monotonic() - watch.seen_at >= LOOK_EVERY:
            with suppress(Retryable):
                await _look(watch, vim_id)
        return watch.states


async def _look(watch: _Watch, vim_id: VimId) -> None:
    if time.monotonic() - watch.hurried_at >= HURRY_EVERY:
        watch.hurried_at = time.monotonic()
        await in_thread(have_looked_at, vim_id)
    rows = await in_thread(remembered, vim_id)
    watch.states = {id: (one.instance, one.changed_at) for id, one in rows.items()}
    watch.seen_at = time.monotonic()


def _changed(before: States, now: States, query: StatusQuery) -> Sequence[str]:
    """The ids of those asked for that are in another state than before, or in the same one anew."""
    return [
        id
        for id, (one, changed_at) in now.items()
        if query.instance_id in ("", id)
        and any_matches(query.words, one)
        and (id not in before or before[id][1] != changed_at or _task(before[id][0]) != _task(one))
    ]


def _task(one: Instance) -> tuple[str, str]:
    return one.state, one.state_description


_watches: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[VimId, _Watch]] = WeakKeyDictionary()
