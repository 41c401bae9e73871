"""Asks a cloud's services how much room there is, for one project."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fed_common.core.errors import NotFound
from fed_common.core.instances import Capacity, Room
from multicloud_generic.openstack import nova
from multicloud_generic.openstack.capacity import host_rooms, quota_room, to_capacity
from multicloud_generic.openstack.catalogue import root
from multicloud_generic.openstack.client import Call, Project, Version
from multicloud_generic.openstack.clouds import Cloud
from multicloud_generic.openstack.mapping import part, to_hosts
from multicloud_generic.openstack.refusals import Refused, unreadable
from multicloud_generic.openstack.sweep import computes

ANY_ROOM = Room(None, None, None)
_ALL_CLASSES: Version = (
    1,
    27,
)  # from here on Placement tells of all resources of a host, not only of those asked for
_NOT_HERE = (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.NOT_ACCEPTABLE)


def room(cloud: Cloud, project: str) -> Capacity:
    """See CloudPlugin.capacity. Where the hosts may not be seen, only the quota limits."""
    quota = _quota(cloud, _project_id(cloud, project))
    home = cloud.home
    services = computes(home)
    with unreadable(home.vim_id, "compute"):
        hosts = None if services is None else to_hosts(services)
        if hosts is None:
            return Capacity(quota, (ANY_ROOM,))
        return to_capacity(quota, host_rooms(hosts, nova.hypervisors(home), _candidates(home)))


def _quota(cloud: Cloud, project_id: str) -> Room:
    """The project's; by the gateway's own rights, else by those it has in that project."""
    try:
        return _quota_as(cloud.home, project_id)
    except Refused as refused:
        if refused.status != HTTPStatus.FORBIDDEN:
            raise
        return _quota_as(cloud.project_with(project_id), project_id)


def _quota_as(project: Project, project_id: str) -> Room:
    compute = nova.get(project, f"/os-quota-sets/{project_id}/detail")
    volumes = None
    if url := project.catalogue().url("block-storage"):
        path = f"/v3/{project.id}/os-quota-sets/{project_id}"
        volumes = project.ask(root(url), Call("volume", path, query={"usage": "True"}))
    with unreadable(project.vim_id, "the quota"):
        return quota_room(compute, volumes)


def _candidates(project: Project) -> Any:
    """Every host that has room at all, by Placement; ``None`` without it, or before hosts had its ids."""
    url = project.catalogue().url("placement")
    if url is None or nova.newest(project) < nova.SERVICES_BY_ID:
        return None
    query = {"resources": "VCPU:1,MEMORY_MB:1"}
    try:
        return project.ask(url, Call("placement", "/allocation_candidates", query=query, version=_ALL_CLASSES))
    except Refused as refused:
        if refused.status in _NOT_HERE:
            return None
        raise


def _project_id(cloud: Cloud, project: str) -> str:
    """The id of a project of that name or id: of those the user has a role in, else of all."""
    home = cloud.home
    if project in ("", home.id, home.name):
        return home.id
    for path, query in (("/auth/projects", {}), ("/projects", {"name": project}), ("/projects", {})):
        for one in _projects(home, path, query):
            if project in (one.get("id"), one.get("name")):
                return str(one["id"])
    raise NotFound("project", project)


def _projects(home: Project, path: str, query: dict[str, str]) -> list[Any]:
    try:
        answer = home.ask(home.url("identity"), Call("identity", path, query=query))
    except Refused as refused:
        if refused.status == HTTPStatus.FORBIDDEN:
            return []
        raise
    with unreadable(home.vim_id, "Keystone"):
        return [one for one in part(answer, "projects") if isinstance(one, dict)]
