"""What the options of several commands are read as."""

from __future__ import annotations

import argparse
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any, TextIO

from fed_common.cli.client import Refusal
from fed_common.core import clock

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_AGO = re.compile(r"(\d{1,5})([smhd])", re.ASCII)


def moment(text: str) -> str:
    """An ISO time, or how long ago: ``90s``, ``10m``, ``2h``, ``7d``."""
    if ago := _AGO.fullmatch(text):
        return clock.iso(clock.now() - timedelta(**{UNITS[ago[2]]: int(ago[1])}))
    parsed = clock.parse(text)
    if parsed is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; allowed: 90s, 10m, 2h, 7d or an ISO 8601 time")
    return clock.iso(parsed)


def text_of(file: str, stdin: TextIO) -> str:
    """What the file holds; of ``-``, what comes on standard input. Raises Refusal."""
    try:
        return stdin.read() if file == "-" else Path(file).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal(f"cannot read {file}: {error}") from error


def positive(text: str) -> int:
    """A whole number above zero."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def on_or_off(text: str) -> bool:
    """``on`` or ``off``."""
    if text not in ("on", "off"):
        raise argparse.ArgumentTypeError(f"{text!r} is neither on nor off")
    return text == "on"


def pair(text: str) -> tuple[str, str]:
    """``key=value``."""
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    return key, value


def json_object(text: str) -> dict[str, Any]:
    """A JSON object."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"no JSON: {error}") from None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"{text!r} is no JSON object")
    return value


def option(text: str) -> tuple[str, Any]:
    """``key=value``; a value that is JSON (``5``, ``true``, ``"5"``, ``[…]``) is read so, else it is a text."""
    key, value = pair(text)
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value
