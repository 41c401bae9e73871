"""``…/hosts/{host}/fault`` and ``/faults``: a host failed, is back, is worked on; what was done about it."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from fed_common.access.permissions import require_vim, seen_by
from fed_common.access.tokens import Identity
from fed_common.core.errors import Invalid, NotFound
from fed_common.core.model import VIM_ID_FORM, VimId
from fed_common.faults import queries, schema, services
from fed_common.faults.models import HostFault
from fed_common.faults.serializers import (
    ClearBody,
    FaultBody,
    FaultDetailSerializer,
    FaultSerializer,
    KnownHostSerializer,
    MaintenanceBody,
)


@schema.FAULTS
class Faults(APIView):
    """All of them that the caller may see."""

    def get(self, request: Request) -> Response:
        """In the order they were reported, unless another is asked for."""
        seen = seen_by(request.user, HostFault.objects.select_related("vim"), "vim__full_id")
        page = queries.FAULTS.page(request.query_params, seen)
        return Response(page.shown("faults", FaultSerializer(page.rows, many=True).data))


@schema.ONE_FAULT
class OneFault(APIView):
    """One of them."""

    def get(self, request: Request, fault_id: str) -> Response:
        """Show it with its instances."""
        seen = seen_by(request.user, HostFault.objects.select_related("vim"), "vim__full_id")
        found = seen.filter(pk=fault_id).first()
        if found is None:
            raise NotFound("host fault", str(fault_id))
        return Response(FaultDetailSerializer(found).data)


@schema.HOSTS
class Hosts(APIView):
    """The hosts of all VIMs that the caller may see."""

    def get(self, request: Request) -> Response:
        """As last seen, by VIM and name."""
        for vim_id in filter(None, request.query_params.getlist("vim_id")):
            require_vim(request.user, vim_id)
        page = queries.HOSTS.page(request.query_params, seen_by(request.user, queries.hosts(), "vim__full_id"))
        return Response(page.shown("hosts", KnownHostSerializer(page.rows, many=True).data))


class OfHost(APIView):
    """A view of one host of a VIM."""

    vim_id: str

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """See the framework. Raises Invalid, PermissionDenied: not for this caller."""
        super().initial(request, *args, **kwargs)
        pair = VimId(kwargs["cloud_owner"], kwargs["cloud_region_id"])
        if not pair.sound:
            raise Invalid("vim_id", str(pair), VIM_ID_FORM)
        self.vim_id = str(pair)
        require_vim(request.user, self.vim_id)


@schema.HOST_FAULT
class FaultOfHost(OfHost):
    """Its open fault."""

    def get(self, _request: Request, host: str, **_names: str) -> Response:
        """It, or the last one there was, with its instances."""
        return Response(FaultDetailSerializer(services.latest_fault(self.vim_id, host)).data)

    def post(self, request: Request, host: str, **_names: str) -> Response:
        """The host failed."""
        sent = _sent(FaultBody, request)
        seen_at = sent.pop("occurred_at", None)
        said = {"source": _name(request), **sent}
        return _accepted(services.report_host(self.vim_id, host, seen_at=seen_at, **said))

    def delete(self, request: Request, host: str, **_names: str) -> Response:
        """The host is back."""
        return _accepted(services.clear_host(self.vim_id, host, source=_name(request)))


@schema.HOST_CLEAR
class ClearOfHost(OfHost):
    """The same for those who cannot say DELETE."""

    def post(self, request: Request, host: str, **_names: str) -> Response:
        """The host is back."""
        source = _sent(ClearBody, request).get("source") or _name(request)
        return _accepted(services.clear_host(self.vim_id, host, source=source))


@schema.HOST_MAINTENANCE
class MaintenanceOfHost(OfHost):
    """Whether people work on it."""

    def put(self, request: Request, host: str, **_names: str) -> Response:
        """Begin or end."""
        on = _sent(MaintenanceBody, request)["maintenance"]
        row = services.set_maintenance(self.vim_id, host, on=on, by=_name(request))
        return Response({"vim_id": self.vim_id, "host": row.host, "maintenance": row.maintenance, "by": row.by})


def _name(request: Request) -> str:
    """Who calls."""
    return request.user.name[:100] if isinstance(request.user, Identity) else "anonymous"


def _sent(shape: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    sent = shape(data=request.data)
    sent.is_valid(raise_exception=True)
    return dict(sent.validated_data)


def _accepted(fault: HostFault) -> Response:
    return Response(FaultSerializer(fault).data, status=202)
