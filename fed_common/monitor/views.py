"""``/api/multicloud/v1/vnfs`` and ``/vnfds``: the VNFs, how they are, what is done to them."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from fed_common.access.models import Role
from fed_common.access.permissions import require_vim
from fed_common.monitor import queries, schema
from fed_common.monitor.finding import events, find_vnf, members, vnfs
from fed_common.monitor.models import Operation
from fed_common.monitor.serializers import (
    HealBody,
    LifecycleEventSerializer,
    MemberSerializer,
    OperationSerializer,
    ScaleBody,
    VnfBody,
    VnfChange,
    VnfdBody,
    VnfDetailSerializer,
    VnfSerializer,
    shown_vnfd,
)
from fed_common.monitor.vnfd.keeping import to_plain
from fed_common.monitor.vnfd.reading import read
from fed_common.monitor.vnfs import services


@schema.VNFDS_CHECK
class VnfdsCheck(APIView):
    """A dry run of a descriptor."""

    write_role = Role.READER

    def post(self, request: Request) -> Response:
        """Read it and tell what was understood; nothing is kept."""
        sent = _sent(VnfdBody, request)
        reading = read(sent["vnfd"], sent.get("inputs", {}))
        return Response({"vnfd": shown_vnfd(to_plain(reading.vnfd)), "warnings": list(reading.warnings)})


@schema.VNFS
class Vnfs(APIView):
    """All of them that the caller may see."""

    def get(self, request: Request) -> Response:
        """By name unless another order is asked for."""
        for vim_id in filter(None, request.query_params.getlist("vim_id")):
            require_vim(request.user, vim_id)
        page = queries.VNFS.page(request.query_params, vnfs(request.user))
        return Response(page.shown("vnfs", VnfSerializer(page.rows, many=True, context={"request": request}).data))

    def post(self, request: Request) -> Response:
        """Have one made."""
        sent = _sent(VnfBody, request)
        require_vim(request.user, sent["vim_id"])
        reading = read(sent.pop("vnfd"), sent.pop("inputs", {}))
        vnf = services.create_vnf(vim=sent.pop("vim_id"), vnfd=reading.vnfd, **sent)
        shown = _detail(str(vnf.pk), request)
        return Response({**shown, "warnings": list(reading.warnings)}, status=201)


@schema.ONE_VNF
class OneVnf(APIView):
    """One of them."""

    def get(self, request: Request, vnf: str) -> Response:
        """Show it."""
        return Response(_detail(vnf, request))

    def patch(self, request: Request, vnf: str) -> Response:
        """Change the fields sent."""
        changes = _sent(VnfChange, request)
        changed = services.change_vnf(find_vnf(vnf, request.user), changes)
        return Response(_detail(str(changed.pk), request))

    def delete(self, request: Request, vnf: str) -> Response:
        """Have it removed, with what was booted for it."""
        return _begun(services.delete_vnf(find_vnf(vnf, request.user)))


@schema.VNF_MEMBERS
class VnfMembers(APIView):
    """The members of one VNF."""

    def get(self, request: Request, vnf: str) -> Response:
        """By VDU and number."""
        page = queries.MEMBERS.page(request.query_params, members(find_vnf(vnf, request.user)))
        return Response(page.shown("members", MemberSerializer(page.rows, many=True).data))


@schema.VNF_EVENTS
class VnfEvents(APIView):
    """What one VNF went through."""

    def get(self, request: Request, vnf: str) -> Response:
        """In the order it happened."""
        page = queries.EVENTS.page(request.query_params, events(vnf, request.user))
        return Response(page.shown("events", LifecycleEventSerializer(page.rows, many=True).data))


@schema.VNF_OPERATIONS
class VnfOperations(APIView):
    """What is done to one VNF, and was."""

    def get(self, request: Request, vnf: str) -> Response:
        """In the order it was asked for."""
        rows = Operation.objects.filter(vnf=find_vnf(vnf, request.user))
        page = queries.OPERATIONS.page(request.query_params, rows)
        return Response(page.shown("operations", OperationSerializer(page.rows, many=True).data))


@schema.VNF_SCALE
class VnfScale(APIView):
    """More or fewer members."""

    def post(self, request: Request, vnf: str) -> Response:
        """Begin."""
        sent = _sent(ScaleBody, request)
        name = sent.get("policy") or sent["vdu"]
        return _begun(services.scale_vnf(find_vnf(vnf, request.user), name, out=sent["direction"] == "out"))


@schema.VNF_HEAL
class VnfHeal(APIView):
    """Other members in the place of those that are down."""

    def post(self, request: Request, vnf: str) -> Response:
        """Begin."""
        sent = _sent(HealBody, request)
        return _begun(services.heal_vnf(find_vnf(vnf, request.user), sent["vdu"]))


@schema.VNF_RESPAWN
class VnfRespawn(APIView):
    """Every member anew."""

    def post(self, request: Request, vnf: str) -> Response:
        """Begin."""
        return _begun(services.respawn_vnf(find_vnf(vnf, request.user)))


def _detail(vnf: str, request: Request) -> dict[str, Any]:
    return dict(VnfDetailSerializer(find_vnf(vnf, request.user), context={"request": request}).data)


def _sent(shape: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    sent = shape(data=request.data)
    sent.is_valid(raise_exception=True)
    return dict(sent.validated_data)


def _begun(operation: Operation) -> Response:
    return Response(OperationSerializer(operation).data, status=202)
