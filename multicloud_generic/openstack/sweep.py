"""One look at a cloud: every server of every project, or what changed, and the hosts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from fed_common.core import clock
from fed_common.core.instances import Host, Instance, Sweep
from multicloud_generic.openstack import nova
from multicloud_generic.openstack.client import Project
from multicloud_generic.openstack.clouds import Cloud
from multicloud_generic.openstack.mapping import DELETED, to_hosts, to_instances
from multicloud_generic.openstack.refusals import Refused, unreadable

OVERLAP = timedelta(seconds=10)  # Nova commits a change later than it stamps it, and by another host's clock
EVER = "1970-01-01T00:00:00Z"
Query = Mapping[str, str]


def sweep(cloud: Cloud, since: datetime | None) -> Sweep:
    """See CloudPlugin.list_instances. Of a Nova with a cell that is down nothing may be taken for vanished."""
    taken_at = clock.now()
    seen = {instance.id: instance for instance in _instances(cloud, since)}
    gone = {instance.id for instance in seen.values() if instance.state == DELETED}
    for one in gone:
        del seen[one]
    whole, hosts = _hosts(cloud.home)
    scope = "" if cloud.sees_all_projects else ", ".join(cloud.vim.projects)
    return Sweep(tuple(seen.values()), taken_at, whole and since is None, frozenset(gone), hosts, scope)


def _instances(cloud: Cloud, since: datetime | None) -> list[Instance]:
    """Those of all projects at once; where the credentials may not see them so, of each of the VIM's projects.

    Who saw all before, and may not any more, sees nothing: the rest would look as if it had vanished.
    """
    if since is not None:
        changed = {"changes-since": _their_time(cloud.home, since)}
        everywhere, single = changed, [changed]
    else:
        # A plain list hides soft-deleted servers, and the parameter that shows them is for administrators.
        everywhere, single = {"soft_deleted": "1"}, [{}, {"status": "SOFT_DELETED", "changes-since": EVER}]
    try:
        return list(_of_all_projects(cloud, everywhere))
    except Refused as refused:
        if refused.status != HTTPStatus.FORBIDDEN or cloud.sees_all_projects:
            raise
    return [instance for project in cloud.projects for query in single for instance in _read(project, query)]


def _of_all_projects(cloud: Cloud, query: Query) -> Iterator[Instance]:
    for page in nova.servers(cloud.home, {"all_tenants": "1", **query}):
        cloud.sees_all_projects = True
        yield from _page(cloud.home, page)


def _read(project: Project, query: Query) -> Iterator[Instance]:
    for page in nova.servers(project, query):
        yield from _page(project, page)


def _page(project: Project, page: Any) -> list[Instance]:
    with unreadable(project.vim_id, nova.COMPUTE):
        return to_instances(page)


def computes(project: Project) -> Any:
    """The services that run instances; ``None`` when these credentials may not see them."""
    try:
        return nova.computes(project)
    except Refused as refused:
        if refused.status == HTTPStatus.FORBIDDEN:
            return None
        raise


def _hosts(project: Project) -> tuple[bool, tuple[Host, ...] | None]:
    """Whether every cell of Nova answered, as far as can be seen, and the hosts."""
    answer = computes(project)
    if answer is None:
        return True, None
    with unreadable(project.vim_id, nova.COMPUTE):
        hosts = to_hosts(answer)
    return hosts is not None, hosts


def _their_time(project: Project, since: datetime) -> str:
    """Our time in the cloud's clock, a little earlier."""
    nova.newest(project)  # a first call tells what the cloud's clock says
    return (since + project.skew - OVERLAP).strftime("%Y-%m-%dT%H:%M:%SZ")
