"""The shape of VIMs, instances and hosts on the wire; what the words in them may be is settled by the services."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Model
from rest_framework import serializers

from fed_common.core import clock
from fed_common.core.instances import HostState
from fed_common.inventory.endpoints import shown_credentials
from fed_common.inventory.fields import FilterField, NumberField, TextField, TruthField
from fed_common.inventory.models import Host, Instance, Vim
from fed_common.inventory.transports import shown_url

SHORTEST_POLL, LONGEST_POLL = 1, 86400


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields it does not know, so that a misspelt one is not silently without effect."""

    def to_internal_value(self, data: Any) -> Any:
        """See the framework."""
        for name in data if isinstance(data, Mapping) else ():
            if name not in self.fields:
                said = f"no such field; fields: {', '.join(self.fields)}"
                raise serializers.ValidationError({name: [said]})
        return super().to_internal_value(data)


class TransportSerializer(StrictSerializer):
    """Where a VIM's notifications are read."""

    url = TextField(max_length=2000)
    exchange = TextField(max_length=100, required=False)
    topics = serializers.ListField(child=TextField(), allow_empty=False, required=False)
    pool = TextField(max_length=100, allow_blank=True, required=False)


class CredentialsSerializer(StrictSerializer):
    """How the gateway itself signs in; ``***`` stands for the password that is kept."""

    username = TextField(max_length=255, required=False)
    password = TextField(max_length=2000, trim_whitespace=False, required=False)
    user_domain = TextField(max_length=255, required=False)
    project_domain = TextField(max_length=255, required=False)


class TlsSerializer(StrictSerializer):
    """How the cloud's certificate is judged: ``ca`` is PEM text; empty: by the system's authorities."""

    verify = TruthField(required=False)
    ca = TextField(max_length=100_000, allow_blank=True, required=False)


class VimSerializer(StrictSerializer):
    """A VIM; its passwords are never shown."""

    vim_id = serializers.CharField(read_only=True)
    uuid = serializers.UUIDField(read_only=True)
    cloud_owner = TextField(max_length=100)
    cloud_region_id = TextField(max_length=100)
    name = TextField(max_length=255, allow_blank=True, required=False)
    description = TextField(max_length=2000, allow_blank=True, required=False)
    type = TextField(max_length=50)
    version = TextField(max_length=50, allow_blank=True, required=False)
    auth_url = TextField(allow_blank=True, required=False)
    credentials = CredentialsSerializer(required=False, allow_null=True)
    projects = serializers.ListField(child=TextField(max_length=255), required=False)
    region_name = TextField(max_length=100, allow_blank=True, required=False)
    tls = TlsSerializer(required=False)
    poll_interval = NumberField(
        min_value=SHORTEST_POLL, max_value=LONGEST_POLL, allow_null=True, required=False, help_text="seconds"
    )
    transport = TransportSerializer(required=False, allow_null=True)
    filter = FilterField(required=False)
    enabled = TruthField(required=False)
    maintenance = TruthField(required=False)
    source = serializers.ChoiceField(Vim.Source.choices, read_only=True)  # type: ignore[assignment]
    status = serializers.ChoiceField(Vim.Status.choices, read_only=True)
    status_reason = serializers.CharField(read_only=True)
    status_at = serializers.DateTimeField(read_only=True, allow_null=True)
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)

    def to_representation(self, instance: Vim) -> dict[str, Any]:
        """The VIM as JSON."""
        return {
            "vim_id": instance.full_id,
            "uuid": str(instance.uuid),
            "cloud_owner": instance.cloud_owner,
            "cloud_region_id": instance.region,
            **plain(instance, "name", "description", "type", "version", "auth_url"),
            "credentials": shown_credentials(instance),
            **plain(instance, "projects", "region_name"),
            "tls": {"verify": instance.tls_verify, "ca": instance.tls_ca},
            "poll_interval": instance.poll_interval,
            "transport": _transport(instance),
            **plain(instance, "filter", "enabled", "maintenance", "source"),
            **plain(instance, "status", "status_reason"),
            "status_at": moment(instance.status_at),
            "created_at": moment(instance.created_at),
            "updated_at": moment(instance.updated_at),
        }


class InstanceSerializer(serializers.Serializer[Any]):
    """The last known state of one VM; ``seen_at``: when a look at the cloud or an event last told of it."""

    vim_id = serializers.CharField()
    id = serializers.CharField()
    name = serializers.CharField()
    state = serializers.CharField()
    state_description = serializers.CharField()
    power_state = serializers.CharField()
    host = serializers.CharField()
    tenant_id = serializers.CharField()
    availability_zone = serializers.CharField()
    launched_at = serializers.CharField()
    flavor = serializers.CharField()
    image = serializers.CharField()
    addresses = serializers.ListField(child=serializers.CharField())
    traits = serializers.DictField()
    state_changed_at = serializers.DateTimeField(allow_null=True)
    seen_at = serializers.DateTimeField()

    def to_representation(self, instance: Instance) -> dict[str, Any]:
        """The instance as JSON."""
        words = ("power_state", "availability_zone", "flavor", "image")
        return {
            "vim_id": instance.vim.full_id,
            "id": instance.instance_id,
            **plain(instance, "name", "state", "state_description", "host", "tenant_id", "launched_at"),
            **{name: instance.body.get(name, "") for name in words},
            "addresses": instance.body.get("addresses", []),
            "traits": instance.body.get("traits", {}),
            "state_changed_at": moment(instance.changed_at),
            "seen_at": moment(instance.seen_at),
        }


class HostSerializer(serializers.Serializer[Any]):
    """The last known state of one hypervisor."""

    name = serializers.CharField()
    state = serializers.ChoiceField(list(HostState))
    reason = serializers.CharField()
    availability_zone = serializers.CharField()
    state_changed_at = serializers.DateTimeField(allow_null=True)

    def to_representation(self, instance: Host) -> dict[str, Any]:
        """The host as JSON."""
        words = plain(instance, "name", "state", "reason", "availability_zone")
        return {**words, "state_changed_at": moment(instance.changed_at)}


def plain(row: Model, *names: str) -> dict[str, Any]:
    """These columns as they are."""
    return {name: getattr(row, name) for name in names}


def _transport(vim: Vim) -> dict[str, Any] | None:
    if not vim.sealed_transport_url:
        return None
    url = shown_url(vim.sealed_transport_url)
    return {"url": url, "exchange": vim.exchange, "topics": vim.topics, "pool": vim.pool}


def moment(when: datetime | None) -> str | None:
    """As our own wire has it."""
    return clock.iso(when) if when else None
