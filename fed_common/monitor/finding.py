"""VNFs by what callers call them."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Prefetch, QuerySet

from fed_common.access.permissions import seen_by
from fed_common.core.errors import NotFound
from fed_common.monitor.models import LifecycleEvent, Target, Vnf, Vnfc


def vnfs(caller: object) -> QuerySet[Vnf]:
    """Those in VIMs that the caller may see."""
    rows = Vnf.objects.select_related("vim").prefetch_related("members")
    return seen_by(caller, rows, "vim__full_id")


def find_vnf(name: str, caller: object) -> Vnf:
    """The one of that id or name. Raises NotFound, also of one that the caller may not see."""
    id = _uuid(name)
    rows = vnfs(caller)
    vnf = (rows.filter(pk=id) if id else rows.filter(name=name)).first()
    if vnf is None:
        raise NotFound("VNF", name)
    return vnf


def members(vnf: Vnf) -> QuerySet[Vnfc]:
    """Its members, each with the targets that are watched as ``watched``."""
    watched = Target.objects.filter(removed=False)
    return Vnfc.objects.filter(vnf=vnf).prefetch_related(Prefetch("targets", watched, to_attr="watched"))


def events(name: str, caller: object) -> QuerySet[LifecycleEvent]:
    """What the VNF of that id or name went through, and its VDUs; by its id also one that is gone.

    Raises NotFound: nothing was ever heard of it.
    """
    id = _uuid(name) or find_vnf(name, caller).pk
    rows = LifecycleEvent.objects.filter(resource_id=id, resource_type__in=("vnf", "vdu"))
    seen = seen_by(caller, rows)
    if not seen.exists():
        find_vnf(name, caller)
    return seen


def _uuid(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:
        return None
