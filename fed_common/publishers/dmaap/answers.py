"""What an answer of the Message Router means for the messages that were sent.

Its real answers are odd: a failing backend is a 404, an error body may be preceded by its status,
and 200 may count fewer messages than were sent. 200 means accepted by a process, not stored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from requests import Response

from fed_common.core import clock
from fed_common.core.errors import Retryable
from fed_common.interfaces.publisher import Message
from fed_common.publishers.parts import PartRefused

OPERATOR_PAUSE, LONGEST_PAUSE = 30.0, 300.0
NO_SUCH_TOPIC, PARTIAL_PUBLISH, PUBLISH_FAILED = 3001, 5007, 5009
_BUSY = (408, 425, 429)
_REFUSED = (400, 413)
_WORDS = 300


def judge(answer: Response, messages: Sequence[Message]) -> None:
    """Return when all messages were accepted.

    Raises PartRefused (400, 413), or Retryable with what was not accepted and, when only an operator
    can mend the cause, a long ``retry_after``.
    """
    if 200 <= answer.status_code < 300:
        _check_count(answer, messages)
    elif answer.status_code in _REFUSED:
        raise PartRefused(_said(answer))
    elif answer.status_code in _BUSY or answer.status_code >= 500:
        raise Retryable(_said(answer), retry_after=_retry_after(answer))
    elif answer.status_code == 404 and _mrstatus(answer) in (PARTIAL_PUBLISH, PUBLISH_FAILED):
        raise Retryable(_said(answer))
    else:
        raise Retryable(f"{_said(answer)}{_hint(answer)}", retry_after=OPERATOR_PAUSE)


def _check_count(answer: Response, messages: Sequence[Message]) -> None:
    count = _plain(answer).get("count")
    if not isinstance(count, int):
        reason = f"{_said(answer)}: no count of messages; is options.url a Message Router?"
        raise Retryable(reason, retry_after=OPERATOR_PAUSE)
    if count < len(messages):
        raise Retryable(f"accepted {count} of {len(messages)} messages", unsent=messages[max(0, count) :])


def _hint(answer: Response) -> str:
    if answer.status_code in (401, 403):
        return ": the credentials of this sink do not do; nothing is lost meanwhile"
    if answer.is_redirect:
        return f": moved to {answer.headers['Location']}; redirects are not followed, change options.url"
    if answer.status_code == 404:
        known = _mrstatus(answer) == NO_SUCH_TOPIC
        return ": create the topic" if known else ": is options.url a Message Router's root?"
    return ""


def _said(answer: Response) -> str:
    words = str(_plain(answer).get("message") or answer.text.strip()).replace("\n", " ")[:_WORDS]
    return f"HTTP {answer.status_code}: {words}" if words else f"HTTP {answer.status_code}"


def _mrstatus(answer: Response) -> object:
    return _plain(answer).get("mrstatus")


def _plain(answer: Response) -> dict[str, Any]:
    """The object in the body, be it behind a repeated status and whatever its content type."""
    try:
        plain = json.loads(re.sub(r"^\d{3}\s+", "", answer.text))
    except ValueError:
        return {}
    return plain if isinstance(plain, dict) else {}


def _retry_after(answer: Response) -> float | None:
    """Seconds, from either form of the header (RFC 9110 §10.2.3), within reason."""
    word = answer.headers.get("Retry-After", "").strip()
    if word.isdecimal():
        return min(float(word), LONGEST_PAUSE)
    try:
        moment = parsedate_to_datetime(word)
    except ValueError:
        return None
    seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - clock.now()).total_seconds()
    return min(max(0.0, seconds), LONGEST_PAUSE)
