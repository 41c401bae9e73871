"""The methods of topic TACKER_CONDUCTOR. All bear being called twice; what is malformed is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from fed_common.core.health import BAD_ACTION, Report
from fed_common.core.model import Event
from fed_common.monitor.conductor import judging, policies
from fed_common.monitor.conductor.hearing import hear
from fed_common.telemetry.logging import get_logger

MOST = 10_000

log = get_logger(__name__)
Context = Mapping[str, Any]


class Endpoints:
    """``wake`` is called when there is something to be done, ``news`` when there is something to be told."""

    def __init__(self, wake: Callable[[], None], news: Callable[[], None]) -> None:
        self._wake, self._news = wake, news

    def report(self, context: Context, reports: Sequence[Mapping[str, Any]]) -> list[str]:  # noqa: ARG002
        """One answer a report, in order: the health reported, or ``bad_action``."""
        read = [_report(one) for one in reports[:MOST]]
        answers = iter(judging.judge([one for one in read if one], self._wake))
        self._news()
        return [next(answers) if one else BAD_ACTION for one in read]

    def update_vim(self, context: Context, vim_id: str, status: str, action_id: str | None = None) -> str:  # noqa: ARG002
        """Tacker's: the status passed in, or ``bad_action``."""
        vim, action = _uuid(vim_id), _uuid(action_id)
        if vim is None or (action is None and action_id is not None):
            return _refused("update_vim", vim_id=vim_id, action_id=action_id)
        answer = judging.update_vim(vim, status, action)
        self._news()
        return answer

    def execute_policy_action(
        self,
        context: Context,  # noqa: ARG002
        vnf: Mapping[str, Any],
        monitor_return_value: str,
        policy_actions: Mapping[str, Any],
        action_id: str,
    ) -> str:
        """Tacker's: the monitor's return value passed in, or ``bad_action``."""
        whose, action = _uuid(vnf.get("id") if isinstance(vnf, Mapping) else None), _uuid(action_id)
        sound = isinstance(policy_actions, Mapping) and isinstance(monitor_return_value, str)
        if whose is None or action is None or not sound:
            return _refused("execute_policy_action", vnf=str(vnf)[:100], action_id=action_id)
        return policies.execute_policy_action(
            {**vnf, "id": whose}, monitor_return_value, policy_actions, action, self._wake
        )

    def killed(self, context: Context, action_id: str) -> str:  # noqa: ARG002
        """An executor killed this action: "KILLED", or ``bad_action``."""
        action = _uuid(action_id)
        return judging.killed(action) if action else _refused("killed", action_id=action_id)

    def instance_events(self, context: Context, events: Sequence[Mapping[str, Any]]) -> None:  # noqa: ARG002
        """What the river says of members of VNFs."""
        hear([one for plain in events[:MOST] if (one := _event(plain))], self._wake)
        self._news()

    def wake(self, context: Context) -> None:  # noqa: ARG002
        """There is an operation to be run."""
        self._wake()


def _refused(method: str, **given: object) -> str:
    log.warning("a call is refused", method=method, **{name: str(one)[:100] for name, one in given.items()})
    return BAD_ACTION


def _uuid(text: object) -> UUID | None:
    try:
        return UUID(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _report(plain: Mapping[str, Any]) -> Report | None:
    try:
        return Report.from_dict(plain)
    except (KeyError, TypeError, ValueError):
        _refused("report", report=plain)
        return None


def _event(plain: Mapping[str, Any]) -> Event | None:
    try:
        return Event.from_dict(plain)
    except (KeyError, TypeError, ValueError):
        _refused("instance_events", event=plain)
        return None
