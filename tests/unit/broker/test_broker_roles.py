"""Every route of the API for every caller: nobody, each role, and a reader of some VIMs only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.urls import URLResolver, get_resolver

from fed_common.inventory.services import RESERVED_OWNERS
from tests.callers import API, Caller, caller

pytestmark = pytest.mark.django_db(transaction=True)

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ROLES = ("reader", "operator", "admin")
CALLERS = ("nobody", *ROLES, "reader of others")
FINE = {200, 201, 202, 204, 400, 404}
ELSEWHERE = ("fed_common.web.", "fed_common.events.message_router.")  # their own tests tell who may what there


@dataclass(frozen=True)
class Route:
    """Its methods; what writing takes; who has some VIMs only gets ``narrow`` where a reader would be served.

    ``keyed``: a key in the path is asked for, and no token.
    """

    methods: tuple[str, ...]
    write_role: str = "operator"
    narrow: set[int] = field(default_factory=lambda: FINE)
    open: bool = False
    keyed: bool = False
    fine: set[int] = field(default_factory=lambda: FINE)


HOST = "<str:cloud_owner>/<str:cloud_region_id>/hosts/<str:host>"
OF_VIM, OF_ALL, HIDDEN = {403}, {403}, {404}
ROUTES = {
    "vims": Route(("GET", "POST")),
    "vims/import": Route(("POST",), "admin", OF_ALL),
    "vims/check": Route(("POST",)),
    "vims/<str:vim_id>": Route(("GET", "PATCH", "DELETE"), narrow=OF_VIM),
    "vims/<str:vim_id>/filter": Route(("GET", "PUT", "DELETE"), narrow=OF_VIM),
    "vims/<str:vim_id>/check": Route(("POST",), narrow=OF_VIM),
    "vims/<str:vim_id>/hosts": Route(("GET",), narrow=OF_VIM),
    "vims/<str:vim_id>/hosts/<str:host>/detectors": Route(("GET",), narrow=OF_VIM),
    "vims/<str:vim_id>/hosts/<str:host>/detectors/<str:detector>": Route(("GET", "PUT", "DELETE"), narrow=OF_VIM),
    "vims/<str:vim_id>/watchdog": Route(("POST",), narrow=OF_VIM),
    "vims/<str:vim_id>/webhooks/host": Route(("POST",), narrow=OF_VIM),
    "instances": Route(("GET",)),
    "meters/instance.state": Route(("GET",)),
    "meters/instance.state/history": Route(("GET",)),
    "hosts": Route(("GET",)),
    "faults": Route(("GET",)),
    "faults/<uuid:fault_id>": Route(("GET",)),
    "faults/<uuid:fault_id>/profile": Route(("GET",)),
    f"{HOST}/fault": Route(("GET", "POST", "DELETE"), narrow=OF_VIM),
    f"{HOST}/fault/clear": Route(("POST",), narrow=OF_VIM),
    f"{HOST}/maintenance": Route(("PUT",), narrow=OF_VIM),
    "subscriptions": Route(("GET", "POST"), narrow=OF_ALL),
    "subscriptions/<str:name>": Route(("GET", "PUT", "PATCH", "DELETE"), narrow=OF_ALL),
    "events": Route(("GET",)),
    "events/stream": Route(("GET",)),
    "events/<str:event_id>": Route(("GET",)),
    "words": Route(("GET",)),
    "vnfds/check": Route(("POST",), "reader"),
    "vnfs": Route(("GET", "POST")),
    "vnfs/<str:vnf>": Route(("GET", "PATCH", "DELETE")),
    "vnfs/<str:vnf>/members": Route(("GET",)),
    "vnfs/<str:vnf>/events": Route(("GET",)),
    "vnfs/<str:vnf>/operations": Route(("GET",)),
    "vnfs/<str:vnf>/scale": Route(("POST",)),
    "vnfs/<str:vnf>/heal": Route(("POST",)),
    "vnfs/<str:vnf>/respawn": Route(("POST",)),
    "alarms/active": Route(("GET",)),
    "alarms/active/<uuid:alarm_id>": Route(("GET",)),
    "alarms/active/<uuid:alarm_id>/acknowledge": Route(("POST",)),
    "alarms/active/<uuid:alarm_id>/unacknowledge": Route(("POST",)),
    "alarms/active/<uuid:alarm_id>/clear": Route(("POST",)),
    "alarms/active/<uuid:alarm_id>/comment": Route(("POST",)),
    "alarms/changes": Route(("GET",)),
    "alarms/stream": Route(("GET",)),
    "receivers": Route(("GET", "POST"), "admin", OF_ALL),
    "receivers/<str:name>": Route(("GET", "PUT", "DELETE"), "admin", OF_ALL),
    "receivers/<str:name>/test": Route(("POST",), narrow=OF_ALL),
    "alarms/deliveries": Route(("GET",), narrow=OF_ALL),
    "alarms/deliveries/<uuid:delivery_id>": Route(("GET",), narrow=OF_ALL),
    "alarms/deliveries/<uuid:delivery_id>/retry": Route(("POST",), narrow=OF_ALL),
    "dead-events": Route(("GET",)),
    "dead-events/replay": Route(("POST",)),
    "dead-events/<int:dead_id>": Route(("GET", "DELETE")),
    "dead-events/<int:dead_id>/replay": Route(("POST",)),
}
OF_EACH_VIM = {
    "/check_vim_status": Route(("GET", "POST"), "reader", OF_VIM),
    "/events_check": Route(("POST",), "reader", OF_VIM),
    "/capacity_check": Route(("POST",), "reader", OF_VIM),
    "/extensions": Route(("GET",), narrow=OF_VIM),
    "/registry": Route(("GET", "POST"), narrow=OF_VIM),
    "": Route(("DELETE",), narrow=OF_VIM),
}
OF_MONITOR = (
    *("workflows", "workflows/<str:key>", "executions", "executions/<str:key>"),
    *("executions/<str:execution>/tasks", "tasks", "tasks/<str:key>"),
)
OF_AODH = {
    "alarms": Route(("GET", "POST"), narrow=OF_ALL),
    "alarms/<str:alarm_id>": Route(("GET", "PUT", "DELETE"), narrow=OF_ALL),
    "alarms/<str:alarm_id>/state": Route(("GET", "PUT"), narrow=OF_ALL),
    "alarms/<str:alarm_id>/history": Route(("GET",), narrow=OF_ALL),
    "query/alarms": Route(("POST",), "reader", OF_ALL),
    "query/alarms/history": Route(("POST",), "reader", OF_ALL),
    "quotas": Route(("GET", "POST"), "admin", OF_ALL),
    "quotas/<str:project_id>": Route(("DELETE",), "admin", OF_ALL),
    "capabilities": Route(("GET",), narrow=OF_ALL),
    "capabilities/": Route(("GET",), narrow=OF_ALL),
    "metrics": Route(("GET",), narrow=OF_ALL, fine={403}),
}
OF_SOL003 = {
    "api_versions": Route(("GET",)),
    "alarms": Route(("GET",)),
    "alarms/<uuid:alarm_id>": Route(("GET", "PATCH")),
    "subscriptions": Route(("GET", "POST")),
    "subscriptions/<uuid:subscription_id>": Route(("GET", "DELETE")),
}
V0, V1 = "v0/(?P<vim_id>[^/]+)", "v1/(?P<cloud_owner>[^/]+)/(?P<cloud_region_id>[^/]+)"
TABLE = {
    **{f"{API[1:]}/{path}": route for path, route in ROUTES.items()},
    **{f"api/multicloud/{vim}{path}": route for vim in (V0, V1) for path, route in OF_EACH_VIM.items()},
    "events": Route(("PUT", "POST")),
    "api/multicloud/v[01]/vim_types": Route(("GET",)),
    "api/multicloud/(?P<api>v[01])/check_vim_capacity": Route(("POST",), "reader"),
    "openstack/v1.0/vims": Route(("GET", "POST")),
    "openstack/v1.0/vims.json": Route(("GET", "POST")),
    "openstack/v1.0/vims/<str:vim_id>": Route(("GET", "PUT", "DELETE"), narrow=HIDDEN),
    "openstack/v1.0/vims/<str:vim_id>.json": Route(("GET", "PUT", "DELETE"), narrow=HIDDEN),
    **{f"openstack/{version}{path}": Route(("GET",)) for version in ("", "v2/") for path in OF_MONITOR},
    **{f"openstack/v2/{path}": route for path, route in OF_AODH.items()},
    "openstack/": Route(("GET",), open=True),
    "openstack/healthcheck": Route(("GET",), open=True),
    **{f"openstack/v1.0/events{end}": Route(("GET",)) for end in ("", ".json")},
    **{f"openstack/v1.0/events/<str:number>{end}": Route(("GET",)) for end in ("", ".json")},
    **{f"vnffm/v1/{path}": route for path, route in OF_SOL003.items()},
    "v1.0/vnfs/<str:vnf>/<str:trigger>/<str:action>/<str:key>": Route(("POST",), keyed=True),
    "api/schema": Route(("GET",), open=True),
    "api/docs": Route(("GET",), open=True),
    "api/multicloud/v0/swagger.json": Route(("GET",), open=True),
    "healthz": Route(("GET",), open=True),
    "readyz": Route(("GET",), open=True),
    "metrics": Route(("GET",), open=True),
}


def served(patterns: Any = None, prefix: str = "") -> Iterator[str]:
    """The pattern of every view, whoever serves it."""
    for one in get_resolver().url_patterns if patterns is None else patterns:
        bare = re.sub(r"\(\?!\(\?:[^)]*\)/\)", "", str(one.pattern))  # what an owner may not be named
        pattern = prefix + re.sub(r"^\^|/\?\$$|\$$", "", bare)
        if isinstance(one, URLResolver):
            yield from served(one.url_patterns, pattern)
        elif not one.callback.__module__.startswith(ELSEWHERE):
            yield pattern


def test_the_table_names_every_route() -> None:
    assert sorted(served()) == sorted(TABLE)


def test_no_cloud_can_hide_a_route_behind_its_owner() -> None:
    assert {route.partition("/")[0] for route in ROUTES if not route.startswith("<")} <= set(RESERVED_OWNERS)


def path_of(pattern: str) -> str:
    found = pattern.replace("<int:dead_id>", "1")
    found = found.replace("(?P<api>v[01])", "v1").replace("v[01]", "v0")
    found = found.replace("(?P<cloud_owner>[^/]+)", "a").replace("(?P<cloud_region_id>[^/]+)", "b")
    found = re.sub("<uuid:[a-z]+_id>", str(UUID(int=1)), found)
    return "//" + re.sub(r"<str:\w+>|\(\?P<\w+>\[\^/\]\+\)", "a_b", found)


def expected(who: str, method: str, route: Route) -> set[int]:
    if route.open:
        return {200} if method == "GET" else {200, 405}
    if route.keyed:
        return {404 if method in route.methods else 405}
    if who == "nobody":
        return {401}
    role = who.split()[0]
    if ROLES.index(role) < ROLES.index("reader" if method == "GET" else route.write_role):
        return {403}
    if method not in route.methods:
        return {405} if who == role else {403, 404, 405}
    return route.fine if who == role else route.narrow


@pytest.mark.parametrize("who", CALLERS)
@pytest.mark.parametrize("pattern", TABLE)
def test_each_caller_may_do_what_it_may_and_no_more(who: str, pattern: str) -> None:
    role, *others = who.split()
    asking = Caller() if role == "nobody" else caller(role, *(["other_*"] if others else []))
    for method in METHODS:
        body = {} if method in ("POST", "PUT", "PATCH") else None
        status = asking.ask(method, path_of(pattern), body).status_code
        allowed = expected(who, method, TABLE[pattern])
        if method not in TABLE[pattern].methods:
            allowed = allowed | {405}
        assert status in allowed, f"{who}: {method} {path_of(pattern)}: {status}"


def test_the_guide_names_every_route_with_its_methods() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "guide" / "rest.md").read_text()
    for route, known in ROUTES.items():
        path = "/" + re.sub("<(int|uuid):[a-z]+_id>", "{id}", re.sub("<str:(.*?)>", r"{\1}", route))
        assert f"| `{path}` | {', '.join(known.methods)} |" in guide, path
