"""Reads JSON bodies: bounded, and only what every database can store."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.parsers import BaseParser

from fed_common.core.errors import Invalid


class JsonBody(BaseParser):
    """JSON in UTF-8, without NaN, NUL and half surrogates; at most MCFED_MAX_BODY bytes."""

    media_type = "application/json"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:  # noqa: ARG002
        """Raises Invalid naming ``body`` and where it cannot be read, RequestDataTooBig."""
        raw = stream.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
        if len(raw) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise RequestDataTooBig
        try:
            body = json.loads(raw.decode(), parse_constant=_no_constant)
            if not all(map(_storable, _texts(body))):
                raise ValueError("a text holds NUL or half a surrogate pair")
        except RecursionError:
            raise Invalid("body", "nested too deep", "JSON in UTF-8") from None
        except ValueError as error:
            raise Invalid("body", str(error), "JSON in UTF-8") from None
        return body


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield name
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _storable(text: str) -> bool:
    return "\0" not in text and text.encode(errors="ignore").decode() == text


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")
