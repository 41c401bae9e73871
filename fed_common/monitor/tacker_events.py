"""``/openstack/v1.0/events``: what VIMs and VNFs went through, as Tacker tells it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import QuerySet
from django.http import QueryDict
from rest_framework.request import Request
from rest_framework.response import Response

from fed_common.access.models import Role
from fed_common.access.permissions import seen_by
from fed_common.core.errors import Invalid, NotFound
from fed_common.inventory.tacker.shapes import moment
from fed_common.inventory.tacker.views import TackerView
from fed_common.monitor.models import LifecycleEvent

FILTERS = ("id", "resource_id", "resource_type", "resource_state", "event_type")
FIELDS = (*FILTERS, "timestamp", "event_details")
AT_ONCE = 1000


class Events(TackerView):
    """In the order they happened, at most 1000 at once. Nobody may write, so whoever tries is told 405."""

    write_role = Role.READER

    def get(self, request: Request) -> Response:
        """``?resource_id=...`` and the like choose, ``limit`` and ``marker`` page, ``fields`` shortens."""
        query = request.query_params
        _refuse_unknown(query, *FILTERS, "fields", "limit", "marker")
        limit = min(_number("limit", query.get("limit", str(AT_ONCE)), least=1), AT_ONCE)
        rows = _rows(request).filter(**_chosen(query), id__gt=_number("marker", query.get("marker", "0")))
        found = list(rows[: limit + 1])
        answer: dict[str, Any] = {"events": [_short(_shown(row), query) for row in found[:limit]]}
        if len(found) > limit:
            after = urlencode([*_kept(query), ("marker", found[limit - 1].pk)])
            href = request.build_absolute_uri(f"{request.path}?{after}")
            answer["events_links"] = [{"rel": "next", "href": href}]
        return Response(answer)


class OneEvent(TackerView):
    """One of them."""

    write_role = Role.READER
    not_found = "EventNotFoundException"

    def get(self, request: Request, number: str) -> Response:
        """Show it."""
        _refuse_unknown(request.query_params, "fields")
        row = _rows(request).filter(pk=int(number)).first() if _is_number(number) else None
        if row is None:
            raise NotFound("event", number)
        return Response({"event": _short(_shown(row), request.query_params)})


def _rows(request: Request) -> QuerySet[LifecycleEvent]:
    return seen_by(request.user, LifecycleEvent.objects.all())


def _chosen(query: QueryDict) -> dict[str, list[Any]]:
    chosen: dict[str, list[Any]] = {f"{name}__in": query.getlist(name) for name in FILTERS if name in query}
    if "id" in query:
        chosen["id__in"] = [_number("id", text) for text in query.getlist("id")]
    if "resource_id" in query:
        chosen["resource_id__in"] = [_uuid(text) for text in query.getlist("resource_id")]
    return chosen


def _shown(row: LifecycleEvent) -> dict[str, Any]:
    fields = {name: getattr(row, name) for name in FIELDS}
    return {**fields, "resource_id": str(row.resource_id), "timestamp": moment(row.timestamp)}


def _short(event: dict[str, Any], query: QueryDict) -> dict[str, Any]:
    names = query.getlist("fields")
    return {name: event[name] for name in names} if names else event


def _kept(query: QueryDict) -> list[tuple[str, str]]:
    return [(name, value) for name, values in query.lists() for value in values if name != "marker"]


def _refuse_unknown(query: QueryDict, *known: str) -> None:
    for name in query:
        if name not in known:
            raise Invalid(name, query[name], f"no such parameter; parameters: {', '.join(known)}")
    for name in query.getlist("fields"):
        if name not in FIELDS:
            raise Invalid("fields", name, FIELDS)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19


def _number(name: str, text: str, *, least: int = 0) -> int:
    if not _is_number(text) or int(text) < least:
        raise Invalid(name, text, f"a number from {least} on")
    return int(text)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Invalid("resource_id", text, "a UUID") from None
