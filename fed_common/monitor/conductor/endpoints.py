"""The methods of topic TACKER_CONDUCTOR. All bear being called twice; what makes no sense is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fed_common.core.health import BAD_ACTION
from fed_common.monitor.conductor import judging, policies
from fed_common.monitor.conductor.hearing import hear
from fed_common.monitor.conductor.words import is_text, read_event, read_list, read_report, read_uuid, refused

Context = Mapping[str, Any]


class Endpoints:
    """``wake`` is called when there is something to be done, ``news`` when there is something to be told."""

    def __init__(self, wake: Callable[[], None], news: Callable[[], None]) -> None:
        self._wake, self._news = wake, news

    def report(self, context: Context, reports: Sequence[Mapping[str, Any]]) -> list[str]:  # noqa: ARG002
        """One answer a report, in order: the health reported, or ``bad_action``."""
        read = [read_report(one) for one in read_list(reports)]
        answers = iter(judging.judge([one for one in read if one], self._wake))
        self._news()
        return [next(answers) if one else BAD_ACTION for one in read]

    def update_vim(self, context: Context, vim_id: str, status: str, action_id: str | None = None) -> str:  # noqa: ARG002
        """Tacker's: the status passed in, or ``bad_action``."""
        vim, action = read_uuid(vim_id), read_uuid(action_id)
        if vim is None or (action is None and action_id is not None):
            return refused("update_vim", vim_id=vim_id, action_id=action_id)
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
        asked, action = policies.read_asked(vnf), read_uuid(action_id)
        sound = isinstance(policy_actions, dict) and is_text(monitor_return_value)
        if asked is None or action is None or not sound:
            return refused("execute_policy_action", vnf=vnf, action_id=action_id)
        actions = policies.read_actions(policy_actions.get(monitor_return_value))
        answered = policies.ask_for(asked, monitor_return_value, actions, action, self._wake)
        return monitor_return_value if answered else BAD_ACTION

    def killed(self, context: Context, action_id: str) -> str:  # noqa: ARG002
        """An executor killed this action: "KILLED", or ``bad_action``."""
        action = read_uuid(action_id)
        return judging.killed(action) if action else refused("killed", action_id=action_id)

    def instance_events(self, context: Context, events: Sequence[Mapping[str, Any]]) -> None:  # noqa: ARG002
        """What the river says of members of VNFs."""
        hear([event for one in read_list(events) if (event := read_event(one))], self._wake)
        self._news()

    def wake(self, context: Context) -> None:  # noqa: ARG002
        """There is an operation to be run."""
        self._wake()
