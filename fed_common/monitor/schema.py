"""What the OpenAPI document says of the views of VNFs."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers

from fed_common.inventory.schema import conditions
from fed_common.monitor import queries
from fed_common.monitor.serializers import (
    HealBody,
    LifecycleEventSerializer,
    MemberSerializer,
    NewVnf,
    OperationSerializer,
    ScaleBody,
    VnfBody,
    VnfChange,
    VnfdBody,
    VnfDetailSerializer,
    VnfSerializer,
)


class _Page(serializers.Serializer[Any]):
    """Some of the rows."""

    next = serializers.IntegerField(allow_null=True, help_text="the next `page`; null: none")
    total = serializers.IntegerField()


class VnfPage(_Page):
    """Some of the VNFs."""

    vnfs = VnfSerializer(many=True)


class MemberPage(_Page):
    """Some of the members of one VNF."""

    members = MemberSerializer(many=True)


class LifecycleEventPage(_Page):
    """Some of what one VNF went through."""

    events = LifecycleEventSerializer(many=True)


class OperationPage(_Page):
    """Some of what is done to one VNF."""

    operations = OperationSerializer(many=True)


class UnderstoodVnfd(serializers.Serializer[Any]):
    """A descriptor as it was understood, and what of it is not used."""

    vnfd = serializers.DictField()
    warnings = serializers.ListField(child=serializers.CharField())


ADOPTED = OpenApiExample(
    "a VM that is there already",
    {
        "name": "firewall",
        "vim_id": "core_RegionOne",
        "vnfd": {
            "tosca_definitions_version": "tosca_simple_profile_for_nfv_1_0_0",
            "topology_template": {
                "node_templates": {
                    "VDU1": {
                        "type": "tosca.nodes.nfv.VDU.Tacker",
                        "properties": {"monitoring_policy": {"name": "ping", "actions": {"failure": "log"}}},
                    },
                    "CP1": {
                        "type": "tosca.nodes.nfv.CP.Tacker",
                        "properties": {"management": True},
                        "requirements": [{"virtualBinding": {"node": "VDU1"}}],
                    },
                }
            },
        },
        "adopt": {"VDU1": [{"instance_id": "42", "address": "127.0.0.1"}]},
    },
    request_only=True,
)
_BEGUN = {202: OperationSerializer, 409: None}

VNFDS_CHECK = extend_schema_view(
    post=extend_schema(summary="Try a VNFD", request=VnfdBody, responses={200: UnderstoodVnfd})
)
VNFS = extend_schema_view(
    get=extend_schema(summary="List the VNFs", parameters=conditions(queries.VNFS), responses={200: VnfPage}),
    post=extend_schema(
        summary="Make a VNF",
        request=VnfBody,
        responses={201: NewVnf, 404: None, 409: None},
        examples=[ADOPTED],
    ),
)
ONE_VNF = extend_schema_view(
    get=extend_schema(summary="Show one VNF", responses={200: VnfDetailSerializer}),
    patch=extend_schema(
        summary="Change one VNF", request=VnfChange, responses={200: VnfDetailSerializer, 409: None}
    ),
    delete=extend_schema(summary="Remove one VNF", responses=_BEGUN),
)
VNF_MEMBERS = extend_schema_view(
    get=extend_schema(
        summary="List the members of one VNF",
        parameters=conditions(queries.MEMBERS),
        responses={200: MemberPage},
    )
)
VNF_EVENTS = extend_schema_view(
    get=extend_schema(
        summary="List what one VNF went through",
        parameters=conditions(queries.EVENTS),
        responses={200: LifecycleEventPage},
    )
)
VNF_OPERATIONS = extend_schema_view(
    get=extend_schema(
        summary="List what is done to one VNF",
        parameters=conditions(queries.OPERATIONS),
        responses={200: OperationPage},
    )
)
VNF_SCALE = extend_schema_view(post=extend_schema(summary="Scale one VNF", request=ScaleBody, responses=_BEGUN))
VNF_HEAL = extend_schema_view(
    post=extend_schema(summary="Heal a VDU of one VNF", request=HealBody, responses=_BEGUN)
)
VNF_RESPAWN = extend_schema_view(post=extend_schema(summary="Respawn one VNF", request=None, responses=_BEGUN))
