"""What the other rooms ask of the notifiers: is this action allowed, make its deliveries, send them now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fed_common.core.alarm import Notice
from fed_common.notify.models import Delivery


def check_actions(actions: Sequence[str], *, field: str, admin: bool) -> list[str]:
    """The actions, each once, in their order.

    Raises Invalid naming the field: no URL, a scheme nobody knows, a network that is forbidden, a receiver that
    is not there; PermissionDenied for an action that only admins may use.
    """
    raise NotImplementedError


def deliveries_of(
    actions: Sequence[str], notice: Notice, *, now: datetime, project_id: str = "", cause: str = ""
) -> list[Delivery]:
    """A row for each action, owned by this process, not stored: store them in the transaction of the transition.

    An action that cannot be used any more gets a row that is dead from the start, with the reason.
    """
    raise NotImplementedError


def hand_over(deliveries: Sequence[Delivery]) -> None:
    """Send them now, in the background, in this process. Call it after the commit; costs microseconds each."""
    raise NotImplementedError
