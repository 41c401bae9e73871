"""Refusals in Aodh's words: what our problem documents say, in the form that its client reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse, JsonResponse
from rest_framework.settings import api_settings

KEPT_HEADERS = ("Allow", "Retry-After", "WWW-Authenticate")


def aodh_error(error: Exception, context: Mapping[str, Any]) -> HttpResponse:
    """The exception handler of this face: statuses, texts and masking are those of every view."""
    problem: Any = api_settings.EXCEPTION_HANDLER
    answer = problem(error, context)
    fault = {
        "faultcode": "Client" if answer.status_code < 500 else "Server",
        "faultstring": json.loads(answer.content)["detail"],
        "debuginfo": None,
    }
    headers = {name: answer[name] for name in KEPT_HEADERS if name in answer}
    return JsonResponse({"error_message": fault}, status=answer.status_code, headers=headers)
