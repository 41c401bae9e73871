"""CloudEvents 1.0, JSON format, structured mode (cloudevents.io, spec v1.0.2)."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fed_common.core import clock
from fed_common.core.model import Event
from fed_common.publishers.formats.encoding import encode

TYPE_PREFIX = "org.onap.multicloud.vm"


def cloudevent(event: Event) -> bytes:
    """One CloudEvent; (source, id) is the same for every copy of the event."""
    attributes: dict[str, Any] = {
        "specversion": "1.0",
        "id": event.id,
        "source": _source(event),
        "type": f"{TYPE_PREFIX}.{event.kind.lower()}.{event.phase}",
        "time": clock.iso(event.occurred_at),
        "datacontenttype": "application/json",
        "partitionkey": event.key,
    }
    if event.instance_id:
        attributes["subject"] = event.instance_id
    return encode({**attributes, "data": dict(event.payload)})


def _source(event: Event) -> str:
    owner, _, region = event.vim_id.partition("_")
    return "/".join(["/multicloud", *(quote(part, safe="") for part in (owner, region, event.host) if part)])
