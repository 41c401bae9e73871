"""Every route of the API, for every role."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.urls import URLPattern, get_resolver

from tests.callers import API, Caller, caller

pytestmark = pytest.mark.django_db(transaction=True)

ROUTES = {
    "vims": ("GET", "POST"),
    "vims/<str:vim_id>": ("GET", "PATCH", "DELETE"),
    "vims/<str:vim_id>/filter": ("GET", "PUT", "DELETE"),
    "vims/<str:vim_id>/check": ("POST",),
    "subscriptions": ("GET", "POST"),
    "subscriptions/<str:name>": ("GET", "PUT", "PATCH", "DELETE"),
    "events": ("GET",),
    "events/stream": ("GET",),
    "events/<str:event_id>": ("GET",),
    "words": ("GET",),
    "dead-events": ("GET",),
    "dead-events/replay": ("POST",),
    "dead-events/<int:dead_id>": ("GET", "DELETE"),
    "dead-events/<int:dead_id>/replay": ("POST",),
}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ROLES = ("nobody", "reader", "operator", "admin")


def api_routes() -> Iterator[str]:
    for resolver in get_resolver().url_patterns:
        if f"/{resolver.pattern}".startswith(f"{API}/"):
            yield from (str(route.pattern) for route in resolver.url_patterns if isinstance(route, URLPattern))


def test_the_table_names_every_route() -> None:
    assert sorted(api_routes()) == sorted(ROUTES)


def expected(role: str, method: str, methods: tuple[str, ...]) -> set[int]:
    if role == "nobody":
        return {401}
    if method != "GET" and role == "reader":
        return {403}
    return {200, 201, 204, 400, 404} if method in methods else {405}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("route", ROUTES)
def test_each_role_may_do_what_it_may_and_no_more(role: str, route: str) -> None:
    who = Caller() if role == "nobody" else caller(role)
    path = "/" + re.sub("<str:.*?>", "a_b", route).replace("<int:dead_id>", "1")
    for method in METHODS:
        status = who.ask(method, path, {} if method in ("POST", "PUT", "PATCH") else None).status_code
        allowed = expected(role, method, ROUTES[route])
        if route == "events/stream" and method != "GET":
            allowed = {405}
        assert status in allowed, f"{role} {method} {path}: {status}"


@pytest.mark.parametrize("path", ["//healthz", "//readyz", "//metrics"])
def test_what_watches_the_process_needs_no_token(path: str, nobody: Any) -> None:
    assert nobody.ask("GET", path).status_code == 200


def test_the_guide_names_every_route_with_its_methods() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "guide" / "rest.md").read_text()
    for route, methods in ROUTES.items():
        path = "/" + re.sub("<int:dead_id>", "{id}", re.sub("<str:(.*?)>", r"{\1}", route))
        assert f"| `{path}` | {', '.join(methods)} |" in guide
