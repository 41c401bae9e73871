"""Servers that the gateway makes, and one server looked at.

A server's metadata holds the key it was made for. Nova has nothing that is unique and can be set by a tenant, so
a key is looked for before a server is made, among the servers of that name, and once more afterwards: when two
callers made one at the same time, both keep the one that was made first and the other is deleted. A caller that
was halted between the two looks may so take away what another one has been given already; that one is not found
then, and asking again for the key answers with the one that stayed.
"""

from __future__ import annotations

import re
from base64 import b64encode
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fed_common.core import clock
from fed_common.core.errors import Conflict, Invalid, NotFound
from fed_common.core.instances import Instance, InstanceSpec
from multicloud_generic.openstack import nova
from multicloud_generic.openstack.choosing import flavor_id, image_id, network_id
from multicloud_generic.openstack.client import Project, Version
from multicloud_generic.openstack.clouds import Cloud
from multicloud_generic.openstack.mapping import DELETED, to_instance
from multicloud_generic.openstack.refusals import Refused, unreadable

KEY, ASKED_AT = "mcfed:key", "mcfed:asked_at"
AUTO: Version = (2, 37)  # from here on Nova can be told to give a network by itself
_GOING = frozenset({"deleting", "soft-deleting"})
_GONE = frozenset({DELETED, "soft-delete"})
_FULL = (HTTPStatus.CONFLICT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
_QUOTA = re.compile("quota|exceeded", re.IGNORECASE)
_BLAMED = (
    ("attribute name", "name"),
    ("availability zone", "availability_zone"),
    ("user data", "user_data"),
    ("flavor", "flavor"),
    ("image", "image"),
    ("network", "networks"),
)  # what Nova says of a bad request, and the field that is meant


def create(cloud: Cloud, spec: InstanceSpec) -> str:
    """See CloudPlugin. It is made in the VIM's first project."""
    home = cloud.home
    return _keep_first(home, _with_key(home, spec)) or _made(home, spec)


def show(cloud: Cloud, instance_id: str) -> Instance:
    """See CloudPlugin."""
    for project in cloud.projects:
        try:
            answer = nova.get(project, _path(instance_id))
        except Refused as refused:
            if refused.status != HTTPStatus.NOT_FOUND:
                raise
        else:
            with unreadable(project.vim_id, nova.COMPUTE):
                shown = to_instance(answer["server"])
            if shown.state != DELETED:
                return shown
    raise NotFound("instance", instance_id)


def _made(project: Project, spec: InstanceSpec) -> str:
    body, version = _request(project, spec)
    try:
        answer = nova.send(project, "POST", "/servers", {"server": body}, version)
    except Refused as refused:
        raise _reason(refused, spec) from None
    with unreadable(project.vim_id, nova.COMPUTE):
        made = str(answer["server"]["id"])
    return _keep_first(project, _with_key(project, spec)) or made


def _request(project: Project, spec: InstanceSpec) -> tuple[dict[str, Any], Version | None]:
    """The server as Nova is asked for it, and in which version."""
    body: dict[str, Any] = {
        "name": spec.name,
        "imageRef": image_id(project, spec.image),
        "flavorRef": flavor_id(project, spec),
        "metadata": {KEY: spec.key, ASKED_AT: clock.iso(clock.now())},
    }
    if spec.availability_zone:
        body["availability_zone"] = spec.availability_zone
    if spec.user_data:
        body["user_data"] = b64encode(spec.user_data.encode()).decode()
    if spec.networks:
        body["networks"] = [{"uuid": network_id(project, one)} for one in spec.networks]
    elif nova.newest(project) >= AUTO:
        return {**body, "networks": "auto"}, AUTO
    return body, None


def _with_key(project: Project, spec: InstanceSpec) -> list[Any]:
    """The servers made for that key, and not on their way out; those that are being scheduled among them."""
    query = {"name": f"^{re.escape(spec.name)}$"}
    with unreadable(project.vim_id, nova.COMPUTE):
        servers = [one for page in nova.servers(project, query) for one in page["servers"]]
        return [one for one in servers if one.get("metadata", {}).get(KEY) == spec.key and not _ends(one)]


def _ends(server: Any) -> bool:
    return server.get("OS-EXT-STS:task_state") in _GOING or server.get("OS-EXT-STS:vm_state") in _GONE


def _keep_first(project: Project, servers: list[Any]) -> str:
    """The id of the one that was made first, "" when there is none; the others are deleted."""
    with unreadable(project.vim_id, nova.COMPUTE):
        first, *others = sorted(map(_age, servers)) or [("", "", "")]
    for _, _, server_id in others:
        try:
            nova.send(project, "DELETE", _path(server_id))
        except Refused as refused:
            if refused.status not in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT):
                raise
    return first[2]


def _age(server: Any) -> tuple[str, str, str]:
    """When it was made by Nova's clock, which has whole seconds, and when it was asked for."""
    return str(server["created"]), str(server["metadata"].get(ASKED_AT, "")), str(server["id"])


def _reason(refused: Refused, spec: InstanceSpec) -> Conflict | Invalid | Refused:
    """What Nova will not do, as the caller has to hear it."""
    no_room = refused.status == HTTPStatus.FORBIDDEN and _QUOTA.search(refused.said)
    if no_room or refused.status in _FULL:
        return Conflict("instance", spec.name, f"cannot be made: {refused.said}")
    if refused.status == HTTPStatus.BAD_REQUEST:
        said = refused.said.lower().replace("_", " ")
        for word, field in _BLAMED:
            if word in said:
                return Invalid(field, getattr(spec, field), f"what the cloud takes; it says: {refused.said}")
    return refused


def _path(instance_id: str) -> str:
    return f"/servers/{quote(instance_id, safe='')}"
