"""``/openstack/v2/quotas``: how many rules a project may have."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from fed_common.access.models import Role
from fed_common.access.tokens import Identity
from fed_common.alarms.aodh.access import caller_of
from fed_common.alarms.aodh.base import AodhView
from fed_common.alarms.rules import quotas
from fed_common.alarms.rules.body import WordField
from fed_common.alarms.rules.ownership import is_admin
from fed_common.core.errors import Invalid
from fed_common.inventory.fields import TextField
from fed_common.inventory.serializers import StrictSerializer

RESOURCE = "alarms"


class QuotaBody(StrictSerializer):
    """The limit of one resource."""

    resource = WordField([RESOURCE])
    limit = serializers.IntegerField(min_value=quotas.NO_LIMIT, max_value=2**31 - 1)


class QuotasBody(StrictSerializer):
    """The limits of a project."""

    project_id = TextField(max_length=100, allow_blank=True)
    quotas = QuotaBody(many=True, required=False)


class Quotas(AodhView):
    """How many rules a project may have."""

    write_role = Role.ADMIN

    def get(self, request: Request) -> Response:
        """Of the caller's project; an admin may ask for any by ``project_id``. Asking changes nothing."""
        for name in request.query_params:
            if name != "project_id":
                raise Invalid(name, request.query_params[name], "no such parameter; parameters: project_id")
        own = caller_of(request).project
        project = request.query_params.get("project_id") or own
        if project != own:
            _require_admin(caller_of(request))
        return Response(_shown(project))

    def post(self, request: Request) -> Response:
        """Set it; -1: any number."""
        _require_admin(caller_of(request))
        body = QuotasBody(data=request.data)
        body.is_valid(raise_exception=True)
        project = body.validated_data["project_id"]
        for one in body.validated_data.get("quotas", []):
            quotas.set_limit(project, one["limit"])
        return Response(_shown(project), status=201)


class OneQuota(AodhView):
    """That of one project."""

    write_role = Role.ADMIN

    def delete(self, request: Request, project_id: str) -> Response:
        """Any number again."""
        _require_admin(caller_of(request))
        quotas.drop_limit(project_id)
        return Response(status=204)


def _require_admin(by: Identity) -> None:
    if not is_admin(by):
        raise PermissionDenied("RBAC Authorization Failed: quotas of others are for admins")


def _shown(project: str) -> dict[str, Any]:
    return {"project_id": project, "quotas": [{"resource": RESOURCE, "limit": quotas.limit_of(project)}]}
