"""``/api/multicloud/v1/events``: what was heard, as far as it is still kept; and the words for it."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from fed_common.access.permissions import seen_by
from fed_common.core.errors import NotFound
from fed_common.core.kinds import Kind, Phase
from fed_common.core.matching import DropReason
from fed_common.events.models import StoredEvent
from fed_common.events.queries import EventQuery
from fed_common.events.sinks import publishers
from fed_common.events.views import schema
from fed_common.inventory.services import vim_types
from fed_common.publishers.formats import FORMATS


@schema.EVENTS
class Events(APIView):
    """Many of them."""

    def get(self, request: Request) -> Response:
        """The newest last; ``next`` is what ``after`` has to be to go on."""
        query = EventQuery.read(request.query_params, request.user)
        page = query.page()
        behind = page[-1].id if page else query.after
        return Response({"events": [_shown(row) for row in page], "next": _newest() if behind is None else behind})


@schema.ONE_EVENT
class OneEvent(APIView):
    """One of them."""

    def get(self, request: Request, event_id: str) -> Response:
        """Show everything about it."""
        row = seen_by(request.user, StoredEvent.objects.filter(event_id=event_id)).first()
        if row is None:
            raise NotFound("event", event_id)
        return Response(_shown(row))


@schema.WORDS
class Words(APIView):
    """The words this gateway understands."""

    def get(self, _request: Request) -> Response:
        """All of them."""
        return Response(
            {
                "kinds": list(Kind),
                "phases": list(Phase),
                "formats": list(FORMATS),
                "publishers": publishers().names(),
                "vim_types": vim_types(),
                "drop_reasons": list(DropReason),
            }
        )


def _shown(row: StoredEvent) -> dict[str, Any]:
    return {"sequence": row.id, **row.body}


def _newest() -> int:
    return StoredEvent.objects.order_by("-id").values_list("id", flat=True).first() or 0
