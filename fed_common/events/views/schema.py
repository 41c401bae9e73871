"""What the OpenAPI document says of the views beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers

from fed_common.core.kinds import Kind, Origin, Phase
from fed_common.events.serializers import (
    DeadEventSerializer,
    SubscriptionSerializer,
    WholeDeadEventSerializer,
)

WHOLE = {"type": "integer", "minimum": 0, "maximum": 2**63 - 1}
NUMBER = {**WHOLE, "minimum": 1}
LIMIT = {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}


class EventShape(serializers.Serializer[Any]):
    """A stored event; docs/specs/event.md explains the fields."""

    sequence = serializers.IntegerField(help_text="grows with every event stored")
    id = serializers.CharField()
    type = serializers.CharField()
    vim_id = serializers.CharField()
    instance_id = serializers.CharField()
    kind = serializers.ChoiceField(list(Kind))
    phase = serializers.ChoiceField(list(Phase))
    state = serializers.CharField()
    old_state = serializers.CharField()
    state_description = serializers.CharField()
    old_state_description = serializers.CharField()
    launched_at = serializers.CharField()
    occurred_at = serializers.DateTimeField()
    received_at = serializers.DateTimeField()
    instance_name = serializers.CharField()
    host = serializers.CharField()
    tenant_id = serializers.CharField()
    fact = serializers.CharField()
    wire = serializers.CharField()
    origin = serializers.ChoiceField(list(Origin))
    traits = serializers.DictField()
    payload = serializers.DictField()


class EventPage(serializers.Serializer[Any]):
    """Stored events, the newest last."""

    events = EventShape(many=True)
    next = serializers.IntegerField(help_text="give it as `after` to go on")


class WordLists(serializers.Serializer[Any]):
    """The words this gateway understands."""

    kinds = serializers.ListField(child=serializers.CharField())
    phases = serializers.ListField(child=serializers.CharField())
    formats = serializers.ListField(child=serializers.CharField())
    publishers = serializers.ListField(child=serializers.CharField())
    vim_types = serializers.ListField(child=serializers.CharField())
    drop_reasons = serializers.ListField(child=serializers.CharField())


class SubscriptionList(serializers.Serializer[Any]):
    """All subscriptions, by name."""

    subscriptions = SubscriptionSerializer(many=True)


class DeadEventPage(serializers.Serializer[Any]):
    """Dead events, the newest first."""

    dead_events = DeadEventSerializer(many=True)
    next = serializers.IntegerField(allow_null=True, help_text="give it as `before` to go on")


class ReplayCounts(serializers.Serializer[Any]):
    """How replaying many went; `left` was not tried for lack of time."""

    replayed = serializers.IntegerField()
    failed = serializers.IntegerField()
    left = serializers.IntegerField()
    reasons = serializers.ListField(child=serializers.CharField())


LAST_EVENT_ID = {"in": "header", "name": "Last-Event-ID", "schema": WHOLE, "description": "goes before `after`"}
ENDLESS = {"description": "", "content": {"text/event-stream": {"schema": {"type": "string"}}}}
CONDITIONS = [
    OpenApiParameter("vim_id", str),
    OpenApiParameter("kind", str, many=True, enum=["", *Kind]),
    OpenApiParameter("phase", str, many=True, enum=["", *Phase]),
    OpenApiParameter("instance_id", str),
    OpenApiParameter("state", str),
    OpenApiParameter("since", {"type": "string", "format": "date-time"}, description="received at or after"),
    OpenApiParameter("after", WHOLE, description="a sequence to begin behind"),
]
DEAD_CONDITIONS = [
    OpenApiParameter("vim_id", str),
    OpenApiParameter("subscription", str),
    OpenApiParameter("replayed", str, enum=["true", "false"]),
]
SUBSCRIPTION = OpenApiExample(
    "a topic of deletions",
    {
        "name": "vnfm",
        "filter": {"kinds": ["DELETE", "ERROR"], "vims": ["vio_*"]},
        "sinks": [{"publisher": "embedded", "topic": "vm-events", "format": "cloudevents", "required": False}],
    },
    request_only=True,
)

EVENTS = extend_schema_view(
    get=extend_schema(
        summary="Look at stored events",
        parameters=[*CONDITIONS, OpenApiParameter("limit", LIMIT)],
        responses={200: EventPage},
    )
)
ONE_EVENT = extend_schema_view(get=extend_schema(summary="Show one stored event", responses={200: EventShape}))
WORDS = extend_schema_view(get=extend_schema(summary="List the words understood here", responses={200: WordLists}))
SUBSCRIPTIONS = extend_schema_view(
    get=extend_schema(summary="List the subscriptions", responses={200: SubscriptionList}),
    post=extend_schema(
        summary="Subscribe",
        request=SubscriptionSerializer,
        responses={201: SubscriptionSerializer, 409: None},
        examples=[SUBSCRIPTION],
    ),
)
_PARTLY = SubscriptionSerializer(partial=True)
ONE_SUBSCRIPTION = extend_schema_view(
    get=extend_schema(summary="Show one subscription", responses={200: SubscriptionSerializer}),
    put=extend_schema(
        summary="Make or replace one subscription",
        request=_PARTLY,
        responses={200: SubscriptionSerializer, 201: SubscriptionSerializer},
    ),
    patch=extend_schema(
        summary="Change one subscription", request=_PARTLY, responses={200: SubscriptionSerializer}
    ),
    delete=extend_schema(summary="End one subscription", responses={204: None}),
)
DEAD_EVENTS = extend_schema_view(
    get=extend_schema(
        summary="Look at dead events",
        parameters=[*DEAD_CONDITIONS, OpenApiParameter("limit", LIMIT), OpenApiParameter("before", NUMBER)],
        responses={200: DeadEventPage},
    )
)
ONE_DEAD_EVENT = extend_schema_view(
    get=extend_schema(summary="Show one dead event", responses={200: WholeDeadEventSerializer}),
    delete=extend_schema(summary="Forget one dead event", responses={204: None}),
)
REPLAY = extend_schema_view(
    post=extend_schema(
        summary="Tell one dead event again",
        request=None,
        responses={200: WholeDeadEventSerializer, 422: None},
    )
)
REPLAY_MANY = extend_schema_view(
    post=extend_schema(
        summary="Tell again all dead events that match",
        request=None,
        parameters=DEAD_CONDITIONS,
        responses={200: ReplayCounts},
    )
)


def with_stream(paths: Mapping[str, Any]) -> dict[str, Any]:
    """The paths and the live stream, which is no view of the framework: it takes the conditions of ``/events``."""
    listing = paths["/api/multicloud/v1/events"]["get"]
    stream = {
        **listing,
        "operationId": "get_v1_events_stream",
        "summary": "Watch events as they happen",
        "description": "Server-sent events without an end: `id` is the sequence, `data` an event as in `/events`.",
        "parameters": [one for one in listing["parameters"] if one["name"] != "limit"] + [LAST_EVENT_ID],
        "responses": {**listing["responses"], "200": ENDLESS},
    }
    return {**paths, "/api/multicloud/v1/events/stream": {"get": stream}}
