"""The shape of alarms and of their changes on the wire."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from fed_common.alarms.models import ActiveAlarm, AlarmChange
from fed_common.alarms.table.notices import is_root
from fed_common.alarms.table.services import LONGEST_COMMENT
from fed_common.core.alarm import EventCategory, NoticeKind, ObjectType, Severity
from fed_common.inventory.fields import TextField
from fed_common.inventory.serializers import StrictSerializer, moment, plain


class AlarmSerializer(serializers.Serializer[Any]):
    """One trouble of one object; ``correlated`` are the ids of what it came of, or of what came of it."""

    id = serializers.UUIDField()
    vim_id = serializers.CharField()
    object_type = serializers.ChoiceField(list(ObjectType))
    object_id = serializers.CharField()
    object_name = serializers.CharField()
    host = serializers.CharField()
    tenant_id = serializers.CharField()
    problem = serializers.CharField()
    name = serializers.CharField()
    severity = serializers.ChoiceField(list(Severity))
    category = serializers.ChoiceField(list(EventCategory))
    probable_cause = serializers.CharField()
    details = serializers.DictField()
    rule_id = serializers.UUIDField(allow_null=True)
    fault_id = serializers.UUIDField(allow_null=True)
    root_cause = serializers.BooleanField()
    correlated = serializers.ListField(child=serializers.UUIDField())
    count = serializers.IntegerField()
    flaps = serializers.IntegerField()
    event_time = serializers.DateTimeField()
    raised_at = serializers.DateTimeField()
    changed_at = serializers.DateTimeField()
    cleared_at = serializers.DateTimeField(allow_null=True)
    acked_at = serializers.DateTimeField(allow_null=True)
    acked_by = serializers.CharField()

    def to_representation(self, instance: ActiveAlarm) -> dict[str, Any]:
        """The alarm as JSON."""
        words = ("vim_id", "object_type", "object_id", "object_name", "host", "tenant_id", "problem", "name")
        return {
            "id": str(instance.id),
            **plain(instance, *words, "severity", "category", "probable_cause", "details"),
            "rule_id": _id(instance.rule_id),
            "fault_id": _id(instance.fault_id),
            "root_cause": is_root(instance),
            "correlated": correlated(instance),
            **plain(instance, "count", "flaps"),
            "event_time": moment(instance.event_time),
            "raised_at": moment(instance.raised_at),
            "changed_at": moment(instance.changed_at),
            "cleared_at": moment(instance.cleared_at),
            "acked_at": moment(instance.acked_at),
            "acked_by": instance.acked_by,
        }


class ChangeSerializer(serializers.Serializer[Any]):
    """One change, as receivers were told of it; ``by`` is who did it, when a person did."""

    sequence = serializers.IntegerField()
    alarm_id = serializers.UUIDField()
    kind = serializers.ChoiceField(list(NoticeKind))
    at = serializers.DateTimeField()
    by = serializers.CharField()
    notice = serializers.DictField()

    def to_representation(self, instance: AlarmChange) -> dict[str, Any]:
        """The change as JSON."""
        return {
            "sequence": instance.sequence,
            "alarm_id": str(instance.alarm_id),
            "kind": instance.kind,
            "at": moment(instance.at),
            "by": instance.by,
            "notice": instance.notice,
        }


class CommentBody(StrictSerializer):
    """A remark."""

    comment = TextField(max_length=LONGEST_COMMENT)


def correlated(row: ActiveAlarm) -> list[str]:
    """The alarm it came of, then those that came of it."""
    root = [str(row.root_cause_id)] if row.root_cause_id else []
    return [*root, *sorted(str(child.id) for child in row.children.all())]


def _id(value: object) -> str | None:
    return str(value) if value else None
