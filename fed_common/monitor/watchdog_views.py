"""``/api/multicloud/v1/vims/{vim_id}/watchdog``: where agents tell that the watchdog of a guest has fired."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from fed_common.access.permissions import require_vim
from fed_common.core.errors import Invalid
from fed_common.core.watchdog import WatchdogAction
from fed_common.inventory.fields import TextField, TruthField
from fed_common.inventory.serializers import StrictSerializer
from fed_common.inventory.services import find_vim
from fed_common.monitor.watchdog import Heard, accept


class WatchdogBody(StrictSerializer):
    """One firing; ``cleared``: it is over. An ``id`` makes it safe to send twice."""

    instance_id = TextField(max_length=100)
    action = serializers.ChoiceField(list(WatchdogAction), required=False)
    cleared = TruthField(required=False)
    host = TextField(max_length=255, required=False)
    occurred_at = serializers.DateTimeField(required=False)
    id = TextField(max_length=100, required=False)


class WatchdogTaken(serializers.Serializer[Any]):
    """What became of it: ``accepted`` is false when it is not told, for the ``reason`` given."""

    id = serializers.CharField()
    accepted = serializers.BooleanField()
    reason = serializers.CharField()


FIRED = OpenApiExample(
    "a guest that hangs",
    {"instance_id": "4f398943-7d39-4119-8058-74768d6dfa52", "action": "reset", "host": "compute01", "id": "42"},
    request_only=True,
)


@extend_schema_view(
    post=extend_schema(
        summary="Tell that the watchdog of a guest fired",
        request=WatchdogBody,
        responses={202: WatchdogTaken, 404: None},
        examples=[FIRED],
    )
)
class Watchdog(APIView):
    """The guest watchdogs of one VIM."""

    def post(self, request: Request, vim_id: str) -> Response:
        """Store it; it is told within a moment."""
        require_vim(request.user, vim_id)
        sent = WatchdogBody(data=request.data)
        sent.is_valid(raise_exception=True)
        heard = Heard(**sent.validated_data)
        if not (heard.action or heard.cleared):
            raise Invalid("action", "", WatchdogAction)
        reason = accept(find_vim(vim_id), heard)
        return Response({"id": heard.id, "accepted": reason is None, "reason": reason or ""}, status=202)
