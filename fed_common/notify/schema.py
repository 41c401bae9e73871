"""What the OpenAPI document says of the views of receivers and deliveries."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers

from fed_common.events.views.schema import LIMIT
from fed_common.notify.models import Delivery
from fed_common.notify.serializers import (
    DeliverySerializer,
    OutcomeSerializer,
    ReceiverSerializer,
    WholeDeliverySerializer,
)


class ReceiverList(serializers.Serializer[Any]):
    """All receivers, by name."""

    receivers = ReceiverSerializer(many=True)


class DeliveryPage(serializers.Serializer[Any]):
    """Deliveries, the newest first."""

    deliveries = DeliverySerializer(many=True)
    next = serializers.UUIDField(allow_null=True, help_text="give it as `before` to go on")


UUID = {"type": "string", "format": "uuid"}
EXAMPLE = OpenApiExample(
    "a management system that hears what is critical",
    {
        "name": "nms",
        "notifier": "http",
        "options": {"url": "https://nms.example/alarms", "format": "native", "secret": "shared"},
        "filter": {"severities": ["CRITICAL"]},
    },
    request_only=True,
)
RECEIVERS = extend_schema_view(
    get=extend_schema(summary="List the receivers", responses={200: ReceiverList}),
    post=extend_schema(
        summary="Make a receiver",
        request=ReceiverSerializer,
        responses={201: ReceiverSerializer, 409: None},
        examples=[EXAMPLE],
    ),
)
ONE_RECEIVER = extend_schema_view(
    get=extend_schema(summary="Show one receiver", responses={200: ReceiverSerializer}),
    put=extend_schema(
        summary="Make or replace one receiver",
        request=ReceiverSerializer(partial=True),
        responses={200: ReceiverSerializer, 201: ReceiverSerializer},
    ),
    delete=extend_schema(summary="Forget one receiver", responses={204: None}),
)
TEST = extend_schema_view(
    post=extend_schema(
        summary="Tell one receiver a test notice now", request=None, responses={200: OutcomeSerializer, 422: None}
    )
)
DELIVERIES = extend_schema_view(
    get=extend_schema(
        summary="Look at deliveries",
        parameters=[
            OpenApiParameter("state", str, enum=["", *Delivery.State.values]),
            OpenApiParameter("alarm_id", str),
            OpenApiParameter("target", str, description="a part of the target as it is shown"),
            OpenApiParameter("cause", str, description="the event's id"),
            OpenApiParameter("limit", LIMIT),
            OpenApiParameter("before", UUID, description="only older ones"),
        ],
        responses={200: DeliveryPage},
    )
)
ONE_DELIVERY = extend_schema_view(
    get=extend_schema(summary="Show one delivery", responses={200: WholeDeliverySerializer})
)
RETRY = extend_schema_view(
    post=extend_schema(
        summary="Try a dead delivery again",
        request=None,
        responses={202: WholeDeliverySerializer, 409: None},
    )
)
