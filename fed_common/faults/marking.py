"""Tells the cloud that a host is down, or up again, beside everything else that is done for a fault."""

from __future__ import annotations

import threading
from datetime import datetime

from django.conf import settings

from fed_common.core import clock
from fed_common.core.errors import CloudFailed, GatewayError, NotFound, Retryable, Unsupported
from fed_common.events.delivery import waits
from fed_common.faults.cloud import FaultyCloud
from fed_common.faults.turn import Turn
from fed_common.telemetry.logging import get_logger

AGAIN = (CloudFailed, Retryable)

log = get_logger(__name__)


class Marking:
    """Begins at once, in a thread of its own.

    ``failed``   why it could not be done, or empty.
    ``refused``  this type of cloud cannot be told.
    ``is_ours``  whether it has to be taken back: the host was not marked before, or perhaps by us.
    """

    def __init__(self, turn: Turn, cloud: FaultyCloud, *, down: bool, tried_before: bool) -> None:
        self.failed, self.refused, self.is_ours = "", False, tried_before
        self.at: datetime | None = None
        self._turn, self._cloud, self._down, self._tried_before = turn, cloud, down, tried_before
        self._thread = threading.Thread(target=self._run, name="mark-host", daemon=True)
        self._thread.start()

    def finish(self, within: float | None = None) -> None:
        """Wait for the end: for at most MCFED_FAULT_TRIES tries, or so many seconds."""
        self._thread.join(within)

    def _run(self) -> None:
        try:
            self._turn.write(marked_down=True)  # before it is tried: who goes on knows that it may have been us
            self.is_ours = True
            self._try()
        except Exception as error:
            log.exception("a host could not be marked", host=self._turn.fault.host)
            self.failed = f"the gateway failed: {type(error).__name__}"

    def _try(self) -> None:
        for number, pause in zip(range(settings.FAULT_TRIES), waits(), strict=False):
            if (number and self._turn.stopping.wait(pause)) or not self._mark():
                return

    def _mark(self) -> bool:
        """Whether to try again."""
        host = self._turn.fault.host
        try:
            changed = self._cloud.mark(host, down=self._down)
        except AGAIN as error:
            self.failed = str(error)
            log.warning("a host cannot be marked now", host=host, down=self._down, reason=self.failed)
            return True
        except Unsupported:
            self.refused, self.is_ours, self.failed = True, self._tried_before, ""
        except GatewayError as error:
            self.is_ours = not isinstance(error, NotFound)
            self.failed = str(error)
        else:
            self.failed, self.is_ours, self.at = "", changed or self._tried_before, clock.now()
        return False
