"""The watchdog events of one host's libvirt. Its Python binding is looked for when an agent starts."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from typing import Any

from fed_common.cli.client import Refusal
from fed_common.core.watchdog import WatchdogAction

ACTIONS = tuple(WatchdogAction)
ASK_EVERY, ASK_TIMES = 5, 3
LOOK_EVERY, AGAIN_AFTER = 1.0, 2.0

Heard = Callable[[str, str], None]
Say = Callable[[str], None]


def library() -> Any:
    """The binding. Raises Refusal: it is not installed."""
    try:
        return importlib.import_module("libvirt")
    except ImportError as error:
        raise Refusal(
            f"no Python binding of libvirt ({error}): install python3-libvirt of the distribution and run mcfed "
            "with its Python, or pip install libvirt-python"
        ) from error


class Listener:
    """Calls ``heard`` with a domain's UUID and the action for every watchdog that fires, until stopped.

    A connection that breaks is opened again. What fires meanwhile libvirt keeps for nobody.
    """

    def __init__(self, libvirt: Any, uri: str, heard: Heard, say: Say) -> None:
        self._libvirt, self._uri, self._heard, self._say = libvirt, uri, heard, say
        self._stopping = threading.Event()

    def run(self) -> None:
        """Listen; returns once ``stop`` was called."""
        self._libvirt.registerErrorHandler(lambda _context, _error: None, None)
        self._libvirt.virEventRegisterDefaultImpl()
        threading.Thread(target=self._turn, name="libvirt-events", daemon=True).start()
        told = ""
        while not self._stopping.is_set():
            try:
                self._listen()
                told = ""
            except self._libvirt.libvirtError as error:
                if (reason := str(error)) != told:
                    self._say(f"libvirt at {self._uri} cannot be listened to, trying again: {reason}")
                    told = reason
            self._stopping.wait(AGAIN_AFTER)

    def stop(self) -> None:
        """End soon. Safe to call twice."""
        self._stopping.set()

    def _turn(self) -> None:
        """Turn libvirt's own loop, which calls back."""
        while not self._stopping.is_set():
            self._libvirt.virEventRunDefaultImpl()

    def _listen(self) -> None:
        """One connection, to its end. Raises libvirtError."""
        connection = self._libvirt.openReadOnly(self._uri)
        try:
            connection.setKeepAlive(ASK_EVERY, ASK_TIMES)
            watchdog = self._libvirt.VIR_DOMAIN_EVENT_ID_WATCHDOG
            connection.domainEventRegisterAny(None, watchdog, self._fired, None)
            self._say(f"listening to libvirt at {self._uri}")
            while not self._stopping.wait(LOOK_EVERY):
                if not connection.isAlive():
                    self._say(f"libvirt at {self._uri} is gone, trying again")
                    return
        finally:
            connection.close()

    def _fired(self, _connection: Any, domain: Any, action: int, _opaque: Any) -> None:
        """Called in libvirt's loop, where an error would be printed and forgotten."""
        try:
            self._heard(domain.UUIDString(), action_word(action))
        except Exception as error:
            self._say(f"a watchdog that fired is not kept: {error}")


def action_word(number: int) -> str:
    """The word for libvirt's number; one that is not known yet did what nobody knows: ``none``."""
    return ACTIONS[number] if 0 <= number < len(ACTIONS) else ACTIONS[0]
