"""The one sender of this process: made when first needed, and again when it died."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from fed_common.notify.sending.parcels import Item
from fed_common.notify.sending.thread import SenderThread

_lock = threading.Lock()
_sender: SenderThread | None = None


def sender_name() -> str:
    """The owner of deliveries that are made here now. Starts nothing."""
    return (_sender or _replaced(None)).name


def sender() -> SenderThread:
    """The sender of this process, alive."""
    found = _sender
    return found if found and found.alive else _replaced(found, start=True)


def take(items: Sequence[Item]) -> None:
    """Have these sent in the background. Costs microseconds."""
    try:
        sender().take(items)
    except RuntimeError:  # it stopped between the two
        sender().take(items)


def stop(within: float) -> None:
    """End this process's sender, if there is one: see ``SenderThread.stop``. The next notice begins another."""
    global _sender
    with _lock:
        ending, _sender = _sender, None
    if ending and ending.alive:
        ending.stop(within)


def _replaced(old: SenderThread | None, *, start: bool = False) -> SenderThread:
    global _sender
    with _lock:
        if _sender is None or (_sender is old and old.started):
            _sender = SenderThread()
        if start and not _sender.started:
            _sender.start()
        return _sender
