"""Addresses that begin to answer when a guest boots and cease when it dies, however often that is said."""

from __future__ import annotations

import threading

from tests.addresses import Addresses


class Guests:
    """None of the addresses answers at first. Thread-safe."""

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses
        self.all = list(addresses.v4)
        self._answering = set(addresses.v4)
        self._turn = threading.Lock()
        self.down(*addresses.v4)

    @property
    def answering(self) -> set[str]:
        """Those that answer now."""
        return set(self._answering)

    def up(self, *addresses: str) -> None:
        """From now on these answer. Safe to call twice."""
        with self._turn:
            new = set(addresses) - self._answering
            if new:
                self._addresses.restore(*new)
            self._answering |= new

    def down(self, *addresses: str) -> None:
        """From now on these do not answer. Safe to call twice."""
        with self._turn:
            gone = set(addresses) & self._answering
            if gone:
                self._addresses.cut(*gone)
            self._answering -= gone
