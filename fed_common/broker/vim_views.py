"""What the gateway itself answers for a VIM in process; a remote plugin answers it itself."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from fed_common.access.permissions import require_vim
from fed_common.broker.providers import VERB, RemotePlugin, providers
from fed_common.broker.resolving import FAKE, cached_vim
from fed_common.core import clock
from fed_common.core import model as core
from fed_common.core.errors import Invalid, NotFound, Unsupported
from fed_common.core.model import VIM_ID_FORM, VimId
from fed_common.events.models import PollState
from fed_common.interfaces.plugin import CloudPlugin
from fed_common.inventory import services
from fed_common.inventory.directory import directory
from fed_common.inventory.models import Vim
from fed_common.topics.database import writing

TIMEOUT = 10.0


class VimTypes(APIView):
    """Which types of VIM can be called."""

    def get(self, _request: Request, **_names: str) -> Response:
        """A list of ``{"vim_type", "versions"}``."""
        return Response(providers().types())


class OfVim(APIView):
    """A view of one VIM, named as v0 or as v1 does."""

    vim_id: VimId

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """See the framework. Raises Invalid, PermissionDenied: not for this caller."""
        super().initial(request, *args, **kwargs)
        self.vim_id = _vim_id(**kwargs)
        require_vim(request.user, str(self.vim_id))

    def vim(self) -> core.Vim:
        """Raises as ``Directory.find``."""
        return cached_vim(self.vim_id) or directory().find(self.vim_id)

    def plugin(self) -> CloudPlugin:
        """Raises Unsupported: it is not in this process."""
        vim = self.vim()
        plugin = providers().of(vim)
        if isinstance(plugin, RemotePlugin):
            raise Unsupported(repr(vim.type), f"{VERB} here: {plugin.name} serves them")
        return plugin

    def row(self) -> Vim:
        """What is registered. Raises NotFound."""
        self.vim()
        row = Vim.objects.filter(full_id=str(self.vim_id)).first()
        if row is None:
            raise NotFound("VIM", str(self.vim_id))
        return row


class Extensions(OfVim):
    """None yet."""

    def get(self, _request: Request, **_names: str) -> Response:
        """The VIM's names beside an empty list."""
        found = self.vim().id
        names = {"cloud-owner": found.owner, "cloud-region-id": found.region, "vimid": str(found)}
        return Response({**names, "extensions": []})


class Registry(OfVim):
    """Whether the gateway has looked at the VIM, and asking it to look."""

    def get(self, _request: Request, **_names: str) -> Response:
        """The VIM's status and since when it has it."""
        if self.vim() is FAKE:
            return Response({"status": Vim.Status.REACHABLE, "reason": "", "since": None})
        row = self.row()
        since = clock.iso(row.status_at) if row.status_at else None
        return Response({"status": row.status, "reason": row.status_reason, "since": since})

    def post(self, _request: Request, **_names: str) -> Response:
        """Have the VIM looked at soon; 202 at once."""
        if self.vim() is not FAKE:
            row = self.row()
            with writing(TIMEOUT):
                PollState.objects.update_or_create(vim=row, defaults={"asked_at": clock.now()})
        return Response(status=202)


class OneVim(OfVim):
    """The VIM itself."""

    def delete(self, _request: Request, **_names: str) -> Response:
        """Forget it. Raises NotFound."""
        services.remove_vim(str(self.vim_id))
        return Response(status=204)


def _vim_id(vim_id: str = "", cloud_owner: str = "", cloud_region_id: str = "", **_others: str) -> VimId:
    if vim_id:
        return VimId.parse(vim_id)
    pair = VimId(cloud_owner, cloud_region_id)
    if cloud_owner in services.RESERVED_OWNERS:
        raise NotFound("VIM", str(pair))
    if not pair.sound:
        raise Invalid("vim_id", str(pair), VIM_ID_FORM)
    return pair
