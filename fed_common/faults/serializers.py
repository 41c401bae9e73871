"""The shape of host faults on the wire."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from fed_common.core.alarm import Severity
from fed_common.core.instances import HostState
from fed_common.faults.models import FaultedInstance, HostFault
from fed_common.inventory.fields import TextField, TruthField
from fed_common.inventory.models import Host
from fed_common.inventory.serializers import StrictSerializer, moment, plain

RAISED = [one.value for one in Severity if one is not Severity.CLEARED]


class FaultBody(StrictSerializer):
    """What is said of a host that failed; ``occurred_at``: when that was seen, by default now."""

    cause = TextField(max_length=255, allow_blank=True, required=False)
    severity = serializers.ChoiceField(RAISED, required=False)
    source = TextField(max_length=100, required=False)  # type: ignore[assignment]
    fenced = TruthField(required=False, help_text="the host is known to be switched off")
    occurred_at = serializers.DateTimeField(required=False)
    details = serializers.DictField(required=False)


class ClearBody(StrictSerializer):
    """Who says that the host is back."""

    source = TextField(max_length=100, required=False)  # type: ignore[assignment]


class MaintenanceBody(StrictSerializer):
    """Whether people work on the host."""

    maintenance = TruthField()


class MaintenanceSerializer(serializers.Serializer[Any]):
    """Whether people work on the host, as it is now."""

    vim_id = serializers.CharField()
    host = serializers.CharField()
    maintenance = serializers.BooleanField()
    by = serializers.CharField()


class FaultSerializer(serializers.Serializer[Any]):
    """A fault in short. ``stages``: Doctor's check points, as far as they were reached."""

    id = serializers.UUIDField()
    vim_id = serializers.CharField()
    host = serializers.CharField()
    state = serializers.ChoiceField(HostFault.State.choices)
    source = serializers.CharField()  # type: ignore[assignment]
    cause = serializers.CharField()
    severity = serializers.CharField()
    fenced = serializers.BooleanField()
    details = serializers.DictField()
    reports = serializers.IntegerField()
    marked_down = serializers.BooleanField()
    told = serializers.BooleanField()
    reason = serializers.CharField()
    stages = serializers.DictField(child=serializers.DateTimeField())
    occurred_at = serializers.DateTimeField()
    reported_at = serializers.DateTimeField()
    cleared_at = serializers.DateTimeField(allow_null=True)

    def to_representation(self, instance: HostFault) -> dict[str, Any]:
        """The fault as JSON."""
        return {
            "id": str(instance.pk),
            "vim_id": instance.vim.full_id,
            **plain(instance, "host", "state", "source", "cause", "severity", "fenced", "details", "reports"),
            **plain(instance, "marked_down", "told", "reason", "stages"),
            "occurred_at": moment(instance.occurred_at),
            "reported_at": moment(instance.reported_at),
            "cleared_at": moment(instance.cleared_at),
        }


class FaultedInstanceSerializer(serializers.Serializer[Any]):
    """What became of one instance."""

    instance_id = serializers.CharField()
    name = serializers.CharField()
    tenant_id = serializers.CharField()
    old_state = serializers.CharField()
    outcome = serializers.ChoiceField(FaultedInstance.Outcome.choices)
    tries = serializers.IntegerField()
    reason = serializers.CharField()


class FaultDetailSerializer(FaultSerializer):
    """A fault with every instance that it was about."""

    instances = FaultedInstanceSerializer(many=True)

    def to_representation(self, instance: HostFault) -> dict[str, Any]:
        """The fault as JSON."""
        rows = instance.instances.all()
        return {
            **super().to_representation(instance),
            "instances": FaultedInstanceSerializer(rows, many=True).data,
        }


class KnownHostSerializer(serializers.Serializer[Any]):
    """A host as last seen, with what was said of it here."""

    vim_id = serializers.CharField()
    name = serializers.CharField()
    state = serializers.ChoiceField(list(HostState))
    reason = serializers.CharField()
    availability_zone = serializers.CharField()
    maintenance = serializers.BooleanField()
    fault_id = serializers.UUIDField(allow_null=True)

    def to_representation(self, instance: Host) -> dict[str, Any]:
        """The host as JSON."""
        fault = instance.fault_id  # type: ignore[attr-defined] # annotated by queries.hosts
        return {
            "vim_id": instance.vim.full_id,
            **plain(instance, "name", "state", "reason", "availability_zone"),
            "maintenance": instance.quiet or instance.vim.maintenance,  # type: ignore[attr-defined]
            "fault_id": str(fault) if fault else None,
        }
