"""Reads YAML: bounded, and only what JSON can say as well."""

from __future__ import annotations

import json
from typing import IO, Any

import yaml
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.parsers import BaseParser

from fed_common.core.errors import Invalid

try:
    from yaml import CSafeLoader as SafeLoader
except ImportError:  # built without libyaml: the same, ten times slower
    from yaml import SafeLoader  # type: ignore[assignment]

ALLOWED = "YAML in UTF-8, of texts, numbers, true, false, null, lists and mappings"
DEEPEST = 32


class Unreadable(Invalid):
    """YAML that is not taken. ``mark`` is the library's word for where, or ``None``."""

    def __init__(self, reason: str, mark: Any = None) -> None:
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        self.mark = mark
        super().__init__("body", where + reason, ALLOWED)


class YamlBody(BaseParser):
    """YAML of at most MCFED_MAX_BODY bytes."""

    media_type = "application/yaml"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:  # noqa: ARG002
        """Raises Invalid naming ``body`` and the line; RequestDataTooBig."""
        raw = stream.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
        if len(raw) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise RequestDataTooBig
        return read_yaml(raw)


def read_yaml(raw: bytes) -> Any:
    """One document as JSON would be read. Raises Unreadable naming ``body`` and the line, and no word of it."""
    try:
        text = raw.decode("utf-8-sig")
        _check(text)
        plain = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
        json.dumps(plain, allow_nan=False)
    except yaml.MarkedYAMLError as error:
        raise Unreadable(error.problem or "it cannot be read", error.problem_mark) from None
    except yaml.reader.ReaderError as error:
        raise Unreadable(f"character {error.position}: {error.reason}") from None
    except ValueError as error:
        reason = "no UTF-8" if isinstance(error, UnicodeDecodeError) else "a number that is none"
        raise Unreadable(reason) from None
    return plain


class _Loader(SafeLoader):
    """Dates stay the texts they are, and a name that is there twice is a mistake."""

    yaml_implicit_resolvers = {
        first: [pair for pair in pairs if not pair[0].endswith((":timestamp", ":merge", ":value"))]
        for first, pairs in SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """See the library."""
        names = set()
        for key, _ in node.value:
            if not key.tag.endswith(":str"):
                raise yaml.MarkedYAMLError(problem="a name that is no text", problem_mark=key.start_mark)
            if key.value in names:
                raise yaml.MarkedYAMLError(problem="a name that is there twice", problem_mark=key.start_mark)
            names.add(key.value)
        return super().construct_mapping(node, deep)


def _check(text: str) -> None:
    """Refuse what makes little text much data, or what no database takes, before any of it is built."""
    depth = 0
    for event in yaml.parse(text, Loader=SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if reason := _refusal(event, depth):
            raise Unreadable(reason, event.start_mark)


def _refusal(event: yaml.Event, depth: int) -> str:
    if depth > DEEPEST:
        return "nested too deep"
    if getattr(event, "anchor", None):
        return "anchors and aliases are not taken"
    if getattr(event, "tag", None):
        return "tags are not taken"
    if isinstance(event, yaml.ScalarEvent) and not _storable(event.value):
        return "a text that holds NUL or half a surrogate pair"
    return ""


def _storable(text: str) -> bool:
    return "\0" not in text and text.encode(errors="ignore").decode() == text
