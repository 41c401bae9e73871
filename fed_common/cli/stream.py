"""Following the live stream of events: server-sent events with resumption."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import requests

from fed_common.cli.client import Gateway, Refusal, Unavailable

FIRST_WAIT, LONGEST_WAIT = 0.5, 10.0
SILENCE = 60.0


@dataclass(frozen=True, slots=True)
class Frame:
    """One message of the stream; ``id`` is where to resume after it."""

    id: str
    data: str


def frames(lines: Iterable[bytes]) -> Iterator[Frame]:
    """Read the lines of a stream. Pure; never raises. Source: WHATWG HTML, 9.2 Server-sent events."""
    last_id = ""
    data: list[str] = []
    for line in lines:
        if not line:
            if data:
                yield Frame(last_id, "\n".join(data))
            data = []
            continue
        name, _, value = line.decode(errors="replace").partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            data.append(value)
        elif name == "id" and "\0" not in value:
            last_id = value


def follow(
    gateway: Gateway, choice: Mapping[str, Any], note: Callable[[str], None], of: str = "events"
) -> Iterator[dict[str, Any]]:
    """Every chosen event from now on (or from where ``choice`` says), without end, each once.

    A stream that breaks is taken up again behind the last event seen; ``note`` is told so.
    Raises Refusal when the gateway does not accept, or was not there at the first try.
    """
    last, wait, reached = "", FIRST_WAIT, False
    while True:
        try:
            with _open(gateway, of, choice, last) as answer:
                reached = True
                for frame in frames(answer.iter_lines(chunk_size=None)):
                    last, wait = frame.id or last, FIRST_WAIT
                    yield _event(frame)
        except (Unavailable, requests.RequestException) as error:
            if not reached:
                raise
            note(f"the stream broke ({_reason(error)}); trying again in {wait:g} s")
        else:
            note(f"the gateway ended the stream; trying again in {wait:g} s")
        time.sleep(wait)
        wait = min(wait * 2, LONGEST_WAIT)


def _open(gateway: Gateway, of: str, choice: Mapping[str, Any], last: str) -> requests.Response:
    headers = {"Accept": "text/event-stream", "Accept-Encoding": "identity"}
    if last:
        headers["Last-Event-ID"] = last
    return gateway.stream(of, "stream", silence=SILENCE, params=choice, headers=headers)


def _event(frame: Frame) -> dict[str, Any]:
    try:
        event = json.loads(frame.data)
    except ValueError:
        event = None
    if not isinstance(event, dict):
        raise Refusal(f"the stream holds what is no event: {frame.data[:80]!r}")
    return event


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, Refusal) else type(error).__name__
