"""VIMs and VNFs that are watched, as rows, and what executors say of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from fed_common.core.health import Check, Flip, Health, ProbeKind, Report
from fed_common.core.vnf import VnfStatus
from fed_common.inventory.models import Vim
from fed_common.monitor.models import Target, Vnf, Vnfc, Workflow
from fed_common.monitor.targets import Wanted, put_targets
from fed_common.monitor.vims import watch

RESPAWN: Mapping[str, Sequence[str]] = {"failure": ("respawn",)}


def watched_vim(region: str = "r1", **columns: Any) -> Vim:
    """A VIM with its workflow and targets."""
    given = {"type": "openstack", "auth_url": f"http://{region}.example:5000/v3", **columns}
    with transaction.atomic():
        vim = Vim.objects.create(cloud_owner="cloud", region=region, **given)
        watch(vim)
    return vim


def watched_vnf(
    vim: Vim,
    name: str = "vnf",
    members: int = 1,
    actions: Mapping[str, Sequence[str]] = RESPAWN,
    kinds: Sequence[ProbeKind] = (ProbeKind.PING,),
    status: VnfStatus = VnfStatus.ACTIVE,
) -> Vnf:
    """An active VNF of one VDU, whose members have the instances ``<name>-1`` and so on."""
    with transaction.atomic():
        vnf = Vnf.objects.create(name=name, vim=vim, vnfd={}, status=status)
        workflow = Workflow.objects.create(name=f"vnf_id_{vnf.pk}", vnf=vnf, task_name="t")
        vnf.action_id = workflow.action_id
        vnf.save()
        rows = Vnfc.objects.bulk_create(
            Vnfc(vnf=vnf, vdu="VDU1", number=one, instance_id=f"{name}-{one}", address=f"127.0.1.{one}")
            for one in range(1, members + 1)
        )
        put_targets(
            workflow,
            [Wanted(Check(kind, row.address, port=80), row, actions=actions) for row in rows for kind in kinds],
        )
    return vnf


def targets_of(subject: Vim | Vnf) -> list[Target]:
    """Its targets that are watched now."""
    id = subject.uuid if isinstance(subject, Vim) else subject.pk
    return list(Target.objects.filter(subject=id, removed=False))


def says(target: Target, health: Health, *, rule: str = "fall", reason: str = "", **more: Any) -> Report:
    """What an executor reports of it."""
    epoch = more.pop("epoch", 0)
    action_id = more.pop("action_id", str(target.action_id))
    return Report(target.pk, action_id, epoch, Flip(health, rule, reason, **more))
