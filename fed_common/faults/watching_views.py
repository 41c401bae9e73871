"""``/api/multicloud/v1/vims/{vim_id}/hosts/{host}/detectors``: how a host is watched, and what was seen."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from fed_common.access.permissions import require_vim
from fed_common.core.errors import NotFound
from fed_common.faults.models import WatchedHost
from fed_common.faults.watching import shown_options, unwatch_host, watch_host
from fed_common.inventory.fields import TruthField
from fed_common.inventory.serializers import StrictSerializer
from fed_common.inventory.services import find_vim


class WatchedHostSerializer(StrictSerializer):
    """How a host is watched; ``state`` is what was seen last: up, down, or nothing yet."""

    host = serializers.CharField(read_only=True)
    detector = serializers.CharField(read_only=True)
    options = serializers.DictField(required=False, help_text="as the detector has them, such as address, fall")
    enabled = TruthField(required=False)
    state = serializers.CharField(read_only=True)
    reason = serializers.CharField(read_only=True)
    changed_at = serializers.DateTimeField(read_only=True, allow_null=True)

    def to_representation(self, instance: WatchedHost) -> dict[str, Any]:
        """See the framework; no secret is shown."""
        options = shown_options(instance)
        rest = {name: getattr(instance, name) for name in ("host", "detector", "enabled", "state", "reason")}
        changed_at = self.fields["changed_at"]
        at = instance.changed_at and changed_at.to_representation(instance.changed_at)
        return {**rest, "options": options, "changed_at": at}


class WatchedHostList(serializers.Serializer[Any]):
    """All detectors of one host."""

    detectors = WatchedHostSerializer(many=True)


PING = OpenApiExample(
    "by ping", {"options": {"address": "192.0.2.1", "interval": 0.2, "timeout": 0.2, "fall": 3}}, request_only=True
)


@extend_schema_view(get=extend_schema(summary="List how a host is watched", responses={200: WatchedHostList}))
class HostDetectors(APIView):
    """All detectors of one host."""

    def get(self, request: Request, vim_id: str, host: str) -> Response:
        """By name."""
        require_vim(request.user, vim_id)
        rows = WatchedHost.objects.filter(vim=find_vim(vim_id), host=host)
        return Response({"detectors": WatchedHostSerializer(rows, many=True).data})


@extend_schema_view(
    get=extend_schema(summary="Show one way in which a host is watched", responses={200: WatchedHostSerializer}),
    put=extend_schema(
        summary="Have a host watched",
        request=WatchedHostSerializer,
        responses={200: WatchedHostSerializer},
        examples=[PING],
    ),
    delete=extend_schema(summary="Have a host watched no more", responses={204: None}),
)
class HostDetector(APIView):
    """One of them."""

    def get(self, request: Request, vim_id: str, host: str, detector: str) -> Response:
        """Show it."""
        require_vim(request.user, vim_id)
        row = WatchedHost.objects.filter(vim=find_vim(vim_id), host=host, detector=detector).first()
        if row is None:
            raise NotFound("detector of the host", detector)
        return Response(WatchedHostSerializer(row).data)

    def put(self, request: Request, vim_id: str, host: str, detector: str) -> Response:
        """Make or replace it."""
        require_vim(request.user, vim_id)
        sent = WatchedHostSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        given = sent.validated_data
        row = watch_host(vim_id, host, detector, given.get("options", {}), enabled=given.get("enabled", True))
        return Response(WatchedHostSerializer(row).data)

    def delete(self, request: Request, vim_id: str, host: str, detector: str) -> Response:
        """Forget it."""
        require_vim(request.user, vim_id)
        unwatch_host(vim_id, host, detector)
        return Response(status=204)
