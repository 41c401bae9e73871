"""What the OpenAPI document says of the inventory's views."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers

from fed_common.inventory import queries
from fed_common.inventory.fields import FilterShape
from fed_common.inventory.queries import LIMIT_MAX, PAGE_MAX, Listing
from fed_common.inventory.serializers import HostSerializer, InstanceSerializer, VimSerializer

ENUMS = {"enabled": ["", "true", "false"]}


class VimPage(serializers.Serializer[Any]):
    """Some of the VIMs."""

    vims = VimSerializer(many=True)
    next = serializers.IntegerField(allow_null=True, help_text="the next `page`; null: none")
    total = serializers.IntegerField()


class InstancePage(serializers.Serializer[Any]):
    """Some of the VMs."""

    instances = InstanceSerializer(many=True)
    next = serializers.IntegerField(allow_null=True, help_text="the next `page`; null: none")
    total = serializers.IntegerField()


class HostPage(serializers.Serializer[Any]):
    """Some of the hosts of one VIM."""

    hosts = HostSerializer(many=True)
    next = serializers.IntegerField(allow_null=True, help_text="the next `page`; null: none")
    total = serializers.IntegerField()


class Reached(serializers.Serializer[Any]):
    """Whether one half of a VIM can be reached."""

    reachable = serializers.BooleanField()
    reason = serializers.CharField()


class CheckShape(Reached):
    """Whether a VIM can be reached: null for the half that it has not."""

    api = Reached(allow_null=True)
    notifications = Reached(allow_null=True)


def conditions(listing: Listing) -> list[OpenApiParameter]:
    """The parameters of a list."""
    order = ", ".join(listing.orders)
    return [
        *(OpenApiParameter(name, str, many=True, enum=ENUMS.get(name)) for name in listing.conditions),
        OpenApiParameter("order", str, description=f"{order}, with commas; `-` before one turns it round"),
        OpenApiParameter("limit", {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_MAX}),
        OpenApiParameter("page", {"type": "integer", "minimum": 1, "maximum": PAGE_MAX, "default": 1}),
    ]


OPENSTACK = OpenApiExample(
    "an OpenStack",
    {
        "cloud_owner": "core",
        "cloud_region_id": "RegionOne",
        "type": "openstack",
        "auth_url": "http://127.0.0.1:5000/v3",
        "credentials": {"username": "gateway", "password": "secret"},
        "projects": ["admin"],
    },
    request_only=True,
)
VMWARE = OpenApiExample(
    "a VIO that tells by RabbitMQ",
    {
        "cloud_owner": "vio",
        "cloud_region_id": "RegionOne",
        "type": "vmware",
        "transport": {"url": "rabbit://user:password@127.0.0.1:5672/"},
    },
    request_only=True,
)
_PARTLY = VimSerializer(partial=True)

VIMS = extend_schema_view(
    get=extend_schema(summary="List the VIMs", parameters=conditions(queries.VIMS), responses={200: VimPage}),
    post=extend_schema(
        summary="Register a VIM",
        request=VimSerializer,
        responses={201: VimSerializer, 409: None},
        examples=[OPENSTACK, VMWARE],
    ),
)
ONE_VIM = extend_schema_view(
    get=extend_schema(summary="Show one VIM", responses={200: VimSerializer}),
    patch=extend_schema(summary="Change one VIM", request=_PARTLY, responses={200: VimSerializer, 409: None}),
    delete=extend_schema(summary="Forget one VIM", responses={204: None, 409: None}),
)
VIM_FILTER = extend_schema_view(
    get=extend_schema(summary="Show what is heard of one VIM", responses={200: FilterShape}),
    put=extend_schema(
        summary="Replace what is heard of one VIM", request=FilterShape, responses={200: FilterShape}
    ),
    delete=extend_schema(summary="Hear everything of one VIM", responses={204: None}),
)
VIM_CHECK = extend_schema_view(
    post=extend_schema(summary="Try to reach one VIM", request=None, responses={200: CheckShape})
)
BODY_CHECK = extend_schema_view(
    post=extend_schema(
        summary="Try to reach a VIM before it is registered", request=VimSerializer, responses={200: CheckShape}
    )
)
VIM_HOSTS = extend_schema_view(
    get=extend_schema(
        summary="List the hosts of one VIM", parameters=conditions(queries.HOSTS), responses={200: HostPage}
    )
)
INSTANCES = extend_schema_view(
    get=extend_schema(
        summary="List the VMs", parameters=conditions(queries.INSTANCES), responses={200: InstancePage}
    )
)
