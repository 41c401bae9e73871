"""What the OpenAPI document says of the views of host faults."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from fed_common.faults import queries
from fed_common.faults.serializers import (
    ClearBody,
    FaultBody,
    FaultDetailSerializer,
    FaultSerializer,
    KnownHostSerializer,
    MaintenanceBody,
    MaintenanceSerializer,
)
from fed_common.inventory.schema import conditions


class _Page(serializers.Serializer[Any]):
    """Some of the rows."""

    next = serializers.IntegerField(allow_null=True, help_text="the next `page`; null: none")
    total = serializers.IntegerField()


class FaultPage(_Page):
    """Some of the host faults."""

    faults = FaultSerializer(many=True)


class KnownHostPage(_Page):
    """Some of the hosts of all VIMs."""

    hosts = KnownHostSerializer(many=True)


class DoctorDetails(serializers.Serializer[Any]):
    """What Doctor's event says."""

    hostname = serializers.CharField()
    status = serializers.ChoiceField(["down", "up"], required=False)
    vim_id = serializers.CharField(required=False)


class DoctorResult(serializers.Serializer[Any]):
    """What became of one event."""

    status = serializers.IntegerField()
    host = serializers.CharField()
    result = serializers.CharField(required=False)
    reason = serializers.CharField(required=False)


class DoctorResults(serializers.Serializer[Any]):
    """What became of each, in their order: one of them was refused."""

    results = DoctorResult(many=True)


class DoctorEvent(serializers.Serializer[Any]):
    """One event; a list of them is Doctor's own form, ``{"event": …}`` and ``{"events": […]}`` are taken too."""

    time = serializers.CharField(required=False)
    type = serializers.CharField()
    details = DoctorDetails()


FAULTS = extend_schema_view(
    get=extend_schema(
        summary="List the host faults", parameters=conditions(queries.FAULTS), responses={200: FaultPage}
    )
)
ONE_FAULT = extend_schema_view(
    get=extend_schema(summary="Show one host fault", responses={200: FaultDetailSerializer})
)
HOSTS = extend_schema_view(
    get=extend_schema(
        summary="List the hosts of all VIMs", parameters=conditions(queries.HOSTS), responses={200: KnownHostPage}
    )
)
HOST_FAULT = extend_schema_view(
    get=extend_schema(summary="Show the fault of one host", responses={200: FaultDetailSerializer}),
    post=extend_schema(summary="Report that a host failed", request=FaultBody, responses={202: FaultSerializer}),
    delete=extend_schema(summary="Say that a host is back", responses={202: FaultSerializer}),
)
HOST_CLEAR = extend_schema_view(
    post=extend_schema(summary="Say that a host is back", request=ClearBody, responses={202: FaultSerializer})
)
HOST_MAINTENANCE = extend_schema_view(
    put=extend_schema(
        summary="Begin or end the maintenance of one host",
        request=MaintenanceBody,
        responses={200: MaintenanceSerializer},
    )
)
_DOCTOR = extend_schema(
    summary="Report hosts as Doctor's monitors do",
    request=DoctorEvent(many=True),
    responses={(200, "text/plain"): OpenApiTypes.STR, 207: DoctorResults},
)
DOCTOR = extend_schema_view(put=_DOCTOR, post=_DOCTOR)
