"""``/api/multicloud/v1/meters/instance.state``: the state of every instance as a meter, now and then."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import QueryDict
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from fed_common.access.permissions import require_vim, seen_by
from fed_common.core import clock
from fed_common.core.errors import Invalid
from fed_common.core.instances import STATE_NUMBERS
from fed_common.inventory import queries
from fed_common.inventory.models import InstanceStateChange
from fed_common.inventory.schema import conditions
from fed_common.inventory.serializers import moment, plain
from fed_common.inventory.state_history import states_at


class StateSampleSerializer(serializers.Serializer[Any]):
    """The state of one instance, and since when it is or was in it; ``value`` is its number."""

    vim_id = serializers.CharField()
    instance_id = serializers.CharField()
    tenant_id = serializers.CharField()
    state = serializers.CharField()
    value = serializers.IntegerField()
    state_description = serializers.CharField()
    since = serializers.DateTimeField()

    def to_representation(self, instance: InstanceStateChange) -> dict[str, Any]:
        """The row as a sample."""
        return {**_about(instance), "since": moment(instance.at)}


class StateChangeSerializer(serializers.Serializer[Any]):
    """One change of state; ``event_id`` is empty when a look at the cloud saw it."""

    sequence = serializers.IntegerField()
    vim_id = serializers.CharField()
    instance_id = serializers.CharField()
    tenant_id = serializers.CharField()
    old_state = serializers.CharField()
    state = serializers.CharField()
    value = serializers.IntegerField()
    state_description = serializers.CharField()
    at = serializers.DateTimeField()
    event_id = serializers.CharField()
    event_type = serializers.CharField()
    origin = serializers.CharField()

    def to_representation(self, instance: InstanceStateChange) -> dict[str, Any]:
        """The row as a change."""
        told = plain(instance, "event_id", "event_type", "origin", "old_state")
        return {"sequence": instance.pk, **_about(instance), **told, "at": moment(instance.at)}


class StateSamplePage(serializers.Serializer[Any]):
    """Some of the samples."""

    samples = StateSampleSerializer(many=True)
    next = serializers.IntegerField(allow_null=True, help_text="the next `page`; null: none")
    total = serializers.IntegerField()


class StateChangePage(serializers.Serializer[Any]):
    """Some of the changes."""

    changes = StateChangeSerializer(many=True)
    next = serializers.IntegerField(allow_null=True, help_text="the next `page`; null: none")
    total = serializers.IntegerField()


AT = OpenApiParameter("at", datetime, description="as it was then; without it: now")
SINCE = OpenApiParameter("since", datetime, description="changed then or later")
UNTIL = OpenApiParameter("until", datetime, description="changed before")


@extend_schema_view(
    get=extend_schema(
        summary="Read the states of instances",
        parameters=[*conditions(queries.SAMPLES), AT, SINCE],
        responses={200: StateSamplePage},
    )
)
class InstanceStates(APIView):
    """One sample per instance of the VIMs that the caller may see."""

    def get(self, request: Request) -> Response:
        """As last known, or as known ``at`` a time; ``since``: only those that changed then or later."""
        query = _query(request)
        rows = states_at(_moment(query, "at"))
        if since := _moment(query, "since"):
            rows = rows.filter(at__gte=since)
        page = queries.SAMPLES.page(query, seen_by(request.user, rows.select_related("vim"), "vim__full_id"))
        return Response(page.shown("samples", StateSampleSerializer(page.rows, many=True).data))


@extend_schema_view(
    get=extend_schema(
        summary="Read how the states of instances changed",
        parameters=[*conditions(queries.CHANGES), SINCE, UNTIL],
        responses={200: StateChangePage},
    )
)
class InstanceStatesHistory(APIView):
    """Every change of state that is still kept."""

    def get(self, request: Request) -> Response:
        """In the order they became known."""
        query, rows = _query(request), InstanceStateChange.objects.select_related("vim")
        if since := _moment(query, "since"):
            rows = rows.filter(at__gte=since)
        if until := _moment(query, "until"):
            rows = rows.filter(at__lt=until)
        page = queries.CHANGES.page(query, seen_by(request.user, rows, "vim__full_id"))
        return Response(page.shown("changes", StateChangeSerializer(page.rows, many=True).data))


def _about(row: InstanceStateChange) -> dict[str, Any]:
    words = plain(row, "instance_id", "tenant_id", "state", "state_description")
    return {"vim_id": row.vim.full_id, **words, "value": STATE_NUMBERS.get(row.state, STATE_NUMBERS["unknown"])}


def _query(request: Request) -> QueryDict:
    """What was asked. Raises PermissionDenied: for a VIM that is not one of the caller's."""
    for vim_id in filter(None, request.query_params.getlist("vim_id")):
        require_vim(request.user, vim_id)
    return request.query_params.copy()


def _moment(query: QueryDict, name: str) -> datetime | None:
    """Take it out of the query. Raises Invalid."""
    text = query.get(name)
    query.pop(name, None)
    read = clock.parse(text)
    if text is not None and read is None:
        raise Invalid(name, text, "an ISO 8601 time such as 2026-11-21T10:00:00Z ('+' is %2B in a URL)")
    return read
