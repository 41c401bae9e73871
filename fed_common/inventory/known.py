"""What is known of the clouds' instances and hosts, as rows: read by pollers, written by pollers and listeners."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from django.conf import settings

from fed_common.core import clock
from fed_common.core import instances as core
from fed_common.core.differences import DELETED, Knowledge, Known, KnownHost
from fed_common.core.kinds import Kind
from fed_common.core.matching import OPT_OUT
from fed_common.core.model import Event
from fed_common.core.watchdog import SET_TRAIT
from fed_common.inventory import state_history
from fed_common.inventory.models import Host, Instance, InstanceStateChange, Vim
from fed_common.topics.database import reachable, writing

TIMEOUT = 20.0
AT_ONCE = 500
KEPT_TRAITS = (OPT_OUT, SET_TRAIT)
HOST_KINDS = (Kind.HOST_UP, Kind.HOST_DOWN, Kind.HOST_DISABLED)
_COLUMNS = ("name", "state", "state_description", "host", "tenant_id", "launched_at")
_WRITTEN = (*_COLUMNS, "changed_at", "seen_at", "body")
_HOST_WRITTEN = ("state", "reason", "availability_zone", "changed_at")


def read_knowledge(vim: int) -> Knowledge:
    """Everything known of the VIM with that primary key. Raises Retryable."""
    with reachable():
        instances = {row.instance_id: known_of(row) for row in Instance.objects.filter(vim=vim).iterator()}
        hosts = {row.name: _known_host(row) for row in Host.objects.filter(vim=vim)}
    return Knowledge(instances, hosts)


def write_knowledge(
    vim: int,
    instances: Mapping[str, Known],
    hosts: Mapping[str, KnownHost | None] | None = None,
    steps: state_history.Steps = MappingProxyType({}),
) -> None:
    """Keep what changed; a host that is ``None`` is forgotten. Safe twice. Raises Retryable: nothing is kept.

    ``steps``: the states that instances went through until then. A VIM that was removed meanwhile takes nothing.
    """
    rows = [_row(vim, one) for one in instances.values()]
    host_rows = [_host_row(vim, one) for one in (hosts or {}).values() if one]
    gone = [name for name, one in (hosts or {}).items() if one is None]
    if not (rows or host_rows or gone or steps):
        return
    with writing(TIMEOUT):
        if not Vim.objects.select_for_update().filter(pk=vim).exists():
            return
        state_history.keep(vim, steps, instances)
        _upsert(Instance, rows, ("vim", "instance_id"), _WRITTEN)
        _upsert(Host, host_rows, ("vim", "name"), _HOST_WRITTEN)
        if gone:
            Host.objects.filter(vim=vim, name__in=gone).delete()


def write_heard(vim_id: str, events: Sequence[Event], steps: state_history.Steps) -> None:
    """Keep what pushed events say of instances and hosts, unless something newer is known. Raises Retryable."""
    newest = {event.instance_id: event for event in events if event.instance_id}
    with reachable():
        vim = Vim.objects.filter(full_id=vim_id).values_list("pk", flat=True).first()
        if vim is None:
            return
        rows = Instance.objects.filter(vim=vim, instance_id__in=list(newest))
        before = {row.instance_id: known_of(row) for row in rows}
    heard = {id: known for id, event in newest.items() if (known := _heard(before.get(id), event))}
    hosts = {event.host: _heard_host(event) for event in events if event.kind in HOST_KINDS}
    write_knowledge(vim, heard, hosts, steps)


def forget(vim: int) -> None:
    """Know nothing of the VIM's instances and hosts. Safe to call twice. Raises Retryable."""
    with writing(TIMEOUT):
        Instance.objects.filter(vim=vim).delete()
        InstanceStateChange.objects.filter(vim=vim).delete()
        Host.objects.filter(vim=vim).delete()


def set_status(vim: int, status: str, reason: str = "") -> None:
    """What the last look at the VIM says of it; written only when it changed. Raises Retryable."""
    with reachable():
        said = Vim.objects.filter(pk=vim).values_list("status", "status_reason").first()
    if said and said != (status, reason):
        with writing(TIMEOUT):
            Vim.objects.filter(pk=vim).update(status=status, status_reason=reason, status_at=clock.now())


def forget_deleted() -> int:
    """Forget the instances that are deleted longer than they are kept; how many. Raises Retryable."""
    with reachable():
        return Instance.objects.filter(state=DELETED, seen_at__lt=deleted_limit()).delete()[0]


def deleted_limit() -> datetime:
    """What was deleted before is remembered no more."""
    return clock.now() - timedelta(hours=settings.DELETED_RETENTION_HOURS)


def known_of(row: Instance) -> Known:
    """What a row says."""
    body = row.body
    one = core.Instance(
        id=row.instance_id,
        **{name: getattr(row, name) for name in _COLUMNS},
        changed_at=clock.parse(body.get("changed_at")),
        addresses=tuple(body.get("addresses", ())),
        **{name: body.get(name, "") for name in ("power_state", "availability_zone", "flavor", "image")},
        traits=body.get("traits", {}),
        payload=body.get("payload", {}),
    )
    return Known(one, row.seen_at, row.changed_at or row.seen_at)


def opted_out(row: Instance) -> bool:
    """Whether nobody is to be told of the instance, as far as looks at its cloud and notifications have told."""
    return bool(row.body.get("traits", {}).get(OPT_OUT) == "disabled")


def _row(vim: int, known: Known) -> Instance:
    one = known.instance
    body: dict[str, Any] = {
        "power_state": one.power_state,
        "availability_zone": one.availability_zone,
        "flavor": one.flavor,
        "image": one.image,
        "addresses": list(one.addresses),
        "traits": dict(one.traits),
        "payload": dict(one.payload),
        "changed_at": clock.iso(one.changed_at) if one.changed_at else "",
    }
    columns = {name: getattr(one, name) for name in _COLUMNS}
    return Instance(
        vim_id=vim,
        instance_id=one.id,
        changed_at=known.changed_at,
        seen_at=known.since,
        body={name: value for name, value in body.items() if value},
        **columns,
    )


def _known_host(row: Host) -> KnownHost:
    host = core.Host(row.name, core.HostState(row.state), row.reason, row.availability_zone)
    return KnownHost(host, row.changed_at or clock.now())


def _host_row(vim: int, known: KnownHost) -> Host:
    one = known.host
    return Host(
        vim_id=vim,
        name=one.name,
        state=one.state,
        reason=one.reason,
        availability_zone=one.availability_zone,
        changed_at=known.since,
    )


def _heard(before: Known | None, event: Event) -> Known | None:
    """What is known after an event, where what it does not say stays; ``None`` when it says nothing new."""
    if not event.state or (before and before.since >= event.received_at):
        return None
    old = before.instance if before else core.Instance(event.instance_id, "", event.state)
    size = {name: event.payload[name] for name in ("vcpus", "memory_mb") if event.payload.get(name)}
    new = replace(
        old,
        name=event.instance_name or old.name,
        state=event.state or old.state,
        state_description=event.state_description,
        host=event.host,
        tenant_id=event.tenant_id or old.tenant_id,
        launched_at=event.launched_at or old.launched_at,
        flavor=event.traits.get("flavor") or old.flavor,
        image=event.traits.get("image") or old.image,
        traits={**old.traits, **{name: event.traits[name] for name in KEPT_TRAITS if name in event.traits}},
        payload={**old.payload, **size},
    )
    if before and new == old:
        return None
    same_state = before is not None and new.state == old.state
    return Known(new, event.received_at, before.changed_at if before and same_state else event.occurred_at)


def _heard_host(event: Event) -> KnownHost | None:
    """What is known of a host after an event; ``None``: it was taken away."""
    if event.type == "service.delete":
        return None
    zone = event.traits.get("availability_zone", "")
    return KnownHost(
        core.Host(event.host, core.HostState(event.state), event.state_description, zone), event.received_at
    )


def _upsert(model: Any, rows: list[Any], unique: tuple[str, ...], update: tuple[str, ...]) -> None:
    if rows:
        model.objects.bulk_create(
            rows, AT_ONCE, update_conflicts=True, unique_fields=list(unique), update_fields=list(update)
        )
