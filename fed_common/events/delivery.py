"""Getting a batch into one sink: for as long as it takes, unless the sink is not wanted any more."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence

from django.conf import settings

from fed_common.core.errors import Permanent, Retryable
from fed_common.core.matching import DropReason
from fed_common.core.model import Event
from fed_common.events.dead import DeadEvents
from fed_common.events.routes import LiveSink, Tables
from fed_common.interfaces.publisher import Message, Refused
from fed_common.telemetry import metrics
from fed_common.telemetry.logging import get_logger

FIRST_WAIT, LONGEST_WAIT = 0.1, 5.0
BUG_TRIES = 3

log = get_logger(__name__)


def waits() -> Iterator[float]:
    """Seconds between tries: doubling, capped, with jitter so that many processes do not march in step."""
    longest = FIRST_WAIT
    while True:
        yield random.uniform(longest / 2, longest)  # noqa: S311 - jitter, not secrecy
        longest = min(longest * 2, LONGEST_WAIT)


class Delivery:
    """Takes messages to sinks. One per pipeline; ``deliver`` may run for several sinks at once."""

    def __init__(self, routes: Tables, dead: DeadEvents, stopping: threading.Event) -> None:
        self._routes, self._dead, self._stopping = routes, dead, stopping

    def deliver(self, sink: LiveSink, events: Sequence[Event], peers: Sequence[LiveSink] = ()) -> bool:
        """True once the sink holds every event or the event is a dead event; False when stopping.

        ``peers`` are the other sinks that got the same batch: should the subscription change
        meanwhile, they are not asked again.
        """
        messages, refused = _format(sink, events)
        if refused and not self._dead.set_aside(sink, refused):
            return False
        return not messages or self._deliver(sink, messages, peers)

    def _deliver(self, sink: LiveSink, messages: Sequence[Message], peers: Sequence[LiveSink]) -> bool:
        left, bugs = list(messages), 0
        for wait in waits():
            try:
                refused = self._publish(sink, left, alone=bugs >= BUG_TRIES)
                return self._settle(sink, left, refused)
            except Retryable as error:
                left = list(left if error.unsent is None else error.unsent)
                wait = max(wait, error.retry_after or 0)
                self._complain(sink, error.reason, left)
            except Exception as error:
                bugs += 1
                log.exception("a publisher failed in a way it should not", publisher=sink.publisher_name)
                self._complain(sink, type(error).__name__, left)
            if not sink.required:
                return self._drop(left, sink, DropReason.SINK_OPTIONAL)
            if self._stopping.wait(wait):
                return False
            if sink not in self._routes.current.sinks_of(sink.subscription):
                return self._redirect(sink, left, peers)
        return False

    def _publish(self, sink: LiveSink, messages: Sequence[Message], *, alone: bool) -> Sequence[Refused]:
        try:
            if not alone:
                return sink.publisher.publish(messages, timeout=settings.PUBLISH_TIMEOUT)
            return [refused for one in messages for refused in self._publish_alone(sink, one)]
        except Permanent as error:
            return [Refused(one, error.reason) for one in messages]

    def _publish_alone(self, sink: LiveSink, message: Message) -> Sequence[Refused]:
        """One message of a batch that keeps breaking the publisher: the culprit is set aside."""
        try:
            return sink.publisher.publish([message], timeout=settings.PUBLISH_TIMEOUT)
        except (Retryable, Permanent):
            raise
        except Exception as error:
            return [Refused(message, f"{type(error).__name__} in publisher {sink.publisher_name}")]

    def _settle(self, sink: LiveSink, messages: Sequence[Message], refused: Sequence[Refused]) -> bool:
        metrics.SINK_UP.labels(sink.publisher_name, sink.subscription).set(1)
        published = len(messages) - len(refused)
        metrics.PUBLISHED.labels(sink.publisher_name, sink.subscription).inc(published)
        return not refused or self._dead.set_aside(sink, refused)

    def _complain(self, sink: LiveSink, reason: str, left: Sequence[Message]) -> None:
        metrics.SINK_UP.labels(sink.publisher_name, sink.subscription).set(0)
        metrics.RETRIES.labels(sink.publisher_name, sink.subscription).inc()
        log.warning(
            "a sink does not take events",
            publisher=sink.publisher_name,
            subscription=sink.subscription,
            reason=reason,
            waiting=len(left),
            event_id=left[0].event.id if left else None,
        )

    def _drop(self, messages: Sequence[Message], sink: LiveSink, reason: DropReason) -> bool:
        for one in messages:
            metrics.DROPPED.labels(one.event.vim_id, reason, sink.subscription).inc()
        return True

    def _redirect(self, old: LiveSink, messages: Sequence[Message], peers: Sequence[LiveSink]) -> bool:
        """The subscription changed while its sink was down: its new sinks get what the old one lacks."""
        successors = [new for new in self._routes.current.sinks_of(old.subscription) if new not in peers]
        if not successors:
            return self._drop(messages, old, DropReason.SUBSCRIPTION_REMOVED)
        return all(self.deliver(new, [one.event for one in messages], peers) for new in successors)


def _format(sink: LiveSink, events: Sequence[Event]) -> tuple[list[Message], list[Refused]]:
    """The events in the sink's format, and those that have none."""
    try:
        return sink.messages(events), []
    except Exception:
        log.warning("not every event can be formatted", format=sink.format_name)
    messages, refused = [], []
    for event in events:
        try:
            messages += sink.messages([event])
        except Exception as error:
            reason = f"no {sink.format_name} form: {type(error).__name__}: {error}"
            refused.append(Refused(Message(sink.topic, event.key, b"", event), reason))
    return messages, refused
