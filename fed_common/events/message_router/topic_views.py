"""``/topics``: list, create, show, delete, and who may use them."""

from __future__ import annotations

import re
from dataclasses import dataclass

import orjson
from django.http import HttpRequest, HttpResponse

from fed_common.access.models import Role
from fed_common.core.errors import Conflict, Invalid, NotFound
from fed_common.events.message_router.answers import (
    Mr,
    Refusal,
    json_answer,
    method_not_allowed,
    text_answer,
)
from fed_common.events.message_router.callers import (
    caller_of,
    require_known,
    require_ownership,
    require_role,
)
from fed_common.events.message_router.threads import in_thread
from fed_common.events.message_router.topic_log import topic_log
from fed_common.topics import admin
from fed_common.topics.admin import TopicRecord
from fed_common.topics.models import TopicAccess

FIELDS = ("topicName", "topicDescription", "partitionCount", "replicationCount", "transactionEnabled")
OBJECT_MAX = 64 * 1024
_KEY = re.compile(r"[\w.@-]{1,100}", re.ASCII)


@dataclass(frozen=True)
class Acl:
    """The words and codes in which the real Message Router speaks of one right."""

    right: TopicAccess.Right
    holders: str
    unlisted: tuple[int, Mr]
    ungranted: tuple[int, Mr]
    unrevoked: tuple[int, Mr]
    granted: str
    revoked: str


ACLS = {
    "producers": Acl(
        right=admin.WRITE,
        holders="publishers",
        unlisted=(404, Mr.PRODUCERS),
        ungranted=(404, Mr.PERMIT_PRODUCER),
        unrevoked=(403, Mr.REVOKE_PRODUCER),
        granted="Write access has been granted to publisher.",
        revoked="Write access has been revoked for publisher.",
    ),
    "consumers": Acl(
        right=admin.READ,
        holders="consumers",
        unlisted=(403, Mr.CONSUMERS),
        ungranted=(403, Mr.PERMIT_CONSUMER),
        unrevoked=(403, Mr.REVOKE_CONSUMER),
        granted="Read access has been granted for consumer [{key}] for topic [{topic}].",
        revoked="Read access has been revoked for consumer [{key}] for topic [{topic}].",
    ),
}


@in_thread
def topics(request: HttpRequest) -> HttpResponse:
    """``GET /topics``: the names."""
    _only(request, "GET")
    require_known(caller_of(request))
    return json_answer({"topics": list(topic_log().topics())})


@in_thread
def all_topics(request: HttpRequest) -> HttpResponse:
    """``GET /topics/listAll``: the names with their owners."""
    _only(request, "GET")
    require_known(caller_of(request))
    known = admin.describe_topics()
    rows = [
        {"topicName": name, "owner": known.get(name, TopicRecord(name)).owner, "txenabled": False}
        for name in topic_log().topics()
    ]
    return json_answer({"topics": rows})


@in_thread
def create(request: HttpRequest) -> HttpResponse:
    """``POST /topics/create``: make a topic; it belongs to the api key that signed the request."""
    _only(request, "POST")
    caller = caller_of(request)
    if not caller.key:
        require_role(caller, Role.OPERATOR)
    wanted = read_object(request, FIELDS)
    name, description = wanted.get("topicName", ""), wanted.get("topicDescription", "")
    try:
        record = admin.create_topic(topic_log(), name, description=description, owner=caller.key)
    except Invalid as error:
        raise Refusal(404, Mr.TOPIC_CREATE, f"Failed to create topic:{name}: {error}") from None
    except Conflict:
        return HttpResponse(status=204)
    return json_answer(_shown(record))


@in_thread
def topic(request: HttpRequest, topic: str) -> HttpResponse:
    """``GET`` or ``DELETE /topics/{topic}``."""
    _only(request, "GET", "DELETE")
    if request.method == "GET":
        require_known(caller_of(request))
        _require_topic(topic, (404, Mr.TOPIC_DETAILS), f"Failed to retrieve details of topic:{topic}")
        return json_answer(_shown(admin.describe_topic(topic)))
    caller = caller_of(request)
    require_ownership(caller, topic)
    try:
        admin.delete_topic(topic_log(), topic)
    except NotFound:
        raise _missing(topic, (404, Mr.TOPIC_DELETE), f"Failed to delete topic:{topic}") from None
    return text_answer(f"Topic [{topic}] deleted successfully")


@in_thread
def rights(request: HttpRequest, topic: str, kind: str) -> HttpResponse:
    """``GET /topics/{topic}/producers`` or ``/consumers``: the api keys that may write or read."""
    _only(request, "GET")
    acl = ACLS[kind]
    require_known(caller_of(request))
    _require_topic(topic, acl.unlisted, f"Error while fetching list of {acl.holders} for topic: {topic}")
    return json_answer(_users(acl, admin.describe_topic(topic)))


@in_thread
def right(request: HttpRequest, topic: str, kind: str, key: str) -> HttpResponse:
    """``PUT`` or ``DELETE /topics/{topic}/producers/{key}`` or ``/consumers/{key}``: give or take a right."""
    _only(request, "PUT", "DELETE")
    acl, caller = ACLS[kind], caller_of(request)
    granting = request.method == "PUT"
    what = f"{'granting' if granting else 'revoking'} {acl.right} access of [{key}] for topic {topic}"
    _require_topic(topic, acl.ungranted if granting else acl.unrevoked, f"Error while {what}")
    require_ownership(caller, topic)
    if not _KEY.fullmatch(key):
        raise Refusal(400, acl.ungranted[1], f"Error while {what}: an api key has 1 to 100 letters and digits")
    (admin.grant if granting else admin.revoke)(topic, acl.right, key)
    return text_answer((acl.granted if granting else acl.revoked).format(key=key, topic=topic))


def read_object(request: HttpRequest, fields: tuple[str, ...]) -> dict[str, str]:
    """The body's JSON object; every value of it as text. Raises Refusal naming an unknown field."""
    try:
        found = orjson.loads(request.read(OBJECT_MAX))
    except orjson.JSONDecodeError as error:
        raise Refusal(400, Mr.BAD_JSON, f"Incorrect JSON object. {error}") from None
    if not isinstance(found, dict):
        raise Refusal(400, Mr.BAD_JSON, "Incorrect JSON object. Expected an object")
    for name, value in found.items():
        if name not in fields:
            known = ", ".join(f'"{field}"' for field in fields)
            text = (
                f'Unrecognized field "{name}", not marked as ignorable ({len(fields)} known properties: {known})'
            )
            raise Refusal(400, Mr.BAD_JSON, text)
        if isinstance(value, dict | list):
            raise Refusal(400, Mr.BAD_JSON, f'Incorrect JSON object. Field "{name}" must be a text or a number')
    return {name: "" if value is None else str(value) for name, value in found.items()}


def _only(request: HttpRequest, *methods: str) -> None:
    if request.method not in methods:
        raise method_not_allowed(request, *methods)


def _require_topic(topic: str, code: tuple[int, Mr], what: str) -> None:
    if topic not in topic_log().topics():
        raise _missing(topic, code, what)


def _missing(topic: str, code: tuple[int, Mr], what: str) -> Refusal:
    return Refusal(*code, f"{what} Topic [{topic}] does not exist.")


def _shown(record: TopicRecord) -> dict[str, object]:
    return {
        "name": record.name,
        "description": record.description,
        "owner": record.owner,
        "readerAcl": _users(ACLS["consumers"], record),
        "writerAcl": _users(ACLS["producers"], record),
    }


def _users(acl: Acl, record: TopicRecord) -> dict[str, object]:
    users = record.writers if acl.right == admin.WRITE else record.readers
    return {"enabled": True, "users": list(users)}
