"""``/events``: where Doctor's monitors report hosts, as they do to its sample inspector."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from fed_common.access.permissions import require_vim
from fed_common.core.errors import Conflict, Invalid, NotFound
from fed_common.faults import schema, services
from fed_common.faults.doctor import HostWord, read_body, read_event
from fed_common.telemetry import metrics

STATUSES = {Invalid: 400, PermissionDenied: 403, NotFound: 404, Conflict: 409}
DONE, IGNORED = 200, "ignored"


@schema.DOCTOR
class DoctorEvents(APIView):
    """Events of hosts, in any of Doctor's forms."""

    def put(self, request: Request) -> HttpResponse:
        """``OK``; 207 with what became of each, when something was wrong with one."""
        results = [_taken(event, request.user) for event in read_body(request.data)]
        if all(result["status"] == DONE for result in results):
            return HttpResponse("OK", content_type="text/plain")
        return Response({"results": results}, status=207)

    def post(self, request: Request) -> HttpResponse:
        """The same."""
        return self.put(request)


def _taken(event: object, caller: object) -> dict[str, Any]:
    """What became of one event. Raises Retryable: then all are to be sent again, which does no harm."""
    try:
        word = read_event(event)
        if word is None:
            metrics.HOST_REPORTS.labels("", IGNORED).inc()
            return {"status": DONE, "host": "", "result": IGNORED}
        return {"status": DONE, "host": word.host, "result": _done(word, caller)}
    except (Invalid, PermissionDenied, NotFound, Conflict) as error:
        status = next(number for kind, number in STATUSES.items() if isinstance(error, kind))
        return {"status": status, "host": _host(event), "reason": str(error)}


def _done(word: HostWord, caller: object) -> str:
    vim_id = services.vim_of(word.host, word.vim_id)
    require_vim(caller, vim_id)
    if word.says in ("maintenance", "out"):
        services.set_maintenance(vim_id, word.host, on=word.says == "maintenance", by=word.source)
        return word.says
    if word.says == "up":
        return services.clear_host(vim_id, word.host, source=word.source).state
    return services.report_host(
        vim_id,
        word.host,
        source=word.source,
        cause=word.cause,
        severity=word.severity,
        seen_at=word.seen_at,
        details=word.details,
    ).state


def _host(event: Any) -> str:
    details = event.get("details") if isinstance(event, dict) else None
    return str(details.get("hostname", ""))[:255] if isinstance(details, dict) else ""
