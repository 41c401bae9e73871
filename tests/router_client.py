"""Clients of the Message Router face, as tests need them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import struct
from email.utils import format_datetime
from typing import Any

import requests

from fed_common.core import clock


class Router:
    """A client of the face on this port."""

    def __init__(self, port: int) -> None:
        self.port, self.session = port, requests.Session()

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """One request."""
        return self.session.request(method, f"http://127.0.0.1:{self.port}{path}", timeout=60, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        """A GET."""
        return self.call("GET", path, **options)

    def post(
        self, path: str, body: bytes | str, kind: str = "application/json", **options: Any
    ) -> requests.Response:
        """A POST of a body of that content type."""
        headers = {"Content-Type": kind, **options.pop("headers", {})}
        raw = body.encode() if isinstance(body, str) else body
        return self.call("POST", path, data=raw, headers=headers, **options)

    def publish(self, topic: str, *texts: str) -> None:
        """Publish lines of text."""
        answer = self.post(f"/events/{topic}", "".join(f"{text}\n" for text in texts), "text/plain")
        assert (answer.status_code, answer.json()["count"]) == (200, len(texts)), answer.text

    def poll(self, topic: str, group: str = "g", consumer: str = "c", **query: Any) -> list[str]:
        """One consuming request that has to succeed."""
        answer = self.get(f"/events/{topic}/{group}/{consumer}", params={"timeout": 15000, **query})
        assert answer.status_code == 200, answer.text
        found: list[str] = answer.json()
        return found

    def join(self, topic: str, group: str = "g", consumer: str = "c") -> None:
        """A group's first request: it gets what is published from now on."""
        assert self.poll(topic, group, consumer, timeout=0) == []

    def create_key(self, **wanted: str) -> tuple[str, str]:
        """A new api key and its secret."""
        made = self.call("POST", "/apiKeys/create", json=wanted).json()
        return made["key"], made["secret"]


class RawClient:
    """A consumer on a bare socket, which may break off as it likes."""

    def __init__(self, port: int, path: str, *, window: int | None = None) -> None:
        self.socket = socket.socket()
        if window:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        self.socket.settimeout(60)
        self.socket.connect(("127.0.0.1", port))
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())

    def read(self, size: int) -> bytes:
        """Some bytes of the answer."""
        return self.socket.recv(size)

    def read_answer(self) -> list[str]:
        """The whole of an answer."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.read(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split()[0])
        while len(body) < length:
            body += self.read(65536)
        found: list[str] = json.loads(body)
        return found

    def reset(self) -> None:
        """End with a reset, as a process that is killed with bytes unread does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def refused(answer: requests.Response, status: int, code: int) -> str:
    """The message of an error answer, which has to have this status and ``mrstatus``."""
    body = answer.json()
    assert (answer.status_code, body["status"], body["mrstatus"]) == (status, status, code), answer.text
    assert body["helpURL"]
    message: str = body["message"]
    return message


def signed(key: str, secret: str, *, date: str = "", nonce: str = "", short: bool = False) -> dict[str, str]:
    """The headers of a signed request."""
    date = date or format_datetime(clock.now(), usegmt=True)
    text = f"{date}:{nonce}" if nonce else date
    signature = base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()).decode()
    names = ("X-Auth", "X-Date") if short else ("X-CambriaAuth", "X-CambriaDate")
    return {names[0]: f"{key}:{signature}", names[1]: date, **({"X-Nonce": nonce} if nonce else {})}
