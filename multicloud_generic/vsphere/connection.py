"""SOAP over HTTPS to one vSphere, with an end to every wait and our errors in place of the library's."""

from __future__ import annotations

import io
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.parse import urlsplit

from pyVmomi import SoapStubAdapter, vim, vmodl

from fed_common.core.errors import CloudFailed, CloudTimeout, GatewayError, Invalid
from fed_common.core.model import Tls, Vim

API_VERSION = "vim.version.version12"  # vSphere 6.7: the oldest with VirtualMachineConfigInfo.createDate
URL_FORM = "https://HOST[:PORT]/sdk"


class SessionEnded(CloudFailed):
    """The vSphere does not know our session any more."""


class Connection(SoapStubAdapter):  # type: ignore[misc]
    """One HTTPS connection whose calls together must end by ``deadline``. Connects when first used."""

    def __init__(self, vim: Vim, *, timeout: float) -> None:
        """Raise Invalid when the VIM's URL or CA cannot be used."""
        host, port, path = endpoint(vim.auth_url)
        super().__init__(
            host=host, port=port, path=path, version=API_VERSION, sslContext=tls_context(vim.tls), poolSize=1
        )
        self.extend(timeout)

    def extend(self, seconds: float) -> None:
        """Set the deadline to so many seconds from now."""
        self.deadline = time.monotonic() + seconds

    def GetConnection(self) -> Any:
        """A connection that gives up at the deadline, whether it connects, sends or reads."""
        left = seconds_until(self.deadline)
        self.schemeArgs["timeout"] = left
        connection = super().GetConnection()
        connection.timeout = left
        if connection.sock:
            connection.sock.settimeout(left)
        connection.response_class = partial(_Response, self.deadline)
        return connection


class _Response(HTTPResponse):
    """An answer that has to be there as a whole by the deadline, however slowly it drips."""

    def __init__(self, deadline: float, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp = io.BufferedReader(_Timed(sock, self.fp.detach(), deadline))


class _Timed(io.RawIOBase):
    """Reads of a socket that get only the time that is left."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase, deadline: float) -> None:
        self._sock, self._raw, self._deadline = sock, raw, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(seconds_until(self._deadline))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


def seconds_until(deadline: float) -> float:
    """The time that is left. Raises TimeoutError when there is none."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def endpoint(auth_url: str) -> tuple[str, int, str]:
    """Host, port and path of a vSphere's SDK. Raises Invalid."""
    try:
        parts = urlsplit(auth_url)
        host, port = parts.hostname, parts.port or 443
    except ValueError:
        host, port = None, 0
    if not host or parts.scheme != "https" or parts.username is not None or parts.query or parts.fragment:
        shown = auth_url if "@" not in auth_url else "***"
        raise Invalid("auth_url", shown, URL_FORM)
    return host, port, parts.path.rstrip("/") or "/sdk"


@lru_cache(maxsize=256)
def tls_context(tls: Tls) -> ssl.SSLContext:
    """How the server's certificate is judged. Raises Invalid when the CA is not one."""
    try:
        context = ssl.create_default_context(cadata=tls.ca or None)
    except (ssl.SSLError, ValueError, TypeError) as error:
        raise Invalid("tls.ca", "what was given", "certificates in PEM form") from error
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


@contextmanager
def talking(vim_id: str) -> Iterator[None]:
    """Turn whatever goes wrong while a vSphere is asked into our errors."""
    try:
        yield
    except GatewayError:
        raise
    except Exception as error:
        raise failure(vim_id, error) from error


def failure(vim_id: str, error: Exception) -> CloudFailed:
    """What went wrong, in words for the caller. Anything else than faults and sockets is an unreadable answer."""
    if isinstance(error, vmodl.MethodFault):
        return _fault(vim_id, error)
    if isinstance(error, TimeoutError):
        return CloudTimeout(vim_id, "vSphere did not answer in time")
    if isinstance(error, ssl.SSLCertVerificationError):
        return CloudFailed(vim_id, f"the TLS certificate is not trusted: {error.verify_message}")
    if isinstance(error, ssl.SSLError):
        return CloudFailed(vim_id, f"TLS failed: {error.reason or 'the connection was closed'}")
    if isinstance(error, OSError):
        return CloudFailed(vim_id, f"vSphere cannot be reached: {error.strerror or 'the connection was closed'}")
    if isinstance(error, HTTPException):
        return CloudFailed(vim_id, f"no vSphere answers at its URL: {str(error) or 'not HTTP'}")
    return CloudFailed(vim_id, "its answer is not one of a vSphere")


def _fault(vim_id: str, fault: Any) -> CloudFailed:
    if isinstance(fault, vim.fault.InvalidLogin):
        return CloudFailed(vim_id, "vSphere refused the credentials")
    if isinstance(fault, vim.fault.NotAuthenticated):
        return SessionEnded(vim_id, "vSphere ended the session")
    if isinstance(fault, vim.fault.NoPermission):
        return CloudFailed(vim_id, f"the account lacks the privilege {fault.privilegeId}")
    name = type(fault).__name__.rpartition(".")[2]
    return CloudFailed(vim_id, f"vSphere answered {name}: {fault.msg or 'no words'}")
