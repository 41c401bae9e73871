"""Nova's REST API, as much of it as the plugin needs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from fed_common.core.errors import CloudFailed
from multicloud_generic.openstack.catalogue import without_project
from multicloud_generic.openstack.client import Api, Call, Project, Version
from multicloud_generic.openstack.mapping import part
from multicloud_generic.openstack.refusals import unreadable

COMPUTE = "compute"
NEWEST: Version = (2, 98)  # the newest that tells something new of servers: their image's properties
HYPERVISORS_WITH_SIZES: Version = (2, 87)
SERVICES_BY_ID: Version = (2, 53)
FORCED_DOWN: Version = (2, 11)
_NUMBER = re.compile(r"(\d{1,3})\.(\d{1,4})")


def get(project: Project, path: str, query: Mapping[str, str] | None = None, newest: Version = NEWEST) -> Any:
    """What Nova answers to a GET in the newest microversion both know. Raises as Project.ask does."""
    base, theirs = _api(project)
    version = theirs and min(theirs, newest)
    return project.ask(base, Call(COMPUTE, path, query=query or {}, version=version))


def send(project: Project, method: str, path: str, body: object = None, version: Version | None = None) -> Any:
    """Any other call; without ``version`` in the oldest microversion. Raises as Project.ask does."""
    return project.ask(_api(project).base, Call(COMPUTE, path, method, body=body, version=version))


def newest(project: Project) -> Version:
    """The newest microversion of this Nova; (2, 0): it has none."""
    return _api(project).newest or (2, 0)


def pages(
    project: Project, path: str, name: str, query: Mapping[str, str], newest: Version = NEWEST
) -> Iterator[Any]:
    """Every page of a list. The limit is Nova's own: with one in the query it leaves out cells that are down."""
    markers: set[str] = set()
    marker = ""
    while marker not in markers:
        markers.add(marker)
        answer = get(project, path, {**query, "marker": marker} if marker else query, newest)
        yield answer
        with unreadable(project.vim_id, COMPUTE):
            if not answer.get(f"{name}_links"):
                return
            marker = str(part(answer, name)[-1]["id"])
    raise CloudFailed(project.vim_id, f"compute shows the same {name} again and again")


def servers(project: Project, query: Mapping[str, str]) -> Iterator[Any]:
    """The pages of servers with all that is told of them."""
    return pages(project, "/servers/detail", "servers", query)


def hypervisors(project: Project) -> list[Any]:
    """Every hypervisor, with its sizes."""
    told = pages(project, "/os-hypervisors/detail", "hypervisors", {}, HYPERVISORS_WITH_SIZES)
    return [one for page in told for one in part(page, "hypervisors")]


def computes(project: Project, host: str = "") -> Any:
    """The services that run instances, of one host or of all."""
    return get(project, "/os-services", {"binary": "nova-compute", **({"host": host} if host else {})})


def force_down(project: Project, service: Mapping[str, Any], down: bool) -> None:
    """Set what an operator knows of a compute."""
    if newest(project) >= SERVICES_BY_ID:
        send(project, "PUT", f"/os-services/{service['id']}", {"forced_down": down}, SERVICES_BY_ID)
        return
    body = {"host": service["host"], "binary": service["binary"], "forced_down": down}
    send(project, "PUT", "/os-services/force-down", body, FORCED_DOWN)


def _api(project: Project) -> Api:
    """Where this Nova is, asked for once."""
    url = project.url(COMPUTE)
    known = project.apis.get(url)
    if known is None:
        with unreadable(project.vim_id, COMPUTE):
            known = project.apis[url] = _discovered(url, project.ask(without_project(url), Call(COMPUTE, "/")))
    return known


def _discovered(url: str, answer: Any) -> Api:
    """From the document of one version, or from that of all of them."""
    one = answer.get("version")
    if one:
        return Api(url, _version(one["version"]))
    known = {each["id"]: _version(each["version"]) for each in part(answer, "versions")}
    best = max(known)
    return Api(f"{url}/{best}", known[best])


def _version(text: str) -> Version | None:
    if not text:
        return None
    found = _NUMBER.fullmatch(text)
    if not found:
        raise ValueError("it has no version")
    return int(found[1]), int(found[2])
