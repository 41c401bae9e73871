"""The shapes of subscriptions, events and dead events on the wire."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from fed_common.core import clock
from fed_common.events.models import DeadEvent, Subscription
from fed_common.events.sinks import shown_options
from fed_common.inventory.serializers import StrictSerializer


class SinkSerializer(StrictSerializer):
    """One way a subscription's events go out."""

    publisher = serializers.CharField(max_length=50)
    topic = serializers.CharField(allow_blank=True, required=False)
    format = serializers.CharField(max_length=20, required=False)
    required = serializers.BooleanField(required=False)  # type: ignore[assignment] # fields are taken off the class
    options = serializers.DictField(required=False)


class SubscriptionSerializer(StrictSerializer):
    """What one consumer wants to hear, and where; secret options are shown as ``***``."""

    name = serializers.CharField(max_length=100)
    filter = serializers.JSONField(required=False)
    enabled = serializers.BooleanField(required=False)
    sinks = SinkSerializer(many=True, required=False)
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)

    def to_representation(self, instance: Subscription) -> dict[str, Any]:
        """The subscription as JSON."""
        return {
            "name": instance.name,
            "filter": instance.filter,
            "enabled": instance.enabled,
            "sinks": [
                {
                    "publisher": sink.publisher,
                    "topic": sink.topic,
                    "format": sink.format,
                    "required": sink.required,
                    "options": shown_options(sink),
                }
                for sink in instance.sinks.all()
            ],
            "created_at": clock.iso(instance.created_at),
            "updated_at": clock.iso(instance.updated_at),
        }


class DeadEventSerializer(serializers.ModelSerializer[DeadEvent]):
    """What could not be read or told, without what it holds."""

    class Meta:
        """In the order people read them."""

        model = DeadEvent
        fields: tuple[str, ...] = (
            *("id", "stage", "vim_id", "event_id", "subscription", "publisher", "topic"),
            *("reason", "tries", "created_at", "replayed_at"),
        )


class WholeDeadEventSerializer(DeadEventSerializer):
    """The same with the notification or the event it holds."""

    class Meta(DeadEventSerializer.Meta):
        """The body last: it is long."""

        fields = (*DeadEventSerializer.Meta.fields, "body")
