"""The shape of VIMs on the wire; what the words in them may be is settled by the services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from fed_common.core import clock
from fed_common.inventory.models import Vim
from fed_common.inventory.transports import shown_url


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

    url = serializers.CharField(max_length=2000)
    exchange = serializers.CharField(max_length=100, required=False)
    topics = serializers.ListField(child=serializers.CharField(), allow_empty=False, required=False)
    pool = serializers.CharField(max_length=100, allow_blank=True, required=False)


class VimSerializer(StrictSerializer):
    """A VIM; the password in its transport's URL is never shown."""

    vim_id = serializers.CharField(read_only=True)
    cloud_owner = serializers.CharField(max_length=100)
    cloud_region_id = serializers.CharField(max_length=100)
    type = serializers.CharField(max_length=50)
    transport = TransportSerializer(required=False, allow_null=True)
    filter = serializers.JSONField(required=False)
    enabled = serializers.BooleanField(required=False)
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)

    def to_representation(self, instance: Vim) -> dict[str, Any]:
        """The VIM as JSON."""
        transport = None
        if instance.sealed_transport_url:
            transport = {
                "url": shown_url(instance.sealed_transport_url),
                "exchange": instance.exchange,
                "topics": instance.topics,
                "pool": instance.pool,
            }
        return {
            "vim_id": str(instance.vim_id),
            "cloud_owner": instance.cloud_owner,
            "cloud_region_id": instance.region,
            "type": instance.type,
            "transport": transport,
            "filter": instance.filter,
            "enabled": instance.enabled,
            "created_at": clock.iso(instance.created_at),
            "updated_at": clock.iso(instance.updated_at),
        }
