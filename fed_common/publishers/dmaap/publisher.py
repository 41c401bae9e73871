"""DmaapPublisher: one POST a batch, every answer and count checked."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import ClassVar
from weakref import WeakSet

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth

from fed_common.core.errors import Retryable
from fed_common.interfaces.publisher import Message, Publisher, Refused
from fed_common.publishers.dmaap.answers import judge
from fed_common.publishers.dmaap.bodies import BODIES, requests_of
from fed_common.publishers.dmaap.config import DmaapConfig, checked
from fed_common.publishers.dmaap.signing import CambriaAuth
from fed_common.publishers.parts import Part, publish_parts, sort_out_unfit

CONNECT_SECONDS = 3.05


class DmaapPublisher(Publisher):
    """A Message Router, or whatever speaks its publish API; one connection per calling thread.

    Proxies, .netrc and CA bundles of the environment are ignored: only the options count.
    """

    name: ClassVar[str] = "dmaap"
    Config: ClassVar[type] = DmaapConfig

    def __init__(self, config: DmaapConfig) -> None:
        """Raises Invalid naming the option that cannot be used."""
        self._config = checked(config)
        self._root = config.url.rstrip("/")
        self._body = BODIES[config.body]
        self._local = threading.local()
        self._sessions: WeakSet[requests.Session] = WeakSet()

    def publish(self, messages: Sequence[Message], *, timeout: float) -> Sequence[Refused]:
        """Refused are messages the server says 400 or 413 to when they are alone in a request.

        Too big a message or a misnamed topic are refused here: the real server answers 200 to both and
        throws them away.
        """
        deadline = time.monotonic() + timeout
        fitting, refused = sort_out_unfit(messages)
        posts = requests_of(self._body, fitting, most=self._config.batch)
        return publish_parts(posts, lambda part: self._post(part, deadline), refused)

    def check(self, *, timeout: float) -> None:
        """Whether something answers; with credentials it is only known once something is published."""
        answer = self._asked("GET", "/topics", None, timeout)
        if answer.status_code >= 500:
            raise Retryable(f"GET /topics: HTTP {answer.status_code}")

    def close(self) -> None:
        """Close the connections of all threads."""
        for session in list(self._sessions):
            session.close()

    def _post(self, part: Part, deadline: float) -> Sequence[Refused]:
        left = deadline - time.monotonic()
        if left <= 0:
            raise Retryable(f"{self._root} is slow: no time left for {len(part)} messages")
        judge(self._asked("POST", self._body.path(part[0]), self._body.encode(part), left), part)
        return []

    def _asked(self, method: str, path: str, body: bytes | None, timeout: float) -> requests.Response:
        headers = {"Content-Type": self._body.content_type} if body is not None else {}
        times = (min(CONNECT_SECONDS, timeout), timeout)
        try:
            answer = self._session().request(
                method, self._root + path, data=body, headers=headers, timeout=times, allow_redirects=False
            )
        except (requests.RequestException, OSError) as error:
            raise Retryable(f"{self._root}: {type(error).__name__}: {error}") from error
        answer.encoding = "utf-8"
        return answer

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = self._new_session()
            self._sessions.add(session)
        return session

    def _new_session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.headers["Accept"] = "application/json"
        session.auth = _auth(self._config)
        session.verify = self._config.verify and (self._config.cafile or True)
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(pool_connections=1, pool_maxsize=1, max_retries=0))
        return session


def _auth(config: DmaapConfig) -> AuthBase | None:
    if config.api_key:
        return CambriaAuth(config.api_key, config.api_secret)
    if config.username:
        return HTTPBasicAuth(config.username.encode(), config.password.encode())
    return None
