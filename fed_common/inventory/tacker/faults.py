"""Refusals in Tacker's words: what our problem documents say, in the form that its client reads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.http import HttpResponse, JsonResponse
from rest_framework.settings import api_settings

from fed_common.core.errors import Invalid

TYPES = {
    400: "HTTPBadRequest",
    401: "HTTPUnauthorized",
    403: "HTTPForbidden",
    409: "DuplicateEntity",
}
KEPT_HEADERS = ("Retry-After", "WWW-Authenticate")
_THEIR_FIELDS = {
    "cloud_region_id": "name",
    "credentials.username": "auth_cred.username",
    "credentials.password": "auth_cred.password",
}
_REGION_FORM = "letters, digits, '.', '-', '_': it becomes the VIM's region"


def tacker_error(error: Exception, context: Mapping[str, Any]) -> HttpResponse:
    """The exception handler of this face: statuses, texts and masking are those of every view."""
    problem: Any = api_settings.EXCEPTION_HANDLER
    answer = problem(error, context)
    types = {**TYPES, 404: context["view"].not_found}
    said = {
        "type": types.get(answer.status_code, "HTTPError"),
        "message": json.loads(answer.content)["detail"],
        "detail": "",
    }
    headers = {name: answer[name] for name in KEPT_HEADERS if name in answer}
    return JsonResponse({"TackerError": said}, status=answer.status_code, headers=headers)


@contextmanager
def their_fields() -> Iterator[None]:
    """Inside, an Invalid that names a field of ours comes out naming theirs."""
    try:
        yield
    except Invalid as error:
        allowed = _REGION_FORM if error.field == "cloud_region_id" else error.allowed
        raise Invalid(f"vim.{_THEIR_FIELDS.get(error.field, error.field)}", error.value, allowed) from None
