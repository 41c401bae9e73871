"""``/vnffm/v1``: the alarms as ETSI NFV-SOL 003 has them, VNF Fault Management interface 1.3.0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import Any
from uuid import UUID

from django.utils.http import urlencode
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.settings import api_settings
from rest_framework.views import APIView

from fed_common.alarms.models import ActiveAlarm
from fed_common.alarms.table import services
from fed_common.alarms.table.notices import notice_of
from fed_common.alarms.table.queries import find_alarm, listed
from fed_common.alarms.table.serializers import correlated
from fed_common.alarms.vnffm import subscriptions
from fed_common.alarms.vnffm.filters import read_filter
from fed_common.alarms.vnffm.serializers import ModificationBody, SubscriptionBody
from fed_common.core.alarm import NoticeKind
from fed_common.core.errors import Invalid
from fed_common.core.sol003 import ACKNOWLEDGED, VERSION, alarm_of
from fed_common.notify.receivers import remove_receiver

PAGE = 100
MARKER = "nextpage_opaque_marker"
_JsonBody: Any = api_settings.DEFAULT_PARSER_CLASSES[0]


class MergePatchBody(_JsonBody):  # type: ignore[misc]
    """RFC 7396, which SOL 013 wants for PATCH; for one field it is JSON."""

    media_type = "application/merge-patch+json"


class Outdated(APIException):
    """The alarm is not as the caller thinks it is."""

    status_code = 412
    default_code = "outdated"
    default_detail = "the alarm has changed since this ETag was given"


class Sol003View(APIView):
    """Described by SOL 003, not by our OpenAPI document."""

    schema = None
    parser_classes = [_JsonBody, MergePatchBody]

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        """See the framework; every answer says which version it is of."""
        response["Version"] = VERSION
        return super().finalize_response(request, response, *args, **kwargs)


class ApiVersions(Sol003View):
    """Which versions there are (SOL 013, 9.3)."""

    def get(self, request: Request) -> Response:
        """One."""
        prefix = f"{_base(request).rpartition('/v1')[0]}"
        return Response({"uriPrefix": prefix, "apiVersions": [{"version": VERSION, "isDeprecated": False}]})


class Alarms(Sol003View):
    """The listed alarms."""

    def get(self, request: Request) -> Response:
        """A hundred at a time; the header Link leads to the next."""
        query = request.query_params
        for name in query:
            if name not in ("filter", MARKER):
                raise Invalid(name, query[name], ("filter", MARKER))
        rows = listed(request.user).filter(read_filter(query.get("filter", ""))).order_by("id")
        if marker := query.get(MARKER):
            rows = rows.filter(id__gt=_uuid(MARKER, marker))
        page = list(rows[: PAGE + 1])
        response = Response([_shown(row, request) for row in page[:PAGE]])
        if len(page) > PAGE:
            asked = {name: query[name] for name in ("filter",) if name in query}
            following = urlencode({**asked, MARKER: str(page[PAGE - 1].id)})
            response["Link"] = f'<{_base(request)}/alarms?{following}>; rel="next"'
        return response


class OneAlarm(Sol003View):
    """One alarm."""

    def get(self, request: Request, alarm_id: UUID) -> Response:
        """Show it."""
        row = find_alarm(alarm_id, request.user)
        return Response(_shown(row, request), headers={"ETag": _etag(row)})

    def patch(self, request: Request, alarm_id: UUID) -> Response:
        """Acknowledge it, or take that back. 409: it is so already; 412: it is not as ``If-Match`` says."""
        row = find_alarm(alarm_id, request.user)
        state = _sent(ModificationBody, request)["ackState"]
        if (wanted := request.headers.get("If-Match")) and wanted not in ("*", _etag(row)):
            raise Outdated
        do = services.acknowledge if state == ACKNOWLEDGED else services.unacknowledge
        row = do(alarm_id, by=subscriptions.name_of(request.user))
        return Response({"ackState": state}, headers={"ETag": _etag(row)})


class Subscriptions(Sol003View):
    """Who is notified."""

    def get(self, request: Request) -> Response:
        """The caller's own."""
        rows = subscriptions.subscriptions(request.user)
        return Response([subscriptions.shown(row, _base(request)) for row in rows])

    def post(self, request: Request) -> Response:
        """Make one, once its callback answered; 303 leads to one that asks for the same."""
        sent = _sent(SubscriptionBody, request)
        row, new = subscriptions.subscribe(sent, request.user, _base(request))
        headers = {"Location": f"{_base(request)}/subscriptions/{row.pk}"}
        if not new:
            return Response(status=303, headers=headers)
        return Response(subscriptions.shown(row, _base(request)), status=201, headers=headers)


class OneSubscription(Sol003View):
    """One of the caller's."""

    def get(self, request: Request, subscription_id: UUID) -> Response:
        """Show it."""
        return Response(subscriptions.shown(subscriptions.find(subscription_id, request.user), _base(request)))

    def delete(self, request: Request, subscription_id: UUID) -> Response:
        """End it."""
        remove_receiver(subscriptions.find(subscription_id, request.user).name)
        return Response(status=204)


def _shown(row: ActiveAlarm, request: Request) -> dict[str, Any]:
    notice = replace(notice_of(row, NoticeKind.CHANGED, 0), correlated=tuple(correlated(row)))
    return alarm_of(notice, _base(request), row.details)


def _etag(row: ActiveAlarm) -> str:
    return f'"{blake2b(f"{row.changed_at.isoformat()}{row.acked_at}".encode(), digest_size=8).hexdigest()}"'


def _base(request: Request) -> str:
    return request.build_absolute_uri("/vnffm/v1")


def _uuid(name: str, text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Invalid(name, text, "the marker of a Link header") from None


def _sent(shape: type[Serializer[Any]], request: Request) -> Mapping[str, Any]:
    sent = shape(data=request.data)
    sent.is_valid(raise_exception=True)
    found: Mapping[str, Any] = sent.validated_data
    return found
