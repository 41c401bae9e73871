"""Nova's versioned payloads rewritten with the keys of its legacy ones, which the spec's sample has.

What only the legacy format knows stays ``None`` or empty: ``instance_type_id``, ``access_ip_v4``,
``access_ip_v6``, ``code`` of an error, the image's properties but its id; ``image_ref_url`` is the
image's id, which is the last part of the legacy URL.
Source: nova/notifications/base.py (``info_from_instance``), nova/notifications/objects/instance.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from fed_common.core import clock

_NOTHING: Mapping[str, Any] = {}
_FROM_INSTANCE = {
    "tenant_id": "tenant_id",
    "user_id": "user_id",
    "instance_id": "uuid",
    "display_name": "display_name",
    "reservation_id": "reservation_id",
    "hostname": "host_name",
    "architecture": "architecture",
    "host": "host",
    "node": "node",
    "availability_zone": "availability_zone",
    "os_type": "os_type",
    "kernel_id": "kernel_id",
    "ramdisk_id": "ramdisk_id",
    "state": "state",
    "metadata": "metadata",
}
_FROM_FLAVOR = {
    "instance_type": "name",
    "instance_flavor_id": "flavorid",
    "memory_mb": "memory_mb",
    "vcpus": "vcpus",
    "root_gb": "root_gb",
    "ephemeral_gb": "ephemeral_gb",
}
_UNKNOWN = {"instance_type_id": None, "cell_name": "", "access_ip_v4": None, "access_ip_v6": None}
_STATES = ("old_state", "state", "old_task_state", "new_task_state")
_IF_TOLD = (
    "volume_id",
    "old_volume_id",
    "new_volume_id",
    "snapshot_image_id",
    "old_display_name",
    "locked_reason",
)


def data(value: object) -> Mapping[str, Any]:
    """The fields of a serialised Nova object; empty when it is none."""
    inner = value.get("nova_object.data") if isinstance(value, dict) else None
    return inner if isinstance(inner, dict) else _NOTHING


def legacy_payload(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The legacy payload of an instance's fields. Never raises."""
    flavor, image = data(fields.get("flavor")), fields.get("image_uuid")
    payload = {key: fields.get(name) for key, name in _FROM_INSTANCE.items()}
    payload.update({key: flavor.get(name) for key, name in _FROM_FLAVOR.items()})
    payload.update(_UNKNOWN)
    payload.update(
        disk_gb=_sum(flavor.get("root_gb"), flavor.get("ephemeral_gb")),
        created_at=created_form(fields.get("created_at")),
        launched_at=time_form(fields.get("launched_at")),
        terminated_at=time_form(fields.get("terminated_at")),
        deleted_at=time_form(fields.get("deleted_at")),
        image_ref_url=image or "",
        image_meta={"base_image_ref": image} if image else {},
        state_description=fields.get("task_state") or "",
        progress=fields.get("progress") or "",
        fixed_ips=_fixed_ips(fields.get("ip_addresses")),
    )
    payload.update({name: fields[name] for name in _IF_TOLD if fields.get(name) is not None})
    if "state_update" in fields:
        _add_update(payload, fields)
    if fields.get("fault"):
        _add_fault(payload, data(fields["fault"]))
    if fields.get("new_flavor"):
        payload["new_instance_type"] = data(fields["new_flavor"]).get("name")
    return payload


def time_form(value: object) -> str:
    """A time as the legacy format writes it, ``2018-03-07T05:59:46.000000``; empty when there is none."""
    return _form(value, "%Y-%m-%dT%H:%M:%S.%f") if isinstance(value, str) else ""


def created_form(value: object) -> str:
    """The legacy format's other form, of ``created_at`` alone: ``2018-03-07 05:58:01+00:00``."""
    return _form(value, "%Y-%m-%d %H:%M:%S+00:00") if isinstance(value, str) else ""


@lru_cache(maxsize=4096)
def _form(text: str, form: str) -> str:
    moment = clock.parse(text)
    return moment.strftime(form) if moment else ""


def _sum(first: object, second: object) -> int | None:
    return first + second if isinstance(first, int) and isinstance(second, int) else None


def _fixed_ips(addresses: object) -> list[dict[str, Any]]:
    found = [data(one) for one in addresses] if isinstance(addresses, list) else []
    return [
        {
            "address": ip.get("address"),
            "type": "fixed",
            "version": ip.get("version"),
            "meta": ip.get("meta"),
            "label": ip.get("label"),
            "vif_mac": ip.get("mac"),
        }
        for ip in found
    ]


def _add_update(payload: dict[str, Any], fields: Mapping[str, Any]) -> None:
    """An update tells the states before and after, and the audit period it falls into."""
    states, audit = data(fields["state_update"]), data(fields.get("audit_period"))
    payload.update({name: states.get(name) for name in _STATES})
    payload["audit_period_beginning"] = time_form(audit.get("audit_period_beginning"))
    payload["audit_period_ending"] = time_form(audit.get("audit_period_ending"))


def _add_fault(payload: dict[str, Any], fault: Mapping[str, Any]) -> None:
    """Without the traceback: the legacy format has none."""
    payload.update(exception=fault.get("exception"), message=fault.get("exception_message"), code=None)
