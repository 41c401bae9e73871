"""The HTTP side of a process: one ASGI server, and the housekeeping that goes with it."""

from __future__ import annotations

import signal
import threading
from importlib import import_module

import uvicorn
from django.conf import settings

from fed_common.alarms.table.expiry import forget_old, settle
from fed_common.core.errors import Retryable
from fed_common.events.message_router.topic_log import topic_log
from fed_common.events.store import forget_old_events
from fed_common.inventory.known import forget_deleted
from fed_common.inventory.state_history import forget_old_states
from fed_common.notify.deliveries import forget_old_deliveries
from fed_common.telemetry.collector import leave_loaded_alone
from fed_common.telemetry.logging import get_logger
from fed_common.topics.database import reachable
from fed_common.topics.log import expire

TIDY_EVERY = 600.0
GRACE = 3

log = get_logger(__name__)


def serve() -> None:
    """Answer HTTP until SIGTERM or SIGINT; open long polls get a few seconds to end.

    Raises Invalid naming the setting when the topics cannot be served as it says.
    """
    topic_log()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)  # uvicorn ends by itself, then raises the signal once more
    threading.Thread(target=_tidy, args=(stopping,), name="tidy", daemon=True).start()
    _settle()
    try:
        uvicorn.run(
            settings.ASGI_APPLICATION.replace(".application", ":application"),
            host=settings.BIND,
            port=settings.PORT,
            log_config=None,
            access_log=False,
            lifespan="on",
            date_header=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE,
        )
    finally:
        stopping.set()


def _settle() -> None:
    """Load every view now: what is loaded stays, so the collector need not halt requests to look at it."""
    import_module(settings.ROOT_URLCONF)
    leave_loaded_alone()


def _tidy(stopping: threading.Event) -> None:
    """Forget what is older than the retention, now and then."""
    while not stopping.is_set():
        try:
            with reachable():
                gone = (
                    forget_old_events()
                    + expire()
                    + forget_deleted()
                    + forget_old_states()
                    + forget_old()
                    + forget_old_deliveries()
                )
                settle()
            if gone:
                log.info("forgot what is older than the retention", rows=gone)
        except Retryable as error:
            log.warning("tidying later", reason=error.reason)
        stopping.wait(TIDY_EVERY)
