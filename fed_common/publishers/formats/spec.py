"""The event-federation spec's message: with provenance beside its keys (``spec``) or exactly it (``bare``)."""

from __future__ import annotations

from typing import Any

from fed_common.core import clock
from fed_common.core.model import Event
from fed_common.publishers.formats.encoding import encode

PROVENANCE = "multicloud"


def spec(event: Event) -> bytes:
    """All keys of the payload at top level and our provenance under the one key ``multicloud``."""
    return encode({**event.payload, PROVENANCE: _provenance(event)})


def bare(event: Event) -> bytes:
    """The payload and nothing else."""
    return encode(dict(event.payload))


def _provenance(event: Event) -> dict[str, Any]:
    return {
        "event_id": event.id,
        "event_type": event.type,
        "vim_id": event.vim_id,
        "instance_id": event.instance_id,
        "kind": event.kind.value,
        "phase": event.phase.value,
        "state": event.state,
        "old_state": event.old_state,
        "state_description": event.state_description,
        "host": event.host,
        "occurred_at": clock.iso(event.occurred_at),
        "received_at": clock.iso(event.received_at),
        "origin": event.origin.value,
        "wire": event.wire,
        "fact": event.fact,
    }
