"""The river feeds the monitor: what happens to members of VNFs is known before any probe notices."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any, ClassVar

from django.db import connection
from django.db.models import Count, Max

from fed_common.core.errors import Retryable
from fed_common.interfaces.publisher import Message, Publisher, Refused
from fed_common.monitor.conductor.hearing import health_after
from fed_common.monitor.models import TargetRevision, Vnfc
from fed_common.monitor.rpc import conductor
from fed_common.telemetry.logging import get_logger
from fed_common.topics.casting import soon
from fed_common.topics.database import reachable

FRESH, FRESH_WHILE_AWAY = 0.5, 5.0
WAIT = 0.5

log = get_logger(__name__)


class MonitorPublisher(Publisher):
    """Takes what concerns members of VNFs to a conductor; the rest costs a look into a set."""

    name: ClassVar[str] = "monitor"
    Config: ClassVar[type] = type(None)

    def __init__(self, config: Any = None) -> None:  # noqa: ARG002
        self._members = Members()

    def publish(self, messages: Sequence[Message], *, timeout: float) -> Sequence[Refused]:  # noqa: ARG002
        """See Publisher. The bus is not waited for. Raises Retryable: it takes nothing for a while."""
        events = [one.event for one in messages if health_after(one.event)]
        if not events:
            return []
        members = self._members.now()
        told = [one.to_dict() for one in events if (one.vim_id, one.instance_id) in members]
        if told and not soon(lambda: conductor().instance_events(told)):
            raise Retryable("the bus is too slow")
        return []


class Members:
    """The instances that are members of VNFs, read again by a thread of its own when somebody asks.

    So a database that hangs holds the river for WAIT seconds, and then for a while not at all.
    """

    def __init__(self) -> None:
        self._known: frozenset[tuple[str, str]] = frozenset()
        self._state: object = None
        self._fresh_until = 0.0
        self._reading: threading.Thread | None = None
        self._lock = threading.Lock()

    def now(self) -> frozenset[tuple[str, str]]:
        """(vim_id, instance_id) of each, at most FRESH seconds old while the database answers."""
        with self._lock:
            if time.monotonic() < self._fresh_until:
                return self._known
            if self._reading is None or not self._reading.is_alive():
                self._reading = threading.Thread(target=self._read, name="members", daemon=True)
                self._reading.start()
            self._reading.join(WAIT)
            if time.monotonic() >= self._fresh_until:
                self._fresh_until = time.monotonic() + FRESH_WHILE_AWAY
            return self._known

    def _read(self) -> None:
        try:
            with reachable():
                state = self._changes()
                if state != self._state:
                    rows = Vnfc.objects.exclude(instance_id="").values_list("vnf__vim__full_id", "instance_id")
                    self._known, self._state = frozenset(rows.order_by()), state
            self._fresh_until = time.monotonic() + FRESH
        except Retryable as error:
            log.warning("the members of VNFs stay as they were", reason=error.reason)
        except Exception:
            log.exception("the members of VNFs stay as they were")
        finally:
            connection.close()

    def _changes(self) -> object:
        """What is another thing when the members are others: cheap to ask."""
        revision = TargetRevision.objects.filter(pk=1).values_list("number", flat=True).first()
        return revision, Vnfc.objects.exclude(instance_id="").aggregate(Max("pk"), Count("pk"))
