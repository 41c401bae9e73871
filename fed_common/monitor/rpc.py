"""Who answers what over RPC, and the clients of it. Topics and methods are Tacker's where it has them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings

from fed_common.bus.rpc import RpcClient
from fed_common.bus.urls import is_rabbit
from fed_common.core.health import Report

EXCHANGE = "tacker"
CONDUCTOR_TOPIC = "TACKER_CONDUCTOR"
KILL_TOPIC = "KILL_ACTION"
ANSWER_WITHIN = 5.0
OPINION_WITHIN = 2.0


class ConductorClient:
    """Any one conductor. Every method may be called twice with the same effect as once."""

    def __init__(self, url: str) -> None:
        self._rpc = RpcClient(url, exchange=EXCHANGE, topic=CONDUCTOR_TOPIC)

    def report(self, reports: Sequence[Report]) -> list[str]:
        """One answer a report, in order: the health reported, or ``bad_action``. Raises Retryable."""
        plain = [one.to_dict() for one in reports]
        answers: list[str] = self._rpc.call("report", timeout=ANSWER_WITHIN, reports=plain)
        return answers

    def update_vim(self, vim_id: str, status: str, action_id: str) -> str:
        """Of the VIM with that UUID: the status passed in, or ``bad_action``. Raises Retryable."""
        answer: str = self._rpc.call(
            "update_vim", timeout=ANSWER_WITHIN, vim_id=vim_id, status=status, action_id=action_id
        )
        return answer

    def execute_policy_action(
        self, vnf: dict[str, Any], monitor_return_value: str, policy_actions: dict[str, Any], action_id: str
    ) -> str:
        """The monitor's return value passed in, or ``bad_action``. Raises Retryable."""
        answer: str = self._rpc.call(
            "execute_policy_action",
            timeout=ANSWER_WITHIN,
            vnf=vnf,
            monitor_return_value=monitor_return_value,
            policy_actions=policy_actions,
            action_id=action_id,
        )
        return answer

    def killed(self, action_id: str) -> str:
        """An executor was told to kill this action and did: "KILLED", or ``bad_action``. Raises Retryable."""
        answer: str = self._rpc.call("killed", timeout=ANSWER_WITHIN, action_id=action_id)
        return answer

    def instance_events(self, events: Sequence[dict[str, Any]]) -> None:
        """What the river says of members of VNFs; ``core.Event.to_dict``s. Raises Retryable."""
        self._rpc.cast("instance_events", events=list(events))

    def wake(self) -> None:
        """There is an operation to be run. Raises Retryable; it is found within a second all the same."""
        self._rpc.cast("wake", fanout=True)


class ExecutorClient:
    """The executors: all of them, or the one that has a subject."""

    def __init__(self, url: str) -> None:
        self._rpc = RpcClient(url, exchange=EXCHANGE, topic=KILL_TOPIC)
        self._by_queue = is_rabbit(url)

    def kill(self, subject: UUID, action_id: UUID) -> None:
        """End this action of the VIM or VNF, by its own queue where the bus has such. Raises Retryable."""
        one = {"server": str(subject)} if self._by_queue else {}
        self._rpc.cast("kill", fanout=not self._by_queue, action_id=str(action_id), **one)

    def update(self, action_id: UUID, parameter: dict[str, Any]) -> None:
        """The targets of this action changed: read them again now. Raises Retryable."""
        self._rpc.cast("update", fanout=True, action_id=str(action_id), parameter=parameter)

    def second_opinion(self, executor: str, check: dict[str, Any]) -> str:
        """The Verdict of one check made now by that executor. Raises Retryable: it did not answer."""
        answer: str = self._rpc.call("second_opinion", server=executor, timeout=OPINION_WITHIN, check=check)
        return answer


@cache
def conductor() -> ConductorClient:
    """The one of this process."""
    return ConductorClient(settings.TRANSPORT_URL)


@cache
def executors() -> ExecutorClient:
    """The one of this process."""
    return ExecutorClient(settings.TRANSPORT_URL)
