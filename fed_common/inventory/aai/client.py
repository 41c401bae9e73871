"""Asks A&AI over HTTP: certificates verified, bounded in time and size, connections kept open."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import requests
import urllib3
from django.conf import settings
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from structlog.contextvars import get_contextvars

from fed_common.core.errors import CloudFailed, CloudShut, CloudTimeout
from fed_common.core.model import VimId
from fed_common.telemetry import metrics

REGIONS = "/cloud-infrastructure/cloud-regions"
EVERY_VIM = "all VIMs"
CONNECT_SECONDS, RETRY_AFTER = 3.05, 5.0
MOST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class AaiConfig:
    """``url`` is A&AI's root with its schema version; ``ca`` a PEM file, empty: the system's authorities."""

    url: str
    username: str = ""
    password: str = field(default="", repr=False)
    ca: str = ""
    timeout: float = 5.0


class AaiClient:
    """One A&AI. Thread-safe; proxies and .netrc of the environment are ignored."""

    def __init__(self, config: AaiConfig) -> None:
        self._config = config
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = config.ca or True
        if config.username:
            self._session.auth = HTTPBasicAuth(config.username.encode(), config.password.encode())
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=0))

    def region(self, vim_id: VimId) -> Mapping[str, Any] | None:
        """The cloud region with its children; ``None`` when A&AI has none. Raises CloudFailed & co."""
        path = f"{REGIONS}/cloud-region/{quote(vim_id.owner, safe='')}/{quote(vim_id.region, safe='')}"
        return self._asked(path, str(vim_id))

    def regions(self) -> list[Any]:
        """Every cloud region with its children. Raises CloudFailed & co."""
        answer = self._asked(REGIONS, EVERY_VIM) or {}
        found = answer.get("cloud-region", [])
        if not isinstance(found, list):
            raise CloudFailed(EVERY_VIM, "A&AI's answer holds no list of cloud regions")
        return found

    def _asked(self, path: str, whose: str) -> Mapping[str, Any] | None:
        try:
            found = _judged(*self._answer(path, whose), whose)
        except CloudFailed as error:
            metrics.AAI_ASKED.labels(type(error).__name__).inc()
            raise
        metrics.AAI_ASKED.labels("unknown" if found is None else "found").inc()
        return found

    def _answer(self, path: str, whose: str) -> tuple[int, bytes]:
        timeout = self._config.timeout
        try:
            with self._session.get(
                self._config.url + path,
                params={"depth": "all"},
                headers=_headers(),
                timeout=(min(CONNECT_SECONDS, timeout), timeout),
                allow_redirects=False,
                stream=True,
            ) as answer:
                return answer.status_code, _body(answer, time.monotonic() + timeout, whose)
        except (requests.Timeout, urllib3.exceptions.TimeoutError):
            raise CloudTimeout(whose, f"A&AI did not answer within {timeout:g} s") from None
        except requests.exceptions.SSLError:
            said = "A&AI's certificate cannot be verified: MCFED_AAI_CA names its authority"
            raise CloudFailed(whose, said) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError):
            raise CloudShut(whose, "A&AI cannot be reached", retry_after=RETRY_AFTER) from None


def aai_client() -> AaiClient | None:
    """Of the settings ``MCFED_AAI_*``; ``None``: there is no A&AI."""
    if not settings.AAI_URL:
        return None
    config = AaiConfig(
        url=settings.AAI_URL,
        username=settings.AAI_USERNAME,
        password=settings.AAI_PASSWORD,
        ca=settings.AAI_CA,
        timeout=settings.AAI_TIMEOUT,
    )
    return AaiClient(config)


def _headers() -> dict[str, str]:
    return {
        "Accept": "application/json",
        "Content-Type": "application/json",
        "X-FromAppId": "MultiCloud",
        "X-TransactionId": str(get_contextvars().get("request_id") or uuid.uuid4()),
    }


def _body(answer: requests.Response, deadline: float, whose: str) -> bytes:
    """All of it: a timeout of the library counts from byte to byte only, so a trickle would never end."""
    body = bytearray()
    while part := answer.raw.read1(65536, decode_content=True):
        body += part
        if len(body) > MOST_BYTES:
            raise CloudFailed(whose, f"A&AI's answer has more than {MOST_BYTES} bytes")
        if time.monotonic() > deadline:
            raise requests.Timeout
    return bytes(body)


def _judged(status: int, body: bytes, whose: str) -> Mapping[str, Any] | None:
    plain = _json(body)
    if status == 404 and plain and "requestError" in plain:
        return None
    if status == 404:  # of something else than A&AI: its VIMs are not gone
        raise CloudFailed(whose, "A&AI answered HTTP 404 not in its own words: is MCFED_AAI_URL right?")
    if status in (401, 403):
        raise CloudFailed(whose, f"A&AI refuses MCFED_AAI_USERNAME: HTTP {status}")
    if status != 200:
        raise CloudFailed(whose, f"A&AI answered HTTP {status}")
    if plain is None:
        raise CloudFailed(whose, "A&AI's answer is no JSON object")
    return plain


def _json(body: bytes) -> Mapping[str, Any] | None:
    try:
        plain = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return plain if isinstance(plain, dict) else None
