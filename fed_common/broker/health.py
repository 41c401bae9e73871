"""What watches the process: is it alive, is it ready, what has it counted."""

from __future__ import annotations

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, JsonResponse

from fed_common.inventory.models import Revision
from fed_common.telemetry import metrics


def healthz(_request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers at all."""
    return JsonResponse({"ok": True})


def readyz(_request: HttpRequest) -> HttpResponse:
    """200 when the database can be read, else 503 with the reason."""
    try:
        Revision.objects.filter(pk=1).exists()
    except (DatabaseError, InterfaceError) as error:
        reason = f"the database cannot be used: {type(error).__name__}"
        return JsonResponse({"ok": False, "reason": reason}, status=503)
    return JsonResponse({"ok": True})


def metrics_page(_request: HttpRequest) -> HttpResponse:
    """Prometheus text; open, for it holds names of VIMs and counts only."""
    content, content_type = metrics.render()
    return HttpResponse(content, content_type=content_type)
