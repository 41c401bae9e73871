"""The shapes of receivers and deliveries on the wire."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from fed_common.core import clock
from fed_common.core.alarm import EventCategory, NoticeKind, ObjectType, Severity
from fed_common.inventory.fields import TextField, TruthField
from fed_common.inventory.serializers import StrictSerializer
from fed_common.notify.models import Delivery, Receiver
from fed_common.notify.receivers import shown_options
from fed_common.notify.sending.tries import Outcome


class AlarmFilterShape(serializers.Serializer[Any]):
    """What ``core.alarm_filter`` takes; it is read there."""

    kinds = serializers.ListField(child=serializers.ChoiceField(list(NoticeKind)), required=False)
    severities = serializers.ListField(child=serializers.ChoiceField(list(Severity)), required=False)
    categories = serializers.ListField(child=serializers.ChoiceField(list(EventCategory)), required=False)
    object_types = serializers.ListField(child=serializers.ChoiceField(list(ObjectType)), required=False)
    objects = serializers.ListField(child=TextField(), required=False)
    vims = serializers.ListField(child=TextField(), required=False)
    tenants = serializers.ListField(child=TextField(), required=False)
    probable_causes = serializers.ListField(child=TextField(), required=False)


@extend_schema_field(AlarmFilterShape)
class AlarmFilterField(serializers.JSONField):
    """A filter of the alarm table; the services refuse what is none."""


@extend_schema_field({"type": "string", "pattern": "^[A-Za-z0-9._-]{1,100}$"})
class ReceiverNameField(TextField):
    """A receiver's name; the services refuse illegal ones."""


class ReceiverSerializer(StrictSerializer):
    """A named far side; secret options are shown as ``***``."""

    name = ReceiverNameField(max_length=100)
    notifier = TextField(max_length=30)
    options = serializers.DictField(required=False)
    filter = AlarmFilterField(
        required=False, allow_null=True, help_text="which changes of the alarm table it hears; null: none"
    )
    enabled = TruthField(required=False)
    created_by = serializers.CharField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)

    def to_representation(self, instance: Receiver) -> dict[str, Any]:
        """The receiver as JSON."""
        return {
            "name": instance.name,
            "notifier": instance.notifier,
            "options": shown_options(instance),
            "filter": instance.filter,
            "enabled": instance.enabled,
            "created_by": instance.created_by,
            "created_at": clock.iso(instance.created_at),
        }


class OutcomeSerializer(serializers.Serializer[Any]):
    """How one try went."""

    at = serializers.DateTimeField()
    ms = serializers.FloatField()
    outcome = serializers.ChoiceField(list(Outcome))
    reason = serializers.CharField(required=False)


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    """One notice to one target, without what it says."""

    target = serializers.CharField(source="shown", help_text="without secrets")

    class Meta:
        """In the order people read them."""

        model = Delivery
        fields: tuple[str, ...] = (
            *("id", "notifier", "target", "alarm_id", "project_id", "cause", "state", "tries", "reason"),
            *("next_try_at", "created_at", "ended_at"),
        )


class WholeDeliverySerializer(DeliverySerializer):
    """The same with every try and the notice."""

    attempts = OutcomeSerializer(many=True)
    notice = serializers.DictField()

    class Meta(DeliverySerializer.Meta):
        """The notice last: it is long."""

        fields = (*DeliverySerializer.Meta.fields, "attempts", "notice")
