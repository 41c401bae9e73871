"""A gateway on a real socket with VIMs behind it, and raw HTTP to it."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import pytest
import requests

from fed_common.access import throttle, tokens
from fed_common.broker.circuits import circuits
from fed_common.broker.providers import providers
from fed_common.inventory.directory import directory
from fed_common.inventory.models import Revision, Vim
from tests.doubles.aai import Aai
from tests.doubles.clouds import CALLED, ScriptedCloud, much
from tests.doubles.upstream import Upstream, upstream
from tests.serving import served

ROOT = Path(__file__).parents[3]
STOCK = ROOT / "deploy/provider-plugin.json"
PLUGINS = ("ocata", "pike", "titaniumcloud", "starlingx", "vio", "azure")


@dataclass
class Answer:
    """One answer, read from the wire. ``whole``: its body did not break off."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    whole: bool

    def all(self, name: str) -> list[str]:
        """Every value of this header."""
        return [value for known, value in self.headers if known.lower() == name.lower()]

    def one(self, name: str) -> str | None:
        """The value of this header; fails when there are several."""
        found = self.all(name)
        assert len(found) < 2, found
        return found[0] if found else None


@dataclass
class Gateway:
    """The gateway as a caller sees it, and what is behind it."""

    url: str
    token: str
    behind: Upstream
    aai: Aai

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        """A call below ``/api/multicloud`` that brings the gateway's token in its own header."""
        headers = {"X-Multicloud-Token": self.token, **options.pop("headers", {})}
        options = {"timeout": 60, "allow_redirects": False, **options}
        return requests.request(method, f"{self.url}/api/multicloud{path}", headers=headers, **options)

    def connect(self) -> socket.socket:
        """A bare connection."""
        host, _, port = self.url.rpartition("/")[2].rpartition(":")
        return socket.create_connection((host, int(port)), timeout=60)

    def begin(self, method: str, path: str, *headers: str) -> socket.socket:
        """A connection on which a request was begun: its head, with the gateway's token."""
        connection = self.connect()
        lines = [f"{method} /api/multicloud{path} HTTP/1.1", "host: 127.0.0.1", *headers]
        connection.sendall("\r\n".join([*lines, f"x-multicloud-token: {self.token}", "", ""]).encode())
        return connection

    def raw(self, method: str, target: str, headers: list[tuple[bytes, bytes]], body: bytes = b"") -> Answer:
        """A call whose bytes are exactly these; the gateway's token is added."""
        lines = [f"{method} /api/multicloud{target} HTTP/1.1".encode("latin-1"), b"host: 127.0.0.1"]
        lines += [name + b": " + value for name, value in headers]
        lines += [b"x-multicloud-token: " + self.token.encode(), b"connection: close"]
        with self.connect() as connection:
            connection.sendall(b"\r\n".join([*lines, b"", b""]) + body)
            return read_answer(connection, method)


def read_answer(connection: socket.socket, method: str = "GET") -> Answer:
    """The next answer of a connection."""
    answer = HTTPResponse(connection, method=method)
    answer.begin()
    body, whole = b"", False
    with contextlib.suppress(Exception):
        while piece := answer.read1(65536):
            body += piece
        whole = answer.length in (None, 0) and (not answer.chunked or answer.isclosed())
    return Answer(answer.status, answer.getheaders(), body, whole)


def forget() -> None:
    """What this process remembers of settings, VIMs and callers."""
    for one in (providers, circuits, directory, throttle.callers, throttle.failures):
        one.cache_clear()


@pytest.fixture
def behind() -> Iterator[Upstream]:
    """The HTTP server behind every VIM."""
    with upstream() as server:
        yield server


@pytest.fixture
def aai() -> Iterator[Aai]:
    """An A&AI that knows the standard clouds."""
    with Aai() as server:
        yield server


@pytest.fixture
def wiring(settings: Any, behind: Upstream, aai: Aai) -> Iterator[Any]:
    """Settings under which every stock type is served by remote plugins, all at ``behind``."""
    settings.PROVIDERS = str(STOCK)
    settings.PLUGIN_URLS = ",".join(f"multicloud-{name}={behind.url}" for name in PLUGINS)
    settings.CLOUD_PLUGINS = {"scripted": "tests.doubles.clouds.ScriptedCloud"}
    settings.AAI_URL = aai.url
    settings.RATE_PER_SECOND = 0
    ScriptedCloud.service, ScriptedCloud.room = behind.url, staticmethod(much)
    CALLED.clear()
    forget()
    yield settings
    forget()


@pytest.fixture
def gateway(transactional_db: None, wiring: Any, behind: Upstream, aai: Aai) -> Iterator[Gateway]:
    """A gateway before the standard clouds and one in process, ``here_One``; the caller may do everything."""
    Vim.objects.create(cloud_owner="here", region="One", type="scripted", version="1")
    Revision.raise_it()
    with served() as url:
        yield Gateway(url, tokens.create("the broker's caller", "admin"), behind, aai)
