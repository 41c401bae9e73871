"""The monitoring of a VNF: its workflow, and a target for each policy of each member that has an address."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models.functions import Now

from fed_common.core.health import MonitoringPolicy
from fed_common.core.vnf import EventType, Vnfd
from fed_common.monitor.models import Target, Vnf, Vnfc, Workflow
from fed_common.monitor.rpc import executors
from fed_common.monitor.targets import Wanted, put_targets, remove_targets
from fed_common.monitor.vnfd.keeping import vnfd_of
from fed_common.monitor.vnfs.statuses import note_vnf
from fed_common.topics.casting import after_commit

TASK = "monitor_ping_vnfPingVNFTASK"


def watch(vnf: Vnf) -> None:
    """Have its members watched at the addresses they have now; nothing without a policy. ``vnf`` is locked.

    The boot delay of members that were not watched before begins now, by the database's clock.
    """
    vnfd = vnfd_of(vnf)
    if not any(vdu.policies for vdu in vnfd.vdus):
        return
    workflow = Workflow.objects.filter(vnf=vnf).first() or _begin(vnf, vnfd)
    now = Vnf.objects.filter(pk=vnf.pk).annotate(moment=Now()).values_list("moment", flat=True).get()
    members = list(vnf.members.exclude(address=""))
    wanted = [one for member in members for one in _wanted(member, vnfd, now)]
    if workflow.killed_at is None and put_targets(workflow, wanted):
        addresses: dict[str, list[str]] = {}
        for member in members:
            addresses.setdefault(member.vdu, []).append(member.address)
        tell(vnf, addresses)


def unwatch(vnf: Vnf, members: Sequence[Vnfc]) -> None:
    """Have these members watched no longer. ``vnf`` is locked."""
    if remove_targets(Target.objects.filter(member__in=members)):
        tell(vnf, {})


def end_watch(vnf: Vnf) -> None:
    """Have no monitoring of it any more: no target and no workflow. ``vnf`` is locked."""
    remove_targets(Target.objects.filter(workflow__vnf=vnf))
    Workflow.objects.filter(vnf=vnf).delete()
    if action_id := vnf.action_id:
        after_commit(lambda: executors().kill(vnf.pk, action_id))


def tell(vnf: Vnf, addresses: dict[str, list[str]]) -> None:
    """Tell the executor that the targets are others now; ``addresses`` are the managed ones by VDU."""
    if action_id := vnf.action_id:
        parameter = {"vnf_id": str(vnf.pk), "mgmt_ip_addresses": addresses}
        after_commit(lambda: executors().update(action_id, parameter))


def _begin(vnf: Vnf, vnfd: Vnfd) -> Workflow:
    workflow = Workflow.objects.create(
        name=f"vnf_id_{vnf.pk}", vnf=vnf, task_name=TASK, input={"ping_vnf": {"vnf_id": str(vnf.pk)}}
    )
    vnf.action_id = workflow.action_id
    vnf.save(update_fields=["action_id", "updated_at"])
    policies = json.dumps({"vdus": {vdu.name: _told(vdu.policies) for vdu in vnfd.vdus if vdu.policies}})
    note_vnf(vnf, EventType.MONITOR, f"VNF added for monitoring. mon_policy_dict = {policies}")
    return workflow


def _told(policies: tuple[MonitoringPolicy, ...]) -> dict[str, Any]:
    """In Tacker's form: driver -> what it does."""
    return {one.check.kind: {"name": one.check.kind, "actions": dict(one.actions)} for one in policies}


def _wanted(member: Vnfc, vnfd: Vnfd, now: datetime) -> Iterator[Wanted]:
    for policy in vnfd.vdu(member.vdu).policies:
        delay = settings.BOOT_WAIT if policy.delay is None else policy.delay
        yield Wanted(
            check=replace(policy.check, address=member.address),
            member=member,
            fall=policy.fall,
            rise=policy.rise,
            actions=policy.actions,
            not_before=now + timedelta(seconds=delay),
        )
