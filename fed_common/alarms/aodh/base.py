"""What all views of this face have in common; they are described by Aodh's api-ref, not by our OpenAPI one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from structlog.contextvars import get_contextvars

from fed_common.alarms.aodh.access import AodhAuthentication, ByProject
from fed_common.alarms.aodh.faults import aodh_error

REQUEST_ID = "X-Openstack-Request-Id"


class AodhView(APIView):
    """Tells refusals as Aodh does, and names the request as its client shows it."""

    schema = None
    authentication_classes = [AodhAuthentication]
    permission_classes = [ByProject]

    def get_exception_handler(self) -> Callable[..., Any]:
        """See the framework."""
        return aodh_error

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """See the framework."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        answer[REQUEST_ID] = get_contextvars().get("request_id", "")
        return answer
