"""The shape of an alarm's definition as Aodh's clients send it, with what they only got by reading."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework import serializers

from fed_common.core.alarm import AlarmState, RuleSeverity
from fed_common.core.rules import RuleType
from fed_common.inventory.fields import TextField, TruthField
from fed_common.inventory.serializers import StrictSerializer


class WordField(serializers.ChoiceField):
    """One word of a closed set, which a refusal names."""

    def __init__(self, words: Sequence[str], **options: Any) -> None:
        super().__init__(list(words), error_messages={"invalid_choice": ", ".join(words)}, **options)


def _actions() -> serializers.ListField:
    return serializers.ListField(child=TextField(), required=False, allow_null=True)


def _read_only() -> serializers.JSONField:
    return serializers.JSONField(required=False, allow_null=True)


class AlarmBody(StrictSerializer):
    """What POST and PUT take; the key of another type's rule may be there as long as it is null."""

    name = TextField(max_length=255)
    type = WordField(list(RuleType))
    description = TextField(max_length=10_000, allow_blank=True, allow_null=True, required=False)
    enabled = TruthField(required=False)
    event_rule = serializers.JSONField(required=False, allow_null=True)
    composite_rule = serializers.JSONField(required=False, allow_null=True)
    severity = WordField(list(RuleSeverity), required=False)
    state = WordField(list(AlarmState), required=False)
    ok_actions = _actions()
    alarm_actions = _actions()
    insufficient_data_actions = _actions()
    repeat_actions = TruthField(required=False)
    time_constraints = serializers.JSONField(required=False, allow_null=True)
    project_id = TextField(max_length=100, allow_blank=True, allow_null=True, required=False)
    user_id = TextField(max_length=200, allow_blank=True, allow_null=True, required=False)
    multicloud = serializers.JSONField(required=False, allow_null=True)
    alarm_id = _read_only()
    timestamp = _read_only()
    state_timestamp = _read_only()
    state_reason = _read_only()
    evaluate_timestamp = _read_only()
