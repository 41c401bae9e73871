"""``/api/multicloud/v1/vims/{vim_id}/webhooks/host``: where monitoring systems report the hosts of a VIM."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from fed_common.access.permissions import require_vim
from fed_common.core.errors import NotFound
from fed_common.faults import services
from fed_common.faults.webhook import LABELS, Alert, read_body
from fed_common.inventory.services import find_vim

IGNORED = "ignored"


class HostAlert(serializers.Serializer[Any]):
    """A plain report; Alertmanager's body, version 4, is taken as it is."""

    host = serializers.CharField(required=False)
    status = serializers.ChoiceField(["down", "up", "firing", "resolved"], required=False)
    cause = serializers.CharField(required=False, allow_blank=True)
    severity = serializers.CharField(required=False, allow_blank=True)
    source = serializers.CharField(required=False, allow_blank=True)  # type: ignore[assignment]
    fenced = serializers.BooleanField(required=False)
    occurred_at = serializers.DateTimeField(required=False)
    details = serializers.DictField(required=False)
    alerts = serializers.ListField(child=serializers.DictField(), required=False)


class HostAlertResult(serializers.Serializer[Any]):
    """What became of one: the state of the fault, ``ignored``, or ``unknown`` with the reason."""

    host = serializers.CharField()
    result = serializers.CharField()
    reason = serializers.CharField()


class HostAlertResults(serializers.Serializer[Any]):
    """One for each host."""

    results = HostAlertResult(many=True)


@extend_schema_view(
    post=extend_schema(
        summary="Report hosts from a monitoring system",
        parameters=[OpenApiParameter("label", str, description=f"what names the host; else one of {LABELS}")],
        request=HostAlert,
        responses={200: HostAlertResults, 207: HostAlertResults, 404: None},
        examples=[OpenApiExample("plain", {"host": "compute01", "status": "down"}, request_only=True)],
    )
)
class HostWebhook(APIView):
    """The hosts of one VIM, as a monitoring system sees them."""

    def post(self, request: Request, vim_id: str) -> Response:
        """Take each; 207 when one was not of a host that is known."""
        require_vim(request.user, vim_id)
        alerts = read_body(request.data, request.query_params.get("label", ""))
        vim = find_vim(vim_id).full_id
        results = [_taken(vim, one) for one in alerts]
        return Response({"results": results}, status=207 if any(one["reason"] for one in results) else 200)


def _taken(vim_id: str, alert: Alert) -> dict[str, str]:
    """Raises Retryable: then all are to be sent again, which does no harm."""
    if alert.mild:
        return {"host": alert.host, "result": IGNORED, "reason": ""}
    try:
        return {"host": alert.host, "result": _done(vim_id, alert), "reason": ""}
    except NotFound as error:
        if not alert.down:  # it is over what nobody reported
            return {"host": alert.host, "result": IGNORED, "reason": ""}
        return {"host": alert.host, "result": "unknown", "reason": str(error)}


def _done(vim_id: str, alert: Alert) -> str:
    """What another one has reported stays until that one, or a person, takes it back."""
    if not alert.down and services.latest_fault(vim_id, alert.host).source != alert.source:
        return IGNORED
    if not alert.down:
        return services.clear_host(vim_id, alert.host, source=alert.source).state
    return services.report_host(
        vim_id,
        alert.host,
        source=alert.source,
        cause=alert.cause,
        seen_at=alert.seen_at,
        severity=alert.severity.value,
        fenced=alert.fenced,
        details=alert.details,
    ).state
