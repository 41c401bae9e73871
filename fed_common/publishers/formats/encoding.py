"""JSON as bytes, fast, and for whatever a cloud may have put into a payload."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import orjson


def encode(plain: Mapping[str, Any]) -> bytes:
    """Compact UTF-8 JSON. Never raises for anything a JSON parser can give."""
    try:
        return orjson.dumps(plain)
    except TypeError:
        # integers beyond 64 bits and halves of surrogate pairs: valid in JSON, refused by orjson
        return json.dumps(plain, separators=(",", ":")).encode()
