"""``python -m tests.bench.onap_style PORT A&AI MSB``: a broker in the style of ONAP's multivimbroker.

Django, synchronous, in four processes as its run.sh starts them. For every request: the provider file is
read, A&AI is asked over a new connection, the call goes through MSB over another, whole bodies in memory.
What would slow it further is left out: httplib2, TLS to A&AI, DEBUG logs to a file, a server in Python.
"""

from __future__ import annotations

import http.client
import io
import json
import os
import re
import socket
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import re_path

PROCESSES = 4
PROVIDERS = Path(__file__).parents[2] / "deploy/provider-plugin.json"
AAI_HEADERS = {"X-FromAppId": "MultiCloud", "X-TransactionId": "9001", "Accept": "application/json"}


def once(url: str, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any, bytes]:
    """One call over a connection of its own."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    connection.request(method, path, body or None, headers)
    answer = connection.getresponse()
    told = answer.status, answer.getheaders(), answer.read()
    connection.close()
    return told


def forward(request: HttpRequest, vimid: str) -> HttpResponse:
    """One call, routed."""
    owner, region = re.match(r"^([0-9a-zA-Z-]+)_([0-9a-zA-Z_-]+)$", vimid).groups()  # type: ignore[union-attr]
    path = f"/aai/v13/cloud-infrastructure/cloud-regions/cloud-region/{owner}/{region}"
    vim = json.loads(once(AAI, "GET", path, AAI_HEADERS, b"")[2])
    entry = json.loads(PROVIDERS.read_text())[vim["cloud-type"]]
    plugin = entry["versions"].get(vim["cloud-region-version"], entry)["provider_plugin"]
    target = re.sub("multicloud", plugin, request.get_full_path())
    headers = {k[5:].replace("_", "-"): v for k, v in request.META.items() if k.startswith("HTTP_")}
    headers.pop("HOST", None)
    status, told, body = once(MSB, str(request.method), target, headers, request.body)
    answer = HttpResponse(body.decode(), status=status)
    for name, value in told:
        if name.lower() not in ("connection", "keep-alive", "transfer-encoding", "upgrade"):
            answer[name] = value
    return answer


urlpatterns = [re_path(r"^api/multicloud/v0/(?P<vimid>[0-9a-zA-Z_-]+)", forward)]


def serve(listener: socket.socket, app: Any) -> None:
    """One process: a connection at a time would starve kept ones, so each is closed after its answer."""
    while True:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as stream:
            method, target, _ = stream.readline().decode().split(" ", 2)
            environ = {"REQUEST_METHOD": method, "SERVER_NAME": "bench", "SERVER_PORT": "80"}
            environ["PATH_INFO"], _, environ["QUERY_STRING"] = target.partition("?")
            while line := stream.readline().strip():
                name, _, value = line.decode().partition(": ")
                environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
            answer(connection, environ, app)


def answer(connection: socket.socket, environ: dict[str, Any], app: Any) -> None:
    """Run the application and send what it says."""
    head: list[str] = []

    def start(status: str, headers: list[tuple[str, str]], _error: object = None) -> None:
        head.append(f"HTTP/1.1 {status}")
        head.extend(f"{name}: {value}" for name, value in headers)

    given = {"wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr, "wsgi.url_scheme": "http"}
    body = b"".join(app({**environ, **given}, start))
    connection.sendall("\r\n".join([*head, "Connection: close", "", ""]).encode() + body)


def main(port: int) -> None:
    """Fork and serve."""
    settings.configure(
        ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="bench", MIDDLEWARE=[], LOGGING_CONFIG=None
    )
    django.setup()
    app = get_wsgi_application()
    listener = socket.create_server(("127.0.0.1", port), backlog=2048)
    for _ in range(PROCESSES - 1):
        if not os.fork():
            break
    serve(listener, app)


if __name__ == "__main__":
    AAI, MSB = sys.argv[2:]
    main(int(sys.argv[1]))
