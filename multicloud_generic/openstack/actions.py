"""What the gateway does to a cloud's instances and hosts, for a policy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fed_common.core.errors import Conflict, Invalid, NotFound, Unsupported
from fed_common.core.instances import InstanceAction
from multicloud_generic.openstack import nova
from multicloud_generic.openstack.client import Project
from multicloud_generic.openstack.clouds import Cloud
from multicloud_generic.openstack.mapping import part
from multicloud_generic.openstack.refusals import Refused, unreadable

STATES = ("active", "error")
_BODIES: Mapping[InstanceAction, Mapping[str, Any]] = {
    InstanceAction.POWER_ON: {"os-start": None},
    InstanceAction.POWER_OFF: {"os-stop": None},
    InstanceAction.REBOOT: {"reboot": {"type": "HARD"}},
}


def act(cloud: Cloud, instance_id: str, action: InstanceAction) -> None:
    """See CloudPlugin. A reboot is a hard one; a rebuild takes the image the instance has."""
    path = _path(instance_id)
    match action:
        case InstanceAction.DELETE:
            _do(cloud, instance_id, lambda project: nova.send(project, "DELETE", path))
        case InstanceAction.REBUILD:
            _do(cloud, instance_id, lambda project: _rebuild(project, instance_id))
        case _:
            _do(cloud, instance_id, lambda project: nova.send(project, "POST", f"{path}/action", _BODIES[action]))


def reset_state(cloud: Cloud, instance_id: str, state: str) -> None:
    """See CloudPlugin. Raises Invalid for another state."""
    if state not in STATES:
        raise Invalid("state", state, STATES)
    path, body = f"{_path(instance_id)}/action", {"os-resetState": {"state": state}}
    _do(cloud, instance_id, lambda project: nova.send(project, "POST", path, body))


def mark_host_down(cloud: Cloud, host: str, down: bool) -> bool:
    """See CloudPlugin. Raises NotFound; Unsupported before Nova 12, which cannot be told."""
    home = cloud.home
    if nova.newest(home) < nova.FORCED_DOWN:
        raise Unsupported("openstack with a Nova before Liberty", "be told that a host is down")
    with unreadable(home.vim_id, "compute"):
        services = part(nova.computes(home, host), "services")
        if not services:
            raise NotFound("host", host)
        if services[0]["forced_down"] is down:  # Nova takes no update that changes nothing
            return False
        nova.force_down(home, services[0], down)
    return True


def _do(cloud: Cloud, instance_id: str, call: Callable[[Project], object]) -> None:
    """Do it with the rights in the first project that knows the instance."""
    for project in cloud.projects:
        try:
            call(project)
        except Refused as refused:
            if refused.status == HTTPStatus.CONFLICT:
                raise Conflict("instance", instance_id, f"is not in a state for it: {refused.said}") from None
            if refused.status != HTTPStatus.NOT_FOUND:
                raise
        else:
            return
    raise NotFound("instance", instance_id)


def _rebuild(project: Project, instance_id: str) -> None:
    path = _path(instance_id)
    server = nova.get(project, path)
    with unreadable(project.vim_id, "compute"):
        image = server["server"]["image"]
        if not image:
            raise Conflict("instance", instance_id, "has no image to be rebuilt from: it boots from a volume")
        nova.send(project, "POST", f"{path}/action", {"rebuild": {"imageRef": image["id"]}})


def _path(instance_id: str) -> str:
    return f"/servers/{quote(instance_id, safe='')}"
