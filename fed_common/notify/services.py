"""What the other rooms ask of the notifiers: is this action allowed, make its deliveries, send them now."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from django.conf import settings
from rest_framework.exceptions import PermissionDenied

from fed_common.core.alarm import Notice
from fed_common.core.errors import Invalid, NotFound, Permanent
from fed_common.interfaces.notifier import Packet
from fed_common.notify import guard, targets
from fed_common.notify.models import Delivery, Receiver
from fed_common.notify.posting import tls_context
from fed_common.notify.sending import process
from fed_common.notify.sending.claims import LEASE, items_of
from fed_common.notify.sending.tries import Try, attempt
from fed_common.telemetry import metrics

ACTION_MOST = 2000
GRACE = 2.0
AT_A_TIME = 500


class AdminsOnly(PermissionDenied):
    """An action that only admins may use: 403. ``alarms.rules.definition`` makes Aodh's 401 of it."""


def check_actions(actions: Sequence[str], *, field: str, admin: bool) -> list[str]:
    """The actions, each once, in their order. May look names up: takes up to some seconds.

    Raises Invalid naming the field: no URL, a scheme nobody knows, a network that is forbidden, a receiver that
    is not there, too many; AdminsOnly (a PermissionDenied of the framework) for an action only admins may use,
    such as ``log://``.
    """
    wanted = list(dict.fromkeys(actions))
    if len(wanted) > settings.ALARM_ACTIONS:
        raise Invalid(field, len(wanted), f"at most {settings.ALARM_ACTIONS} actions (MCFED_ALARM_ACTIONS)")
    for action in wanted:
        check_action(action, field=field, admin=admin)
    return wanted


def check_action(action: str, *, field: str, admin: bool) -> None:
    """One of them. Raises as ``check_actions`` does."""
    if not isinstance(action, str) or len(action) > ACTION_MOST:
        raise Invalid(field, str(action)[:50], f"a URL of at most {ACTION_MOST} characters")
    try:
        if targets.scheme_of(action) == targets.RECEIVER:
            _check_receiver(action)
            return
        target = targets.target_of(action)
    except Invalid as error:
        raise Invalid(field, targets.shown_of(action), error.allowed) from None
    if target.notifier.admin_only and not admin:
        raise AdminsOnly(f"{field}: {target.shown} is for admins only")
    check_endpoint(target.endpoint, field=field)


def check_endpoint(endpoint: str, *, field: str) -> None:
    """Raises Invalid when an endpoint, unless it is but a name, is in a forbidden network."""
    _, there, place = endpoint.partition("://")
    if there:
        host = place.rpartition(":")[0].strip("[]")
        guard.check_host(host, field=field)


def deliveries_of(
    actions: Sequence[str], notice: Notice, *, now: datetime, project_id: str = "", cause: str = ""
) -> list[Delivery]:
    """A row for each action, owned by this process, not stored: store them in the transaction of the transition.

    An action that cannot be used any more gets a row that is dead from the start, with the reason.
    """
    plain = notice.to_dict()
    made = []
    for action in actions:
        row = Delivery(
            id=_next_id(),
            alarm_id=notice.alarm_id,
            project_id=project_id,
            cause=cause,
            notice=plain,
            owner=process.sender_name(),
            expires_at=now + LEASE,
            created_at=now,
        )
        try:
            _address(row, targets.target_of(action), notice)
        except (Invalid, NotFound, Permanent) as error:
            _give_up(row, action, str(error), now)
        made.append(row)
    return made


def hand_over(deliveries: Sequence[Delivery]) -> None:
    """Send them now, in the background, in this process. Call it after the commit; costs microseconds each."""
    waiting = [row for row in deliveries if row.state == Delivery.State.WAITING]
    if len(waiting) < len(deliveries):
        metrics.DELIVERIES.labels("", "unusable").inc(len(deliveries) - len(waiting))
    for first in range(0, len(waiting), AT_A_TIME):
        process.take(items_of(waiting[first : first + AT_A_TIME])[0])


def test_delivery(action: str, notice: Notice) -> Try:
    """Try once to tell this notice, now, and say how it went; no row is kept of it.

    Raises Invalid, NotFound, Permanent: the action cannot be used.
    """
    target = targets.target_of(action)
    id = str(uuid4())
    work = attempt(target.notifier, Packet(id, 1, [notice], [id]), timeout=settings.NOTIFY_TIMEOUT)
    return process.sender().run(work).result(settings.NOTIFY_TIMEOUT + GRACE)


def start() -> None:
    """Begin this process's sender and load the notifiers now, so that the first notice need not wait for them.

    Takes some tenths of a second the first time. Safe to call twice.
    """
    process.sender()
    targets.schemes()
    tls_context("", verify=True)


def stop(within: float = 1.0) -> None:
    """End this process's sender, if it has one; what is not sent is left to others. Safe to call twice."""
    process.stop(within)


def _check_receiver(action: str) -> None:
    name = targets.receiver_name(action)
    if not Receiver.objects.filter(name=name).exists():
        raise Invalid("action", action, "a receiver that is there: GET /api/multicloud/v1/receivers lists them")


def _address(row: Delivery, target: targets.Target, notice: Notice) -> None:
    row.notifier, row.target, row.shown = target.notifier.name, target.kept, target.shown
    row.endpoint, row.lane = target.endpoint, f"{notice.alarm_id}:{target.digest}"
    row.meant = (target, notice)


def _give_up(row: Delivery, action: str, reason: str, now: datetime) -> None:
    row.shown, row.lane = targets.shown_of(action), f"{row.alarm_id}:"
    row.state, row.reason, row.ended_at = Delivery.State.DEAD, reason, now


_last = 0


def _next_id() -> UUID:
    """A UUID of version 7 that is greater than every one made here before (RFC 9562, method 3)."""
    global _last
    _last = max(_last + 1, time.time_ns() * 4096 // 1_000_000)
    milliseconds, fraction = divmod(_last, 4096)
    tail = random.getrandbits(62)
    return UUID(int=milliseconds << 80 | 7 << 76 | fraction << 64 | 2 << 62 | tail)
