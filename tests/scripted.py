"""Publishers that do as told, and subscriptions that use them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fed_common.access import sealing
from fed_common.events.models import Sink, Subscription
from fed_common.interfaces.publisher import Message, Publisher, Refused
from fed_common.inventory.models import Revision


class ScriptedPublisher(Publisher):
    """Holds what it is given; ``script`` answers before, by raising or by refusing."""

    name = "scripted"
    script: Callable[[Sequence[Message]], Sequence[Refused]]
    by_address: dict[str, ScriptedPublisher] = {}

    @dataclass(frozen=True)
    class Config:
        """An address, so that several can be told apart."""

        address: str = "here"

    def __init__(self, config: Config) -> None:
        self.script = lambda messages: []
        self.held: list[Message] = []
        self.calls = 0
        self.by_address[config.address] = self

    def publish(self, messages: Sequence[Message], *, timeout: float) -> Sequence[Refused]:
        self.calls += 1
        refused = self.script(messages)
        self.held += [one for one in messages if one not in [each.message for each in refused]]
        return refused

    def ids(self) -> list[str]:
        return [one.event.id for one in self.held]


def subscribe(
    name: str, *addresses: str, filter: dict[str, Any] | None = None, required: bool = True
) -> Subscription:
    """A subscription with one scripted sink per address; replaces one of the same name."""
    Subscription.objects.filter(name=name).delete()
    row = Subscription.objects.create(name=name, filter=filter or {})
    for address in addresses:
        options = sealing.seal(json.dumps({"address": address}))
        Sink.objects.create(
            subscription=row, publisher="scripted", topic="t", required=required, sealed_options=options
        )
    Revision.raise_it()
    return row
