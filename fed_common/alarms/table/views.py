"""``/api/multicloud/v1/alarms``: what is wrong now, what changed, and what people do about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from fed_common.access.permissions import require_vim
from fed_common.access.tokens import Identity
from fed_common.alarms.models import ActiveAlarm
from fed_common.alarms.table import queries, schema, services
from fed_common.alarms.table.serializers import AlarmSerializer, ChangeSerializer, CommentBody


@schema.ALARM_PAGE
class ActiveAlarms(APIView):
    """The list."""

    def get(self, request: Request) -> Response:
        """The newest first; alarms that are cleared stay until they are acknowledged."""
        for vim_id in filter(None, request.query_params.getlist("vim_id")):
            require_vim(request.user, vim_id)
        sequence = queries.newest()
        page = queries.ALARMS.page(request.query_params, queries.listed(request.user))
        shown = page.shown("alarms", AlarmSerializer(page.rows, many=True).data)
        return Response({**shown, "counts": queries.counts(request.user), "sequence": sequence})


@schema.ONE_ALARM
class OneAlarm(APIView):
    """One alarm."""

    def get(self, request: Request, alarm_id: UUID) -> Response:
        """Show it."""
        return Response(AlarmSerializer(queries.find_alarm(alarm_id, request.user)).data)


class _Deed(APIView):
    """Something a person does to an alarm."""

    do: ClassVar[Callable[..., ActiveAlarm]]

    def post(self, request: Request, alarm_id: UUID) -> Response:
        """Do it, and show the alarm as it is then."""
        return _done(request, alarm_id, type(self).do)


@schema.deed("Acknowledge one alarm")
class Acknowledge(_Deed):
    """Somebody knows of it."""

    do = services.acknowledge


@schema.deed("Take back the acknowledgement of one alarm")
class Unacknowledge(_Deed):
    """Nobody does any more."""

    do = services.unacknowledge


@schema.deed("Clear one alarm")
class Clear(_Deed):
    """It is over."""

    do = services.clear


@schema.COMMENT
class Comment(APIView):
    """A remark."""

    def post(self, request: Request, alarm_id: UUID) -> Response:
        """Add it."""
        sent = CommentBody(data=request.data)
        sent.is_valid(raise_exception=True)
        return _done(request, alarm_id, services.comment, sent.validated_data["comment"])


@schema.CHANGES
class AlarmChanges(APIView):
    """What changed, for those who missed something."""

    def get(self, request: Request) -> Response:
        """The first behind ``after``, without it from the oldest on."""
        query = queries.ChangeQuery(request.query_params, request.user)
        newest, behind = queries.newest(), query.after or 0
        rows = list(query.rows(behind))
        last = rows[-1].sequence if rows else behind
        return Response(
            {
                "changes": ChangeSerializer(rows, many=True).data,
                "next": last,
                "oldest": queries.oldest(),
                "newest": newest,
            }
        )


def _done(request: Request, alarm_id: UUID, do: Callable[..., ActiveAlarm], *said: Any) -> Response:
    queries.find_alarm(alarm_id, request.user)
    do(alarm_id, *said, by=_name(request))
    return Response(AlarmSerializer(queries.find_alarm(alarm_id, request.user)).data)


def _name(request: Request) -> str:
    """Who calls, as the history keeps it."""
    return request.user.name if isinstance(request.user, Identity) else "anybody"
