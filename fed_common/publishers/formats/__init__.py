"""The forms an event takes on a topic: pure functions from Event to bytes."""

from __future__ import annotations

from collections.abc import Callable

from fed_common.core.errors import Invalid
from fed_common.core.model import Event
from fed_common.publishers.formats.cloudevents import cloudevent
from fed_common.publishers.formats.spec import bare, spec
from fed_common.publishers.formats.ves import ves

Format = Callable[[Event], bytes]

FORMATS: dict[str, Format] = {"spec": spec, "bare": bare, "cloudevents": cloudevent, "ves": ves}


def format_named(name: str) -> Format:
    """The format of that name. Raises Invalid listing the names there are."""
    if name not in FORMATS:
        raise Invalid("format", name, FORMATS)
    return FORMATS[name]
