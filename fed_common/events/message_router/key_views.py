"""``/apiKeys``: make, show, change and delete the keys that sign requests."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from fed_common.access import apikeys
from fed_common.access.models import ApiKey, Role
from fed_common.core.errors import NotFound
from fed_common.events.message_router.answers import (
    Mr,
    Refusal,
    json_answer,
    method_not_allowed,
    text_answer,
)
from fed_common.events.message_router.callers import caller_of, require_known, require_role
from fed_common.events.message_router.threads import in_thread
from fed_common.events.message_router.topic_views import read_object
from fed_common.topics.database import reachable

FIELDS = ("email", "description")


@in_thread
def keys(request: HttpRequest) -> HttpResponse:
    """``GET /apiKeys``: every key, no secret."""
    if request.method != "GET":
        raise method_not_allowed(request, "GET")
    require_known(caller_of(request))
    with reachable():
        return json_answer({"apiKeys": apikeys.list_keys()})


@in_thread
def create(request: HttpRequest) -> HttpResponse:
    """``POST /apiKeys/create``: a key and, this once, its secret. It is never mailed."""
    if request.method != "POST":
        raise method_not_allowed(request, "POST")
    require_role(caller_of(request), Role.OPERATOR)
    wanted = read_object(request, FIELDS)
    with reachable():
        row, secret = apikeys.create_key(wanted.get("email", ""), wanted.get("description", ""))
    return json_answer({"key": row.key, "secret": secret, "aux": _aux(row)})


@in_thread
def key(request: HttpRequest, key: str) -> HttpResponse:
    """``GET``, ``PUT`` or ``DELETE /apiKeys/{key}``; changing it takes its own signature, or an admin.

    ``PATCH`` is what the Java client sends for ``PUT``.
    """
    if request.method not in ("GET", "PUT", "PATCH", "DELETE"):
        raise method_not_allowed(request, "GET", "PUT", "PATCH", "DELETE")
    caller = caller_of(request)
    require_known(caller)
    try:
        with reachable():
            if request.method == "GET":
                return json_answer({"key": key, "aux": _aux(apikeys.show_key(key))})
            if caller.key != key and not caller.may(Role.ADMIN):
                raise _not_signed(request)
            if request.method == "DELETE":
                apikeys.delete_key(key)
                return text_answer(f"Api key [{key}] deleted successfully.")
            wanted = read_object(request, FIELDS)
            row = apikeys.update_key(key, email=wanted.get("email"), description=wanted.get("description"))
    except NotFound:
        raise Refusal(404, Mr.API_KEY, f"Api key [{key}] does not exist.") from None
    return json_answer({"key": key, "aux": _aux(row)})


def _not_signed(request: HttpRequest) -> Refusal:
    verb = "Deleting" if request.method == "DELETE" else "Updating"
    text = (
        f"Error while {verb} API key : Access denied for You must authenticate with the key you'd like to update."
    )
    return Refusal(404, Mr.API_KEY, text)


def _aux(row: ApiKey) -> dict[str, str]:
    aux = {"email": row.email, "description": row.description}
    return {name: value for name, value in aux.items() if value}
