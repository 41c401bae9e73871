"""``/api/schema`` and ``/api/docs``: the REST API described, for programs and for people. Open to everybody."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer

from fed_common.broker.swagger_v0 import swagger
from fed_common.core.errors import Invalid

CONTENT_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",  # Swagger UI styles its icons and panels in place
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """OpenAPI 3 in JSON, or in YAML for ``?format=yaml``. Raises Invalid."""
    wanted = request.GET.get("format", "json")
    if wanted not in ("json", "yaml"):
        raise Invalid("format", wanted, ("json", "yaml"))
    if wanted == "yaml":
        return HttpResponse(_yaml(), content_type="application/yaml")
    return HttpResponse(_json(), content_type="application/json")


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Swagger UI from our own files: works without the internet."""
    response = render(request, "broker/docs.html")
    response["Content-Security-Policy"] = CONTENT_POLICY
    return response


@require_safe
def swagger_v0(_request: HttpRequest) -> HttpResponse:
    """Swagger 2.0 of the paths below ``v0``."""
    return JsonResponse(swagger())


def document() -> dict[str, Any]:
    """The OpenAPI document."""
    found: dict[str, Any] = SchemaGenerator().get_schema(public=True)
    return found


@cache
def _json() -> bytes:
    return json.dumps(document(), ensure_ascii=False).encode()


@cache
def _yaml() -> bytes:
    rendered: bytes = OpenApiYamlRenderer().render(document(), renderer_context={})
    return rendered
