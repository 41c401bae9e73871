"""The shape of VNFs on the wire, and of what belongs to them."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from django.core.validators import RegexValidator
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from fed_common.access.models import Role
from fed_common.access.tokens import Identity
from fed_common.core.health import Health
from fed_common.core.vnf import EventType, OperationKind, VnfStatus
from fed_common.inventory.fields import TextField, TruthField
from fed_common.inventory.serializers import StrictSerializer, moment, plain
from fed_common.monitor.models import LifecycleEvent, Operation, Target, Vnf, Vnfc
from fed_common.monitor.vnfs.alarm_urls import shown_urls
from fed_common.telemetry.redact import MASK

NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$"
NAME_FORM = "1 to 100 letters, digits, '_', '.', '-', beginning with a letter or digit"
ADDRESS = r"^[A-Za-z0-9_.:-]{1,255}$"
DEAD = "dead_instance_id_"
_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class VnfSerializer(serializers.Serializer[Any]):
    """A VNF in short. ``health`` counts the members that are watched; addresses are named as Tacker names them."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    description = serializers.CharField()
    tenant_id = serializers.CharField()
    vim_id = serializers.CharField()
    status = serializers.ChoiceField(list(VnfStatus))
    error_reason = serializers.CharField()
    maintenance = serializers.BooleanField()
    action_id = serializers.UUIDField(allow_null=True)
    failure_count = serializers.IntegerField()
    attributes = serializers.DictField(child=serializers.CharField())
    health = serializers.DictField(child=serializers.IntegerField())
    mgmt_ip_addresses = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    def to_representation(self, instance: Vnf) -> dict[str, Any]:
        """The VNF as JSON."""
        members = list(instance.members.all())
        watched = {vdu["name"] for vdu in instance.vnfd["vdus"] if vdu["policies"]}
        thought = Counter(member.health for member in members if member.vdu in watched)
        dead = {name: str(value) for name, value in instance.attributes.items() if name.startswith(DEAD)}
        return {
            "id": str(instance.pk),
            **plain(instance, "name", "description", "tenant_id"),
            "vim_id": instance.vim.full_id,
            **plain(instance, "status", "error_reason", "maintenance"),
            "action_id": str(instance.action_id) if instance.action_id else None,
            "failure_count": instance.failure_count,
            "attributes": {**self._alarm_urls(instance), **dead},
            "health": {str(one): thought[one] for one in Health},
            "mgmt_ip_addresses": _addresses(members),
            "created_at": moment(instance.created_at),
            "updated_at": moment(instance.updated_at),
        }

    def _alarm_urls(self, vnf: Vnf) -> dict[str, str]:
        """At this gateway as the caller of ``request`` reached it; with their keys for who may write."""
        request = self.context["request"]
        writes = isinstance(request.user, Identity) and request.user.may(Role.OPERATOR)
        return shown_urls(vnf, request.build_absolute_uri("/").rstrip("/"), keys=writes)


class VnfDetailSerializer(VnfSerializer):
    """A VNF with its descriptor as it was understood; what VMs are given as user data is not shown."""

    vnfd = serializers.DictField()

    def to_representation(self, instance: Vnf) -> dict[str, Any]:
        """The VNF as JSON."""
        return {**super().to_representation(instance), "vnfd": shown_vnfd(instance.vnfd)}


class NewVnf(VnfDetailSerializer):
    """A VNF that was just asked for, and what of its descriptor was not used."""

    warnings = serializers.ListField(child=serializers.CharField())


@extend_schema_field(
    {"oneOf": [{"type": "string"}, {"type": "object"}], "description": "TOSCA, YAML or an object"}
)
class VnfdField(serializers.JSONField):
    """A descriptor; it is read by ``monitor.vnfd.reading``."""

    def to_internal_value(self, data: Any) -> Any:
        """See the framework."""
        if not isinstance(data, str | dict):
            raise serializers.ValidationError("a TOSCA service template, YAML in a text or an object")
        return data


class VnfdBody(StrictSerializer):
    """A descriptor and its inputs."""

    vnfd = VnfdField()
    inputs = serializers.DictField(required=False)


class AdoptedSerializer(StrictSerializer):
    """An instance that exists: it is watched, not booted."""

    instance_id = TextField(max_length=100, allow_blank=True, required=False)
    address = TextField(max_length=255, validators=[RegexValidator(ADDRESS, "an IP address or a host name")])


class VnfBody(VnfdBody):
    """A VNF to be made."""

    name = TextField(max_length=100, validators=[RegexValidator(NAME, NAME_FORM)])
    description = TextField(max_length=2000, allow_blank=True, required=False)
    tenant_id = TextField(max_length=100, allow_blank=True, required=False)
    vim_id = TextField(max_length=201)
    adopt = serializers.DictField(
        child=serializers.ListField(child=AdoptedSerializer(), max_length=1000),
        required=False,
        help_text="for each VDU that exists already, its instances",
    )

    def validate_name(self, name: str) -> str:
        """See the framework."""
        if _UUID.fullmatch(name):
            raise serializers.ValidationError("a name that is no UUID")
        return name


class VnfChange(StrictSerializer):
    """What may be changed of a VNF; its monitoring stays as it is."""

    description = TextField(max_length=2000, allow_blank=True, required=False)
    tenant_id = TextField(max_length=100, allow_blank=True, required=False)
    maintenance = TruthField(required=False)


class ScaleBody(StrictSerializer):
    """One increment more or fewer, by a scaling policy or by the one that scales a VDU."""

    policy = TextField(max_length=255, required=False)
    vdu = TextField(max_length=255, required=False)
    direction = serializers.ChoiceField(["out", "in"])

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """See the framework."""
        if ("policy" in attrs) == ("vdu" in attrs):
            raise serializers.ValidationError({"policy": "a scaling policy, or instead of it a vdu"})
        return attrs


class HealBody(StrictSerializer):
    """The VDU whose members are replaced."""

    vdu = TextField(max_length=255)


class CheckSerializer(serializers.Serializer[Any]):
    """One way in which a member is watched now."""

    kind = serializers.CharField()
    address = serializers.CharField()
    port = serializers.IntegerField()
    health = serializers.ChoiceField(list(Health))
    rule = serializers.CharField()
    reason = serializers.CharField()
    flapping = serializers.BooleanField()
    failures = serializers.IntegerField()
    changed_at = serializers.DateTimeField(allow_null=True)

    def to_representation(self, instance: Target) -> dict[str, Any]:
        """The check as JSON."""
        return {
            **plain(instance, "kind", "address", "port", "health", "rule", "reason", "flapping"),
            "failures": instance.failure_seq,
            "changed_at": moment(instance.changed_at),
        }


class MemberSerializer(serializers.Serializer[Any]):
    """One member of a VDU; an ``adopted`` one was not booted by the gateway."""

    vdu = serializers.CharField()
    number = serializers.IntegerField()
    instance_id = serializers.CharField()
    address = serializers.CharField()
    adopted = serializers.BooleanField()
    health = serializers.ChoiceField(list(Health))
    rule = serializers.CharField()
    reason = serializers.CharField()
    changed_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    checks = CheckSerializer(many=True)

    def to_representation(self, instance: Vnfc) -> dict[str, Any]:
        """The member as JSON; its targets that are watched are prefetched as ``watched``."""
        return {
            **plain(instance, "vdu", "number", "instance_id", "address"),
            "adopted": not instance.key,
            **plain(instance, "health", "rule", "reason"),
            "changed_at": moment(instance.changed_at),
            "created_at": moment(instance.created_at),
            "checks": CheckSerializer(instance.watched, many=True).data,  # type: ignore[attr-defined]
        }


class LifecycleEventSerializer(serializers.Serializer[Any]):
    """What a VNF or one of its VDUs went through, in Tacker's words; ``rule`` is what decided it."""

    id = serializers.IntegerField()
    resource_type = serializers.CharField()
    resource_id = serializers.UUIDField()
    resource_state = serializers.CharField()
    event_type = serializers.ChoiceField(list(EventType))
    event_details = serializers.CharField()
    rule = serializers.CharField()
    timestamp = serializers.DateTimeField()

    def to_representation(self, instance: LifecycleEvent) -> dict[str, Any]:
        """The event as JSON."""
        return {
            **plain(instance, "id", "resource_type"),
            "resource_id": str(instance.resource_id),
            **plain(instance, "resource_state", "event_type", "event_details", "rule"),
            "timestamp": moment(instance.timestamp),
        }


class OperationSerializer(serializers.Serializer[Any]):
    """Something that is done to a VNF, or was. ``failure`` is the number of the failure that it answers."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(list(OperationKind))
    parameters = serializers.DictField()
    state = serializers.ChoiceField(Operation.State.values)
    step = serializers.CharField()
    reason = serializers.CharField()
    failure = serializers.IntegerField(allow_null=True)
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)

    def to_representation(self, instance: Operation) -> dict[str, Any]:
        """The operation as JSON."""
        return {
            **plain(instance, "id", "kind", "parameters", "state", "step", "reason"),
            "failure": instance.failure_seq,
            "created_at": moment(instance.created_at),
            "ended_at": moment(instance.ended_at),
        }


def shown_vnfd(kept: dict[str, Any]) -> dict[str, Any]:
    """The plain form without what VMs are given as user data."""
    vdus = [{**vdu, "user_data": MASK if vdu["user_data"] else ""} for vdu in kept["vdus"]]
    return {**kept, "vdus": vdus}


def _addresses(members: list[Vnfc]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for member in members:
        if member.address:
            found.setdefault(member.vdu, []).append(member.address)
    return found
