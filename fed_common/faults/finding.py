"""Which hosts are known, and which instances a host has: out of the inventory, no cloud is asked."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from fed_common.core import clock
from fed_common.core.errors import NotFound
from fed_common.faults.models import LEFT_ALONE, FaultedInstance, HostFault
from fed_common.inventory.models import Host, Instance, Vim
from fed_common.topics.database import writing

Outcome = FaultedInstance.Outcome
TIMEOUT = 10.0
AT_ONCE = 500
FOUND = "T02"
GONE = "deleted"


def require_host(vim: Vim, host: str) -> None:
    """Raises NotFound for a host that nothing is known of; a VIM whose hosts nobody lists has any host."""
    known = Host.objects.filter(vim=vim)
    if known.exists() and not known.filter(name=host).exists() and not _instances(vim, host).exists():
        raise NotFound("host", host)


def vims_with(host: str) -> list[Vim]:
    """The VIMs that have a host of this name, by their id."""
    by_host = Host.objects.filter(name=host).values("vim")
    by_instance = Instance.objects.filter(host=host).exclude(state=GONE).values("vim")
    return list(Vim.objects.filter(Q(pk__in=by_host) | Q(pk__in=by_instance)).order_by("full_id"))


def affected(fault: HostFault) -> list[FaultedInstance]:
    """The instances of the host as they were found first: once kept they stay the same. Raises Retryable."""
    with writing(TIMEOUT):
        if FOUND not in fault.stages:
            rows = [_faulted(fault, one) for one in _instances(fault.vim, fault.host)]
            FaultedInstance.objects.bulk_create(rows, AT_ONCE, ignore_conflicts=True)
            fault.stages[FOUND] = clock.iso(clock.now())
            HostFault.objects.filter(pk=fault.pk).update(stages=fault.stages)
        return list(fault.instances.all())


def _instances(vim: Vim, host: str) -> QuerySet[Instance]:
    return Instance.objects.filter(vim=vim, host=host).exclude(state=GONE)


def _faulted(fault: HostFault, one: Instance) -> FaultedInstance:
    left = one.state in LEFT_ALONE
    return FaultedInstance(
        fault=fault,
        instance_id=one.instance_id,
        name=one.name,
        tenant_id=one.tenant_id,
        old_state=one.state,
        outcome=Outcome.LEFT if left else Outcome.WAITING,
        reason=f"it was {one.state}" if left else "",
    )
