"""The members of a VNF as rows: which there are to be, and which there are."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fed_common.core.errors import Invalid
from fed_common.core.health import Health
from fed_common.core.vnf import Scaling, VduSpec, Vnfd
from fed_common.monitor.models import Vnf, Vnfc

Adopted = Mapping[str, Sequence[Mapping[str, Any]]]
_COUNTERS = "numbers"
_INSTANCE = "a list of objects with instance_id and address"


def check_adopted(vnfd: Vnfd, adopt: Adopted) -> None:
    """Raises Invalid: a VDU that is neither booted nor adopted, or adopted wrongly."""
    for name in adopt:
        _known(vnfd, name, f"adopt.{name}")
    for vdu in vnfd.vdus:
        if vdu.name in adopt:
            _check_instances(vdu, vnfd.scaling_of(vdu.name), adopt[vdu.name])
        elif not vdu.image:
            raise Invalid(f"adopt.{vdu.name}", None, f"{_INSTANCE}: {vdu.name} has no image to boot it from")


def make_members(vnf: Vnf, vnfd: Vnfd, adopt: Adopted) -> None:
    """The first rows: adopted ones, or as many to be booted as the scaling policy says."""
    for vdu in vnfd.vdus:
        scaling = vnfd.scaling_of(vdu.name)
        if vdu.name in adopt:
            for one in adopt[vdu.name]:
                _add(vnf, vdu.name, instance_id=one.get("instance_id") or "", address=one["address"])
        else:
            new_members(vnf, vdu.name, scaling.default_instances if scaling else 1)


def new_members(vnf: Vnf, vdu: str, count: int) -> list[Vnfc]:
    """Rows of members that are to be booted. Call it in a transaction that holds the VNF's row."""
    return [_add(vnf, vdu, key=uuid.uuid4().hex) for _ in range(count)]


def doomed(members: Iterable[Vnfc], count: int) -> list[Vnfc]:
    """Which go when so many are to go: those that are down first, then the newest. Adopted ones stay."""
    booted = [one for one in members if one.key]
    return sorted(booted, key=lambda one: (one.health != Health.DOWN, -one.number))[:count]


def vdu_of(vnfd: Vnfd, name: str) -> VduSpec:
    """The VDU of that name. Raises Invalid listing the names there are."""
    return vnfd.vdu(_known(vnfd, name))


def _known(vnfd: Vnfd, name: str, field: str = "vdu") -> str:
    names = [one.name for one in vnfd.vdus]
    if name not in names:
        raise Invalid(field, name, names)
    return name


def _check_instances(vdu: VduSpec, scaling: Scaling | None, instances: Sequence[Mapping[str, Any]]) -> None:
    field = f"adopt.{vdu.name}"
    least, most = (max(scaling.min_instances, 1), scaling.max_instances) if scaling else (1, 1)
    if not least <= len(instances) <= most:
        raise Invalid(field, len(instances), f"{least} to {most} instances, as its scaling policy says")
    for place, one in enumerate(instances):
        if not one.get("address"):
            raise Invalid(f"{field}[{place}].address", one.get("address"), "the address it is managed by")
    addresses = [one["address"] for one in instances]
    if len(set(addresses)) < len(addresses):
        raise Invalid(f"{field}.address", addresses, "an address of its own for each")


def _add(vnf: Vnf, vdu: str, **columns: str) -> Vnfc:
    """The numbers of a VDU are counted in the VNF's row, so that none is used again."""
    numbers = vnf.attributes.setdefault(_COUNTERS, {})
    numbers[vdu] = numbers.get(vdu, 0) + 1
    vnf.save(update_fields=["attributes", "updated_at"])
    return Vnfc.objects.create(vnf=vnf, vdu=vdu, number=numbers[vdu], **columns)
