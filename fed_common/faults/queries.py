"""What is asked of host faults: by those who evaluate events, and by the lists of the API."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from fed_common.faults.models import LEFT_ALONE, FaultedInstance, HostFault, HostState
from fed_common.inventory.models import Host
from fed_common.inventory.queries import Listing, one_of, vim_id_word
from fed_common.topics.database import reachable

State = HostFault.State
IN_FORCE = (State.REPORTED, State.ACTING, State.DONE, State.PARTIAL)

FAULTS = Listing(
    columns={"vim_id": "vim__full_id"},
    conditions=("vim_id", "host", "state", "source"),
    orders=("reported_at", "vim_id", "host", "state"),
    readers={"vim_id": vim_id_word, "state": one_of(State.values)},
)
HOSTS = Listing(
    columns={"vim_id": "vim__full_id"},
    conditions=("vim_id", "name", "state"),
    orders=("vim_id", "name", "state"),
    readers={"vim_id": vim_id_word},
)


def open_faults(vim_id: str, hosts: Collection[str]) -> dict[str, UUID]:
    """Host -> its fault, of those that have an open one which is acted on. Raises Retryable."""
    with reachable():
        rows = HostFault.objects.filter(vim__full_id=vim_id, host__in=hosts, state__in=IN_FORCE)
        return dict(rows.order_by().values_list("host", "pk"))


def told_in_error(vim_id: str, instance_ids: Collection[str]) -> dict[str, UUID]:
    """Instance -> the open fault that has told already that it is in error. Raises Retryable."""
    with reachable():
        rows = FaultedInstance.objects.filter(
            instance_id__in=instance_ids, fault__vim__full_id=vim_id, fault__state__in=IN_FORCE
        )
        return dict(rows.exclude(old_state__in=LEFT_ALONE).order_by().values_list("instance_id", "fault"))


def hosts() -> QuerySet[Host]:
    """Every host, with ``quiet``: people work on it, and ``fault_id``: its open fault."""
    said = HostState.objects.filter(vim=OuterRef("vim"), host=OuterRef("name"), maintenance=True)
    faults = HostFault.objects.filter(vim=OuterRef("vim"), host=OuterRef("name")).exclude(state=State.CLEARED)
    rows = Host.objects.select_related("vim")
    return rows.annotate(quiet=Exists(said), fault_id=Subquery(faults.values("pk")[:1]))
