"""The OpenAPI document of our REST API: what every operation has in common, so that views need not say it."""

from __future__ import annotations

import re
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

from fed_common.access.authentication import COOKIE
from fed_common.alarms.table.schema import with_alarm_stream
from fed_common.broker.problems import CONTENT_TYPE
from fed_common.broker.vim_paths import vim_paths
from fed_common.events.views.schema import with_stream
from fed_common.inventory.fields import FilterShape
from fed_common.inventory.serializers import StrictSerializer

STRICT = (StrictSerializer, FilterShape)
PROBLEMS = {
    400: "wrong input: `field`, `value` and `allowed` say what and why",
    401: "no token, or one that does not hold",
    403: "the token's role is too small, or it is not for this VIM",
    404: "the named thing is not there",
    406: "the answer is JSON only",
    409: "the name is taken, or the thing is not in a status for that",
    413: "the body is too large",
    415: "the body is not `application/json`",
    422: "the far side will never take it",
    429: "too many requests: try again after `Retry-After` seconds",
    501: "this type of cloud cannot do that",
    502: "the cloud failed; `vim_id` names it",
    503: "the database, or a far side, is down: try again after `Retry-After` seconds",
    504: "the cloud did not answer in time; `vim_id` names it",
}
ALWAYS = (400, 401, 403, 406, 429, 503)
WITH_BODY = (413, 415)
HEADERS = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}


class Problem(serializers.Serializer[Any]):
    """RFC 9457: what every refusal looks like."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField(help_text="the word `type` ends with")
    error = serializers.CharField(help_text="`detail` again, for old clients")
    request_id = serializers.CharField()
    field = serializers.CharField(required=False)
    value = serializers.JSONField(required=False)
    allowed = serializers.CharField(required=False)
    vim_id = serializers.CharField(required=False)


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How callers say who they are: any one of these."""

    target_class = "fed_common.access.authentication.TokenAuthentication"
    name = ["token", "bearer", "cookie"]

    def get_security_definition(self, auto_schema: AutoSchema) -> list[dict[str, Any]]:  # noqa: ARG002
        """One for each name."""
        return [
            {"type": "apiKey", "in": "header", "name": "X-Auth-Token"},
            {"type": "http", "scheme": "bearer"},
            {"type": "apiKey", "in": "cookie", "name": COOKIE},
        ]

    def get_security_requirement(self, auto_schema: AutoSchema) -> list[dict[str, list[Any]]]:  # noqa: ARG002
        """Any one of them."""
        return [{name: []} for name in self.name]


class ApiSchema(AutoSchema):
    """Adds the refusals to every operation, and names it by its path.

    ``responses={409: None}`` at a view means: and this one too, as a problem.
    """

    def get_operation_id(self) -> str:
        """Such as ``get_v1_vims_vim_id_filter``."""
        path = self.path.removeprefix("/api/multicloud")
        return "_".join([self.method.lower(), *re.findall(r"\w+", path.replace("-", "_"))])

    def get_tags(self) -> list[str]:
        """The noun of the path."""
        nouns = [part for part in self.path.split("/")[4:] if part and "{" not in part]
        return nouns[:1] or ["broker"]

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        said = {int(status) for status in bodies if int(status) >= 400}
        common = {*ALWAYS, *((404,) if "{" in self.path else ()), *(WITH_BODY if self._get_request_body() else ())}
        self.resolve_serializer(Problem, "response")
        refusals = {str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted(said | common)}
        return {**bodies, **refusals}

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> dict[str, Any]:
        schema: dict[str, Any] = super()._map_basic_serializer(serializer, direction)
        return {**schema, "additionalProperties": False} if isinstance(serializer, STRICT) else schema


def views_of_nouns(endpoints: list[Any]) -> list[Any]:
    """The framework's views without those of calls to VIMs, which ``vim_paths`` describes."""
    return [one for one in endpoints if not one[3].cls.__module__.startswith("fed_common.broker")]


def finish(result: dict[str, Any], **_names: Any) -> dict[str, Any]:
    """The framework's last word on the document: what is no view of its own, and the refusals, said once."""
    result["paths"] = {**with_alarm_stream(with_stream(result["paths"])), **vim_paths()}
    body = {"content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    responses = {str(status): {"description": text, **body} for status, text in PROBLEMS.items()}
    for status, name in HEADERS.items():
        responses[str(status)]["headers"] = {name: {"schema": {"type": "string"}}}
    result["components"]["responses"] = responses
    return result
