"""A cloud that says by itself what changed: one thread waits for it, and connects again when that breaks."""

from __future__ import annotations

import threading
from contextlib import closing

from fed_common.events.delivery import waits
from fed_common.events.polling.poll import Mode, Poll
from fed_common.interfaces.plugin import CloudPlugin, InstanceWatch
from fed_common.telemetry.logging import get_logger

WAIT = 2.0

log = get_logger(__name__)


def can_watch(plugin: CloudPlugin) -> bool:
    """Whether this type of cloud may be watched instead of polled."""
    return type(plugin).watch_instances is not CloudPlugin.watch_instances


class Watching:
    """Follows one VIM until it is stopped. What happened while it was not connected is told after."""

    def __init__(self, poll: Poll) -> None:
        self._poll = poll
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"watch-{poll.polled.id}", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Tell nothing any more; the connection is closed soon. Safe to call twice."""
        self._stopping.set()
        self._poll.stop()

    def _run(self) -> None:
        pauses = waits()
        while not self._stopping.is_set():
            try:
                if self._connected():
                    pauses = waits()
            except Exception as error:
                self._poll.failed(error)
            self._stopping.wait(next(pauses))

    def _connected(self) -> bool:
        """One connection, to its end; whether it was of use. A cloud that cannot be watched is polled."""
        polled = self._poll.polled
        watch = self._poll.plugin.watch_instances(polled.vim, timeout=polled.timeout)
        if watch is None:
            self._poll.look()
            self._stopping.wait(polled.interval)
            return True
        with closing(watch):
            return self._follow(watch)

    def _follow(self, watch: InstanceWatch) -> bool:
        """True when it ended because a change could not be taken in: the next connection shows it again."""
        followed = False
        try:
            while not self._stopping.is_set():
                sweep = watch.wait(timeout=self._poll.polled.timeout if not followed else WAIT)
                if sweep is None:
                    self._poll.answers()
                elif not self._poll.take(sweep, Mode.POLL):
                    return followed
                followed = True
        except Exception as error:
            if not followed:
                raise
            self._poll.failed(error)
        return followed
