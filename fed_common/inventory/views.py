"""``/api/multicloud/v1/vims``: the registered VIMs, their filters, whether they can be reached."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from fed_common.core.matching import parse_filter
from fed_common.inventory import services
from fed_common.inventory.models import Vim
from fed_common.inventory.serializers import VimSerializer


class Vims(APIView):
    """All of them."""

    def get(self, _request: Request) -> Response:
        """By owner and region."""
        return Response({"vims": VimSerializer(Vim.objects.all(), many=True).data})

    def post(self, request: Request) -> Response:
        """Register one."""
        sent = VimSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        return Response(VimSerializer(services.register_vim(sent.validated_data)).data, status=201)


class OneVim(APIView):
    """One of them."""

    def get(self, _request: Request, vim_id: str) -> Response:
        """Show it."""
        return Response(VimSerializer(services.find_vim(vim_id)).data)

    def patch(self, request: Request, vim_id: str) -> Response:
        """Change the fields sent."""
        sent = VimSerializer(data=request.data, partial=True)
        sent.is_valid(raise_exception=True)
        return Response(VimSerializer(services.change_vim(vim_id, sent.validated_data)).data)

    def delete(self, _request: Request, vim_id: str) -> Response:
        """Forget it."""
        services.remove_vim(vim_id)
        return Response(status=204)


class VimFilter(APIView):
    """What is heard of one VIM."""

    def get(self, _request: Request, vim_id: str) -> Response:
        """Its full form."""
        return Response(parse_filter(services.find_vim(vim_id).filter).to_dict())

    def put(self, request: Request, vim_id: str) -> Response:
        """Replace it."""
        return Response(services.set_filter(vim_id, request.data))

    def delete(self, _request: Request, vim_id: str) -> Response:
        """Let everything pass."""
        services.set_filter(vim_id, {})
        return Response(status=204)


class VimCheck(APIView):
    """A dry run of one VIM's transport."""

    def post(self, _request: Request, vim_id: str) -> Response:
        """Connect now and tell."""
        reason = services.check_vim(vim_id)
        return Response({"reachable": not reason, "reason": reason})
