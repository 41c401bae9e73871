"""What callers may ask of the lists of VNFs, of their members, events and operations."""

from __future__ import annotations

from fed_common.core.health import Health
from fed_common.core.vnf import EventType, OperationKind, VnfStatus
from fed_common.inventory.queries import Listing, one_of, vim_id_word
from fed_common.monitor.models import Operation

VNFS = Listing(
    columns={"vim_id": "vim__full_id"},
    conditions=("name", "vim_id", "status"),
    orders=("name", "vim_id", "status", "created_at", "updated_at"),
    readers={"vim_id": vim_id_word, "status": one_of(VnfStatus)},
)
MEMBERS = Listing(
    columns={},
    conditions=("vdu", "health", "instance_id"),
    orders=("vdu", "number", "health", "changed_at"),
    readers={"health": one_of(Health)},
)
EVENTS = Listing(
    columns={},
    conditions=("resource_type", "resource_state", "event_type"),
    orders=("id",),
    readers={"resource_type": one_of(("vnf", "vdu")), "event_type": one_of(EventType)},
)
OPERATIONS = Listing(
    columns={},
    conditions=("kind", "state"),
    orders=("id", "created_at"),
    readers={"kind": one_of(OperationKind), "state": one_of(Operation.State.values)},
)
