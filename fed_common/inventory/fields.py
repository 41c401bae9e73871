"""Fields of JSON bodies that take a value as JSON means it: ``5`` is no text and ``"no"`` no truth."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from fed_common.core.kinds import Kind, Phase


class TextField(serializers.CharField):
    """A text."""

    def to_internal_value(self, data: Any) -> str:
        """See the framework; numbers are refused."""
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class NumberField(serializers.FloatField):
    """A number."""

    def to_internal_value(self, data: Any) -> float:
        """See the framework; texts and truths are refused."""
        if isinstance(data, bool) or not isinstance(data, int | float):
            self.fail("invalid")
        return super().to_internal_value(data)


class TruthField(serializers.BooleanField):
    """``true`` or ``false``."""

    def to_internal_value(self, data: Any) -> bool:
        """See the framework; words and numbers are refused."""
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


@extend_schema_field({"type": "string", "pattern": r"^[A-Za-z0-9_.*?:-]+$", "example": "vio_*"})
class GlobField(TextField):
    """A glob; brackets are taken too, when they are paired."""


@extend_schema_serializer(component_name="Filter")
class FilterShape(serializers.Serializer[Any]):
    """What ``core.matching.parse_filter`` takes; it is read there."""

    kinds = serializers.ListField(child=serializers.ChoiceField(list(Kind)), required=False)
    phases = serializers.ListField(child=serializers.ChoiceField(list(Phase)), required=False)
    event_types = serializers.ListField(child=GlobField(), required=False)
    tenants = serializers.ListField(child=TextField(), required=False)
    metadata = serializers.DictField(child=TextField(allow_blank=True), required=False)
    vims = serializers.ListField(child=GlobField(), required=False)
    honour_opt_out = TruthField(required=False)


@extend_schema_field(FilterShape)
class FilterField(serializers.JSONField):
    """A filter."""
