"""``/openstack/v1.0/vims``: the VIMs of this gateway as Tacker's client sees them, whoever registered them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from django.http import QueryDict
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from fed_common.access.permissions import require_vim, seen_by
from fed_common.core.errors import Invalid, NotFound
from fed_common.core.model import VimId
from fed_common.inventory import services
from fed_common.inventory.models import Vim
from fed_common.inventory.tacker.faults import tacker_error, their_fields
from fed_common.inventory.tacker.shapes import Body, Changed, Registered, changes, registration, shown

FILTERS = ("id", "name", "description", "tenant_id", "type", "auth_url", "is_default", "status")
FIELDS = (*FILTERS, "auth_cred", "vim_project", "placement_attr", "created_at", "updated_at")


class TackerView(APIView):
    """Tells refusals as Tacker does. Described by Tacker's api-ref, not by our OpenAPI document."""

    schema = None
    not_found = "VimNotFoundException"

    def get_exception_handler(self) -> Callable[..., Any]:
        """See the framework."""
        return tacker_error


class Vims(TackerView):
    """All of them that the caller may see."""

    def get(self, request: Request) -> Response:
        """By name; ``?name=...`` and other fields choose, ``?fields=...`` shortens."""
        query = request.query_params
        _refuse_unknown(query)
        vims = map(shown, seen_by(request.user, Vim.objects.order_by("name"), "full_id"))
        return Response({"vims": [_short(vim, query) for vim in vims if _wanted(vim, query)]})

    def post(self, request: Request) -> Response:
        """Register one; whether it can be reached is found out later."""
        fields = registration(_sent(Registered(), request))
        require_vim(request.user, str(VimId(fields["cloud_owner"], fields["cloud_region_id"])))
        with their_fields():
            vim = services.register_vim(fields)
        return Response({"vim": shown(vim)}, status=201)


class OneVim(TackerView):
    """One of them."""

    def get(self, request: Request, vim_id: str) -> Response:
        """Show it."""
        _refuse_unknown(request.query_params, "fields")
        return Response({"vim": _short(shown(_find(request, vim_id)), request.query_params)})

    def put(self, request: Request, vim_id: str) -> Response:
        """Change the fields sent."""
        vim = _find(request, vim_id)
        wanted = changes(_sent(Changed(), request), vim.projects)
        with their_fields():
            return Response({"vim": shown(services.change_vim(vim.full_id, wanted))})

    def delete(self, request: Request, vim_id: str) -> Response:
        """Forget it."""
        services.remove_vim(_find(request, vim_id).full_id)
        return Response(status=204)


def _sent(inner: Changed, request: Request) -> Mapping[str, Any]:
    body = Body(inner, request.data)
    body.is_valid(raise_exception=True)
    vim: Mapping[str, Any] = body.validated_data["vim"]
    return vim


def _find(request: Request, vim_id: str) -> Vim:
    """Raises NotFound, also for one the caller may not see."""
    try:
        rows = Vim.objects.filter(uuid=uuid.UUID(vim_id))
    except ValueError:
        raise NotFound("VIM", vim_id) from None
    row = seen_by(request.user, rows, "full_id").first()
    if row is None:
        raise NotFound("VIM", vim_id)
    return row


def _refuse_unknown(query: QueryDict, *known: str) -> None:
    known = known or (*FILTERS, "fields")
    for name in query:
        if name not in known:
            raise Invalid(name, query[name], f"no such parameter; parameters: {', '.join(known)}")
    for name in query.getlist("fields"):
        if name not in FIELDS:
            raise Invalid("fields", name, FIELDS)


def _wanted(vim: Mapping[str, Any], query: QueryDict) -> bool:
    return all(str(vim[name]) in _asked(query, name) for name in FILTERS if name in query)


def _asked(query: QueryDict, name: str) -> list[str]:
    values = query.getlist(name)
    return [text.capitalize() for text in values] if name == "is_default" else values


def _short(vim: dict[str, Any], query: QueryDict) -> dict[str, Any]:
    names = query.getlist("fields")
    return {name: vim[name] for name in names} if names else vim
