"""``/faults/{id}/profile``: where the time of a host fault went."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from fed_common.access.permissions import seen_by
from fed_common.alarms.faults_profile import profile_of
from fed_common.core.errors import NotFound
from fed_common.faults.models import HostFault


class FaultProfile(serializers.Serializer[Any]):
    """Doctor's check points of a fault, and milliseconds between them."""

    points = serializers.DictField(child=serializers.DateTimeField())
    modules = serializers.DictField(
        child=serializers.FloatField(), help_text="one after the other; their sum is the total"
    )
    beside = serializers.DictField(child=serializers.FloatField(), help_text="what no alarm waited for")
    total_ms = serializers.FloatField()
    alarms = serializers.IntegerField(help_text="actions that came of it")


@extend_schema_view(
    get=extend_schema(summary="Show where the time of one host fault went", responses={200: FaultProfile})
)
class ProfileOfFault(APIView):
    """Of one host fault."""

    def get(self, request: Request, fault_id: UUID) -> Response:
        """As far as it is known now."""
        found = seen_by(request.user, HostFault.objects.all(), "vim__full_id").filter(pk=fault_id).first()
        if found is None:
            raise NotFound("host fault", str(fault_id))
        return Response(profile_of(found).to_dict())
