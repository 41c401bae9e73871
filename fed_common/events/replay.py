"""Dead events told again, after their cause was mended."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings

from fed_common.core import clock
from fed_common.core.errors import Invalid, NotFound, Permanent
from fed_common.core.model import Event, VimId
from fed_common.events.models import DeadEvent
from fed_common.events.routes import LiveSink, Routes
from fed_common.interfaces.plugin import CloudPlugin
from fed_common.interfaces.registry import Registry
from fed_common.interfaces.source import Ignored, Unreadable
from fed_common.inventory.models import Vim

TIMEOUT = 15.0


def replay(row: DeadEvent) -> None:
    """Send one dead event to the sinks it has not reached, and mark it replayed.

    Again  safe: what is published twice has the same event id.
    Raises Retryable when a sink is down now, Permanent when it is refused once more.
    """
    routes = Routes()
    routes.refresh()
    try:
        event = _read_again(row) if row.stage == DeadEvent.Stage.READ else Event.from_dict(row.body)
        if event is not None:
            for sink in _targets(row, event, routes):
                _publish(sink, event)
    except (Permanent, Invalid, NotFound) as error:
        row.tries += 1
        row.reason = str(error)
        row.save(update_fields=["tries", "reason"])
        raise Permanent(str(error)) from error
    finally:
        routes.stop()
    row.replayed_at = clock.now()
    row.save(update_fields=["replayed_at"])


def _read_again(row: DeadEvent) -> Event | None:
    """The event of a notification that could not be read before; None: it is not one after all."""
    vim_id = VimId.parse(row.vim_id)
    vim = Vim.objects.filter(cloud_owner=vim_id.owner, region=vim_id.region).first()
    if vim is None:
        raise NotFound("VIM", row.vim_id)
    plugins: Registry[CloudPlugin] = Registry("type", "mcfed.clouds", settings.CLOUD_PLUGINS)
    reading = plugins.get(vim.type)().read_notification(vim.to_core(), row.body)
    if isinstance(reading, Unreadable):
        raise Permanent(reading.reason)
    return None if isinstance(reading, Ignored) else reading


def _targets(row: DeadEvent, event: Event, routes: Routes) -> Sequence[LiveSink]:
    """Where it is missing: the sink that refused it, or whatever the subscription has instead now."""
    table = routes.current
    if row.stage == DeadEvent.Stage.READ:
        return [sink for route in table.routes if not route.filter.refuses(event) for sink in route.sinks]
    sinks = table.sinks_of(row.subscription)
    if not sinks:
        raise NotFound("enabled subscription", row.subscription)
    same = [sink for sink in sinks if (sink.publisher_name, sink.topic) == (row.publisher, row.topic)]
    return same or sinks


def _publish(sink: LiveSink, event: Event) -> None:
    for refused in sink.publisher.publish(sink.messages([event]), timeout=TIMEOUT):
        raise Permanent(refused.reason)
