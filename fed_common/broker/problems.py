"""What callers are told when something is wrong: RFC 9457 problem documents, the same for every view.

Members: ``type``, ``title``, ``status``, ``detail``; ``code``, the word ``type`` ends with; ``error``, the
detail again for old clients; ``request_id``; and for wrong input ``field``, ``value``, ``allowed``.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from math import ceil
from typing import Any

from django.core.exceptions import DisallowedHost, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from rest_framework.exceptions import (
    APIException,
    NotAuthenticated,
    Throttled,
    UnsupportedMediaType,
    ValidationError,
)
from rest_framework.exceptions import AuthenticationFailed as WrongToken
from structlog.contextvars import get_contextvars

from fed_common.access.authentication import CHALLENGE
from fed_common.access.permissions import NotAllowedHere
from fed_common.core.errors import (
    CloudFailed,
    CloudShut,
    CloudTimeout,
    Conflict,
    Invalid,
    NotFound,
    Permanent,
    Retryable,
    Unsupported,
)
from fed_common.core.faults import first_fault, shown_value
from fed_common.telemetry.logging import get_logger
from fed_common.telemetry.redact import redact

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER = 5.0

log = get_logger(__name__)


@dataclass(frozen=True)
class Problem:
    """One answer that says no."""

    status: int
    code: str
    detail: str
    more: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> HttpResponse:
        """The answer."""
        body = {
            "type": f"urn:mcfed:problem:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "error": self.detail,
            "request_id": get_contextvars().get("request_id", ""),
            **self.more,
        }
        return JsonResponse(body, status=self.status, content_type=CONTENT_TYPE, headers=dict(self.headers))


def problem(error: Exception, context: Mapping[str, Any]) -> HttpResponse:
    """The exception handler of REST views."""
    request = context["request"]
    if isinstance(error, UnsupportedMediaType):
        return _wrong("Content-Type", request.content_type, "application/json", status=415).response()
    if isinstance(error, ValidationError):
        return _wrong(*first_fault(error.detail, request.data)).response()
    return problem_of(error).response()


def problem_of(error: Exception) -> Problem:
    """The problem an exception of any view is; what nobody expected is logged, and told to nobody."""
    match error:
        case Invalid():
            return _wrong(error.field, error.value, error.allowed)
        case NotFound():
            return Problem(404, "not_found", str(error))
        case Conflict():
            return Problem(409, "conflict", str(error))
        case Retryable():
            return _unavailable(error.reason, error.retry_after or RETRY_AFTER)
        case Permanent():
            return Problem(422, "refused", redact(error.reason))
        case CloudFailed():
            return _of_cloud(error)
        case Unsupported():
            return Problem(501, "unsupported", str(error))
        case APIException():
            return _of_framework(error)
    return _of_django(error) or _failure(error)


def bad_request(_request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer to what Django itself refuses to read."""
    if isinstance(exception, DisallowedHost | RequestDataTooBig):
        return problem_of(exception).response()
    return Problem(400, "unreadable", "the request cannot be read").response()


def permission_denied(_request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """Answer to what Django itself forbids."""
    return Problem(403, "permission_denied", "this is not allowed").response()


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """Answer to a path nobody serves."""
    return Problem(404, "not_found", f"there is nothing at {request.path}").response()


def server_error(_request: HttpRequest) -> HttpResponse:
    """Answer to a failure outside of any view."""
    return _failure(sys.exc_info()[1]).response()


def _of_django(error: Exception) -> Problem | None:
    match error:
        case OperationalError() | InterfaceError():
            log.warning("the database cannot be used", reason=str(error))
            return _unavailable("the database cannot be used now", RETRY_AFTER)
        case RequestDataTooBig():
            return Problem(413, "too_large", "the body is too large")
        case DisallowedHost():
            return Problem(400, "unknown_host", "the Host header names no host of this gateway (MCFED_HOSTS)")
    return None


def _failure(error: BaseException | None) -> Problem:
    log.error("a request failed", exc_info=error)
    return Problem(500, "internal", "the gateway failed; its log tells more under this request_id")


def _wrong(name: str, value: object, allowed: str, *, status: int = 400) -> Problem:
    shown = shown_value(name, value)
    detail = f"{name}: {shown!r} is not allowed; allowed: {allowed}"
    return Problem(status, "invalid", detail, {"field": name, "value": shown, "allowed": allowed})


def _unavailable(reason: str, retry_after: float) -> Problem:
    return Problem(503, "unavailable", redact(reason), headers={"Retry-After": str(max(1, ceil(retry_after)))})


def _of_cloud(error: CloudFailed) -> Problem:
    more = {"vim_id": error.vim_id}
    match error:
        case CloudShut():
            wait = {"Retry-After": str(max(1, ceil(error.retry_after)))}
            return Problem(503, "cloud_unavailable", redact(str(error)), more, wait)
        case CloudTimeout():
            return Problem(504, "cloud_timeout", redact(str(error)), more)
    return Problem(502, "cloud_failed", redact(str(error)), more)


def _of_framework(error: APIException) -> Problem:
    headers = {}
    if isinstance(error, NotAuthenticated | WrongToken):
        headers["WWW-Authenticate"] = CHALLENGE
    if isinstance(error, NotAllowedHere):
        headers["Allow"] = error.allowed
    if isinstance(error, Throttled):
        headers["Retry-After"] = str(error.wait)  # type: ignore[attr-defined] # the stubs have forgotten it
    return Problem(error.status_code, error.default_code, redact(str(error.detail)), headers=headers)
