"""Events and VIMs to test with."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fed_common.core.kinds import Kind, Phase
from fed_common.core.model import Event

MOMENT = datetime(2026, 11, 21, 10, 0, 0, 123456, tzinfo=UTC)


def event(id: str = "e-1", **changes: Any) -> Event:
    """A power-off that ended, with any field changed."""
    values: dict[str, Any] = {
        "type": "compute.instance.power_off.end",
        "vim_id": "vio_RegionOne",
        "instance_id": "vm-1",
        "kind": Kind.POWER_OFF,
        "phase": Phase.END,
        "state": "stopped",
        "occurred_at": MOMENT,
        "received_at": MOMENT,
        "tenant_id": "tenant-a",
        "payload": {"instance_id": "vm-1", "state": "stopped", "metadata": {"role": "web"}},
    }
    return Event(id=id, **{**values, **changes})
