"""The shapes of subscriptions, events and dead events on the wire."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from fed_common.core import clock
from fed_common.events.models import DeadEvent, Subscription
from fed_common.events.sinks import publishers, shown_options
from fed_common.inventory.fields import FilterField, TextField, TruthField
from fed_common.inventory.serializers import StrictSerializer
from fed_common.publishers.formats import FORMATS


@extend_schema_field({"type": "string", "enum": publishers().names()})
class PublisherField(TextField):
    """A publisher's name; ``read_sinks`` refuses those there are not."""


@extend_schema_field({"type": "string", "enum": list(FORMATS)})
class FormatField(TextField):
    """A format's name; ``read_sinks`` refuses those there are not."""


@extend_schema_field({"type": "string", "pattern": "^[A-Za-z0-9._-]{0,249}$"})
class TopicField(TextField):
    """A topic, or empty for the usual one; ``read_sinks`` refuses illegal ones."""


@extend_schema_field({"type": "string", "pattern": "^[A-Za-z0-9._-]{1,100}$"})
class NameField(TextField):
    """A subscription's name; the services refuse illegal ones."""


class SinkSerializer(StrictSerializer):
    """One way a subscription's events go out."""

    publisher = PublisherField(max_length=50)
    topic = TopicField(allow_blank=True, required=False)
    format = FormatField(max_length=20, required=False)
    required = TruthField(required=False)  # type: ignore[assignment] # fields are taken off the class
    options = serializers.DictField(required=False)


class SubscriptionSerializer(StrictSerializer):
    """What one consumer wants to hear, and where; secret options are shown as ``***``."""

    name = NameField(max_length=100)
    filter = FilterField(required=False)
    enabled = TruthField(required=False)
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
