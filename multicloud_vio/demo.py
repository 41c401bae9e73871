"""The demo cloud: a recorded scenario of a real Nova, told for ever through a real transport."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

from fed_common.bus.sender import NotificationSender
from fed_common.core import clock
from fed_common.core.errors import Retryable
from fed_common.telemetry.logging import get_logger
from multicloud_vio.kinds import LEGACY
from multicloud_vio.recording import Told, read_recording

RECORDED = Path(__file__).parent / "demo_notifications.jsonl.gz"
STOP_TIMEOUT = 5.0

log = get_logger(__name__)


class DemoFeed:
    """Sends the scenario round after round, each with new ids and present times."""

    def __init__(self, transport_url: str, exchange: str, topics: Sequence[str]) -> None:
        """``topics``: of the legacy and of the versioned notifications, or one for both.

        Raises Invalid naming ``transport.url`` when no driver can use it.
        """
        self._sender = NotificationSender(transport_url, exchange)
        self._legacy, self._versioned = topics[0], topics[-1]
        self._recording = read_recording(RECORDED)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="demo-feed", daemon=True)

    def start(self) -> None:
        """Begin to send; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Stop sending. Safe to call twice."""
        self._stopping.set()
        if self._thread.ident:
            self._thread.join(STOP_TIMEOUT)

    def _run(self) -> None:
        while not self._stopping.is_set():
            began = monotonic()
            for told in self._recording.round(clock.now()):
                if self._stopping.wait(max(began + told.due - monotonic(), 0)):
                    return
                self._send(told)

    def _send(self, told: Told) -> None:
        topic = self._legacy if told.wire == LEGACY else self._versioned
        notification = dict(told.notification)
        try:
            self._sender.send(topic, notification, {"request_id": notification.pop("request_id")})
        except Retryable as error:
            log.warning("a demo notification was not sent", reason=error.reason)
