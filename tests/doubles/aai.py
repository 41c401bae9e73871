"""An A&AI with the standard fixture of clouds; it counts what it is asked and answers as told.

``with Aai() as aai:`` listens on a free port. ``aai.answers[("own", "R")] = refusing(401)`` changes one region,
``aai.otherwise = failing(500)`` all of them; ``healthy`` is the way back.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message as Headers
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

ROOT = "/aai/v13"
REGIONS = f"{ROOT}/cloud-infrastructure/cloud-regions"
PASSWORD = "planted-aai-esr-password"
USERNAME, OWN_PASSWORD = "aai@aai.onap.org", "planted-aai-own-password"

Pair = tuple[str, str]


@dataclass(frozen=True)
class Asked:
    """One question; ``pair`` is ``None`` for the list of all regions."""

    path: str
    query: str
    headers: Headers
    pair: Pair | None


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b""
    trickle: bool = False


Script = Callable[[Asked], Answer | None]


def esr(**more: Any) -> dict[str, Any]:
    """One esr-system-info as a registration writes it."""
    return {
        "esr-system-info-id": "5c85ce1f-aa78-4ebf-8d6f-4b62773e9bde",
        "service-url": "http://keystone.example:5000/v3",
        "user-name": "gateway",
        "password": PASSWORD,
        "system-type": "VIM",
        "ssl-insecure": False,
        "cloud-domain": "Default",
        "default-tenant": "operations",
        "resource-version": "1524845276291",
        **more,
    }


def region(owner: str, name: str, cloud_type: str, version: str = "", *systems: Any) -> dict[str, Any]:
    """A cloud-region as A&AI shows it with ``depth=all``."""
    found: dict[str, Any] = {
        "cloud-owner": owner,
        "cloud-region-id": name,
        "cloud-type": cloud_type,
        "cloud-zone": "cloud zone",
        "complex-name": "clli1",
        "cloud-extra-info": json.dumps({"openstack-region-id": "RegionOne"}),
        "resource-version": "1524845276290",
    }
    if version:
        found["cloud-region-version"] = version
    if systems:
        found["esr-system-info-list"] = {"esr-system-info": list(systems)}
    return found


def standard() -> dict[Pair, dict[str, Any]]:
    """The clouds of the broker's compatibility tests; ``ghost_R`` is none."""
    clouds = [
        region("CloudOwner", "RegionOne", "openstack", "pike", esr()),
        region("vmware", "vio", "vmware", "4.0", esr()),
        region("own", "Region_One", "vmware", "4.0", esr()),
        region("own", "R.Two", "openstack", "pike", esr()),
        region("my_own", "RegionOne", "openstack", "ocata", esr()),
        region("odd", "R", "nutanix", "1.0", esr()),
        region("nover", "R", "openstack", "", esr()),
        region("noesr", "R", "openstack", "pike"),
        region("twoesr", "R", "openstack", "pike", esr(), esr(**{"user-name": "second"})),
    ]
    return {(one["cloud-owner"], one["cloud-region-id"]): one for one in clouds}


def failing(status: int, message_id: str = "SVC3002", text: str = "Error writing output") -> Script:
    """Any status with A&AI's own error body."""
    fault = {"messageId": message_id, "text": f"{text}: %1", "variables": ["GET"]}
    body = json.dumps({"requestError": {"serviceException": fault}}).encode()
    return lambda _asked: Answer(status, body)


unknown = failing(404, "SVC3001", "Resource not found")
refusing = failing(401, "SVC3300", "Unauthorized")


def saying(status: int, body: Any) -> Script:
    """Any answer at all; what is no text is sent as JSON."""
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return lambda _asked: Answer(status, raw)


def closing(_asked: Asked) -> None:
    """Close the connection without an answer."""


class Aai:
    """Runs on a free port of this machine, with ``tls`` (certificate and key file) over TLS."""

    def __init__(self, tls: tuple[str, str] | None = None) -> None:
        self.regions = standard()
        self.answers: dict[Pair, Script] = {}
        self.otherwise: Script | None = None
        self.asked: list[Asked] = []
        self._released = threading.Event()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._server.server_port}{ROOT}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def __enter__(self) -> Aai:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """From now on nothing listens there; safe to call twice."""
        self._released.set()
        self._server.shutdown()
        self._server.server_close()

    def healthy(self) -> None:
        """Answer everything properly again."""
        self.answers.clear()
        self.otherwise = None
        self.release()

    def hanging(self, _asked: Asked) -> None:
        """Do not answer before ``release``; then the connection is closed."""
        self._released.wait(60)

    def waiting(self, asked: Asked) -> Answer:
        """Answer properly, but not before ``release``."""
        self._released.wait(60)
        return self._proper(asked)

    def trickling(self, asked: Asked) -> Answer:
        """A proper answer whose bytes come one by one, far apart."""
        return Answer(200, self._proper(asked).body, trickle=True)

    def release(self) -> None:
        """Let go what hangs or waits, now; what comes later hangs again."""
        self._released.set()
        self._released = threading.Event()

    def pairs(self) -> list[Pair | None]:
        """What was asked for, in order."""
        return [one.pair for one in self.asked]

    def hits(self, owner: str, name: str) -> int:
        """How often this region was asked for."""
        return Counter(self.pairs())[owner, name]

    def _answer(self, asked: Asked) -> Answer | None:
        with self._lock:
            self.asked.append(asked)
        script = self.answers.get(asked.pair) if asked.pair else None
        return (script or self.otherwise or self._proper)(asked)

    def _proper(self, asked: Asked) -> Answer:
        if asked.pair is None:
            return saying(200, {"cloud-region": list(self.regions.values())})(asked)  # type: ignore[return-value]
        found = self.regions.get(asked.pair)
        return (saying(200, found) if found else unknown)(asked)  # type: ignore[return-value]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        aai = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 60
            wbufsize = 65536

            def do_GET(self) -> None:
                answer = aai._answer(_asked(self.path, self.headers))
                if answer is None:
                    self.close_connection = True
                    return
                self.send_response(answer.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                if not answer.trickle:
                    self.wfile.write(answer.body)
                    return
                released = aai._released
                for byte in answer.body:
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                    if released.wait(0.05):
                        return

            def log_message(self, *args: Any) -> None:
                pass

        return Handler


def _asked(target: str, headers: Headers) -> Asked:
    parts = urlsplit(target)
    below = parts.path.removeprefix(f"{REGIONS}/cloud-region/").split("/")
    pair = (unquote(below[0]), unquote(below[1])) if len(below) == 2 else None
    return Asked(parts.path, parts.query, headers, pair)
