"""Which hosts are known, and which instances a host has: out of the inventory, no cloud is asked."""

from __future__ import annotations

from django.db import connection
from django.db.models import Q, QuerySet

from fed_common.core import clock
from fed_common.core.errors import NotFound
from fed_common.faults.models import LEFT_ALONE, FaultedInstance, HostFault
from fed_common.inventory.models import Host, Instance, Vim
from fed_common.topics.database import writing

Outcome = FaultedInstance.Outcome
TIMEOUT = 10.0
FOUND = "T02"
GONE = "deleted"
_LEFT = ", ".join(f"'{state}'" for state in LEFT_ALONE)
_KEEP = (
    "INSERT INTO faults_faultedinstance "  # noqa: S608 - words of our own
    "(fault_id, instance_id, name, tenant_id, old_state, outcome, reason, tries) "
    "SELECT %s, instance_id, name, tenant_id, state, "
    f"CASE WHEN state IN ({_LEFT}) THEN '{Outcome.LEFT}' ELSE '{Outcome.WAITING}' END, "
    f"CASE WHEN state IN ({_LEFT}) THEN 'it was ' || state ELSE '' END, 0 "
    f"FROM inventory_instance WHERE vim_id = %s AND host = %s AND state <> '{GONE}' "
    "ORDER BY instance_id{limit} ON CONFLICT (fault_id, instance_id) DO NOTHING"
)


def require_host(vim: Vim, host: str) -> None:
    """Raises NotFound for a host that nothing is known of; a VIM whose hosts nobody lists has any host."""
    known = Host.objects.filter(vim=vim)
    if known.filter(name=host).exists() or not known.exists() or _instances(vim, host).exists():
        return
    raise NotFound("host", host)


def vims_with(host: str) -> list[Vim]:
    """The VIMs that have a host of this name, by their id."""
    by_host = Host.objects.filter(name=host).values("vim")
    by_instance = Instance.objects.filter(host=host).exclude(state=GONE).values("vim")
    return list(Vim.objects.filter(Q(pk__in=by_host) | Q(pk__in=by_instance)).order_by("full_id"))


def affected(fault: HostFault, most: int | None = None, *, look: bool = True) -> list[FaultedInstance]:
    """The instances of the host, the first so many or all; ``look``: for such as are not kept yet.

    What was found once stays as it was then. Raises Retryable.
    """
    with writing(TIMEOUT):
        if look:
            _keep(fault, most)
        if FOUND not in fault.stages:
            fault.stages[FOUND] = clock.iso(clock.now())
            HostFault.objects.filter(pk=fault.pk).update(stages=fault.stages)
        return list(fault.instances.all()[:most])


def _instances(vim: Vim, host: str) -> QuerySet[Instance]:
    return Instance.objects.filter(vim=vim, host=host).exclude(state=GONE)


def _keep(fault: HostFault, most: int | None) -> None:
    """Within the database: a row takes many times as long to come here and go back."""
    pk = HostFault._meta.pk.get_db_prep_value(fault.pk, connection)
    limit = f" LIMIT {most}" if most else ""
    with connection.cursor() as cursor:
        cursor.execute(_KEEP.format(limit=limit), [pk, fault.vim_id, fault.host])
