"""Instances of members: made, waited for, rebooted and removed. Every part of it may be done again."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from django.conf import settings
from django.db.models.functions import Now

from fed_common.core.errors import CloudFailed, Conflict, Invalid, NotFound
from fed_common.core.instances import Instance, InstanceAction, InstanceSpec
from fed_common.core.vnf import VduSpec
from fed_common.monitor.models import Vnfc
from fed_common.monitor.vnfd.keeping import vnfd_of
from fed_common.monitor.vnfs.cloud import Cloud
from fed_common.monitor.vnfs.run import Lost, Run

T = TypeVar("T")
SHORTEST_LOOK, LONGEST_LOOK = 0.2, 5.0
LINK_LOCAL = ("fe80:", "169.254.")
OFF = ("stopped", "suspended", "paused", "shelved", "shelved_offloaded")


def boot(run: Run, members: Sequence[Vnfc]) -> None:
    """Have the instances of these members made and wait until they can be managed.

    Raises CloudFailed & co, Invalid, Conflict: one could not be; it is a member all the same.
    """
    cloud, vnfd = Cloud(run.vnf.vim), vnfd_of(run.vnf)
    for member in members:
        if not member.instance_id:
            _ask_for(run, cloud, member, vnfd.vdu(member.vdu))
    for member in members:
        _wait(run, cloud, member, addressed=bool(vnfd.vdu(member.vdu).policies))


def reboot(run: Run, members: Sequence[Vnfc]) -> None:
    """Reboot adopted instances, or power them on, and read their addresses anew; those without an id are left."""
    cloud = Cloud(run.vnf.vim)
    known = [member for member in members if member.instance_id]
    for member in known:
        run.patiently(lambda id=member.instance_id: _start(cloud, id))  # type: ignore[misc]
    for member in known:
        _wait(run, cloud, member, addressed=False)


def remove(run: Run, members: Sequence[Vnfc]) -> None:
    """Have their instances gone. One that was never asked for is not looked for; one that is gone is done."""
    cloud, vnfd = Cloud(run.vnf.vim), vnfd_of(run.vnf)
    ids = [one.instance_id or _left_behind(run, cloud, one, vnfd.vdu(one.vdu)) for one in members]
    for instance_id in filter(None, ids):
        run.patiently(lambda id=instance_id: _delete(cloud, id))  # type: ignore[misc]
    for instance_id in filter(None, ids):
        if not _until(run, lambda id=instance_id: _is_gone(run, cloud, id)):  # type: ignore[misc]
            raise CloudFailed(run.vnf.vim.full_id, f"instance {instance_id} was deleted and is still there")


def _ask_for(run: Run, cloud: Cloud, member: Vnfc, vdu: VduSpec) -> None:
    """That it is asked for is stored before, so that whoever removes the member knows to look for it."""
    mine = Vnfc.objects.filter(pk=member.pk)
    run.record(lambda _: mine.update(asked_at=Now()))
    instance_id = run.patiently(lambda: cloud.create(_spec(run, member, vdu)))
    try:
        run.record(lambda _: mine.update(instance_id=instance_id))
    except Lost:
        if not run.look(mine.exists):  # it was removed while we slept, so nobody else knows of the instance
            _delete(cloud, instance_id)
        raise
    member.instance_id = instance_id


def _left_behind(run: Run, cloud: Cloud, member: Vnfc, vdu: VduSpec) -> str:
    """The id of an instance that may have been made though nobody heard of it: asking again tells."""
    if member.asked_at is None:
        return ""
    try:
        return run.patiently(lambda: cloud.create(_spec(run, member, vdu)))
    except (Invalid, Conflict):  # there is none, and there cannot be
        return ""


def _spec(run: Run, member: Vnfc, vdu: VduSpec) -> InstanceSpec:
    return InstanceSpec(
        key=member.key,
        name=f"{run.vnf.name}-{member.vdu}-{member.number}",
        image=vdu.image,
        flavor=vdu.flavor,
        networks=vdu.networks,
        availability_zone=vdu.availability_zone,
        user_data=vdu.user_data,
        properties=vdu.properties,
    )


def _wait(run: Run, cloud: Cloud, member: Vnfc, *, addressed: bool) -> None:
    """Until it runs and, when ``addressed``, has an address; at the deadline it may stay without one."""

    def ready() -> Instance | None:
        found = _shown(run, cloud, member)
        return found if _runs(found) and (_address(found, member) or not addressed) else None

    found = _until(run, ready) or _shown(run, cloud, member)
    if not _runs(found):
        raise CloudFailed(
            run.vnf.vim.full_id, f"the instance of {member.vdu} is {found.state} and does not get active"
        )
    address = _address(found, member) or member.address
    run.record(lambda _: Vnfc.objects.filter(pk=member.pk).update(address=address))


def _shown(run: Run, cloud: Cloud, member: Vnfc) -> Instance:
    try:
        found = run.patiently(lambda: cloud.show(member.instance_id))
    except NotFound:
        raise CloudFailed(run.vnf.vim.full_id, f"the instance of {member.vdu} is gone") from None
    if found.state == "error":
        why = f": {found.fault}" if found.fault else ""
        raise CloudFailed(run.vnf.vim.full_id, f"the instance of {member.vdu} got into error{why}")
    return found


def _runs(found: Instance) -> bool:
    return found.state == "active" and not found.state_description


def _address(found: Instance, member: Vnfc) -> str:
    """The one it has, if it still has it, else the first: that of the management network."""
    usable = [one for one in found.addresses if one and not one.lower().startswith(LINK_LOCAL)]
    return member.address if member.address in usable else next(iter(usable), "")


def _start(cloud: Cloud, instance_id: str) -> None:
    off = cloud.show(instance_id).state in OFF
    cloud.act(instance_id, InstanceAction.POWER_ON if off else InstanceAction.REBOOT)


def _delete(cloud: Cloud, instance_id: str) -> None:
    try:
        cloud.act(instance_id, InstanceAction.DELETE)
    except NotFound:
        return


def _is_gone(run: Run, cloud: Cloud, instance_id: str) -> bool:
    try:
        run.patiently(lambda: cloud.show(instance_id))
    except NotFound:
        return True
    return False


def _until(run: Run, look: Callable[[], T]) -> T | None:
    """What ``look`` sees, as soon as that is something; ``None``: nothing within MCFED_BOOT_TIMEOUT."""
    deadline, pause = time.monotonic() + settings.BOOT_TIMEOUT, SHORTEST_LOOK
    while not (seen := look()):
        if time.monotonic() > deadline:
            return None
        run.pause(pause)
        pause = min(pause * 1.5, LONGEST_LOOK)
    return seen
