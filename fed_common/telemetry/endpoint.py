"""Metrics and health of a process that serves no REST: a small HTTP server on its own port."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from fed_common.telemetry import metrics

Health = Callable[[], dict[str, Any]]
"""What the process says of itself; key ``ok`` decides between 200 and 503."""


def serve_health(bind: str, port: int, health: Health) -> ThreadingHTTPServer:
    """Answer ``/metrics``, ``/healthz`` and ``/readyz`` from a daemon thread; ``port`` 0 picks one."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(200, *metrics.render())
            elif self.path in ("/healthz", "/readyz"):
                told = health()
                alive = self.path == "/healthz" or bool(told["ok"])
                self._answer(200 if alive else 503, json.dumps(told).encode(), "application/json")
            else:
                self._answer(404, b'{"error": "metrics, healthz or readyz"}', "application/json")

        def _answer(self, status: int, body: bytes, content_type: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: Any) -> None:
            """Scrapes are not worth a line."""

    server = ThreadingHTTPServer((bind, port), Page)
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return server
