"""What tells clients that there is an Aodh, and what it can."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from fed_common.access.permissions import NotAllowedHere
from fed_common.alarms.aodh.base import AodhView

CAPABILITIES = {
    "api": {f"alarms:{what}:{how}": True for what in ("query", "history:query") for how in ("simple", "complex")},
    "alarm_storage": {"storage:production_ready": True},
}


class Capabilities(AodhView):
    """What this Aodh can."""

    def get(self, request: Request) -> Response:  # noqa: ARG002
        """All of it."""
        return Response(CAPABILITIES)


class Metrics(AodhView):
    """Counters of evaluations, which Aodh keeps only when told to, and this gateway at ``/metrics``."""

    def get(self, request: Request) -> Response:  # noqa: ARG002
        """Refused, as by an Aodh that was not told to."""
        raise PermissionDenied("metrics of evaluations are disabled here; Prometheus reads /metrics")


def versions(request: HttpRequest) -> HttpResponse:
    """What Aodh says at its root; open, as there."""
    if request.method not in ("GET", "HEAD"):
        raise NotAllowedHere(str(request.method), ["GET"])
    links = [{"href": request.build_absolute_uri("/openstack/v2"), "rel": "self"}]
    media = [{"base": "application/json", "type": "application/vnd.openstack.telemetry-v2+json"}]
    version: dict[str, Any] = {"id": "v2", "status": "stable", "updated": "2013-02-13T00:00:00Z"}
    return JsonResponse({"versions": {"values": [{**version, "links": links, "media-types": media}]}})


def healthcheck(_request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers; ``/readyz`` tells more. Open, as at Aodh."""
    return HttpResponse("OK", content_type="text/plain")
