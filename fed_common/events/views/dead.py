"""``/api/multicloud/v1/dead-events``: what could not be read or told, to be replayed or forgotten."""

from __future__ import annotations

import time

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from fed_common.access.permissions import seen_by
from fed_common.core.errors import NotFound, Permanent, Retryable
from fed_common.events.models import DeadEvent
from fed_common.events.queries import dead_events, dead_events_page
from fed_common.events.replay import replay
from fed_common.events.serializers import DeadEventSerializer, WholeDeadEventSerializer
from fed_common.events.views import schema

REPLAY_SECONDS = 30.0
REASONS_MOST = 10


@schema.DEAD_EVENTS
class DeadEvents(APIView):
    """Many of them."""

    def get(self, request: Request) -> Response:
        """Newest first, without what they hold; ``next`` is what ``before`` has to be to go on."""
        page = dead_events_page(request.query_params, request.user)
        rows = DeadEventSerializer(page, many=True).data
        return Response({"dead_events": rows, "next": page[-1].id if page else None})


@schema.ONE_DEAD_EVENT
class OneDeadEvent(APIView):
    """One of them."""

    def get(self, request: Request, dead_id: int) -> Response:
        """Show it with what it holds."""
        return Response(WholeDeadEventSerializer(_find(request, dead_id)).data)

    def delete(self, request: Request, dead_id: int) -> Response:
        """Forget it for good."""
        _find(request, dead_id).delete()
        return Response(status=204)


@schema.REPLAY
class Replay(APIView):
    """Tell one again."""

    def post(self, request: Request, dead_id: int) -> Response:
        """Show it replayed; 503 when a sink is down now, 422 when it is refused once more."""
        row = _find(request, dead_id)
        replay(row)
        return Response(WholeDeadEventSerializer(row).data)


@schema.REPLAY_MANY
class ReplayMany(APIView):
    """Tell all that match again, those not replayed yet."""

    def post(self, request: Request) -> Response:
        """Oldest first, for at most ``REPLAY_SECONDS``: what is ``left`` then was not tried."""
        waiting = dead_events(request.query_params, request.user).filter(replayed_at=None).order_by("id")
        ids = list(waiting.values_list("id", flat=True))
        deadline = time.monotonic() + REPLAY_SECONDS
        failed: list[str] = []
        tried = 0
        for dead_id in ids:
            if time.monotonic() > deadline:
                break
            tried += 1
            if reason := _replayed(dead_id):
                failed.append(f"{dead_id}: {reason}")
        counts = {"replayed": tried - len(failed), "failed": len(failed), "left": len(ids) - tried}
        return Response({**counts, "reasons": failed[:REASONS_MOST]})


def _replayed(dead_id: int) -> str:
    """Why it could not be; "" when it was, or is gone."""
    row = DeadEvent.objects.filter(pk=dead_id, replayed_at=None).first()
    try:
        if row:
            replay(row)
    except (Retryable, Permanent) as error:
        return error.reason
    return ""


def _find(request: Request, dead_id: int) -> DeadEvent:
    row = seen_by(request.user, DeadEvent.objects.filter(pk=dead_id)).first()
    if row is None:
        raise NotFound("dead event", str(dead_id))
    return row
