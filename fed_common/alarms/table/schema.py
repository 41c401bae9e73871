"""What the OpenAPI document says of the views of the table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers

from fed_common.alarms.table.queries import ALARMS
from fed_common.alarms.table.serializers import AlarmSerializer, ChangeSerializer, CommentBody
from fed_common.core.alarm import NoticeKind
from fed_common.events.views.schema import ENDLESS, LAST_EVENT_ID, LIMIT, WHOLE
from fed_common.inventory.schema import conditions


class AlarmPage(serializers.Serializer[Any]):
    """Some of the listed alarms, how many are open of each severity, and the number of the last change."""

    alarms = AlarmSerializer(many=True)
    next = serializers.IntegerField(allow_null=True, help_text="the next `page`; null: none")
    total = serializers.IntegerField()
    counts = serializers.DictField(child=serializers.IntegerField())
    sequence = serializers.IntegerField(help_text="give it as `after` to `/alarms/changes` or the stream")


class ChangePage(serializers.Serializer[Any]):
    """Changes in their order."""

    changes = ChangeSerializer(many=True)
    next = serializers.IntegerField(help_text="give it as `after` to go on")
    oldest = serializers.IntegerField(help_text="the first number that is kept; with a later one list anew")
    newest = serializers.IntegerField(help_text="the number of the last change")


ALARM_PAGE = extend_schema_view(
    get=extend_schema(summary="List the active alarms", parameters=conditions(ALARMS), responses={200: AlarmPage})
)
ONE_ALARM = extend_schema_view(get=extend_schema(summary="Show one alarm", responses={200: AlarmSerializer}))
CHANGES = extend_schema_view(
    get=extend_schema(
        summary="Read the changes of the alarm table in their order",
        parameters=[
            OpenApiParameter("after", WHOLE, description="the number to begin behind"),
            OpenApiParameter("limit", LIMIT),
            OpenApiParameter("kind", str, many=True, enum=["", *NoticeKind]),
            OpenApiParameter("vim_id", str),
            OpenApiParameter("alarm_id", {"type": "string", "format": "uuid"}),
        ],
        responses={200: ChangePage},
    )
)
COMMENT = extend_schema_view(
    post=extend_schema(summary="Remark on one alarm", request=CommentBody, responses={200: AlarmSerializer})
)


def deed(summary: str) -> Any:
    """What is done to an alarm without a body."""
    return extend_schema_view(
        post=extend_schema(summary=summary, request=None, responses={200: AlarmSerializer, 409: None})
    )


def with_alarm_stream(paths: Mapping[str, Any]) -> dict[str, Any]:
    """The paths and the live stream of changes, which takes the conditions of ``/alarms/changes``."""
    listing = paths["/api/multicloud/v1/alarms/changes"]["get"]
    stream = {
        **listing,
        "operationId": "get_v1_alarms_stream",
        "summary": "Watch the alarm table change",
        "description": "Server-sent events without an end: `id` is the sequence, `data` a change.",
        "parameters": [*listing["parameters"], LAST_EVENT_ID],
        "responses": {**listing["responses"], "200": ENDLESS},
    }
    return {**paths, "/api/multicloud/v1/alarms/stream": {"get": stream}}
