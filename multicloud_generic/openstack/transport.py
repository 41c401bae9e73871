"""The wire to one VIM: its TLS, the time its verbs are given, and every failure in plain words."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from time import monotonic
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter

from fed_common.core.errors import CloudFailed, CloudTimeout, Invalid
from fed_common.core.model import Tls, Vim

LARGEST_ANSWER = 128 * 2**20
CHUNK = 2**18


class Wire(HTTPAdapter):
    """Sends requests within the time of the verb that runs in this thread. Reads every body to its end."""

    def __init__(self, vim: Vim) -> None:
        """Raises Invalid when the VIM's CA cannot be read."""
        self._vim_id = str(vim.id)
        self._tls = _context(vim.tls)
        self._verb = threading.local()
        super().__init__()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Inside, everything this thread sends has so much time together."""
        self._verb.seconds, self._verb.end = seconds, monotonic() + seconds
        try:
            yield
        finally:
            del self._verb.end

    @property
    def left(self) -> float:
        """The seconds that are left. Raises CloudTimeout when there are none."""
        left: float = self._verb.end - monotonic()
        if left <= 0:
            raise CloudTimeout(self._vim_id, f"did not answer within {self._verb.seconds:g} s")
        return left

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """See HTTPAdapter."""
        super().init_poolmanager(*args, ssl_context=self._tls, **options)

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        """See HTTPAdapter; certificates are judged by our own context alone."""
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {}

    def cert_verify(self, *_: object) -> None:
        """See HTTPAdapter; certificates are judged by our own context alone."""

    def send(
        self, request: requests.PreparedRequest, *_: object, proxies: Any = None, **__: object
    ) -> requests.Response:
        """The answer with its whole body. Raises CloudTimeout and CloudFailed."""
        place = urllib3.util.parse_url(request.url or "").netloc or "it"
        try:
            answer = super().send(request, stream=True, timeout=self.left, proxies=proxies)
            with answer.raw:
                answer._content = b"".join(self._chunks(answer))
        except (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError):
            raise CloudTimeout(self._vim_id, f"{place} did not answer within {self._verb.seconds:g} s") from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise CloudFailed(self._vim_id, _why(error, place)) from None
        return answer

    def _chunks(self, answer: requests.Response) -> Iterator[bytes]:
        """The body. A cloud that stalls half way, or lets it trickle, is given no more time than any other."""
        stream: Any = answer.raw._fp and answer.raw._fp.fp
        size = 0
        while True:
            if stream is not None and not stream.closed:
                stream.raw._sock.settimeout(self.left)
            chunk = answer.raw.read1(CHUNK, decode_content=True)
            if not chunk:
                return
            size += len(chunk)
            if size > LARGEST_ANSWER:
                raise CloudFailed(self._vim_id, f"answered with more than {LARGEST_ANSWER >> 20} MiB")
            yield chunk


@lru_cache(maxsize=64)
def _context(tls: Tls) -> ssl.SSLContext:
    """One for all clouds of the same kind: reading the system's authorities costs 30 ms of processor time."""
    try:
        context = ssl.create_default_context(cadata=tls.ca or None)
    except (ssl.SSLError, ValueError, TypeError):
        raise Invalid("tls.ca", "what was given", "certificates in PEM form") from None
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # the CA given may be an intermediate one
    if not tls.verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


_REASONS: Mapping[type[BaseException], str] = {
    ssl.SSLError: "TLS: no agreement with {place}",
    ConnectionRefusedError: "{place} refused the connection",
    socket.gaierror: "the name of {place} is not known",
    ConnectionError: "{place} broke the connection",
}


def _why(error: BaseException, place: str) -> str:
    """The reason at the root of a failure, in the words of the field."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"TLS: the certificate of {place} is not trusted: {cause.verify_message}"
    for kind, reason in _REASONS.items():
        if any(isinstance(cause, kind) for cause in causes):
            return reason.format(place=place)
    return f"{place} cannot be reached or does not speak HTTP"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and everything it was made of: libraries wrap errors in arguments as well as in causes."""
    waiting, seen = [error], set()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = (one.__cause__, one.__context__, getattr(one, "reason", None), *one.args)
        waiting += [each for each in inner if isinstance(each, BaseException)]
