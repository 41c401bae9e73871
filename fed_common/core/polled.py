"""Events of the polling spring: the same fields as pushed ones, built from what a look at a cloud shows. Pure."""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b
from typing import Any

from fed_common.core import clock
from fed_common.core.instances import Host, HostState, Instance
from fed_common.core.kinds import Kind, Origin, Phase
from fed_common.core.model import Event
from fed_common.core.operations import DELETE, Told

PREFIX = "compute.instance."
_HOST_KINDS = {
    HostState.UP: Kind.HOST_UP,
    HostState.DOWN: Kind.HOST_DOWN,
    HostState.DISABLED: Kind.HOST_DISABLED,
}
_SAMPLE: dict[str, Any] = {
    **dict.fromkeys(("access_ip_v4", "access_ip_v6", "architecture", "os_type", "instance_type_id"), None),
    **dict.fromkeys(("vcpus", "memory_mb", "disk_gb", "root_gb", "ephemeral_gb"), None),
    **dict.fromkeys(("terminated_at", "deleted_at", "created_at", "progress", "ramdisk_id", "kernel_id"), ""),
    **dict.fromkeys(("reservation_id", "hostname", "node", "user_id", "cell_name", "instance_flavor_id"), ""),
    "metadata": {},
    "image_meta": {},
}
"""Keys of the spec's sample that a cloud may not fill, with what stands for nothing in Nova's own payload."""


def instance_event(
    vim_id: str,
    told: Told,
    old: Instance | None,
    new: Instance,
    since: datetime | None,
    occurred_at: datetime,
    received_at: datetime,
) -> Event:
    """The event of one fact about an instance; ``since``: when the gateway came to know ``old``."""
    name = told.step.name if told.phase is Phase.MOMENT else f"{told.step.name}.{told.phase}"
    payload = instance_payload(new)
    old_state = old.state if old else ""
    if old and told.phase is Phase.MOMENT:
        payload |= {"old_state": old.state, "old_task_state": old.state_description}
        if old.name != new.name:
            payload["old_display_name"] = old.name
    return Event(
        id=_id(vim_id, new.id, name, told.step.kind, *_state(old), *_state(new), since),
        type=PREFIX + name,
        vim_id=vim_id,
        instance_id=new.id,
        kind=told.step.kind,
        phase=told.phase,
        state=new.state,
        occurred_at=occurred_at,
        received_at=received_at,
        old_state=old_state,
        state_description=new.state_description,
        old_state_description=old.state_description if old else "",
        launched_at=new.launched_at,
        instance_name=new.name,
        host=new.host,
        tenant_id=new.tenant_id,
        origin=Origin.POLL,
        traits=_traits(new),
        payload=payload,
    )


def deleted_event(vim_id: str, old: Instance, last: Instance, since: datetime, at: datetime) -> Event:
    """An instance that is there no more."""
    return instance_event(vim_id, Told(DELETE, Phase.END), old, last, since, at, at)


def host_event(
    vim_id: str, before: HostState | None, new: Host, since: datetime | None, at: datetime, *, gone: bool = False
) -> Event:
    """A host that is not as it was, or not there any more."""
    name = "service.delete" if gone else "service.create" if before is None else "service.update"
    payload = {
        "host": new.name,
        "disabled": new.state is HostState.DISABLED,
        "disabled_reason": new.reason or None,
        "availability_zone": new.availability_zone or None,
        "state": new.state.value,
        "state_description": new.reason,
    }
    return Event(
        id=_id(vim_id, new.name, name, _HOST_KINDS[new.state], before or "", new.state, since),
        type=name,
        vim_id=vim_id,
        instance_id="",
        kind=_HOST_KINDS[new.state],
        phase=Phase.MOMENT,
        state=new.state.value,
        occurred_at=at,
        received_at=at,
        old_state=before.value if before else "",
        state_description=new.reason,
        host=new.name,
        origin=Origin.POLL,
        traits={"availability_zone": new.availability_zone} if new.availability_zone else {},
        payload=payload,
    )


def instance_payload(one: Instance) -> dict[str, Any]:
    """The message of the event-federation spec, as far as the cloud fills it."""
    return {
        **_SAMPLE,
        **one.payload,
        "instance_id": one.id,
        "display_name": one.name,
        "state": one.state,
        "state_description": one.state_description,
        "launched_at": one.launched_at,
        "host": one.host or None,
        "tenant_id": one.tenant_id,
        "availability_zone": one.availability_zone or None,
        "instance_type": one.flavor or None,
        "image_ref_url": one.image,
    }


def _traits(one: Instance) -> dict[str, str]:
    own = {
        "flavor": one.flavor,
        "image": one.image,
        "availability_zone": one.availability_zone,
        "power_state": one.power_state,
    }
    return {**{name: value for name, value in own.items() if value}, **one.traits}


def _state(one: Instance | None) -> tuple[str, str]:
    return (one.state, one.state_description) if one else ("", "")


def _id(*words: object) -> str:
    text = "\x1f".join(clock.iso(word) if isinstance(word, datetime) else str(word or "") for word in words)
    return "poll-" + blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
