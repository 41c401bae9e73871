"""The gateway's REST API as the command line sees it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import requests

API = "/api/multicloud/v1"
BUSY = 429


class Refusal(Exception):
    """Why a command cannot be done, as one line for the person at the keyboard; ``status``: the answer's, or 0."""

    def __init__(self, line: str, status: int = 0) -> None:
        self.status = status
        super().__init__(line)


class Unavailable(Refusal):
    """The gateway cannot be reached or cannot answer now: the same may work later."""


class Gateway:
    """One gateway with one token. Every method raises Refusal, or Unavailable when trying again may help.

    Path parts are quoted here. Redirects are refused: they would carry the token to another place.
    """

    def __init__(self, url: str, token: str, timeout: float) -> None:
        if urlsplit(url).scheme not in ("http", "https"):
            raise Refusal(f"--url: {url!r} is not allowed; allowed: http://HOST:PORT, https://HOST:PORT")
        if not (token.isascii() and token.isprintable()):
            raise Refusal("--token: holds characters that no token has")
        self.url = url.rstrip("/")
        self._timeout = timeout
        self._session = requests.Session()
        if token:
            self._session.headers["X-Auth-Token"] = token

    def get(self, *path: str, **params: Any) -> Any:
        """Read; parameters that are ``None`` are left out."""
        return _content(self._ask("GET", path, params=params))

    def post(
        self,
        *path: str,
        body: Any = None,
        text: str | None = None,
        content_type: str = "",
        patience: float = 0.0,
        **params: Any,
    ) -> Any:
        """Create or act, with JSON or with a text of some type.

        An act that may take long asks for the ``patience`` of that many seconds.
        """
        sent = (
            {"json": body} if text is None else {"data": text.encode(), "headers": {"Content-Type": content_type}}
        )
        timeout = max(self._timeout, patience)
        return _content(self._ask("POST", path, params=params, timeout=timeout, **sent))

    def put(self, *path: str, body: Any) -> Any:
        """Replace."""
        return _content(self._ask("PUT", path, json=body))

    def patch(self, *path: str, body: Any) -> Any:
        """Change the fields named, leave the others."""
        return _content(self._ask("PATCH", path, json=body))

    def delete(self, *path: str) -> None:
        """Remove."""
        self._ask("DELETE", path)

    def listing(self, name: str, **params: Any) -> list[dict[str, Any]]:
        """The rows of ``GET /{name}``, whether bare or as the one list in an object."""
        answer = self.get(name, **params)
        values = answer.values() if isinstance(answer, Mapping) else [answer]
        lists = [value for value in values if isinstance(value, list)]
        if len(lists) != 1:
            raise Refusal(f"the gateway's answer to {name} holds no list")
        return lists[0]

    def pages(self, *path: str, under: str = "", by: str = "page", **params: Any) -> Iterator[dict[str, Any]]:
        """The rows of a list that comes in pages, asked for as they are needed.

        ``under``  the name of the list; empty: the last part of the path.
        ``by``     the parameter that asks for the next page.
        """
        name, page = under or path[-1], None
        while True:
            answer = self.get(*path, **{**params, by: page or params.get(by)})
            if not isinstance(answer, Mapping) or not isinstance(answer.get(name), list):
                raise Refusal(f"the gateway's answer to {path[-1]} holds no list")
            yield from answer[name]
            page = answer.get("next")
            if page is None or not answer[name]:
                return

    def stream(self, *path: str, silence: float, **extra: Any) -> requests.Response:
        """An answer that does not end; reading it fails after ``silence`` seconds without a byte."""
        return self._ask("GET", path, stream=True, timeout=(self._timeout, silence), **extra)

    def _ask(self, method: str, path: tuple[str, ...], **extra: Any) -> requests.Response:
        url = "/".join([self.url + API, *(quote(part, safe="") for part in path)])
        options = {"timeout": self._timeout, "allow_redirects": False, **extra}
        try:
            answer = self._session.request(method, url, **options)
        except requests.exceptions.SSLError as error:
            raise Refusal(f"no trusted TLS with {self.url}: {error.args[0]}") from error
        except requests.ConnectionError as error:
            raise Unavailable(f"no gateway at {self.url}; start one with: make run") from error
        except requests.Timeout as error:
            raise Unavailable(f"no answer from {self.url} in time, see --timeout") from error
        except requests.RequestException as error:
            raise Refusal(f"cannot ask {self.url}: {type(error).__name__}") from error
        if answer.status_code >= 300:
            raise _refusal(answer)
        return answer


def _content(answer: requests.Response) -> Any:
    if not answer.content:
        return None
    try:
        return answer.json()
    except requests.JSONDecodeError:
        what = answer.headers.get("Content-Type", "something unnamed")
        raise Refusal(f"{answer.url} answers with {what}, not with JSON: is it a gateway?") from None


def _refusal(answer: requests.Response) -> Refusal:
    """The problem document (RFC 9457) as one line."""
    try:
        problem = answer.json()
    except requests.JSONDecodeError:
        problem = None
    line = _line(problem if isinstance(problem, Mapping) else {}, answer)
    kind = Unavailable if answer.status_code >= 500 or answer.status_code == BUSY else Refusal
    return kind(line, answer.status_code)


def _line(problem: Mapping[str, Any], answer: requests.Response) -> str:
    status = answer.status_code
    if status == requests.codes.unauthorized:
        return "the gateway does not accept the token; give one by --token, MCFED_TOKEN or $MCFED_DATA/token"
    if "field" in problem:
        allowed = problem.get("allowed", "")
        words = ", ".join(map(str, allowed)) if isinstance(allowed, list) else allowed
        return f"{problem['field']}: {problem.get('value')!r} is not allowed; allowed: {words}"
    line = str(problem.get("detail") or problem.get("title") or f"HTTP {status} from {answer.url}")
    return f"{line} (request {problem.get('request_id', '?')})" if status >= 500 and problem else line
