"""One project of an OpenStack cloud: signed in to with the VIM's own credentials, called with its token."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import orjson
import requests
from keystoneauth1 import exceptions
from keystoneauth1.access import AccessInfo
from keystoneauth1.identity import v3
from keystoneauth1.session import Session

from fed_common.core import clock
from fed_common.core.errors import CloudFailed, CloudTimeout, Invalid
from fed_common.core.model import Credentials, Vim
from fed_common.telemetry.redact import redact
from multicloud_generic.openstack.catalogue import Catalogue
from multicloud_generic.openstack.refusals import Refused, phrase, said, unreadable
from multicloud_generic.openstack.transport import Wire

AGENT = "mcfed"
Version = tuple[int, int]


class Call(NamedTuple):
    """A request to one service: the path below its version, the microversion it is made in."""

    service: str
    path: str
    method: str = "GET"
    query: Mapping[str, str] = {}
    body: object = None
    version: Version | None = None


class Api(NamedTuple):
    """Where a service takes calls, and its newest microversion; ``None``: it has no microversions."""

    base: str
    newest: Version | None


class Account(NamedTuple):
    """Who signs in, and where: ``keystone`` is its root, ``region`` the one whose services count."""

    vim_id: str
    keystone: str
    region: str
    credentials: Credentials


class Project:
    """The cloud as one project sees it: a token of its own. Thread-safe."""

    def __init__(self, account: Account, wire: Wire, http: requests.Session, scope: Mapping[str, str]) -> None:
        """``scope`` holds ``project_name`` or ``project_id``; empty: the project that is the user's own."""
        self.vim_id, self._account, self._wire = account.vim_id, account, wire
        credentials = account.credentials
        self._auth = v3.Password(
            f"{account.keystone}/v3",
            username=credentials.username,
            password=credentials.password,
            user_domain_name=credentials.user_domain,
            project_domain_name=credentials.project_domain if "project_name" in scope else None,
            **scope,
        )
        self._session = Session(self._auth, session=http, user_agent=AGENT, redirect=False)
        self._signing_in = threading.Lock()
        self._read: tuple[AccessInfo, Catalogue] | None = None
        self.apis: dict[str, Api] = {}
        self.skew = timedelta(0)

    @property
    def id(self) -> str:
        """The project's id, "" for a token without one. Signs in."""
        return str(self._access().project_id or "")

    @property
    def name(self) -> str:
        """The project's name, "" for a token without one. Signs in."""
        return str(self._access().project_name or "")

    def catalogue(self) -> Catalogue:
        """The services of this cloud. Signs in when there is no good token; raises CloudFailed."""
        access = self._access()
        read = self._read
        if read is None or read[0] is not access:
            with unreadable(self.vim_id, "Keystone"):
                read = self._read = access, Catalogue(access.service_catalog.catalog, self._account.region)
        return read[1]

    def url(self, service: str) -> str:
        """Where this service is, as the catalogue says. Raises CloudFailed when it has none."""
        if service == "identity":
            return f"{self._account.keystone}/v3"
        url = self.catalogue().url(service)
        if url is None:
            where = f" in region {self._account.region}" if self._account.region else ""
            raise CloudFailed(self.vim_id, f"Keystone's catalogue has no {service} for these credentials{where}")
        return url

    def ask(self, base: str, call: Call) -> Any:
        """What the service answers, ``None`` for nothing. Raises Refused, CloudFailed, CloudTimeout."""
        self._access()
        headers = {"Accept": "application/json"}
        if call.version:
            number = "{}.{}".format(*call.version)
            headers["OpenStack-API-Version"] = f"{call.service} {number}"
            headers["X-OpenStack-Nova-API-Version"] = number  # what Nova before 2.27 listens to
        if call.body is not None:
            headers["Content-Type"] = "application/json"
        try:
            answer = self._session.request(
                base + call.path,
                call.method,
                params=call.query,
                data=None if call.body is None else orjson.dumps(call.body),
                headers=headers,
                raise_exc=False,
                log=False,
            )
        except exceptions.HttpError as error:  # the token had ended, and so has the right to a new one
            raise self._not_let_in(error.http_status) from None
        except (exceptions.ClientException, requests.RequestException, ValueError):
            raise CloudFailed(self.vim_id, f"{call.service} cannot be called at its address") from None
        if call.service == "compute":
            self._set_clock(answer)
        return self._content(call.service, answer)

    def _content(self, service: str, answer: requests.Response) -> Any:
        if answer.status_code >= 300:
            raise Refused(self.vim_id, service, answer.status_code, said(answer))
        if not answer.content:
            return None
        try:
            return orjson.loads(answer.content)
        except orjson.JSONDecodeError:
            raise CloudFailed(self.vim_id, f"{service} answered something that is not JSON") from None

    def _set_clock(self, answer: requests.Response) -> None:
        try:
            self.skew = parsedate_to_datetime(answer.headers.get("Date", "")) - clock.now()
        except (ValueError, TypeError, OverflowError):
            return  # without a readable date, or without a zone: the clocks count as equal

    def _access(self) -> AccessInfo:
        """A token that is good for a while. One thread signs in at a time; the others wait as long as they may."""
        if not self._signing_in.acquire(timeout=self._wire.left):
            raise CloudTimeout(self.vim_id, "Keystone did not answer in time")
        try:
            return self._auth.get_access(self._session)
        except exceptions.HttpError as error:
            raise self._not_let_in(error.http_status) from None
        except exceptions.InvalidResponse as error:
            status = error.response.status_code
            if status >= 300:
                raise self._not_let_in(status) from None
            raise CloudFailed(self.vim_id, "what answers at auth_url is no Keystone") from None
        except (exceptions.ClientException, requests.RequestException):
            raise CloudFailed(self.vim_id, "auth_url cannot be used: it is no URL of a Keystone") from None
        except (ValueError, TypeError, KeyError, AttributeError):
            raise CloudFailed(self.vim_id, "Keystone's answer cannot be read") from None
        finally:
            self._signing_in.release()

    def _not_let_in(self, status: int) -> CloudFailed:
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            return CloudFailed(self.vim_id, "Keystone refused the credentials")
        if 300 <= status < 400 or status == HTTPStatus.NOT_FOUND:
            return CloudFailed(self.vim_id, f"there is no Keystone with a v3 API at auth_url: {phrase(status)}")
        return Refused(self.vim_id, "Keystone", status)


def account(vim: Vim) -> Account:
    """The VIM's own account. Raises Invalid naming what its record lacks."""
    if vim.credentials is None:
        raise Invalid("credentials", None, "a username and a password")
    return Account(str(vim.id), keystone(vim), vim.region_name, vim.credentials)


def keystone(vim: Vim) -> str:
    """Keystone's root: the VIM's auth_url without slash and version. Raises Invalid when it is no URL."""
    try:
        parts = urlsplit(vim.auth_url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or parts.username is not None or parts.query or parts.fragment:
        raise Invalid("auth_url", redact(vim.auth_url), "http(s)://host:port/path of Keystone")
    return vim.auth_url.rstrip("/").removesuffix("/v3").removesuffix("/v2.0")
