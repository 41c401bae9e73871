"""Where events go: subscriptions and VIM filters, parsed, kept fresh while the river flows."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from django.conf import settings

from fed_common.access import sealing
from fed_common.core.errors import Invalid, Retryable
from fed_common.core.matching import EventFilter, parse_filter
from fed_common.core.model import Event
from fed_common.events.models import Sink, Subscription
from fed_common.interfaces.publisher import Message, Publisher
from fed_common.interfaces.registry import Registry, load, parse_config
from fed_common.inventory.models import Revision, Vim
from fed_common.publishers.formats import format_named
from fed_common.telemetry.logging import get_logger
from fed_common.topics.database import reachable

LOOK_EVERY, LOOK_AGAIN_AFTER = 0.25, 1.0

log = get_logger(__name__)
PASS_ALL = EventFilter()


@dataclass(frozen=True)
class LiveSink:
    """One sink of one subscription, with its publisher ready to use."""

    subscription: str
    publisher_name: str
    topic: str
    format_name: str
    required: bool
    publisher: Publisher = field(compare=False)
    format: Callable[[Event], bytes] = field(compare=False)
    options: str = field(default="", repr=False)

    def messages(self, events: Sequence[Event]) -> list[Message]:
        """The events in this sink's format, addressed to its topic."""
        return [Message(self.topic, event.key, self.format(event), event) for event in events]


@dataclass(frozen=True)
class Route:
    """One subscription: which events, to which sinks."""

    subscription: str
    filter: EventFilter
    sinks: tuple[LiveSink, ...]


@dataclass(frozen=True)
class RouteTable:
    """One consistent view of all routing; replaced whole, never changed."""

    revision: int = -1
    routes: tuple[Route, ...] = ()
    vim_filters: Mapping[str, EventFilter] = field(default_factory=dict)
    house: tuple[Route, ...] = ()
    """What the house itself hears: everything that is new, also what the filter of its VIM keeps back."""

    def sinks_of(self, subscription: str) -> tuple[LiveSink, ...]:
        """The sinks a subscription, or an ear of the house, has now; none when it was removed or switched off."""
        every = (*self.house, *self.routes)
        return next((route.sinks for route in every if route.subscription == subscription), ())


class Tables(Protocol):
    """What knows the table in force."""

    @property
    def current(self) -> RouteTable:
        """It, as it is now."""


class Routes:
    """The current table, and the watcher that replaces it when the revision was raised.

    While the database is down, or holds a sink that cannot be used, the last table stays in force:
    the river flows on as before, and before the first table (``loaded``) it does not flow at all.
    """

    def __init__(self) -> None:
        self.current = RouteTable()
        self.loaded = threading.Event()
        self._publishers: dict[tuple[str, str], Publisher] = {}
        self._registry: Registry[Publisher] = Registry("publisher", "mcfed.publishers", settings.PUBLISHERS)
        self._house = tuple(_house_route(name, path) for name, path in settings.HOUSE_PUBLISHERS.items())
        self._stopping = threading.Event()
        self._turn = threading.Lock()

    def start(self) -> None:
        """Load the table, waiting for the database if need be, and watch it from now on."""
        for route in self._house:
            for sink in route.sinks:
                sink.publisher.start()
        threading.Thread(target=self._watch, name="routes-watch", daemon=True).start()

    def stop(self) -> None:
        """Stop watching and close the publishers."""
        self._stopping.set()
        house = [sink.publisher for route in self._house for sink in route.sinks]
        for publisher in (*self._publishers.values(), *house):
            publisher.close()

    def refresh(self) -> bool:
        """Look at the revision; True when a new table is in force. Raises Retryable: no database."""
        with self._turn, reachable():
            row = Revision.objects.filter(pk=1).first()
            number = row.number if row else 0
            if number == self.current.revision:
                return False
            self.current = self._load(number)
        self.loaded.set()
        return True

    def _watch(self) -> None:
        while not self._stopping.is_set():
            self._stopping.wait(LOOK_EVERY if self._look() else LOOK_AGAIN_AFTER)

    def _look(self) -> bool:
        try:
            if self.refresh():
                log.info("routing changed", revision=self.current.revision)
        except Retryable as error:
            log.warning("routing stays as it was", reason=error.reason)
            return False
        except Exception:
            log.exception("routing stays as it was")
            return False
        return True

    def _load(self, revision: int) -> RouteTable:
        rows = Subscription.objects.filter(enabled=True).prefetch_related("sinks")
        routes = tuple(self._route(row) for row in rows)
        filters = {str(vim.vim_id): _filter(vim.filter, vim=str(vim.vim_id)) for vim in Vim.objects.all()}
        self._close_unused(routes)
        return RouteTable(revision, routes, filters, self._house)

    def _route(self, row: Subscription) -> Route:
        sinks = tuple(self._sink(row.name, sink) for sink in row.sinks.all())
        return Route(row.name, _filter(row.filter, subscription=row.name), sinks)

    def _sink(self, subscription: str, row: Sink) -> LiveSink:
        options = sealing.unseal(row.sealed_options) if row.sealed_options else "{}"
        return LiveSink(
            subscription=subscription,
            publisher_name=row.publisher,
            topic=row.topic,
            format_name=row.format,
            required=row.required,
            publisher=self.publisher(row.publisher, options),
            format=format_named(row.format),
            options=options,
        )

    def publisher(self, name: str, options: str) -> Publisher:
        """The publisher of that name and options; the same one for all sinks that share them."""
        if (name, options) not in self._publishers:
            kind = self._registry.get(name)
            self._publishers[name, options] = kind(parse_config(kind.Config, json.loads(options)))
        return self._publishers[name, options]

    def _close_unused(self, routes: Sequence[Route]) -> None:
        used = {(sink.publisher_name, sink.options) for route in routes for sink in route.sinks}
        for key in set(self._publishers) - used:
            threading.Thread(target=self._publishers.pop(key).close, daemon=True).start()


def _house_route(name: str, path: str) -> Route:
    """No format. One try each where the publisher does not require more: the house finds out what it missed."""
    publisher: Publisher = load(path)(None)
    sink = LiveSink(name, name, "", "", publisher.required, publisher, lambda _event: b"")
    return Route(name, PASS_ALL, (sink,))


def _filter(plain: object, **whose: str) -> EventFilter:
    try:
        return parse_filter(plain)
    except Invalid:
        log.exception("a stored filter cannot be used: everything passes", **whose)
        return PASS_ALL
