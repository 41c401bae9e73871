"""The image, flavor and networks of a server to be made: names become ids of this cloud.

Source: Glance's api-ref v2 (images), Nova's (flavors), Neutron's (networks).
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fed_common.core.errors import Invalid
from fed_common.core.instances import InstanceSpec
from multicloud_generic.openstack import nova
from multicloud_generic.openstack.catalogue import root
from multicloud_generic.openstack.client import Call, Project
from multicloud_generic.openstack.mapping import part
from multicloud_generic.openstack.refusals import Refused, unreadable
from multicloud_generic.sizes import Sizes, sizes

MOST_NAMED = 20


def image_id(project: Project, wanted: str) -> str:
    """The id of the active image of that name or id. Raises Invalid."""
    if not wanted:
        raise Invalid("image", wanted, "the name or id of an image")
    base = root(project.url("image"))
    answer = project.ask(base, Call("image", "/v2/images", query={"name": wanted, "status": "active"}))
    return _only("image", wanted, _listed(project, answer, "images") or _image(project, base, wanted))


def network_id(project: Project, wanted: str) -> str:
    """The id of the network of that name or id. Raises Invalid."""
    base = root(project.url("network"))
    for by in ("name", "id"):
        answer = project.ask(base, Call("network", "/v2.0/networks", query={by: wanted}))
        if found := _listed(project, answer, "networks"):
            return _only("networks", wanted, found)
    return _only("networks", wanted, [])


def flavor_id(project: Project, spec: InstanceSpec) -> str:
    """The id of the flavor named; without one of the smallest that holds the sizes. Raises Invalid."""
    asked = sizes(spec.properties)
    pages = nova.pages(project, "/flavors/detail", "flavors", {"is_public": "None"})
    flavors = [one for page in pages for one in _listed(project, page, "flavors")]
    with unreadable(project.vim_id, nova.COMPUTE):
        if spec.flavor:
            return _named(spec.flavor, flavors)
        return _smallest(asked, flavors)


def _named(wanted: str, flavors: list[Any]) -> str:
    for by in ("id", "name"):
        for one in flavors:
            if one[by] == wanted:
                return str(one["id"])
    raise Invalid("flavor", wanted, sorted(one["name"] for one in flavors)[:MOST_NAMED])


def _smallest(asked: Sizes, flavors: list[Any]) -> str:
    if not any(asked):
        raise Invalid("flavor", "", "the name or id of a flavor, or num_cpus, mem_size, disk_size in properties")
    fitting = [
        (Sizes(one["vcpus"], one["ram"], one["disk"]), str(one["id"]))
        for one in flavors
        if not one.get("OS-FLV-DISABLED:disabled")
    ]
    fitting = [one for one in fitting if all(has >= needs for has, needs in zip(one[0], asked, strict=True))]
    if not fitting:
        raise Invalid("flavor", "", f"one of this cloud; none has {asked}")
    return min(fitting)[1]


def _image(project: Project, base: str, wanted: str) -> list[Any]:
    try:
        return [project.ask(base, Call("image", f"/v2/images/{quote(wanted, safe='')}"))]
    except Refused as refused:
        if refused.status in (HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST):
            return []
        raise


def _listed(project: Project, answer: object, name: str) -> list[Any]:
    with unreadable(project.vim_id, name):
        return part(answer, name)


def _only(field: str, wanted: str, found: list[Any]) -> str:
    """The id of the one that was found."""
    ids = [one["id"] for one in found if isinstance(one, dict) and isinstance(one.get("id"), str)]
    if not ids:
        raise Invalid(field, wanted, "the name or id of one that this cloud has")
    if len(ids) > 1:
        raise Invalid(field, wanted, f"an id, because {len(ids)} have that name: {', '.join(ids[:MOST_NAMED])}")
    return str(ids[0])
