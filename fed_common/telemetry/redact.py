"""Takes secrets out of anything that will be logged or shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MASK = "***"
# All are linear in the text, however long and hostile it is: each word is begun once and never taken apart again.
_URL = re.compile(r"(?<!\S)(?P<scheme>(?>\S*?://))(?P<credentials>\S+)@")
_NEXT_HOST = re.compile(r"(?P<host>[\w.:\[\]-]+,)(?P<user>[^:,]*):.*")
_NAMES = re.compile(r"pass(word|wd)?|secret|token|api[_-]?key|authorization|credential|auth_cred", re.IGNORECASE)
_PAIR = re.compile(
    r"(?<!\w)(?P<name>(?=\w*?(?:password|passwd|secret|token))\w++['\"]?\s*+[=:]\s*+)(?P<quote>['\"]?)[^\s'\",}]+",
    re.IGNORECASE,
)
_ALARM_URL = re.compile(r"(?P<path>/v1\.0/vnfs(?:/[^/\s]++){3}/)[a-z0-9]++")


def redact(text: str) -> str:
    """The text with passwords of URLs, keys of alarm URLs and values of ``name=value`` pairs masked."""
    text = _ALARM_URL.sub(rf"\g<path>{MASK}", text)
    return _PAIR.sub(rf"\g<name>\g<quote>{MASK}", _URL.sub(_mask_credentials, text))


def redact_value(name: str, value: Any) -> Any:
    """The value, masked when its name says secret; texts and mappings are cleaned inside."""
    if _NAMES.search(name):
        return MASK if value not in (None, "") else value
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {key: redact_value(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [redact_value("", item) for item in value]
    return value


def _mask_credentials(found: re.Match[str]) -> str:
    """``user:password@host,user:password`` with every password masked, also one that holds an ``@``."""
    first, *others = found["credentials"].split("@")
    user, colon, _ = first.partition(":")
    masked = [f"{user}:{MASK}" if colon else user]
    for part in others:
        next_host = _NEXT_HOST.fullmatch(part)
        masked.append(f"{next_host['host']}{next_host['user']}:{MASK}" if next_host else MASK)
    return f"{found['scheme']}{'@'.join(masked)}@"
