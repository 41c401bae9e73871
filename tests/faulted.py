"""Faults of hosts to test with: what was heard of them, what became of their instances."""

from __future__ import annotations

from typing import Any

from fed_common.core.model import Event
from fed_common.faults.models import FaultedInstance, HostFault
from tests.scripted import ScriptedPublisher

VIM = "cloud_hosts"


class Heard(ScriptedPublisher):
    """An ear of the house."""

    events: list[Event] = []

    def __init__(self, _config: Any) -> None:
        super().__init__(self.Config())

    def publish(self, messages: Any, *, timeout: float) -> Any:
        refused = super().publish(messages, timeout=timeout)
        self.events.extend(one.event for one in messages)
        return refused


def outcomes(fault: HostFault) -> dict[str, str]:
    """What became of each instance."""
    return dict(FaultedInstance.objects.filter(fault=fault).values_list("instance_id", "outcome"))
