"""``/api/multicloud/v1/vims`` and ``/instances``: the clouds, whether they can be reached, what is in them."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from fed_common.access.permissions import require_vim, seen_by
from fed_common.core.matching import parse_filter
from fed_common.core.model import VimId
from fed_common.inventory import queries, schema, services
from fed_common.inventory.models import Host, Instance, Vim
from fed_common.inventory.serializers import HostSerializer, InstanceSerializer, VimSerializer


@schema.VIMS
class Vims(APIView):
    """All of them that the caller may see."""

    def get(self, request: Request) -> Response:
        """By ``vim_id`` unless another order is asked for."""
        seen = seen_by(request.user, Vim.objects.all(), "full_id")
        page = queries.VIMS.page(request.query_params, seen)
        return Response(page.shown("vims", VimSerializer(page.rows, many=True).data))

    def post(self, request: Request) -> Response:
        """Register one."""
        vim = services.register_vim(_new(request))
        return Response(VimSerializer(vim).data, status=201)


@schema.ONE_VIM
class OneVim(APIView):
    """One of them."""

    def get(self, request: Request, vim_id: str) -> Response:
        """Show it."""
        require_vim(request.user, vim_id)
        return Response(VimSerializer(services.find_vim(vim_id)).data)

    def patch(self, request: Request, vim_id: str) -> Response:
        """Change the fields sent."""
        require_vim(request.user, vim_id)
        sent = VimSerializer(data=request.data, partial=True)
        sent.is_valid(raise_exception=True)
        return Response(VimSerializer(services.change_vim(vim_id, sent.validated_data)).data)

    def delete(self, request: Request, vim_id: str) -> Response:
        """Forget it."""
        require_vim(request.user, vim_id)
        services.remove_vim(vim_id)
        return Response(status=204)


@schema.VIM_FILTER
class VimFilter(APIView):
    """What is heard of one VIM."""

    def get(self, request: Request, vim_id: str) -> Response:
        """Its full form."""
        require_vim(request.user, vim_id)
        return Response(parse_filter(services.find_vim(vim_id).filter).to_dict())

    def put(self, request: Request, vim_id: str) -> Response:
        """Replace it."""
        require_vim(request.user, vim_id)
        return Response(services.set_filter(vim_id, request.data))

    def delete(self, request: Request, vim_id: str) -> Response:
        """Let everything pass."""
        require_vim(request.user, vim_id)
        services.set_filter(vim_id, {})
        return Response(status=204)


@schema.VIM_CHECK
class VimCheck(APIView):
    """A dry run of one VIM: its API with its credentials, its transport."""

    def post(self, request: Request, vim_id: str) -> Response:
        """Connect now and tell."""
        require_vim(request.user, vim_id)
        return Response(services.check_vim(vim_id).to_dict())


@schema.BODY_CHECK
class BodyCheck(APIView):
    """A dry run of a VIM that is not registered."""

    def post(self, request: Request) -> Response:
        """Connect now and tell; nothing is kept."""
        return Response(services.check_body(_new(request)).to_dict())


@schema.VIM_HOSTS
class VimHosts(APIView):
    """The hypervisors of one VIM."""

    def get(self, request: Request, vim_id: str) -> Response:
        """As last seen, by name."""
        require_vim(request.user, vim_id)
        hosts = Host.objects.filter(vim=services.find_vim(vim_id))
        page = queries.HOSTS.page(request.query_params, hosts)
        return Response(page.shown("hosts", HostSerializer(page.rows, many=True).data))


@schema.INSTANCES
class Instances(APIView):
    """The VMs of all VIMs that the caller may see."""

    def get(self, request: Request) -> Response:
        """As last seen, by VIM and id."""
        for vim_id in filter(None, request.query_params.getlist("vim_id")):
            require_vim(request.user, vim_id)
        seen = seen_by(request.user, Instance.objects.select_related("vim"), "vim__full_id")
        page = queries.INSTANCES.page(request.query_params, seen)
        return Response(page.shown("instances", InstanceSerializer(page.rows, many=True).data))


def _new(request: Request) -> dict[str, object]:
    """The VIM that was sent. Raises ValidationError; PermissionDenied: not one of the caller's."""
    sent = VimSerializer(data=request.data)
    sent.is_valid(raise_exception=True)
    fields: dict[str, object] = sent.validated_data
    require_vim(request.user, str(VimId(str(fields["cloud_owner"]), str(fields["cloud_region_id"]))))
    return fields
