"""What rules went through, and complex queries over rules and over that."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from fed_common.access.models import Role
from fed_common.access.tokens import Identity
from fed_common.alarms.aodh import shapes
from fed_common.alarms.aodh.access import caller_of
from fed_common.alarms.aodh.base import AodhView
from fed_common.alarms.aodh.columns import ALARM_FIELDS, HISTORY_FIELDS
from fed_common.alarms.aodh.complex_query import Query
from fed_common.alarms.aodh.listing import page, sort_order
from fed_common.alarms.aodh.simple_query import conditions, limit_of, questions
from fed_common.alarms.models import Rule, RuleChange
from fed_common.alarms.rules.ownership import visible
from fed_common.core.errors import NotFound

FILTERS = {
    **dict.fromkeys(("type", "user", "user_id", "project", "project_id", "severity"), ("eq",)),
    "timestamp": ("lt", "le", "gt", "ge"),
}
SORTED_BY = ("event_id", "alarm_id", "on_behalf_of", "project_id", "user_id", "type", "timestamp", "severity")


class History(AodhView):
    """Of one rule, also of one that is deleted."""

    def get(self, request: Request, alarm_id: str) -> Response:
        """The newest first."""
        query = request.query_params
        chosen = conditions(questions(query), HISTORY_FIELDS, FILTERS)
        rows = _changes_of(alarm_id, caller_of(request)).filter(chosen)
        order = sort_order(query.getlist("sort"), HISTORY_FIELDS, SORTED_BY)
        found = page(rows, order, limit=limit_of(query), marker=query.get("marker", ""))
        return Response([shapes.change(row) for row in found])


class AlarmQuery(AodhView):
    """Rules of the caller's project, of all projects for an admin."""

    write_role = Role.READER

    def post(self, request: Request) -> Response:
        """Those that are asked for."""
        query = Query(request.data, ALARM_FIELDS)
        rows = visible(Rule.objects.filter(query.filter, deleted_at__isnull=True), caller_of(request))
        return Response([shapes.alarm(rule) for rule in page(rows, query.order, limit=query.limit)])


class HistoryQuery(AodhView):
    """Changes of their rules, also of those that are deleted."""

    write_role = Role.READER

    def post(self, request: Request) -> Response:
        """Those that are asked for."""
        query = Query(request.data, HISTORY_FIELDS)
        rows = visible(RuleChange.objects.filter(query.filter), caller_of(request), "on_behalf_of")
        return Response([shapes.change(row) for row in page(rows, query.order, limit=query.limit)])


def _changes_of(alarm_id: str, by: Identity) -> QuerySet[RuleChange]:
    """Raises NotFound: no such rule is, or was, the caller's."""
    try:
        rows = visible(RuleChange.objects.filter(rule_id=UUID(alarm_id)), by, "on_behalf_of")
        known = rows.exists() or visible(Rule.objects.filter(id=UUID(alarm_id)), by).exists()
    except ValueError:
        known = False
    if not known:
        raise NotFound("alarm", alarm_id)
    return rows
