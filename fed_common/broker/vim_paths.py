"""What the OpenAPI document says of the calls to VIMs, below ``v0`` and ``v1``: few are views it could look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fed_common.broker.paths import GENERIC
from fed_common.core.state_words import STATE_WORDS

Schema = dict[str, Any]
ROOT = "/api/multicloud"
SECURITY: list[dict[str, list[str]]] = [{"token": []}, {"bearer": []}, {"cookie": []}]
ALWAYS = (400, 401, 403, 404, 406, 429, 503)
CLOUD = (501, 502, 504)
WITH_BODY = (413, 415)

TEXT: Schema = {"type": "string"}
AMOUNT: Schema = {"type": "number", "minimum": 0}
TEXTS: Schema = {"type": "array", "items": TEXT}
PLAIN: Schema = {"type": "object"}
ONES: Schema = {"type": "array", "items": PLAIN}
NAME = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"}
VIM_ID = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9.-]{0,99}_[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"}


def shape(required: Mapping[str, Schema], **optional: Schema) -> Schema:
    """An object that may hold more."""
    made: Schema = {"type": "object", "properties": {**required, **optional}}
    return {**made, "required": list(required)} if required else made


NEED = {"vCPU": AMOUNT, "Memory": AMOUNT, "Storage": AMOUNT}
NAMES = {"cloud-owner": TEXT, "cloud-region-id": TEXT}
PAIR = shape(NAMES, AZs=ONES)
STATES = {
    "type": "object",
    "properties": {"states": TEXTS, "instance_id": TEXT},
    "example": {"states": ["PAUSE", "POWER_OFF"]},
    "additionalProperties": False,
}
STATUS = shape(
    {
        "state_description": TEXT,
        "launched_at": TEXT,
        "state_changed_at": {**TEXT, "format": "date-time", "nullable": True},
        "result": ONES,
        "next": {"type": "integer", "nullable": True},
        "total": {"type": "integer"},
        "checked_at": {**TEXT, "format": "date-time"},
    }
)
REGISTERED = shape({"status": TEXT, "reason": TEXT, "since": {**TEXT, "format": "date-time", "nullable": True}})
ROOMY = shape({"result": {"type": "boolean"}}, AZs=ONES)
WORDS = "words of states, upper or lower case: " + ", ".join(STATE_WORDS)
ASKED = (
    ("states", TEXT, f"{WORDS}; with commas"),
    ("instance_id", TEXT, "one VM alone"),
    ("wait", {"type": "number", "minimum": 0, "maximum": 60, "default": 0}, "seconds to wait for a change"),
    ("limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 1000}, "VMs on a page"),
    ("page", {"type": "integer", "minimum": 1, "maximum": 1_000_000_000, "default": 1}, "which page"),
)


@dataclass(frozen=True)
class Operation:
    """One method at one path; ``path`` goes on behind the VIM, or behind the version when ``vim`` is false."""

    method: str
    path: str
    summary: str
    answers: Mapping[int, Schema | None]
    body: Schema | None = None
    query: tuple[tuple[str, Schema, str], ...] = ()
    vim: bool = True
    also: tuple[int, ...] = field(default=())


def _capacity(version: str) -> Operation:
    roomy, asked = (TEXT, TEXT) if version == "v0" else (PAIR, shape(NAMES))
    return Operation(
        *("post", "/check_vim_capacity", "Ask which of many VIMs have room"),
        answers={200: shape({"VIMs": {"type": "array", "items": roomy}}, unreachable=ONES)},
        body=shape({"VIMs": {"type": "array", "items": asked, "maxItems": 1000}}, **NEED),
        vim=False,
    )


OPERATIONS = (
    Operation(
        *("get", "/vim_types", "List the types of VIM there are plugins for"),
        answers={200: {"type": "array", "items": shape({"vim_type": TEXT, "versions": TEXTS})}},
        vim=False,
    ),
    Operation("get", "/check_vim_status", "Ask what state VMs are in", {200: STATUS}, query=ASKED, also=CLOUD),
    Operation(
        *("post", "/check_vim_status", "Ask what state VMs are in", {200: STATUS}),
        body=STATES,
        query=ASKED,
        also=CLOUD,
    ),
    Operation(
        *("post", "/events_check", "Ask what state VMs are in, as old clients do", {200: shape({"result": ONES})}),
        body={"type": "object", "properties": {"states": TEXTS, "instance_id": TEXT}},
        also=CLOUD,
    ),
    Operation(
        "post", "/capacity_check", "Ask whether one VIM has room", {200: ROOMY}, shape({}, **NEED), also=CLOUD
    ),
    Operation("get", "/extensions", "List the extensions of one VIM", {200: PLAIN}, also=CLOUD),
    Operation("get", "/registry", "Show whether one VIM was looked at", {200: REGISTERED}, also=CLOUD),
    Operation("post", "/registry", "Have one VIM looked at", {202: None}, also=CLOUD),
    Operation("delete", "", "Forget one VIM", {204: None}, also=(409, *CLOUD)),
)


def vim_paths() -> dict[str, dict[str, Any]]:
    """The paths of both versions."""
    paths: dict[str, dict[str, Any]] = {}
    for version in ("v0", "v1"):
        for one in (_capacity(version), *OPERATIONS):
            paths.setdefault(_path(version, one), {})[one.method] = _shown(version, one)
        paths[f"{_vim(version)}/{{service}}"] = _passed_on(version)
    return paths


def _vim(version: str) -> str:
    return f"{ROOT}/v0/{{vim_id}}" if version == "v0" else f"{ROOT}/v1/{{cloud_owner}}/{{cloud_region_id}}"


def _path(version: str, one: Operation) -> str:
    return f"{_vim(version) if one.vim else f'{ROOT}/{version}'}{one.path}"


def _names(version: str) -> list[dict[str, Any]]:
    names = {"vim_id": VIM_ID} if version == "v0" else {"cloud_owner": NAME, "cloud_region_id": NAME}
    return [{"in": "path", "name": name, "schema": schema, "required": True} for name, schema in names.items()]


def _common(version: str, method: str, path: str, summary: str) -> dict[str, Any]:
    name = f"{method}_{version}_vim_{path.strip('/')}".rstrip("_")
    return {"operationId": name, "summary": summary, "tags": ["broker"], "security": SECURITY}


def _shown(version: str, one: Operation) -> dict[str, Any]:
    refusals = {*ALWAYS, *one.also, *(WITH_BODY if one.body else ())}
    needed = "required" in (one.body or {})
    body = {"required": needed, "content": {"application/json": {"schema": one.body}}}
    return {
        **_common(version, one.method, one.path, one.summary),
        "parameters": [
            *(_names(version) if one.vim else ()),
            *(
                {"in": "query", "name": name, "schema": kind, "description": text}
                for name, kind, text in one.query
            ),
        ],
        **({"requestBody": body} if one.body else {}),
        "responses": {**{str(s): _answer(a) for s, a in one.answers.items()}, **_refused(refusals)},
    }


def _answer(schema: Schema | None) -> dict[str, Any]:
    return {"description": "", **({"content": {"application/json": {"schema": schema}}} if schema else {})}


def _refused(statuses: set[int]) -> dict[str, Any]:
    return {str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted(statuses)}


def _passed_on(version: str) -> dict[str, Any]:
    """Everything else is the plugin's or the cloud's own."""
    below = {"in": "path", "name": "service", "schema": TEXT, "required": True}
    return {
        method.lower(): {
            **_common(version, method.lower(), "service", "Call the VIM's own API"),
            "description": "Passed on as it is to the VIM's plugin or cloud; so is any path below it.",
            "parameters": [*_names(version), below],
            "responses": {"default": {"description": "what the VIM answers"}, **_refused({*ALWAYS, *CLOUD})},
        }
        for method in GENERIC
    }
