"""``/openstack/v2/alarms``: rules."""

from __future__ import annotations

from django.db.models import QuerySet
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from fed_common.access.tokens import Identity
from fed_common.alarms.aodh import shapes
from fed_common.alarms.aodh.access import caller_of
from fed_common.alarms.aodh.base import AodhView
from fed_common.alarms.aodh.columns import ALARM_FIELDS, read_truth
from fed_common.alarms.aodh.listing import page, sort_order
from fed_common.alarms.aodh.simple_query import Question, conditions, limit_of, questions
from fed_common.alarms.models import Rule
from fed_common.alarms.rules import services
from fed_common.alarms.rules.definition import read_definition
from fed_common.alarms.rules.ownership import NotAuthorized, is_admin
from fed_common.core.alarm import AlarmState
from fed_common.core.errors import Invalid

ALL_PROJECTS = "all_projects"
FILTERS = (
    *("user_id", "project_id", "type", "name", "enabled", "state", "severity", "timestamp"),
    "repeat_actions",
)
SORTED_BY = (
    *("alarm_id", "enabled", "name", "type", "severity", "timestamp", "user_id", "project_id", "state"),
    *("repeat_actions", "state_timestamp"),
)


class Alarms(AodhView):
    """All rules of a project."""

    def get(self, request: Request) -> Response:
        """The caller's project's, unless an admin asks for another's or for all."""
        query = request.query_params
        asked = questions(query)
        rows = _chosen(asked, caller_of(request))
        order = sort_order(query.getlist("sort"), ALARM_FIELDS, SORTED_BY)
        found = page(rows, order, limit=limit_of(query), marker=query.get("marker", ""))
        return Response([shapes.alarm(rule) for rule in found])

    def post(self, request: Request) -> Response:
        """Make one."""
        rule = services.create_rule(read_definition(request.data, caller_of(request)), caller_of(request))
        location = {"Location": f"{request.path}/{rule.id}"}
        return Response(shapes.alarm(rule), status=201, headers=location)


class OneAlarm(AodhView):
    """One of them."""

    def get(self, request: Request, alarm_id: str) -> Response:
        """Show it."""
        return Response(shapes.alarm(services.find_rule(alarm_id, caller_of(request))))

    def put(self, request: Request, alarm_id: str) -> Response:
        """Replace its definition."""
        services.find_rule(alarm_id, caller_of(request))
        definition = read_definition(request.data, caller_of(request))
        return Response(shapes.alarm(services.change_rule(alarm_id, definition, caller_of(request))))

    def delete(self, request: Request, alarm_id: str) -> Response:
        """Delete it."""
        services.delete_rule(alarm_id, caller_of(request))
        return Response(status=204)


class State(AodhView):
    """The state of one, as a text alone."""

    def get(self, request: Request, alarm_id: str) -> Response:
        """Show it."""
        return Response(services.find_rule(alarm_id, caller_of(request)).state)

    def put(self, request: Request, alarm_id: str) -> Response:
        """Set it."""
        state: object = request.data
        if not isinstance(state, str) or state not in list(AlarmState):
            raise Invalid("state", state, list(AlarmState))
        return Response(services.set_state(alarm_id, AlarmState(state), caller_of(request)).state)


def _chosen(asked: list[Question], by: Identity) -> QuerySet[Rule]:
    """Raises Invalid; PermissionDenied: all projects are for admins; NotAuthorized: somebody else's project."""
    every = [one for one in asked if one.field == ALL_PROJECTS]
    others = [one for one in asked if one.field != ALL_PROJECTS]
    wanted = conditions(others, ALARM_FIELDS, dict.fromkeys(FILTERS, ("eq",)))
    rows = Rule.objects.filter(wanted, deleted_at__isnull=True)
    if any(read_truth("q.value", one.value) for one in every):
        if not is_admin(by):
            raise PermissionDenied("RBAC Authorization Failed: all_projects is for admins")
        return rows
    projects = [one.value for one in others if one.field == "project_id"]
    for project in projects:
        if project != by.project and not is_admin(by):
            raise NotAuthorized(f"Not Authorized to access project {project}")
    return rows if projects else rows.filter(project_id=by.project)
