"""Callers of the REST API in this process, each with a role."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.test import Client
from django.test.client import ClientHandler

from fed_common.access import tokens

API = "/api/multicloud/v1"


@dataclass(frozen=True)
class Caller:
    """Somebody with a token; without one, nobody."""

    token: str = ""

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Django's answer to one call.

        ``body`` is sent as JSON, a ``str`` or ``bytes`` as it is; ``//path`` is one outside of the API.
        """
        client = Client(raise_request_exception=False)
        client.handler = _handler()
        if self.token:
            headers["X-Auth-Token"] = self.token
        data = body if isinstance(body, str | bytes) else json.dumps(body)
        sent = {} if body is None else {"data": data, "content_type": "application/json"}
        url = path[1:] if path.startswith("//") else API + path
        return client.generic(method, url, headers=headers, **sent)

    def get(self, path: str, **headers: str) -> Any:
        """The JSON of a GET that has to succeed."""
        return self._json("GET", path, None, headers)

    def post(self, path: str, body: Any = None) -> Any:
        """The JSON of a POST that has to succeed."""
        return self._json("POST", path, body, {})

    def put(self, path: str, body: Any) -> Any:
        """The JSON of a PUT that has to succeed."""
        return self._json("PUT", path, body, {})

    def patch(self, path: str, body: Any) -> Any:
        """The JSON of a PATCH that has to succeed."""
        return self._json("PATCH", path, body, {})

    def _json(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Any:
        answer = self.ask(method, path, body, **headers)
        assert answer.status_code < 300, answer.content
        return answer.json() if answer.content else None


@cache
def _handler() -> ClientHandler:
    """The application as it is in a process: else each call looks for all static files again."""
    return ClientHandler(enforce_csrf_checks=False)


def caller(role: str, *vims: str, name: str = "", project: str = "") -> Caller:
    """Somebody with a fresh token of this role, for VIMs of these globs only when there are any."""
    name = name or " ".join(("the", role, *vims, project)).strip()
    return Caller(tokens.create(name, role, vims=vims, project=project))
