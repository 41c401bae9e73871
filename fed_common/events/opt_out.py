"""Instances whose flavor or image says that nobody is to be told about them."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

from fed_common.core.matching import OPT_OUT
from fed_common.core.model import Event

REMEMBERED = 20_000


class OptOuts:
    """Which instances opted out, learned from their notifications. Not thread-safe.

    Nova's versioned format carries the flavor's extra specs, the legacy one the image's properties,
    so each format alone knows half: what one copy said holds for the other until it is taken back.
    """

    def __init__(self) -> None:
        self._said: OrderedDict[str, frozenset[str]] = OrderedDict()

    def mark(self, event: Event) -> Event:
        """The event with the opt-out trait: ``disabled`` when any copy for its instance has said so.

        ``enabled`` when all that said so have taken it back, so that who keeps it for longer hears of that.
        """
        says_so = event.traits.get(OPT_OUT) == "disabled"
        before = self._said.get(event.instance_id)
        if before is None and not says_so:
            return event
        said = before or frozenset()
        now = said | {event.wire} if says_so else said - {event.wire}
        if now != before:
            self._keep(event.instance_id, now)
        if says_so:
            return event
        return replace(event, traits={**event.traits, OPT_OUT: "disabled" if now else "enabled"})

    def _keep(self, instance_id: str, said: frozenset[str]) -> None:
        self._said[instance_id] = said
        if len(self._said) > REMEMBERED:
            self._said.popitem(last=False)
